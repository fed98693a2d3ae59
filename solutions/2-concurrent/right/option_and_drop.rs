//! Right: a guard with an `Option<Connection>` and a `Drop`, on the threads of the crate `blocking`, which works with
//! any executor.

use std::ops::Deref;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_lock::Semaphore;
use futures_lite::future;
use rusqlite::Connection;
use shared::User;
use shared::sqlite::{open, outcome, read_users};

pub use shared::sqlite::{Error, Result};

static CONNECTIONS: Semaphore = Semaphore::new(32);

/// An open connection, with a transaction that is rolled back unless it is committed.
struct Guard(Option<Connection>);

impl Guard {
    fn open(database: &Path, stop: Arc<AtomicBool>) -> Result<Guard> {
        let guard = Guard(Some(open(database)?));
        guard.progress_handler(1000, Some(move || stop.load(Ordering::SeqCst)))?;
        guard.busy_timeout(Duration::from_millis(250))?;
        guard.execute_batch("BEGIN")?;
        Ok(guard)
    }

    fn close(mut self) -> Result<()> {
        match self.0.take() {
            Some(connection) => connection.close().map_err(|(_, error)| error.into()),
            None => Ok(()),
        }
    }
}

impl Deref for Guard {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        self.0.as_ref().expect("it is there until it is closed")
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        // Closing rolls back.
        if let Some(connection) = self.0.take() {
            let _ = connection.close();
        }
    }
}

/// Sets the flag when it is dropped.
struct StopOnDrop(Arc<AtomicBool>);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

async fn run<T: Send + 'static>(
    database: &Path,
    stop: Arc<AtomicBool>,
    body: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
) -> Result<T> {
    let permit = CONNECTIONS.acquire().await;
    let database = database.to_owned();
    blocking::unblock(move || {
        let _permit = permit;
        let guard = Guard::open(&database, stop)?;
        let worked = body(&guard).and_then(|value| {
            guard.execute_batch("COMMIT")?;
            Ok(value)
        });
        outcome(worked, guard.close()).map_err(|error| error.in_database(&database))
    })
    .await
}

pub async fn with_connection<T: Send + 'static>(
    database: &Path,
    body: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
) -> Result<T> {
    let stop = StopOnDrop(Arc::default());
    run(database, stop.0.clone(), body).await
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

pub async fn fetch_concurrently(
    database: &Path,
    older_than: u32,
) -> Result<(Vec<User>, Vec<User>)> {
    // One flag for both. It is set when this function returns, for example because one has failed.
    let stop = StopOnDrop(Arc::default());
    let older = move |connection: &Connection| older_users(connection, older_than);
    future::try_zip(
        run(database, stop.0.clone(), users),
        run(database, stop.0.clone(), older),
    )
    .await
}
