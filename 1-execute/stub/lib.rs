//! Task 1: a reusable query.
//!
//! A query that is kept with its parameters, and manages the connection, the statement and the rows each time it is
//! run. Fill in the bodies, and run `cargo test` until it is content.

// Delete this line when you begin: it keeps the compiler quiet about what is not there yet.
#![allow(unused_variables, dead_code)]
#![forbid(unsafe_code)]
#![warn(missing_docs)]

use std::path::PathBuf;

use rusqlite::{Rows, ToSql};
use shared::User;

pub use shared::sqlite::{Error, Result};

/// A query with its parameters, to be run as often as you like.
///
/// ```
/// # let folder = tempfile::tempdir().unwrap();
/// # let users_db = folder.path().join("users.db");
/// # shared::sqlite::create_sample(&users_db)?;
/// use execute::ExecuteQuery;
///
/// let adults = ExecuteQuery::new(&users_db, "SELECT * FROM users WHERE age > ?", [25]);
/// assert_eq!(adults.fetch_users()?.len(), 8);
///
/// let first = adults.run(|rows| {
///     let row = rows.next()?.expect("somebody is older than 25");
///     Ok(row.get::<_, String>("name")?)
/// })?;
/// assert_eq!(first, "Alice Walker");
/// # Ok::<(), execute::Error>(())
/// ```
#[derive(Debug)]
pub struct ExecuteQuery {
    // What does it have to keep?
}

impl ExecuteQuery {
    /// Keeps a query and its parameters. Nothing is opened before the query is run.
    ///
    /// For parameters of several types, pass a slice of `&dyn ToSql`; for none, `[0; 0]`.
    pub fn new(
        database: impl Into<PathBuf>,
        query: impl Into<String>,
        parameters: impl IntoIterator<Item = impl ToSql>,
    ) -> ExecuteQuery {
        todo!("keep what is needed to run it later, and open nothing")
    }

    /// The `with` block: opens the database, runs the query, hands its rows to `body` as they are stepped, and closes
    /// it before returning. A body that stops after one row costs one row.
    ///
    /// # Errors
    ///
    /// When the database is missing (it is not created) or cannot be opened; when the SQL does not parse (the error
    /// shows where) or holds more than one statement; when there are too few or too many parameters for it, or one
    /// that cannot be converted; when `body` fails; and when the close fails. `body`'s error wins over the close's,
    /// which is then part of its text.
    ///
    /// # Panics
    ///
    /// When `body` does; the connection is closed before the panic goes on.
    pub fn run<T>(&self, body: impl FnOnce(&mut Rows<'_>) -> Result<T>) -> Result<T> {
        todo!("open, prepare, bind, hand the rows to `body`, close")
    }

    /// Runs the query and reads each row as a [`User`], by the names of its columns.
    ///
    /// # Errors
    ///
    /// As [`run`](ExecuteQuery::run), and when a row is no user (an age that is NULL, negative or text): the error
    /// names the column and the row. No row is skipped.
    pub fn fetch_users(&self) -> Result<Vec<User>> {
        todo!("run it, and read each row as a user")
    }

    /// Runs an `INSERT`, `UPDATE` or `DELETE` to its end, and returns how many rows it changed.
    ///
    /// # Errors
    ///
    /// As [`run`](ExecuteQuery::run), and for a query that only reads, which is not run.
    pub fn execute(&self) -> Result<usize> {
        todo!("run it to its end, and say how many rows it changed")
    }
}
