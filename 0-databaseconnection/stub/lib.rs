//! Task 0: a connection that closes itself.
//!
//! Rust's ownership replaces Python's `with`: a value is dropped on every way out of its scope, and dropping it does
//! what `__exit__` does. Replace each `todo!()` in this file until `cargo test` passes. Work through
//! `tests/checks/01_opening.rs`, `02_closing.rs` and so on; each file begins with what it asks for and what to read.
//!
//! You may use these from the package `shared`, or write the same yourself:
//!
//! - `shared::sqlite::{Error, Result}`: an error type that converts from `rusqlite::Error`, so that `?` works.
//! - `shared::sqlite::open(path)`: opens an existing file, refuses `:memory:` and an empty path, and returns a
//!   `rusqlite::Connection`.
//! - `shared::sqlite::read_users(&mut rows)`: reads each row as a `User`, by the names of its columns.
//! - `shared::sqlite::outcome(worked, closed)`: combines the result of the work with that of the close. The error of the
//!   work wins, and the error of the close becomes a part of it.
//!
//! Where this file says "Extra", no check asks for it. `checker check` tries the extras when every check passes.

// Delete this line when you begin. It hides warnings about code that is not written yet.
#![allow(unused_variables, dead_code)]
#![forbid(unsafe_code)]
#![warn(missing_docs)]

use std::ops::Deref;
use std::path::Path;

use rusqlite::Connection;
use shared::User;

pub use shared::sqlite::{Error, Result};

/// A connection to a SQLite file that is open exactly as long as this value lives.
///
/// It closes at the end of its scope, on `?`, and on a panic.
///
/// ```
/// # let folder = tempfile::tempdir().unwrap();
/// # let users_db = folder.path().join("users.db");
/// # shared::sqlite::create_sample(&users_db)?;
/// use databaseconnection::{DatabaseConnection, fetch_users};
///
/// let users = {
///     let connection = DatabaseConnection::open(&users_db)?;
///     fetch_users(&connection)?
/// }; // closed here, and also where the `?` returns
/// assert_eq!(users.len(), 12);
/// # Ok::<(), databaseconnection::Error>(())
/// ```
#[derive(Debug)]
pub struct DatabaseConnection {
    // Which value must this struct own, so that dropping the struct closes the connection?
}

impl DatabaseConnection {
    /// Opens an existing database.
    ///
    /// # Errors
    ///
    /// If the file does not exist (it is not created), or cannot be opened. `:memory:` and an empty path are refused,
    /// because SQLite would create a fresh database for them.
    pub fn open(database: impl AsRef<Path>) -> Result<DatabaseConnection> {
        todo!("write `DatabaseConnection::open`: open the file, but only if it exists")
    }

    /// Closes the connection and returns the error if that fails.
    ///
    /// Leaving the scope closes it as well, but a destructor cannot return an error.
    ///
    /// # Errors
    ///
    /// If a statement of this connection is still alive, for example after `std::mem::forget(statement)`. SQLite then
    /// keeps the database open.
    pub fn close(self) -> Result<()> {
        todo!("write `DatabaseConnection::close`: close the connection, return its error")
    }
}

/// Lets the caller use a `&DatabaseConnection` as a `&Connection`.
impl Deref for DatabaseConnection {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        todo!("write `deref`: return a reference to the connection that the struct owns")
    }
}

/// The `with` block: opens the database, runs `body` in a transaction, and closes the database before it returns.
///
/// Commits when `body` returns `Ok`. Rolls back when it returns `Err` or panics. (Python's `with sqlite3.connect(…)`
/// does that as well, but does not close the connection.)
///
/// # Errors
///
/// If the database cannot be opened (as for [`DatabaseConnection::open`]), if `body` fails, if the commit fails, and
/// if the close fails. If `body` and the close both fail, the error is that of `body`, with the close's error in its
/// text or as its `source()`.
///
/// Extra: the error names the database.
///
/// # Panics
///
/// If `body` panics. The transaction is rolled back and the connection closed. Extra: the caller sees the same panic.
///
/// ```
/// # let folder = tempfile::tempdir().unwrap();
/// # let users_db = folder.path().join("users.db");
/// # shared::sqlite::create_sample(&users_db)?;
/// use databaseconnection::with_connection;
///
/// let changed = with_connection(&users_db, |connection| {
///     Ok(connection.execute("UPDATE users SET age = age + 1 WHERE name = ?1", ["Dara O'Brien"])?)
/// })?;
/// assert_eq!(changed, 1);
/// # Ok::<(), databaseconnection::Error>(())
/// ```
pub fn with_connection<T>(
    database: impl AsRef<Path>,
    body: impl FnOnce(&Connection) -> Result<T>,
) -> Result<T> {
    todo!("write `with_connection`: open, run `body` in a transaction, close")
}

/// Returns every user of the database.
///
/// Reads the columns by name, because a table may have them in another order, and may have more of them.
///
/// Extra: in `id` order.
///
/// # Errors
///
/// If there is no table `users` with the four columns, if the query fails at any row, and if a row has an invalid value
/// (an age that is NULL, negative or text). No row is skipped and no value is invented.
///
/// Extra: the error of a row names the column and the row.
pub fn fetch_users(connection: &Connection) -> Result<Vec<User>> {
    todo!("write `fetch_users`: select every user, read the columns by name")
}
