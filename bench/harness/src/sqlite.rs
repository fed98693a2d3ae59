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

/// The second query asks for the users older than this.
pub const AGE: u32 = 40;

/// The user that `ONE` asks for.
pub const ID: i64 = 7;

/// The number of connections that a round of `open-row` opens.
const TIMES: u32 = 500;

/// When `cancel` cancels its query.
const TIMEOUT: Duration = Duration::from_millis(100);

/// Serves the asynchronous jobs on Tokio. `fetch` gets all users, or those older than an age.
///
/// # Errors
///
/// If a fetch fails, or if the job is not one of these.
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

/// Runs two queries at the same time.
///
/// # Errors
///
/// If a query fails.
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

/// Runs many fetches at the same time, each in a task. Their rows are kept until the last has ended.
///
/// # Errors
///
/// If a fetch fails.
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

/// Cancels a fetch.
fn cancel<W>(job: &Job, runtime: &Runtime, fetch: impl Fn() -> W) -> Result<()>
where
    W: Future<Output = Result<Vec<User>>>,
{
    let database: PathBuf = job.get("database")?;
    job.serve(|| {
        runtime.block_on(async {
            let end = Instant::now() + TIMEOUT;
            if timeout(TIMEOUT, fetch()).await.is_ok() {
                return Err("the query ended before it was cancelled".into());
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

/// Opens, fetches one row and closes, repeatedly.
///
/// # Errors
///
/// If one of these fails.
pub fn open_row(job: &Job, mut open_row: impl FnMut() -> Result<User>) -> Result<()> {
    job.serve(|| {
        let begun = Instant::now();
        for _ in 0..TIMES {
            assert_eq!(open_row()?.id, ID);
        }
        Ok(per_time(begun.elapsed(), TIMES))
    })
}

/// Returns the time of one repetition.
pub fn per_time(took: Duration, times: u32) -> Figures {
    figures([("seconds", took.as_secs_f64() / f64::from(times))])
}

/// Returns whether this process has a file open in the database's folder, which holds nothing else.
///
/// Reads the operating system's list of open files, which works for every library, and in Python.
fn is_open(database: &Path) -> Result<bool> {
    let database = fs::canonicalize(database)?;
    let descriptors: Vec<_> = fs::read_dir("/proc/self/fd")?.collect::<std::io::Result<_>>()?;
    Ok(descriptors
        .iter()
        // Some are closed again, such as the one that listed the folder.
        .filter_map(|descriptor| fs::read_link(descriptor.path()).ok())
        .any(|file| file.parent() == database.parent()))
}
