//! The error of the SQLite tasks.

use std::borrow::Cow;
use std::fmt;
use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;
use rusqlite::ffi::{SQLITE_BUSY, SQLITE_CONSTRAINT_FOREIGNKEY};

use crate::redact::{passwords_in, redact, redact_value};
use crate::terminal::printable_lines;

const USER_COLUMNS: [&str; 4] = ["id", "name", "email", "age"];

/// The result of a call that uses SQLite.
pub type Result<T> = std::result::Result<T, Error>;

/// An error, with the operation that failed and the database.
///
/// Its text is one short message and a line that begins with `help:` and says what to do. `?` converts a
/// [`rusqlite::Error`] into one; the function that knows the database's path adds it.
#[derive(Debug)]
pub struct Error {
    // In a box, so that a `Result` stays small where nothing goes wrong.
    inner: Box<Inner>,
}

#[derive(Debug)]
struct Inner {
    kind: ErrorKind,
    operation: &'static str,
    database: Option<PathBuf>,
    closing: Option<Error>,
}

/// The kind of an error.
#[derive(Debug)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The file does not exist. It is not created.
    Missing,
    /// The path does not lead to a regular file; the text says what it leads to.
    NotAFile(&'static str),
    /// The path is written like a URL, and no file of that name exists.
    Url,
    /// The table `users` has no column of this name.
    NoColumn(String),
    /// The query is empty, or only a comment.
    NoStatement,
    /// The number of parameters differs from the number of placeholders in the query.
    Parameters {
        /// The number of parameters.
        given: usize,
        /// The number of placeholders in the query.
        expected: usize,
    },
    /// A row cannot be read as a [`User`](crate::User).
    Row {
        /// The column.
        column: String,
        /// The row's `id`, if it can be read.
        id: Option<i64>,
        /// A description of the value in the column.
        found: String,
    },
    /// The query was cancelled.
    Cancelled,
    /// SQLite's own error.
    Sqlite(rusqlite::Error),
    /// An error of the file system.
    File(std::io::Error),
    /// The operating system refused to start a thread.
    Thread(std::io::Error),
    /// An error of another driver.
    Driver(Box<dyn std::error::Error + Send + Sync>),
}

impl Error {
    /// Returns an error. The operation that failed is a verb that the database's name can follow, such as `open` or
    /// `commit to`: the text begins with "could not commit to `users.db`".
    pub fn new(kind: ErrorKind, operation: &'static str) -> Self {
        let inner = Inner {
            kind,
            operation,
            database: None,
            closing: None,
        };
        Error {
            inner: Box::new(inner),
        }
    }

    /// Returns the error for a thread that the operating system refused to start.
    pub fn no_thread(error: std::io::Error) -> Self {
        Error::new(ErrorKind::Thread(error), "query")
    }

    /// Returns the kind of the error.
    pub fn kind(&self) -> &ErrorKind {
        &self.inner.kind
    }

    /// Sets the operation that failed, which the text names after "could not". An error that `?` converted says "query".
    pub fn could_not(mut self, operation: &'static str) -> Self {
        self.inner.operation = operation;
        self
    }

    /// Adds the database's path, unless the error has one.
    pub fn in_database(mut self, database: &Path) -> Self {
        self.inner
            .database
            .get_or_insert_with(|| database.to_owned());
        self
    }

    /// Adds the SQL if it is incomplete: SQLite reports no position in that case.
    pub fn in_sql(mut self, sql: &str) -> Self {
        if let ErrorKind::Sqlite(rusqlite::Error::SqliteFailure(error, Some(message))) =
            &self.inner.kind
            && message == "incomplete input"
        {
            self.inner.kind = ErrorKind::Sqlite(rusqlite::Error::SqlInputError {
                error: *error,
                msg: message.clone(),
                sql: sql.to_owned(),
                offset: sql.trim_end().len().try_into().unwrap_or_default(),
            });
        }
        self
    }

    /// Removes the SQL from the message, because the program wrote it and the user cannot correct it. A missing column
    /// of a [`User`](crate::User) is then reported as an error in the table.
    pub fn in_own_sql(mut self) -> Self {
        if let ErrorKind::Sqlite(
            rusqlite::Error::SqlInputError { error, msg, .. }
            | rusqlite::Error::SqliteFailure(error, Some(msg)),
        ) = &self.inner.kind
        {
            self.inner.kind = match msg.strip_prefix("no such column: ") {
                Some(column) if USER_COLUMNS.contains(&column) => {
                    ErrorKind::NoColumn(column.to_owned())
                }
                _ => ErrorKind::Sqlite(rusqlite::Error::SqliteFailure(*error, Some(msg.clone()))),
            };
        }
        self
    }

    /// Returns whether the query was cancelled.
    pub fn is_cancelled(&self) -> bool {
        matches!(self.inner.kind, ErrorKind::Cancelled)
    }

