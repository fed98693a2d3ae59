//! Wrong: opening takes time, so a connection is kept in a `static` for the next fetch. What is in a `static` is never dropped.
//!
//! caught by: every_connection_is_closed_after_success
//! also: reports_a_close_that_fails, because nothing is closed that did well

use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rusqlite::Connection;
use shared::User;
use shared::sqlite::{open, outcome, read_users};

pub use shared::sqlite::{Error, Result};

/// Sets the flag when the future that owns it is dropped.
struct StopOnDrop(Arc<AtomicBool>);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// The connections that are not used at the moment, and to which database they are.
static IDLE: Mutex<Vec<(PathBuf, Connection)>> = Mutex::new(Vec::new());

fn keep(database: &Path, connection: Connection) {
    let mut idle = IDLE.lock().expect("no panic with it");
    idle.push((database.to_owned(), connection));
}

fn take_or_open(database: &Path) -> Result<Connection> {
    let mut idle = IDLE.lock().expect("no panic with it");
    match idle.iter().position(|(path, _)| path == database) {
        Some(index) => Ok(idle.swap_remove(index).1),
        None => open(database),
    }
}

pub async fn with_connection<T: Send + 'static>(
    database: &Path,
    body: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
) -> Result<T> {
    let (value, connection) = run(database, body).await?;
    keep(database, connection);
    Ok(value)
}

async fn run<T: Send + 'static>(
    database: &Path,
    body: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
) -> Result<(T, Connection)> {
    let database = database.to_owned();
    let stop = Arc::new(AtomicBool::new(false));
    let _stop_on_drop = StopOnDrop(stop.clone());
    let work = move || {
        let connection = take_or_open(&database)?;
        connection.progress_handler(1000, Some(move || stop.load(Ordering::SeqCst)))?;
        connection.busy_timeout(Duration::from_millis(250))?;
        match in_transaction(&connection, body) {
            Ok(value) => Ok((value, connection)),
            Err(error) => {
                let closed = connection.close().map_err(|(_, error)| error.into());
                outcome(Err(error), closed).map_err(|error| error.in_database(&database))
            }
        }
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
    let ((all, one), (older, other)) = tokio::try_join!(
        run(database, users),
        run(database, move |connection| older_users(connection, older_than))
    )?;
    keep(database, one);
    keep(database, other);
    Ok((all, older))
}

/// Left as it is: the second driver is an extra.
pub mod on_sqlx {
    pub use super::{async_fetch_older_users, async_fetch_users, fetch_concurrently};
}
