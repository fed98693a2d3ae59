//! Wrong: a row that cannot be read as a user is skipped, so that the others still come; nobody hears of it.
//!
//! caught by: a_row_that_does_not_fit_is_an_error

use std::panic::resume_unwind;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rusqlite::{Connection, Row, Rows};
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
    let work = move || {
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

/// The rows that are users.
fn read_users(rows: &mut Rows<'_>) -> Result<Vec<User>> {
    let mut users = Vec::new();
    while let Some(row) = rows.next()? {
        if let Ok(user) = user(row) {
            users.push(user);
        }
    }
    Ok(users)
}

fn user(row: &Row<'_>) -> rusqlite::Result<User> {
    Ok(User {
        id: row.get("id")?,
        name: row.get("name")?,
        email: row.get("email")?,
        age: row.get("age")?,
    })
}

pub async fn async_fetch_users(database: &Path) -> Result<Vec<User>> {
    with_connection(database, |connection| {
        let mut statement = connection.prepare("SELECT id, name, email, age FROM users ORDER BY id")?;
        read_users(&mut statement.query([])?)
    })
    .await
}

pub async fn async_fetch_older_users(database: &Path, age: u32) -> Result<Vec<User>> {
    with_connection(database, move |connection| {
        let query = "SELECT id, name, email, age FROM users WHERE age > ?1 ORDER BY id";
        let mut statement = connection.prepare(query)?;
        read_users(&mut statement.query([age])?)
    })
    .await
}

pub async fn fetch_concurrently(database: &Path, older_than: u32) -> Result<(Vec<User>, Vec<User>)> {
    // When one fails, the other's future is dropped, and so its query is stopped.
    tokio::try_join!(
        async_fetch_users(database),
        async_fetch_older_users(database, older_than)
    )
}

/// Left as it is: the second driver is an extra.
pub mod on_sqlx {
    pub use super::{async_fetch_older_users, async_fetch_users, fetch_concurrently};
}