    /// Returns SQLite's primary error code, if SQLite reported the error.
    pub fn sqlite_code(&self) -> Option<ErrorCode> {
        match &self.inner.kind {
            ErrorKind::Sqlite(error) => error.sqlite_error_code(),
            _ => None,
        }
    }

    fn help(&self, database: &str) -> Cow<'static, str> {
        let help = match &self.inner.kind {
            ErrorKind::Missing => {
                return format!("create it with {}, or check the path", seed(database)).into();
            }
            ErrorKind::NotAFile(_) => "give the path of a database file",
            ErrorKind::Url => "give the path of a SQLite file, such as users.db",
            ErrorKind::NoColumn(_) => {
                "use a database whose table `users` has the columns id, name, email and age"
            }
            ErrorKind::NoStatement => "write one SQL statement, such as SELECT * FROM users",
            ErrorKind::Parameters { .. } => "pass one parameter for each `?` in the query",
            ErrorKind::Row { .. } => "correct the row, then run this again",
            ErrorKind::Cancelled => "run it again if you still need the result",
            ErrorKind::Sqlite(error) => return help_for(error, database),
            ErrorKind::File(_) => "check the path and the permissions of the file and its folder",
            ErrorKind::Thread(_) => {
                "close other programs, or raise the limit on processes and threads (`ulimit -u`)"
            }
            ErrorKind::Driver(_) => "check the query and the database",
        };
        help.into()
    }
}

/// Combines the results of the work on a connection and of its close: the work's error comes first, and the close's
/// error is added to it.
///
/// # Errors
///
/// When either failed. If both failed, the close's error is part of the text.
pub fn outcome<T>(worked: Result<T>, closed: Result<()>) -> Result<T> {
    match (worked, closed) {
        (Ok(value), Ok(())) => Ok(value),
        (Err(error), Ok(())) | (Ok(_), Err(error)) => Err(error),
        (Err(mut error), Err(closing)) => {
            error.inner.closing = Some(closing);
            Err(error)
        }
    }
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        let kind = match error {
            rusqlite::Error::InvalidParameterCount(given, expected) => {
                ErrorKind::Parameters { given, expected }
            }
            other => ErrorKind::Sqlite(other),
        };
        Error::new(kind, "query")
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self
            .inner
            .database
            .as_deref()
            .map(|path| redact_value(&path.to_string_lossy()));
        match &path {
            Some(path) => write!(f, "could not {} `{path}`: ", self.inner.operation)?,
            None => write!(f, "could not {} the database: ", self.inner.operation)?,
        }
        write!(f, "{}", self.inner.kind)?;
        if let Some(closing) = &self.inner.closing {
            write!(f, "; closing it also failed: {}", closing.inner.kind)?;
        }
        write!(
            f,
            "\nhelp: {}",
            self.help(path.as_deref().unwrap_or("PATH"))
        )
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ErrorKind::Missing => write!(f, "the file does not exist"),
            ErrorKind::NotAFile(what) => write!(f, "it is {what}"),
            ErrorKind::Url => write!(f, "this must be a path, not a URL"),
            ErrorKind::NoColumn(column) => write!(f, "the table `users` has no column `{column}`"),
            ErrorKind::NoStatement => write!(f, "the query is empty"),
            ErrorKind::Parameters { given, expected } => {
                let plural = |count: usize| if count == 1 { "" } else { "s" };
                let (e, g) = (plural(*expected), plural(*given));
                write!(
                    f,
                    "the query has {expected} placeholder{e} but got {given} parameter{g}"
                )
            }
            ErrorKind::Row { column, id, found } => {
                write!(f, "the column `{column}` ")?;
                match id {
                    Some(id) => write!(f, "of the user with id {id} ")?,
                    None => write!(f, "of a user whose id cannot be read ")?,
                }
                write!(f, "holds {found}")
            }
            ErrorKind::Cancelled => write!(f, "the query was cancelled"),
            ErrorKind::Sqlite(error) => write_sqlite(f, error),
            ErrorKind::File(error) => write!(f, "{error}"),
            ErrorKind::Thread(error) => write!(f, "could not start a thread: {error}"),
            ErrorKind::Driver(error) => write!(f, "{}", redact(&error.to_string())),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.inner.kind {
            ErrorKind::Sqlite(error) => Some(error),
            ErrorKind::File(error) | ErrorKind::Thread(error) => Some(error),
            ErrorKind::Driver(error) => Some(error.as_ref()),
            _ => None,
        }
    }
}

fn write_sqlite(f: &mut fmt::Formatter<'_>, error: &rusqlite::Error) -> fmt::Result {
    match error {
        rusqlite::Error::SqlInputError {
            msg, sql, offset, ..
        } => {
            write!(f, "{}", redact(msg))?;
            mark(f, sql, usize::try_from(*offset).unwrap_or_default())
        }
        rusqlite::Error::MultipleStatement => {
            write!(f, "the query contains more than one statement")
        }
        rusqlite::Error::ExecuteReturnedResults => write!(f, "the statement returns rows"),
        rusqlite::Error::ToSqlConversionFailure(reason) => {
            write!(f, "a parameter cannot be converted: {reason}")
        }
        rusqlite::Error::SqliteFailure(failure, message) => match (failure.code, message) {
            (ErrorCode::DatabaseBusy, Some(message)) if is_locked(failure, message) => {
                write!(f, "another connection held a lock for more than 5 seconds")
            }
            (_, Some(message)) => write!(f, "{}", redact(message)),
            (_, None) => write!(f, "{failure}"),
        },
        other => write!(f, "{other}"),
    }
}

