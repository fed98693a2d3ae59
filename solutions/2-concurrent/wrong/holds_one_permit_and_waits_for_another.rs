//! Wrong: `fetch_concurrently` takes a permit for each of its queries, one after the other. When enough of them hold their first
//! and wait for their second, nobody ever gets one.
//!
//! caught by: a_thousand_fetches_at_once_all_succeed

use std::panic::resume_unwind;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rusqlite::Connection;
use shared::User;
use shared::sqlite::{open, outcome, read_users};

use tokio::sync::{Semaphore, SemaphorePermit};

pub use shared::sqlite::{Error, Result};

/// Sets the flag when the future that owns it is dropped.
struct StopOnDrop(Arc<AtomicBool>);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

static CONNECTIONS: Semaphore = Semaphore::const_new(40);

async fn permit() -> SemaphorePermit<'static> {
    CONNECTIONS.acquire().await.expect("it is never closed")
}

pub async fn with_connection<T: Send + 'static>(
    database: &Path,
    body: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
) -> Result<T> {
    run(permit().await, database, body).await
}

async fn run<T: Send + 'static>(
    permit: SemaphorePermit<'static>,
    database: &Path,
    body: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
) -> Result<T> {
    let database = database.to_owned();
    let stop = Arc::new(AtomicBool::new(false));
    let _stop_on_drop = StopOnDrop(stop.clone());
    let work = move || {
        let _permit = permit;
        let connection = open(&database)?;
        connection.progress_handler(1000, Some(move || stop.load(Ordering::SeqCst)))?;
        // Nobody can end a wait for a lock, so it is kept short.
        connection.busy_timeout(Duration::from_millis(250))?;
        let worked = in_transaction(&connection, body);
        let closed = connection.close().map_err(|(_, error)| error.into());
        outcome(worked, closed).map_err(|error| error.in_database(&database))
    };
    match tokio::task::spawn_blocking(work).await {
        Ok(outcome) => outcome,
        Err(panic) => resume_unwind(panic.into_panic()),
    }
}

fn in_transaction<T>(connection: &Connection, body: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
    let transaction = connection.unchecked_transaction()?;
    let value = body(&transaction)?;
    transaction.commit()?;
    Ok(value)
}

fn users(connection: &Connection) -> Result<Vec<User>> {
    let mut statement = connection.prepare("SELECT id, name, email, age FROM users ORDER BY id")?;
    read_users(&mut statement.query([])?)
}

fn older_users(connection: &Connection, age: u32) -> Result<Vec<User>> {
    let query = "SELECT id, name, email, age FROM users WHERE age > ?1 ORDER BY id";
    let mut statement = connection.prepare(query)?;
    read_users(&mut statement.query([age])?)
}

pub async fn async_fetch_users(database: &Path) -> Result<Vec<User>> {
    with_connection(database, users).await
}

pub async fn async_fetch_older_users(database: &Path, age: u32) -> Result<Vec<User>> {
    with_connection(database, move |connection| older_users(connection, age)).await
}

pub async fn fetch_concurrently(database: &Path, older_than: u32) -> Result<(Vec<User>, Vec<User>)> {
    let one = permit().await;
    let other = permit().await;
    tokio::try_join!(
        run(one, database, users),
        run(other, database, move |connection| older_users(
            connection, older_than
        ))
    )
}

/// Left as it is: the second driver is an extra.
pub mod on_sqlx {
    pub use super::{async_fetch_older_users, async_fetch_users, fetch_concurrently};
}
