//! Task 2: two queries at once.
//!
//! SQLite's calls block: a thread that fetches a row can do nothing else until the row is there. Two `async fn` that call
//! rusqlite, joined, compile but run one after the other, and they block the executor (Rust's event loop).
//!
//! In Rust, a timeout or a `select!` drops a future before it is ready. The code after its current `await` does not run
//! then, and a thread that works for the future does not notice the drop.
//!
//! Write the four bodies. Run `cargo test` until every check passes. You may use these functions of `shared::sqlite`:
//!
//! | function | what it does |
//! | --- | --- |
//! | `open(path)` | opens an existing file; refuses a missing file, a folder, an empty path and `:memory:` |
//! | `existing_file(path)` | use it if you open the file with sqlx instead of rusqlite: it makes the same test and opens nothing |
//! | `read_users(&mut rows)` | reads each row as a [`User`] by the columns' names; fails if a row has an invalid value |
//! | `outcome(worked, closed)` | combines the result of the work and the result of the close: the work's error wins |
//!
//! [`Error`] converts from [`rusqlite::Error`], so `?` works. You may write an error type instead. It must be
//! `Send`, implement `From<rusqlite::Error>`, and convert into `Box<dyn Error + Send + Sync>`. Every future must be `Send`.
//!
//! The dependencies include `tokio`, `blocking`, `async-lock`, `async-channel` and `futures-lite`. A solution that uses
//! `blocking::unblock` can pass every check, and so can one that starts a thread for each open connection.

// Delete this line when you begin. It hides warnings about code that is not written yet.
#![allow(unused_variables, dead_code)]
#![forbid(unsafe_code)]
#![warn(missing_docs)]

use std::path::Path;

use rusqlite::Connection;
use shared::User;

pub use shared::sqlite::{Error, Result};

/// Opens the database, runs `body` in a transaction, closes the database, and only then completes.
///
/// This replaces Python's `async with`. The caller awaits the call. `body` is an ordinary closure and cannot await.
///
/// | `body` | the transaction | the connection | the caller gets |
/// | --- | --- | --- | --- |
/// | returns `Ok` | is committed | is closed | `body`'s value |
/// | returns `Err` | is rolled back | is closed | `body`'s error |
/// | panics | is rolled back | is closed | a panic or an error |
/// | runs when the future is dropped | is rolled back | closes when `body` has returned | nothing |
///
/// It never blocks the executor's thread, even if `body` blocks. A thousand calls at the same time all succeed, but a
/// process on Linux may have 1,024 open files and a connection takes up to three: some calls must wait, without a thread.
///
/// # Errors
///
/// Fails if the database does not exist (it is not created), if the path is empty or `:memory:`, if the database cannot
/// be opened, if `body` fails, if the commit fails, and if the close fails. If both `body` and the close fail, the error
/// is `body`'s.
///
/// # Panics
///
/// May panic if `body` panics, after the rollback and the close. An error passes the checks; an extra asks for the same panic.
///
/// # Cancel safety
///
/// Dropping the future cancels the statement that is running, even if it waits for another connection's lock, and every
/// statement that `body` starts later. Then the transaction is rolled back, and the connection closes as soon as `body` has
/// returned. The drop does not wait for that. Rust code in `body` is not interrupted; its next SQL fails.
///
/// ```
/// # let folder = tempfile::tempdir().unwrap();
/// # let users_db = folder.path().join("users.db");
/// # shared::sqlite::create_sample(&users_db)?;
/// # let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
/// # runtime.block_on(async {
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
    todo!("open the database off the executor's thread, run `body` in a transaction, close")
}

/// Returns every user of the database.
///
/// # Errors
///
/// Fails as [`with_connection`] does, if there is no table `users` with the columns `id`, `name`, `email` and `age`, and
/// if a row has an invalid value (an age that is NULL, negative or text). No row is skipped.
///
/// # Cancel safety
///
/// Dropping the future cancels the query and closes its connection, as in [`with_connection`].
pub async fn async_fetch_users(database: &Path) -> Result<Vec<User>> {
    todo!("query every user, and read the columns by name")
}

/// Returns the users who are older than `age` years. Users of exactly that age are not among them.
///
/// # Errors
///
/// Fails as [`async_fetch_users`] does.
///
/// # Cancel safety
///
/// Dropping the future cancels the query and closes its connection, as in [`with_connection`].
pub async fn async_fetch_older_users(database: &Path, age: u32) -> Result<Vec<User>> {
    todo!("query the users with a greater age, and bind `age`")
}

/// Fetches all users and the users older than `older_than` years at the same time, each over its own connection.
///
/// The first list holds all users, the second the older ones.
///
/// # Errors
///
/// Fails as [`async_fetch_users`] does, for either query. The first error cancels the other query, and its connection
/// closes.
///
/// # Cancel safety
///
/// Dropping the future cancels both queries and closes both connections, as in [`with_connection`].
///
/// ```
/// # let folder = tempfile::tempdir().unwrap();
/// # let users_db = folder.path().join("users.db");
/// # shared::sqlite::create_sample(&users_db)?;
/// # let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
/// let (all, older) = runtime.block_on(concurrent::fetch_concurrently(&users_db, 40))?;
/// assert_eq!((all.len(), older.len()), (12, 4));
/// # Ok::<(), concurrent::Error>(())
/// ```
pub async fn fetch_concurrently(
    database: &Path,
    older_than: u32,
) -> Result<(Vec<User>, Vec<User>)> {
    todo!("run both queries at the same time, and cancel the other one if one fails")
}
