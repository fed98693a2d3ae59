//! Task 2: two queries at once.
//!
//! SQLite's calls block: a thread that fetches a row can do nothing else until the row is there. Two `async fn` that call
//! rusqlite, joined, compile but run one after the other. So each connection gets a thread (`worker.rs`), and the future
//! waits for what the thread sends.
//!
//! In Rust, a timeout or a `select!` drops a future before it is ready. The thread would continue, so the drop sets a
//! flag that SQLite reads (`cancel.rs`).

#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod cancel;
mod worker;

use std::path::Path;

use cancel::CancelOnDrop;
use futures_lite::future;
use rusqlite::{Connection, Statement};
use shared::User;
use shared::sqlite::read_users;

pub use shared::sqlite::{Error, Result};

/// Opens the database, runs `body` in a transaction, closes the database, and only then completes.
///
/// This replaces Python's `async with`. The caller awaits the call. `body` is an ordinary closure and cannot await. All of
/// the work runs on a new thread, so `body` may block.
///
/// | `body` | the transaction | the connection | the caller gets |
/// | --- | --- | --- | --- |
/// | returns `Ok` | is committed | is closed | `body`'s value |
/// | returns `Err` | is rolled back | is closed | `body`'s error |
/// | panics | is rolled back | is closed | the panic |
/// | runs when the future is dropped | is rolled back | closes when `body` has returned | nothing |
///
/// At most 64 connections are open at the same time in the whole process. Further calls wait for a permit and do not
/// occupy a thread. Do not `block_on` another call of this crate inside `body`: if 64 bodies do, all wait for permits forever.
///
/// # Errors
///
/// Fails if the database does not exist (it is not created), if the path is empty or `:memory:`, if the database cannot
/// be opened, if no thread can be started, if `body` fails, if the commit fails, and if the close fails. If both `body`
/// and the close fail, the error is `body`'s, and its text includes the close's.
///
/// # Panics
///
/// Panics if `body` panics, after the rollback and the close.
///
/// # Cancel safety
///
/// Dropping the future cancels the statement that is running, even if it waits for another connection's lock, and every
/// statement that `body` starts later. Then the transaction is rolled back, and the connection closes as soon as `body` has
/// returned. The drop does not wait for that. Rust code in `body` is not interrupted; its next SQL fails. (`body` must not replace the
/// connection's progress handler, busy handler and commit hook, because they read the flag.)
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
    // This future owns it, so dropping the future cancels the work.
    // After success its drop sets a flag that no connection reads any more.
    let cancel = CancelOnDrop::new();
    worker::run(database, &cancel, body).await
}

/// Returns every user of the database, in `id` order.
///
/// # Errors
///
/// Fails as [`with_connection`] does, if there is no table `users` with the columns `id`, `name`, `email` and `age`, and
/// if a row has an invalid value (an age that is NULL, negative or text). The error names the column and the row. No row
/// is skipped.
///
/// # Cancel safety
///
/// Dropping the future cancels the query and closes its connection, as in [`with_connection`].
pub async fn async_fetch_users(database: &Path) -> Result<Vec<User>> {
    with_connection(database, fetch_users).await
}

/// Returns the users who are older than `age` years, in `id` order. Users of exactly that age are not among them.
///
/// # Errors
///
/// Fails as [`async_fetch_users`] does.
///
/// # Cancel safety
///
/// Dropping the future cancels the query and closes its connection, as in [`with_connection`].
pub async fn async_fetch_older_users(database: &Path, age: u32) -> Result<Vec<User>> {
    with_connection(database, move |connection| {
        fetch_older_users(connection, age)
    })
    .await
}

/// Fetches all users and the users older than `older_than` years at the same time, each over its own connection.
///
/// # Errors
///
/// Fails as [`async_fetch_users`] does, for either query. The first error cancels the other query. Both connections are
/// closed before the error is returned.
///
/// # Cancel safety
///
/// Dropping the future cancels both queries and closes both connections, as in [`with_connection`].
///
/// ```
/// # let folder = tempfile::tempdir().unwrap();
/// # let users_db = folder.path().join("users.db");
/// # shared::sqlite::create_sample(&users_db)?;
/// // It needs no particular executor: Tokio, async-std, smol, or this small one.
/// let (all, older) = futures_lite::future::block_on(concurrent::fetch_concurrently(&users_db, 40))?;
/// assert_eq!((all.len(), older.len()), (12, 4));
/// # Ok::<(), concurrent::Error>(())
/// ```
pub async fn fetch_concurrently(
    database: &Path,
    older_than: u32,
) -> Result<(Vec<User>, Vec<User>)> {
    let cancel = CancelOnDrop::new();
    let all = worker::run(database, &cancel, fetch_users);
    let older = worker::run(database, &cancel, move |connection| {
        fetch_older_users(connection, older_than)
    });
    // Not `try_zip`: it returns the first error and drops the other future while its connection is still open.
    let both = future::zip(
        cancel.cancel_others_on_error(all),
        cancel.cancel_others_on_error(older),
    );
    match both.await {
        (Ok(all), Ok(older)) => Ok((all, older)),
        // The cause, not its consequence.
        (Err(first), Err(second)) if first.is_cancelled() => Err(second),
        (Err(error), _) | (_, Err(error)) => Err(error),
    }
}

fn fetch_users(connection: &Connection) -> Result<Vec<User>> {
    let query = "SELECT id, name, email, age FROM users ORDER BY id";
    read_users(&mut prepare(connection, query)?.query([])?)
}

fn fetch_older_users(connection: &Connection, age: u32) -> Result<Vec<User>> {
    let query = "SELECT id, name, email, age FROM users WHERE age > ?1 ORDER BY id";
    read_users(&mut prepare(connection, query)?.query([age])?)
}

/// Prepares a query of this crate. `in_own_sql` leaves the SQL out of the error, because the user did not write it.
fn prepare<'c>(connection: &'c Connection, query: &str) -> Result<Statement<'c>> {
    connection
        .prepare(query)
        .map_err(|error| Error::from(error).in_own_sql())
}

/// The Rust in the lesson runs as doc tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Lesson;
