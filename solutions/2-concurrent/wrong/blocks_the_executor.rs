//! Wrong: rusqlite in an `async fn`, without an await. It compiles, `join!` and all, and whoever polls it does nothing else
//! until it is done.
//!
//! caught by: the_executor_stays_free_while_a_query_runs
//! also: both_queries_run_at_the_same_time, because the first is done before the second is polled at all
//! also: the_running_statement_stops_when_its_future_is_dropped, because nobody gets to drop it
//! also: a_statement_that_begins_after_the_drop_stops_too, because nobody gets to drop it
//! also: a_wait_for_somebody_elses_lock_ends_when_its_future_is_dropped, because nobody gets to drop it

use std::path::Path;

use rusqlite::Connection;
use shared::User;
use shared::sqlite::{open, outcome, read_users};

pub use shared::sqlite::{Error, Result};

pub async fn with_connection<T: Send + 'static>(
    database: &Path,
    body: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
) -> Result<T> {
    let connection = open(database)?;
    let worked = in_transaction(&connection, body);
    let closed = connection.close().map_err(|(_, error)| error.into());
    outcome(worked, closed).map_err(|error| error.in_database(database))
}

fn in_transaction<T>(connection: &Connection, body: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
    let transaction = connection.unchecked_transaction()?;
    let value = body(&transaction)?;
    transaction.commit()?;
    Ok(value)
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
