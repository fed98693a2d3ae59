//! Task 2: two queries at once.
//!
//! SQLite has no asynchronous calls: a thread that steps a query is busy until the row is there. `rusqlite` in an
//! `async fn` compiles, and runs one query after the other. And what Python has nothing for is the future that is
//! dropped half-way, by a timeout or a `select!`: whatever works for it elsewhere does not notice that by itself.
//!
//! Fill in the bodies, and run `cargo test` until it is content. What is beside the point comes solved: the same three
//! functions on another driver, in [`on_sqlx`], with `limit.rs` (how many connections there may be) and `stop.rs` (a
//! flag that tells work to stop), which you may use.

// Delete this line when you begin: it keeps the compiler quiet about what is not there yet.
#![allow(unused_variables, dead_code)]
#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod limit;
pub mod on_sqlx;
mod stop;

use std::path::Path;

use rusqlite::Connection;
use shared::User;

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
    todo!("off the executor: open, run `body` in a transaction, close; and think of each way out")
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
    todo!("query every user, in the order of the ids, over a connection of its own")
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
    todo!("the same, for who is older; bind the age")
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
    todo!("both at the same time, on a connection each; when one fails, stop the other")
}
