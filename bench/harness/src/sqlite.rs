//! The rounds on a SQLite file.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use futures_util::future::try_join;
use shared::User;
use tokio::runtime::Runtime;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::{Figures, Job, Result, figures, tokio_runtime};

pub const ALL: &str = "SELECT id, name, email, age FROM users ORDER BY id";
pub const OLDER: &str = "SELECT id, name, email, age FROM users WHERE age > ?1 ORDER BY id";
pub const ONE: &str = "SELECT id, name, email, age FROM users WHERE id = ?1";

/// Whom the second query asks for: those older than this.
pub const AGE: u32 = 40;

/// Who `ONE` asks for.
pub const ID: i64 = 7;

/// How often a round of `open-row` opens.
const TIMES: u32 = 500;

/// How long the query of `cancel` may run.
const TIMEOUT: Duration = Duration::from_millis(100);

/// Serves the asynchronous jobs, on Tokio, with this way to fetch: all users, or those older than an age.
///
/// # Errors
///
/// When a fetch fails that should not; and when the job is another.
pub fn serve<F, W>(job: &Job, fetch: F) -> Result<()>
where
    F: Fn(Option<u32>) -> W,
    W: Future<Output = Result<Vec<User>>> + Send + 'static,
{
    let runtime = tokio_runtime()?;
    match job.name.as_str() {
        "two-queries" => two_queries(job, || {
            runtime.block_on(async { try_join(fetch(None), fetch(Some(AGE))).await })
        }),
        "many" => many(job, &runtime, || fetch(Some(AGE))),
        "cancel" => cancel(job, &runtime, || fetch(None)),
        _ => Err(job.unknown()),
    }
}

/// Two queries at once.
///
/// # Errors
///
/// When they fail.
pub fn two_queries(
    job: &Job,
    mut fetch_both: impl FnMut() -> Result<(Vec<User>, Vec<User>)>,
) -> Result<()> {
    fetch_both()?;
    job.serve(|| {
        let begun = Instant::now();
        let (all, older) = fetch_both()?;
        let took = begun.elapsed();
        Ok(figures([
            ("seconds", took.as_secs_f64()),
            ("rows", (all.len() + older.len()) as f64),
        ]))
    })
}

/// Many fetches at once, each a task of its own; what they have fetched is kept until the last is done.
///
/// # Errors
///
/// When one fails.
pub fn many<W>(job: &Job, runtime: &Runtime, fetch: impl Fn() -> W) -> Result<()>
where
    W: Future<Output = Result<Vec<User>>> + Send + 'static,
{
    let fetches: usize = job.get("fetches")?;
    job.serve(|| {
        let begun = Instant::now();
        let fetched = runtime.block_on(async {
            let mut tasks = JoinSet::new();
            for _ in 0..fetches {
                tasks.spawn(fetch());
            }
            tasks
                .join_all()
                .await
                .into_iter()
                .collect::<Result<Vec<_>>>()
        })?;
        let took = begun.elapsed();
        Ok(figures([
            ("seconds", took.as_secs_f64()),
            ("rows", fetched.iter().map(Vec::len).sum::<usize>() as f64),
        ]))
    })
}

/// A fetch that is given up.
fn cancel<W>(job: &Job, runtime: &Runtime, fetch: impl Fn() -> W) -> Result<()>
where
    W: Future<Output = Result<Vec<User>>>,
{
    let database: PathBuf = job.get("database")?;
    job.serve(|| {
        runtime.block_on(async {
            let end = Instant::now() + TIMEOUT;
            if timeout(TIMEOUT, fetch()).await.is_ok() {
                return Err("it was there before it could be given up".into());
            }
            let back = end.elapsed();
            while is_open(&database)? {
                sleep(Duration::from_millis(1)).await;
            }
            let closed = end.elapsed();
            Ok(figures([
                ("back", back.as_secs_f64()),
                ("closed", closed.as_secs_f64()),
            ]))
        })
    })
}

/// Opening, one row, closing, again and again.
///
/// # Errors
///
/// When one of it fails.
pub fn open_row(job: &Job, mut open_row: impl FnMut() -> Result<User>) -> Result<()> {
    job.serve(|| {
        let begun = Instant::now();
        for _ in 0..TIMES {
            assert_eq!(open_row()?.id, ID);
        }
        Ok(per_time(begun.elapsed(), TIMES))
    })
}

/// The figure of one, where a round did a number of them.
pub fn per_time(took: Duration, times: u32) -> Figures {
    figures([("seconds", took.as_secs_f64() / f64::from(times))])
}

/// Whether this process has a file open that lies in the folder of the database, which has the folder to itself.
///
/// The operating system's own list is asked, so that it is the same for every library, and in Python.
fn is_open(database: &Path) -> Result<bool> {
    let database = fs::canonicalize(database)?;
    let descriptors: Vec<_> = fs::read_dir("/proc/self/fd")?.collect::<std::io::Result<_>>()?;
    Ok(descriptors
        .iter()
        // Some are gone by now: the one that listed the folder is.
        .filter_map(|descriptor| fs::read_link(descriptor.path()).ok())
        .any(|file| file.parent() == database.parent()))
}