/// Shows the line of the SQL that SQLite rejected, with a caret under the position.
fn mark(f: &mut fmt::Formatter<'_>, sql: &str, offset: usize) -> fmt::Result {
    if !sql.is_char_boundary(offset) {
        return Ok(());
    }
    let (sql, offset) = redacted(sql, offset);
    let (before, after) = sql.split_at(offset);
    let start = before.rfind('\n').map_or(0, |newline| newline + 1);
    let end = after
        .find('\n')
        .map_or(sql.len(), |newline| offset + newline);
    // Escaped before the position is computed, because escaping makes it longer.
    let before = printable_lines(&before[start..]);
    let after = printable_lines(&sql[offset..end]);
    // Tabs stay tabs, so that the caret is in the right column for every tab width.
    let indent: String = before
        .chars()
        .map(|c| if c == '\t' { c } else { ' ' })
        .collect();
    write!(f, "\n    {before}{after}\n    {indent}^")
}

/// Returns the SQL with its passwords hidden, and the offset in it.
fn redacted(sql: &str, offset: usize) -> (String, usize) {
    let mut place = offset;
    for password in passwords_in(sql) {
        if password.end <= offset {
            place = place - password.len() + "***".len();
        } else if password.start < offset {
            place -= offset - password.start;
        }
    }
    (redact(sql), place)
}

fn help_for(error: &rusqlite::Error, database: &str) -> Cow<'static, str> {
    let text = error.to_string();
    let help = match (error, error.sqlite_error_code()) {
        (rusqlite::Error::SqlInputError { .. }, _) => "correct the SQL at the mark",
        (rusqlite::Error::MultipleStatement, _) => "run one statement at a time",
        (rusqlite::Error::ExecuteReturnedResults, _) => {
            "run the query with `run`, which returns its rows"
        }
        (rusqlite::Error::ToSqlConversionFailure(_), _) => {
            "pass a value that SQLite can store: a 64-bit integer, a float, a string or bytes"
        }
        (rusqlite::Error::InvalidColumnName(_), _) => "select the columns id, name, email and age",
        (rusqlite::Error::SqliteFailure(failure, Some(message)), _)
            if is_locked(failure, message) =>
        {
            "wait until the other program has finished with the database, or end that program"
        }
        (_, Some(ErrorCode::DatabaseBusy)) if text.contains("unfinalized") => {
            "drop every statement before its connection: a statement in `mem::forget`, a `static` or an `Rc` cycle keeps the \
             connection open"
        }
        (_, Some(ErrorCode::DatabaseBusy)) => {
            "another connection changed the database in the meantime: run this again"
        }
        (_, Some(ErrorCode::DatabaseLocked)) => {
            "finish the other statements of this connection first"
        }
        (_, Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt)) => {
            "check the path; if the file was a database, restore it from a backup"
        }
        (_, Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied | ErrorCode::CannotOpen)) => {
            "check the permissions of the file and of its folder"
        }
        (_, Some(ErrorCode::DiskFull)) => "free some disk space",
        (rusqlite::Error::SqliteFailure(failure, _), _)
            if failure.extended_code == SQLITE_CONSTRAINT_FOREIGNKEY =>
        {
            "first change the rows that refer to this row, or add the row that is missing: foreign keys are enforced here, \
             unlike in the sqlite3 shell and in Python's sqlite3"
        }
        (_, Some(ErrorCode::ConstraintViolation)) => {
            "correct the values: they break a constraint of the table"
        }
        (_, Some(ErrorCode::OperationInterrupted)) => "run it again if you still need the result",
        // SQLite's code is only 'error' here, but the text says more.
        _ if text.contains("no such table") => {
            let seed = seed(database);
            return format!("fill the database with {seed}, or check the path").into();
        }
        _ => "check the query and the database",
    };
    help.into()
}

/// Returns whether 'busy' means that another connection held a lock. SQLite also reports 'busy' for a connection that
/// cannot close because of its own statements, and for a transaction that has read outdated data.
fn is_locked(failure: &rusqlite::ffi::Error, message: &str) -> bool {
    failure.extended_code == SQLITE_BUSY && message == "database is locked"
}

fn seed(database: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "/._-+".contains(c);
    if database.chars().all(is_plain) {
        format!("`cargo run --bin seed -- --database {database}`")
    } else {
        format!(
            "`cargo run --bin seed -- --database '{}'`",
            database.replace('\'', r"'\''")
        )
    }
}
