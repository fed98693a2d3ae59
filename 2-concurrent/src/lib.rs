//! Task 2: two queries at once.
//!
//! SQLite has no asynchronous calls: a thread that steps a query is busy until the row is there. `rusqlite` in an
//! `async fn` compiles, and runs one query after the other. So each connection gets a thread to itself, as in
//! aiosqlite; but where aiosqlite sends every row across, here the whole query moves over, and its users come back.
//!
//! What Python has nothing for is the future that is dropped half-way, by a timeout or a `select!`. The thread does
//! not notice that by itself; `cancel.rs` tells it, and SQLite stops.
//!
//! The same three functions stand in [`on_sqlx`] on another driver.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod cancel;
mod limit;
pub mod on_sqlx;
mod stop;
#[cfg(test)]
mod tests;
mod thread;

use std::path::Path;

use futures_lite::future;
use rusqlite::{Connection, Statement};
use shared::User;
use shared::sqlite::read_users;

use stop::StopOnDrop;
use thread::on_a_thread;

pub use shared::sqlite::{Error, Result};

/// The `async with` block: opens the database, runs `body` in a transaction, and closes it before it completes.
///
/// All of it happens on a thread of its own, so `body` may block. The transaction is committed when `body` returns
/// `Ok`, and rolled back when it returns `Err` or panics. At most 64 connections are open at a time, in the whole
/// process; who comes later waits without a thread. (So `body` must not wait for another fetch of this crate: 64 bodies
/// that did would wait for ever.)
///
/// # Errors
///
/// When the database is missing (it is not created) or cannot be opened, when `body` fails, when the commit fails, and
/// when the close fails. `body`'s error wins over the close's, which is then part of its text.
///
/// # Panics
///
/// When `body` does; the transaction is rolled back and the connection closed before the panic goes on.
///
/// # Cancel safety
///
/// Dropping the future stops the statement that is running, also one that waits for somebody else's lock, and refuses
/// those that `body` would begin after it; then the transaction is rolled back and the connection closes. The drop
/// itself does not wait for that. A `body` that is not in SQL goes on until it returns. (`body` must leave the
/// connection's progress handler, busy handler and commit hook alone, for they are how this is done.)
///
/// ```
/// # let folder = tempfile::tempdir().unwrap();
/// # let users_db = folder.path().join("users.db");
/// # shared::sqlite::create_sample(&users_db)?;
/// # futures_lite::future::block_on(async {
/// let oldest: u32 = concurrent::with_connection(&users_db, |connection| {
///     Ok(connection.query_one("SELECT max(age) FROM users", [], |row| row.get(0))?)
/// })
/// .await?;
/// assert_eq!(oldest, 73);
/// # Ok::<(), concurrent::Error>(())
/// # }).unwrap();
/// # Ok::<(), concurrent::Error>(())
/// ```
pub async fn with_connection<T: Send + 'static>(
    database: &Path,
    body: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
) -> Result<T> {
    let stop = StopOnDrop::new();
    on_a_thread(database, &stop, body).await
}

/// Every user of the database, in `id` order.
///
/// # Errors
///
/// As [`with_connection`]; when there is no table `users` with the four columns; and when a row is no user (an age
/// that is NULL, negative or text): the error names the column and the row. No row is skipped.
///
/// # Cancel safety
///
/// As [`with_connection`]: dropping the future stops the query and closes its connection.
pub async fn async_fetch_users(database: &Path) -> Result<Vec<User>> {
    with_connection(database, fetch_users).await
}

/// The users who are older than `age` years, and not those of exactly that age, in `id` order.
///
/// # Errors
///
/// As [`async_fetch_users`].
///
/// # Cancel safety
///
/// As [`with_connection`]: dropping the future stops the query and closes its connection.
pub async fn async_fetch_older_users(database: &Path, age: u32) -> Result<Vec<User>> {
    with_connection(database, move |connection| {
        fetch_older_users(connection, age)
    })
    .await
}

/// All users, and those older than `older_than` years, fetched at the same time over a connection each.
///
/// # Errors
///
/// As [`async_fetch_users`], for either query. The first failure stops the other query; when the error is returned,
/// both connections are closed.
///
/// # Cancel safety
///
/// As [`with_connection`]: dropping the future stops both queries and closes both connections.
///
/// ```
/// # let folder = tempfile::tempdir().unwrap();
/// # let users_db = folder.path().join("users.db");
/// # shared::sqlite::create_sample(&users_db)?;
/// // On Tokio, async-std, smol, or, as here, on next to nothing.
/// let (all, older) = futures_lite::future::block_on(concurrent::fetch_concurrently(&users_db, 40))?;
/// assert_eq!((all.len(), older.len()), (12, 4));
/// # Ok::<(), concurrent::Error>(())
/// ```
pub async fn fetch_concurrently(
    database: &Path,
    older_than: u32,
) -> Result<(Vec<User>, Vec<User>)> {
    let stop = StopOnDrop::new();
    let fetch_older = move |connection: &Connection| fetch_older_users(connection, older_than);
    // Not `try_zip`, which would return the first error and leave the other query behind. Both run to their end,
    // which for the other comes soon.
    let fetched = future::zip(
        stop.at_an_error(on_a_thread(database, &stop, fetch_users)),
        stop.at_an_error(on_a_thread(database, &stop, fetch_older)),
    );
    stop::both(fetched.await)
}

fn fetch_users(connection: &Connection) -> Result<Vec<User>> {
    let query = "SELECT id, name, email, age FROM users ORDER BY id";
    read_users(&mut prepare(connection, query)?.query([])?)
}

fn fetch_older_users(connection: &Connection, age: u32) -> Result<Vec<User>> {
    let query = "SELECT id, name, email, age FROM users WHERE age > ?1 ORDER BY id";
    read_users(&mut prepare(connection, query)?.query([age])?)
}

fn prepare<'c>(connection: &'c Connection, query: &str) -> Result<Statement<'c>> {
    connection
        .prepare(query)
        .map_err(|error| Error::from(error).in_own_sql())
}

/// The Rust in the lesson runs as doc tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Lesson;
