//! Task 1: a reusable query.
//!
//! Python's class-based context manager takes the query in `__init__`, opens and executes in `__enter__`, closes in
//! `__exit__`. Here [`ExecuteQuery`] holds the query; [`run`](ExecuteQuery::run) is the `with` block, and what it
//! manages (the connection, the statement, the rows) lives in its own variables, so that the compiler closes them in
//! the right order, on every way out, and lets none of them escape.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

use std::path::PathBuf;

use rusqlite::types::{ToSqlOutput, Value};
use rusqlite::{Connection, Rows, Statement, ToSql, params_from_iter};
use shared::User;
use shared::sqlite::{ErrorKind, open, outcome, read_users};

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
    database: PathBuf,
    query: String,
    parameters: Vec<Parameter>,
}

/// A parameter as it will be bound, or why it cannot be: `new` has no way to report that, the run has.
type Parameter = std::result::Result<Value, String>;

impl ExecuteQuery {
    /// Keeps a query and its parameters. Nothing is opened before the query is run.
    ///
    /// For parameters of several types, pass a slice of `&dyn ToSql`; for none, `[0; 0]`.
    pub fn new(
        database: impl Into<PathBuf>,
        query: impl Into<String>,
        parameters: impl IntoIterator<Item = impl ToSql>,
    ) -> ExecuteQuery {
        ExecuteQuery {
            database: database.into(),
            query: query.into(),
            parameters: parameters.into_iter().map(to_value).collect(),
        }
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
        self.with_statement(|_, statement, parameters| {
            let mut rows = statement.query(params_from_iter(parameters))?;
            body(&mut rows)
        })
    }

    /// Runs the query and reads each row as a [`User`], by the names of its columns.
    ///
    /// # Errors
    ///
    /// As [`run`](ExecuteQuery::run), and when a row is no user (an age that is NULL, negative or text): the error
    /// names the column and the row. No row is skipped.
    pub fn fetch_users(&self) -> Result<Vec<User>> {
        self.run(read_users)
    }

    /// Runs an `INSERT`, `UPDATE` or `DELETE` to its end, and returns how many rows it changed.
    ///
    /// # Errors
    ///
    /// As [`run`](ExecuteQuery::run), and for a query that only reads, which is not run.
    pub fn execute(&self) -> Result<usize> {
        self.with_statement(|connection, statement, parameters| {
            let returns_rows = statement.column_count() > 0;
            if returns_rows && statement.readonly() {
                return Err(rusqlite::Error::ExecuteReturnedResults.into());
            }
            // Not `Statement::execute`, which takes the rows of a `RETURNING` for a mistake, after it has made the
            // changes.
            let mut rows = statement.query(params_from_iter(parameters))?;
            while rows.next()?.is_some() {}
            // The connection is fresh: for a `CREATE TABLE` and the like, which count nothing, it still says 0.
            Ok(connection.changes() as usize)
        })
    }

    fn with_statement<T>(
        &self,
        body: impl FnOnce(&Connection, &mut Statement<'_>, &[Value]) -> Result<T>,
    ) -> Result<T> {
        let connection = open(&self.database)?;
        let worked = self
            .prepare(&connection)
            .and_then(|(mut statement, parameters)| body(&connection, &mut statement, &parameters));
        // The statement is gone, so the connection can close; `close`, and not the end of the scope, for that alone
        // can report.
        let closed = connection
            .close()
            .map_err(|(_, error)| Error::from(error).doing("close"));
        outcome(worked, closed).map_err(|error| error.in_database(&self.database))
    }

    fn prepare<'c>(&self, connection: &'c Connection) -> Result<(Statement<'c>, Vec<Value>)> {
        let statement = connection
            .prepare(&self.query)
            .map_err(|error| Error::from(error).in_sql(&self.query))?;
        // SQLite prepares an empty text or a comment without complaint, and has nothing to run then: no columns, no text.
        // (The columns first, for they cost nothing, and the text is written out anew.)
        if statement.column_count() == 0 && statement.expanded_sql().is_none() {
            return Err(Error::new(ErrorKind::NoStatement, "query"));
        }
        let parameters = self
            .parameters
            .iter()
            .cloned()
            .collect::<std::result::Result<Vec<_>, _>>()
            .map_err(|reason| rusqlite::Error::ToSqlConversionFailure(reason.into()))?;
        Ok((statement, parameters))
    }
}

fn to_value(parameter: impl ToSql) -> Parameter {
    match parameter.to_sql() {
        Ok(ToSqlOutput::Borrowed(value)) => {
            Value::try_from(value).map_err(|error| error.to_string())
        }
        Ok(ToSqlOutput::Owned(value)) => Ok(value),
        Ok(_) => Err("it is of a kind that cannot be kept for later".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

/// The Rust in the lesson runs as doc tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Lesson;
