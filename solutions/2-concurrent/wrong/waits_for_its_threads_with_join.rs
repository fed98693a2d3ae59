//! Wrong: a thread for each query, and then `JoinHandle::join`, which is no `await`: the executor's thread sleeps until they are
//! done.
//!
//! caught by: the_executor_stays_free_while_a_query_runs
//! also: when_one_query_fails_its_error_comes_back, because it waits for the other one, which goes on
//! also: when_one_query_fails_the_other_is_stopped_and_closes, because nobody stops it
//! also: the_running_statement_stops_when_its_future_is_dropped, because nobody gets to drop it
//! also: a_statement_that_begins_after_the_drop_stops_too, because nobody gets to drop it
//! also: a_wait_for_somebody_elses_lock_ends_when_its_future_is_dropped, because nobody gets to drop it
//! also: dropped_at_every_step_every_connection_closes, because nobody gets to drop it

use std::panic::resume_unwind;
use std::path::Path;
use std::thread;

use rusqlite::Connection;
use shared::User;
use shared::sqlite::{open, outcome, read_users};

pub use shared::sqlite::{Error, Result};

pub async fn with_connection<T: Send + 'static>(
    database: &Path,
    body: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
) -> Result<T> {
    let database = database.to_owned();
    let thread = thread::spawn(move || on_this_thread(&database, body));
    thread.join().unwrap_or_else(|panic| resume_unwind(panic))
}

fn on_this_thread<T>(database: &Path, body: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
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
    thread::scope(|scope| {
        let all = scope.spawn(|| on_this_thread(database, users));
        let older = |connection: &Connection| older_users(connection, older_than);
        let older = scope.spawn(move || on_this_thread(database, older));
        let all = all.join().unwrap_or_else(|panic| resume_unwind(panic));
        let older = older.join().unwrap_or_else(|panic| resume_unwind(panic));
        Ok((all?, older?))
    })
}

/// Left as it is: the second driver is an extra.
pub mod on_sqlx {
    pub use super::{async_fetch_older_users, async_fetch_users, fetch_concurrently};
}
