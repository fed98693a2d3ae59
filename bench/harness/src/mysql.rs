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

/// One user of the sample is older than this.
pub const AGE: u32 = 70;

/// The size of a pool.
pub const CONNECTIONS: usize = 10;

/// Lists the statements that still read `users` on the server, without this one.
pub const RUNNING: &str = "SELECT id FROM information_schema.processlist \
     WHERE info LIKE '%FROM users%' AND id <> CONNECTION_ID()";

/// The number of connections that a round of `pool` takes.
const TIMES: u32 = 500;

/// When `stop` cancels its query, and how long it waits for the server and the pool.
const TIMEOUT: Duration = Duration::from_millis(100);
const STOP_TIMEOUT: Duration = Duration::from_secs(5);

/// Runs point queries in a number of tasks for a number of seconds.
///
/// # Errors
///
/// If a query fails.
pub async fn points<W>(job: &Job, fetch: impl Fn() -> W + Clone + Send + 'static) -> Result<()>
where
    W: Future<Output = Result<Vec<User>>> + Send,
{
    let tasks: usize = job.get("tasks")?;
    let time = Duration::from_secs_f64(job.get("seconds")?);
    // Warms up: opens every connection, and prepares the statement.
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

/// Fetches repeatedly in a number of tasks, and returns the number of fetches.
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

/// Fetches all rows of a table repeatedly, in a number of tasks.
///
/// # Errors
///
/// If a fetch fails.
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

/// Cancels a fetch, and waits until the caller runs again, the server has stopped, and a pool of one serves again.
///
/// `leftovers` counts the statements that the server still runs, over a separate connection, and kills them if its argument
/// is true.
///
/// # Errors
///
/// If the fetch ends before it is cancelled, or another statement fails.
pub async fn stop(
    job: &Job,
    fetch: impl AsyncFn() -> Result<Vec<User>>,
    select_1: impl AsyncFn() -> Result<()>,
    mut leftovers: impl AsyncFnMut(bool) -> Result<usize>,
) -> Result<()> {
    job.serve_async(async || {
        let end = Instant::now() + TIMEOUT;
        if timeout(TIMEOUT, fetch()).await.is_ok() {
            return Err("the query ended before it was cancelled".into());
        }
        let back = end.elapsed();
        let stopped = async {
            // Not under a timeout, which would leave the connection in the middle of a result.
            while leftovers(false).await? > 0 {
                if end.elapsed() > STOP_TIMEOUT {
                    return Ok(None);
                }
            }
            Ok(Some(end.elapsed().as_secs_f64()))
        };
        let serves = timeout(STOP_TIMEOUT, async {
            select_1().await?;
            Ok(end.elapsed().as_secs_f64())
        });
        let (stopped, serves): (Result<Option<f64>>, _) = join(stopped, serves).await;
        let serves: Option<Result<f64>> = serves.ok();
        // The next round starts on an idle server.
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

/// Takes a connection of the pool and returns it, in a number of tasks.
///
/// # Errors
///
/// If the pool cannot provide a connection.
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
