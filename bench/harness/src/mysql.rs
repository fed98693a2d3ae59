//! The rounds on a MySQL server.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::join;
use shared::User;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::{Figures, Job, Result, figures};

pub const ALL: &str = "SELECT id, name, email, age FROM users ORDER BY id";
pub const OLDER: &str = "SELECT id, name, email, age FROM users WHERE age > ? ORDER BY id";

/// So old is one user of the sample.
pub const AGE: u32 = 70;

/// How many connections a pool may have.
pub const CONNECTIONS: usize = 10;

/// Runs what a statement that was given up leaves on the server, but for the one that asks.
pub const RUNNING: &str = "SELECT id FROM information_schema.processlist \
     WHERE info LIKE '%FROM users%' AND id <> CONNECTION_ID()";

/// How often a round of `pool` takes a connection.
const TIMES: u32 = 500;

/// How long the query of `stop` may run, and how long it is waited for the rest.
const TIMEOUT: Duration = Duration::from_millis(100);
const PATIENCE: Duration = Duration::from_secs(5);

/// Point queries, by a number of tasks for a number of seconds.
///
/// # Errors
///
/// When one fails.
pub async fn points<W>(job: &Job, fetch: impl Fn() -> W + Clone + Send + 'static) -> Result<()>
where
    W: Future<Output = Result<Vec<User>>> + Send,
{
    let tasks: usize = job.get("tasks")?;
    let time = Duration::from_secs_f64(job.get("seconds")?);
    // Every connection is there, and has the statement prepared.
    repeat(CONNECTIONS, Duration::from_millis(50), &fetch).await?;
    job.serve_async(async || {
        let begun = Instant::now();
        let count = repeat(tasks, time, &fetch).await?;
        Ok(figures([(
            "per_second",
            count as f64 / begun.elapsed().as_secs_f64(),
        )]))
    })
    .await
}

/// Fetches, again and again, by each of a number of tasks. How many there were.
async fn repeat<W>(
    tasks: usize,
    time: Duration,
    fetch: &(impl Fn() -> W + Clone + Send + 'static),
) -> Result<u64>
where
    W: Future<Output = Result<Vec<User>>> + Send,
{
    let begun = Instant::now();
    let mut running = JoinSet::new();
    for _ in 0..tasks {
        let fetch = fetch.clone();
        running.spawn(async move {
            let mut count = 0;
            while begun.elapsed() < time {
                assert_eq!(fetch().await?.len(), 1);
                count += 1;
            }
            Ok(count)
        });
    }
    running.join_all().await.into_iter().sum()
}

/// Fetches of a whole table, so many, by a number of tasks.
///
/// # Errors
///
/// When a fetch fails.
pub async fn rows<W>(job: &Job, fetch: impl Fn() -> W + Clone + Send + 'static) -> Result<()>
where
    W: Future<Output = Result<Vec<User>>> + Send,
{
    let (tasks, fetches): (usize, u64) = (job.get("tasks")?, job.get("fetches")?);
    job.serve_async(async || {
        let begun = Instant::now();
        let next = Arc::new(AtomicU64::new(0));
        let mut running = JoinSet::new();
        for _ in 0..tasks {
            let (fetch, next) = (fetch.clone(), next.clone());
            running.spawn(async move {
                let mut rows = 0;
                while next.fetch_add(1, Ordering::Relaxed) < fetches {
                    rows += fetch().await?.len();
                }
                Ok(rows)
            });
        }
        let rows = running
            .join_all()
            .await
            .into_iter()
            .sum::<Result<usize>>()?;
        let per_second = rows as f64 / begun.elapsed().as_secs_f64();
        Ok(figures([("per_second", per_second)]))
    })
    .await
}

/// A fetch that is given up: until control is back, until the server has stopped it, until a pool of one serves again.
///
/// `leftovers` lists what the server still runs, over a connection of its own, and kills it where it is told to.
///
/// # Errors
///
/// When the fetch is not given up, or any other statement fails.
pub async fn stop(
    job: &Job,
    fetch: impl AsyncFn() -> Result<Vec<User>>,
    select_1: impl AsyncFn() -> Result<()>,
    mut leftovers: impl AsyncFnMut(bool) -> Result<usize>,
) -> Result<()> {
    job.serve_async(async || {
        let end = Instant::now() + TIMEOUT;
        if timeout(TIMEOUT, fetch()).await.is_ok() {
            return Err("it was there before it could be given up".into());
        }
        let back = end.elapsed();
        let stopped = async {
            // Not under a timeout, which would leave the connection in the middle of an answer.
            while leftovers(false).await? > 0 {
                if end.elapsed() > PATIENCE {
                    return Ok(None);
                }
            }
            Ok(Some(end.elapsed().as_secs_f64()))
        };
        let serves = timeout(PATIENCE, async {
            select_1().await?;
            Ok(end.elapsed().as_secs_f64())
        });
        let (stopped, serves): (Result<Option<f64>>, _) = join(stopped, serves).await;
        let serves: Option<Result<f64>> = serves.ok();
        // The next round begins on a server that does nothing.
        while leftovers(true).await? > 0 {}
        select_1().await?;
        Ok(Figures::from([
            ("back".to_owned(), Some(back.as_secs_f64())),
            ("stopped".to_owned(), stopped?),
            ("serves".to_owned(), serves.transpose()?),
        ]))
    })
    .await
}

/// Taking a connection of the pool and giving it back, by a number of tasks.
///
/// # Errors
///
/// When there is none to be had.
pub async fn pool<W>(
    job: &Job,
    take_and_give: impl Fn() -> W + Clone + Send + 'static,
) -> Result<()>
where
    W: Future<Output = Result<()>> + Send,
{
    let tasks: u32 = job.get("tasks")?;
    job.serve_async(async || {
        let begun = Instant::now();
        let mut running = JoinSet::new();
        for _ in 0..tasks {
            let take_and_give = take_and_give.clone();
            running.spawn(async move {
                for _ in 0..TIMES / tasks {
                    take_and_give().await?;
                }
                Ok(())
            });
        }
        running
            .join_all()
            .await
            .into_iter()
            .collect::<Result<()>>()?;
        Ok(crate::sqlite::per_time(
            begun.elapsed(),
            TIMES / tasks * tasks,
        ))
    })
    .await
}
