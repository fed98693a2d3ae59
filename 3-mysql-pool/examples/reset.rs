//! Measures what the reset of a connection costs: point queries per second, from ten Tokio tasks at the same time.
//!
//! `cargo run --release --example reset`

use std::error::Error;
use std::time::{Duration, Instant};

use mysql_async::Pool;
use mysql_async::prelude::Queryable;
use mysql_pool::{Result, fetch_older_users, with_pool};
use temp_mariadb::TempServer;

const TASKS: usize = 10;
const TIME: Duration = Duration::from_secs(3);

#[tokio::main]
async fn main() -> std::result::Result<(), Box<dyn Error>> {
    let server = TempServer::with(shared::schema::mysql_sample())?;
    with_pool(&server.url(), TASKS, async |pool| {
        for reset in [true, false] {
            let mut tasks = Vec::new();
            for _ in 0..TASKS {
                tasks.push(tokio::spawn(point_queries(pool.clone(), reset)));
            }
            println!(
                "reset_connection({reset}): {} queries per second",
                sum(tasks).await?
            );
        }
        let mut tasks = Vec::new();
        for _ in 0..TASKS {
            tasks.push(tokio::spawn(fetches(pool.clone())));
        }
        println!("fetch_older_users: {} per second", sum(tasks).await?);
        Ok(())
    })
    .await?;
    Ok(())
}

async fn point_queries(pool: Pool, reset: bool) -> Result<u64> {
    let (begun, mut count) = (Instant::now(), 0);
    while begun.elapsed() < TIME {
        let mut connection = pool.get_conn().await?;
        let _: Option<String> = connection
            .exec_first("SELECT name FROM users WHERE id = ?", (7,))
            .await?;
        connection.reset_connection(reset);
        count += 1;
    }
    Ok(count)
}

async fn fetches(pool: Pool) -> Result<u64> {
    let (begun, mut count) = (Instant::now(), 0);
    while begun.elapsed() < TIME {
        fetch_older_users(&pool, 70).await?;
        count += 1;
    }
    Ok(count)
}

async fn sum(tasks: Vec<tokio::task::JoinHandle<Result<u64>>>) -> Result<u64> {
    let mut sum = 0;
    for task in tasks {
        sum += task.await.expect("no task panics")?;
    }
    Ok(sum / TIME.as_secs())
}
