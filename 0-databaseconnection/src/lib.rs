//! Task 0: a connection that closes itself.
//!
//! Rust's ownership replaces Python's `with`. [`DatabaseConnection::open`] does what `__enter__` does. Dropping the value
//! does what `__exit__` does, on every way out of its scope: after the last line, on `return`, on `?`, on a panic. A
//! `Drop` cannot return an error, so there is a second way to close, which can: [`DatabaseConnection::close`].
//! [`with_connection`] is the `with` block as a function: it runs the body in a transaction, and then calls `close`.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

use std::ops::Deref;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};
use shared::User;
use shared::sqlite::{existing_file, outcome, read_users};

pub use shared::sqlite::{Error, Result};

/// A connection to a SQLite file that is open exactly as long as this value lives.
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
    // No `impl Drop` is needed: dropping the struct drops the `rusqlite::Connection`, which closes it. (Nothing is dropped
    // after an abort, `std::process::exit` or `mem::forget`.)
    connection: Connection,
    database: PathBuf,
}

impl DatabaseConnection {
    /// Opens an existing database.
    ///
    /// # Errors
    ///
    /// If the file does not exist (it is not created), is not a regular file, or cannot be opened. `:memory:` and an
    /// empty path are refused, because SQLite would create a fresh database for them.
    pub fn open(database: impl AsRef<Path>) -> Result<DatabaseConnection> {
        let database = database.as_ref();
        // `Connection::open` would create a missing file, and the first query would then find no table in it. `NO_MUTEX`:
        // Rust already ensures that one thread at a time uses a connection.
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(existing_file(database)?, flags)
            .map_err(|error| Error::from(error).could_not("open").in_database(database))?;
        Ok(DatabaseConnection {
            connection,
            database: database.to_owned(),
        })
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
        let DatabaseConnection {
            connection,
            database,
        } = self;
        connection
            .close()
            .map_err(|(_, error)| Error::from(error).could_not("close").in_database(&database))
    }
}

/// Lets the caller use a `&DatabaseConnection` as a `&Connection`.
impl Deref for DatabaseConnection {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        &self.connection
    }
}

/// The `with` block: opens the database, runs `body` in a transaction, and closes the database before it returns.
///
/// Commits when `body` returns `Ok`. Rolls back when it returns `Err` or panics. (Python's `with sqlite3.connect(…)`
/// does that as well, but does not close the connection.)
///
/// # Errors
///
/// If the database cannot be opened (as for [`DatabaseConnection::open`]), if `body` fails, if the commit fails (for
/// example because of a deferred foreign key, or because another connection still reads), and if the close fails. If
/// `body` and the close both fail, the error is that of `body`, with the close's error in its text.
///
/// # Panics
///
/// If `body` panics. The transaction is rolled back and the connection closed before the panic continues.
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
    let connection = DatabaseConnection::open(&database)?;
    let worked =
        in_transaction(&connection, body).map_err(|error| error.in_database(database.as_ref()));
    // No `?` between opening and this line: it would return before `close`, and the error of the close would be lost.
    let closed = connection.close();
    outcome(worked, closed)
}

/// Returns every user of the database, in `id` order.
///
/// # Errors
///
/// If there is no table `users` with the four columns, if it cannot be read, and if a row has an invalid value (an age
/// that is NULL, negative or text). The error of a row names the column and the row. No row is skipped.
pub fn fetch_users(connection: &Connection) -> Result<Vec<User>> {
    let mut statement = connection
        .prepare("SELECT id, name, email, age FROM users ORDER BY id")
        .map_err(|error| Error::from(error).in_own_sql())?;
    read_users(&mut statement.query([])?)
}

fn in_transaction<T>(
    connection: &Connection,
    body: impl FnOnce(&Connection) -> Result<T>,
) -> Result<T> {
    // Rolls back if it is dropped without a commit: on the `?` and on a panic. "Unchecked" because a `&Connection` cannot
    // prove that no transaction is open; this connection is new and has none.
    let transaction = connection.unchecked_transaction()?;
    let value = body(&transaction)?;
    transaction
        .commit()
        .map_err(|error| Error::from(error).could_not("commit to"))?;
    Ok(value)
}

/// The Rust code of the lesson runs as doc tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Lesson;
