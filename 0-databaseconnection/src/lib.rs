//! Task 0: a connection that closes itself.
//!
//! Python's `with` becomes ownership. What `__enter__` does is done by [`DatabaseConnection::open`]; what `__exit__`
//! does happens when the value goes out of scope, on every way out: the end of the block, `return`, `?`, a panic.
//! What a `Drop` cannot do is fail. So there is a second way out, [`DatabaseConnection::close`], which can; and
//! [`with_connection`], a `with` block as a function, which takes it, and has a transaction besides.

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
    // There is no `impl Drop` here, for none is needed: dropping a struct drops its fields, and dropping a
    // `rusqlite::Connection` closes it. Nothing is dropped after an abort, `std::process::exit` or `mem::forget`.
    connection: Connection,
    database: PathBuf,
}

impl DatabaseConnection {
    /// Opens a database that is there.
    ///
    /// # Errors
    ///
    /// When the file does not exist (it is not created), is no regular file, or cannot be opened; and for `:memory:`
    /// and an empty path, of which SQLite would make a fresh database.
    pub fn open(database: impl AsRef<Path>) -> Result<DatabaseConnection> {
        let database = database.as_ref();
        // `Connection::open` would create a missing file, and the first query would then find no table in it.
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(existing_file(database)?, flags)
            .map_err(|error| Error::from(error).doing("open").in_database(database))?;
        Ok(DatabaseConnection {
            connection,
            database: database.to_owned(),
        })
    }

    /// Closes the connection, and reports when that fails.
    ///
    /// Leaving the scope closes it as well, but drops the error: a destructor has nobody to return it to.
    ///
    /// # Errors
    ///
    /// When a statement of this connection is still alive, which takes a `mem::forget` or the like. SQLite then keeps
    /// the database open.
    pub fn close(self) -> Result<()> {
        let DatabaseConnection {
            connection,
            database,
        } = self;
        connection
            .close()
            .map_err(|(_, error)| Error::from(error).doing("close").in_database(&database))
    }
}

/// Lets a `&DatabaseConnection` stand wherever a `&Connection` is asked for.
impl Deref for DatabaseConnection {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        &self.connection
    }
}

/// The `with` block: opens the database, runs `body` in a transaction, and closes it before returning.
///
/// The transaction is committed when `body` returns `Ok`, and rolled back when it returns `Err` or panics. (Python's
/// `with sqlite3.connect(…)` does that too; but it does not close the connection.)
///
/// # Errors
///
/// When the database cannot be opened (as [`DatabaseConnection::open`]), when `body` fails, when the commit fails (a
/// deferred foreign key; a reader that does not finish), and when the close fails. `body`'s error wins over the
/// close's, which is then part of its text.
///
/// # Panics
///
/// When `body` does; the transaction is rolled back and the connection closed before the panic goes on.
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
    // No `?` above this line: it would return while the connection is open, and close it in silence.
    let closed = connection.close();
    outcome(worked, closed)
}

/// Every user of the database, in `id` order.
///
/// # Errors
///
/// When there is no table `users` with the four columns, when it cannot be read, and when a row is no user (an age
/// that is NULL, negative or text): the error names the column and the row. No row is skipped.
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
    // Rolls back when it is dropped without a commit: on the `?` and on a panic. 'Unchecked', for a `&Connection`
    // cannot prove that no transaction is open already; here it is fresh.
    let transaction = connection.unchecked_transaction()?;
    let value = body(&transaction)?;
    transaction
        .commit()
        .map_err(|error| Error::from(error).doing("commit to"))?;
    Ok(value)
}

/// The Rust in the lesson runs as doc tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Lesson;
