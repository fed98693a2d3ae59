//! Right: Tokio's `spawn_blocking`, and a flag that a destructor sets and SQLite's progress handler reads. Most wrong
//! solutions are edits of this one.

use std::panic::resume_unwind;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rusqlite::{Connection, Params};
use shared::User;
use shared::sqlite::{open, outcome};

pub use shared::sqlite::{Error, Result};

/// Sets the flag when the future that owns it is dropped.
struct StopOnDrop(Arc<AtomicBool>);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

pub async fn with_connection<T: Send + 'static>(
    database: &Path,
    body: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
) -> Result<T> {
    let database = database.to_owned();
    let stop = Arc::new(AtomicBool::new(false));
    let _stop_on_drop = StopOnDrop(stop.clone());
    let work = move || on_this_thread(&database, stop, body);
    match tokio::task::spawn_blocking(work).await {
        Ok(outcome) => outcome,
        Err(panic) => resume_unwind(panic.into_panic()),
    }
}

fn on_this_thread<T>(
    database: &Path,
    stop: Arc<AtomicBool>,
    body: impl FnOnce(&Connection) -> Result<T>,
) -> Result<T> {
    let connection = open(database)?;
    connection.progress_handler(1000, Some(move || stop.load(Ordering::SeqCst)))?;
    // The flag does not end a wait for a lock, so keep it short.
    connection.busy_timeout(Duration::from_millis(250))?;
    let worked = in_transaction(&connection, body);
    let closed = connection.close().map_err(|(_, error)| error.into());
    outcome(worked, closed).map_err(|error| error.in_database(database))
}

fn in_transaction<T>(
    connection: &Connection,
    body: impl FnOnce(&Connection) -> Result<T>,
) -> Result<T> {
    let transaction = connection.unchecked_transaction()?;
    let value = body(&transaction)?;
    transaction.commit()?;
    Ok(value)
}

const ALL: &str = "SELECT id, name, email, age FROM users ORDER BY id";
const OLDER: &str = "SELECT id, name, email, age FROM users WHERE age > ?1 ORDER BY id";

pub async fn async_fetch_users(database: &Path) -> Result<Vec<User>> {
    with_connection(database, |connection| users(connection, ALL, [])).await
}

pub async fn async_fetch_older_users(database: &Path, age: u32) -> Result<Vec<User>> {
    with_connection(database, move |connection| users(connection, OLDER, [age])).await
}

fn users(connection: &Connection, query: &str, parameters: impl Params) -> Result<Vec<User>> {
    let mut statement = connection.prepare(query)?;
    let mut rows = statement.query(parameters)?;
    let mut users = Vec::new();
    while let Some(row) = rows.next()? {
        users.push(User {
            id: row.get("id")?,
            name: row.get("name")?,
            email: row.get("email")?,
            age: row.get("age")?,
        });
    }
    Ok(users)
}

pub async fn fetch_concurrently(
    database: &Path,
    older_than: u32,
) -> Result<(Vec<User>, Vec<User>)> {
    // If one fails, the other's future is dropped, and its query stops.
    tokio::try_join!(
        async_fetch_users(database),
        async_fetch_older_users(database, older_than)
    )
}
