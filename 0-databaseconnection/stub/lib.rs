//! Task 0: a connection that closes itself.
//!
//! Python's `with` becomes ownership: what `__exit__` does happens when a value goes out of scope, on every way out.
//! Fill in the bodies, and run `cargo test` until it is content.

// Delete this line when you begin: it keeps the compiler quiet about what is not there yet.
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
    // What does it have to own?
}

impl DatabaseConnection {
    /// Opens a database that is there.
    ///
    /// # Errors
    ///
    /// When the file does not exist (it is not created), is no regular file, or cannot be opened; and for `:memory:`
    /// and an empty path, of which SQLite would make a fresh database.
    pub fn open(database: impl AsRef<Path>) -> Result<DatabaseConnection> {
        todo!("open the file, if it is there: `rusqlite::Connection::open_with_flags`")
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
        todo!("close the connection, and pass on the error that this can give")
    }
}

/// Lets a `&DatabaseConnection` stand wherever a `&Connection` is asked for.
impl Deref for DatabaseConnection {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        todo!("lend the connection")
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
    todo!("open, run `body` in a transaction, close; and think of each way out")
}

/// Every user of the database, in `id` order.
///
/// # Errors
///
/// When there is no table `users` with the four columns, when it cannot be read, and when a row is no user (an age
/// that is NULL, negative or text): the error names the column and the row. No row is skipped.
pub fn fetch_users(connection: &Connection) -> Result<Vec<User>> {
    todo!("query every user, in the order of the ids, by the names of the columns")
}
