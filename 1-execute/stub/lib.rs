//! Task 1: a reusable query.
//!
//! `ExecuteQuery` keeps a query and its parameters. Each run opens a connection, prepares the statement, binds the
//! parameters, and closes everything again. Replace each `todo!()` in this file until `cargo test` passes. Work
//! through `tests/checks/01_running.rs`, `02_parameters.rs` and so on; each file begins with what it asks for and
//! what to read.
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

use std::path::PathBuf;

use rusqlite::{Rows, ToSql};
use shared::User;

pub use shared::sqlite::{Error, Result};

/// A query with its parameters, which can be run any number of times.
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
///     let row = rows.next()?.expect("a user older than 25");
///     Ok(row.get::<_, String>("name")?)
/// })?;
/// assert_eq!(first, "Alice Walker");
/// # Ok::<(), execute::Error>(())
/// ```
#[derive(Debug)]
pub struct ExecuteQuery {
    // What must it keep, so that `run` can open, prepare and bind each time?
}

impl ExecuteQuery {
    /// Keeps a query and its parameters. Opens nothing.
    ///
    /// The parameters may have any type that implements `ToSql`, and may be borrowed. To keep them, call `to_sql` on
    /// each and store the result as a `rusqlite::types::Value`: `ToSqlOutput::Owned` has one, and `Value::try_from`
    /// makes one from a `ToSqlOutput::Borrowed`. `to_sql` can fail, but this function cannot return an error. So
    /// store the error, and return it from `run`.
    ///
    /// For parameters of several types, pass a slice of `&dyn ToSql`; for none, `[0; 0]`.
    pub fn new(
        database: impl Into<PathBuf>,
        query: impl Into<String>,
        parameters: impl IntoIterator<Item = impl ToSql>,
    ) -> ExecuteQuery {
        todo!("write `ExecuteQuery::new`: keep what `run` will need, and open nothing")
    }

    /// The `with` block: opens the database, runs the query, calls `body` with its rows, and closes the database
    /// before it returns.
    ///
    /// SQLite finds each row only when `body` asks for it: a body that stops after one row costs one row. Every
    /// parameter is bound; no value becomes a part of the SQL.
    ///
    /// # Errors
    ///
    /// - If the database does not exist (it is not created), or the path is `:memory:` or empty.
    /// - If the SQL is invalid, or has more than one statement.
    /// - If there are too few or too many parameters, or one that cannot be converted.
    /// - If `body` fails. The error is that of `body`, or has it as its `source()`.
    ///
    /// Extra: the error names the database, and shows where the SQL is wrong. An empty query is an error with a clear
    /// text.
    ///
    /// If the close fails, return its error, as in task 0. No check asks for this, because none can make the close fail.
    ///
    /// # Panics
    ///
    /// If `body` panics. The connection is closed. Extra: the caller sees the same panic.
    pub fn run<T>(&self, body: impl FnOnce(&mut Rows<'_>) -> Result<T>) -> Result<T> {
        todo!("write `run`: open, prepare, bind, call `body` with the rows, close")
    }

    /// Runs the query and reads each row as a [`User`], by the names of its columns.
    ///
    /// # Errors
    ///
    /// As for [`run`](ExecuteQuery::run); also if the query fails at any row, and if a row has an invalid value (an age
    /// that is NULL, negative or text). No row is skipped and no value is invented.
    ///
    /// Extra: the error of a row names the column and the row.
    pub fn fetch_users(&self) -> Result<Vec<User>> {
        todo!("write `fetch_users`: call `run`, and read each row as a `User`")
    }

    /// Runs an `INSERT`, `UPDATE` or `DELETE` to its end, and returns how many rows it changed.
    ///
    /// The change is permanent when this returns.
    ///
    /// # Errors
    ///
    /// As for [`run`](ExecuteQuery::run), and if the change violates a constraint (an id that already exists).
    ///
    /// Extra: a query that only reads is an error; the rows of a `RETURNING` are counted.
    pub fn execute(&self) -> Result<usize> {
        todo!("write `execute`: open, prepare, bind, run, return the number of changed rows")
    }
}
