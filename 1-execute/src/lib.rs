//! Task 1: a reusable query.
//!
//! Python's class-based context manager takes the query in `__init__`, opens and executes in `__enter__`, and closes
//! in `__exit__`. Here [`ExecuteQuery`] holds the query, and [`run`](ExecuteQuery::run) is the `with` block. The
//! connection, the statement and the rows are local variables. So they are dropped in the right order on every way
//! out, and the compiler does not let them leave the function.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

use std::path::PathBuf;

use rusqlite::types::{ToSqlOutput, Value};
use rusqlite::{Connection, Rows, Statement, ToSql, params_from_iter};
use shared::User;
use shared::sqlite::{ErrorKind, open, outcome, read_users};

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
    database: PathBuf,
    query: String,
    parameters: Vec<Parameter>,
}

/// A parameter as it will be bound, or the error of its conversion: `new` cannot return an error, but `run` can.
type Parameter = std::result::Result<Value, String>;

impl ExecuteQuery {
    /// Keeps a query and its parameters. Opens nothing.
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

    /// The `with` block: opens the database, runs the query, calls `body` with its rows, and closes the database
    /// before it returns.
    ///
    /// SQLite finds each row only when `body` asks for it: a body that stops after one row costs one row.
    ///
    /// # Errors
    ///
    /// If the database is missing (it is not created) or cannot be opened; if the SQL does not parse (the error shows
    /// where) or has more than one statement; if there are too few or too many parameters, or one that cannot be
    /// converted; if `body` fails; and if the close fails. If `body` and the close both fail, the error is that of
    /// `body`, with the close's error in its text.
    ///
    /// # Panics
    ///
    /// If `body` panics. The connection is closed before the panic continues.
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
    /// As for [`run`](ExecuteQuery::run); also if a row has an invalid value (an age that is NULL, negative or text).
    /// The error of a row names the column and the row. No row is skipped.
    pub fn fetch_users(&self) -> Result<Vec<User>> {
        self.run(read_users)
    }

    /// Runs an `INSERT`, `UPDATE` or `DELETE` to its end, and returns how many rows it changed.
    ///
    /// # Errors
    ///
    /// As for [`run`](ExecuteQuery::run). A query that only reads is an error, and is not run.
    pub fn execute(&self) -> Result<usize> {
        self.with_statement(|connection, statement, parameters| {
            let returns_rows = statement.column_count() > 0;
            if returns_rows && statement.readonly() {
                return Err(rusqlite::Error::ExecuteReturnedResults.into());
            }
            // Not `Statement::execute`: it reports the rows of a `RETURNING` as an error after it has made the changes.
            let mut rows = statement.query(params_from_iter(parameters))?;
            while rows.next()?.is_some() {}
            // A `CREATE TABLE` does not set this number. It is 0 then, because the connection is new.
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
        // The statement is dropped, so the connection can close. Call `close`: a drop could not return its error.
        let closed = connection
            .close()
            .map_err(|(_, error)| Error::from(error).could_not("close"));
        outcome(worked, closed).map_err(|error| error.in_database(&self.database))
    }

    fn prepare<'c>(&self, connection: &'c Connection) -> Result<(Statement<'c>, Vec<Value>)> {
        let statement = connection
            .prepare(&self.query)
            .map_err(|error| Error::from(error).in_sql(&self.query))?;
        // SQLite accepts an empty query or a comment, but running it fails. Such a statement has no columns and no
        // expanded SQL.
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

/// The Rust code of the lesson runs as doc tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Lesson;
