//! Wrong: opening takes time, so the connection is kept for the next call that asks for the same database; and nobody
//! closes it when there is none.
//!
//! caught by: has_closed_when_it_returns
//! also: reports_a_close_that_fails, because what is not closed cannot fail to close

use std::cell::RefCell;
use std::ops::Deref;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};
use shared::User;
use shared::sqlite::{existing_file, read_users};

pub use shared::sqlite::{Error, Result};

thread_local! {
    static LAST: RefCell<Option<(PathBuf, DatabaseConnection)>> = const { RefCell::new(None) };
}

pub struct DatabaseConnection {
    connection: Connection,
}

impl DatabaseConnection {
    pub fn open(database: impl AsRef<Path>) -> Result<DatabaseConnection> {
        let file = existing_file(database.as_ref())?;
        let connection = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        Ok(DatabaseConnection { connection })
    }

    pub fn close(self) -> Result<()> {
        self.connection.close().map_err(|(_, error)| error.into())
    }
}

impl Deref for DatabaseConnection {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        &self.connection
    }
}

pub fn with_connection<T>(
    database: impl AsRef<Path>,
    body: impl FnOnce(&Connection) -> Result<T>,
) -> Result<T> {
    let database = database.as_ref();
    let connection = match LAST.take() {
        Some((last, connection)) if last == database => connection,
        _ => DatabaseConnection::open(database)?,
    };
    let value = in_transaction(&connection, body)?;
    LAST.set(Some((database.to_owned(), connection)));
    Ok(value)
}

fn in_transaction<T>(connection: &Connection, body: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
    let transaction = connection.unchecked_transaction()?;
    let value = body(&transaction)?;
    transaction.commit()?;
    Ok(value)
}

pub fn fetch_users(connection: &Connection) -> Result<Vec<User>> {
    let mut statement = connection.prepare("SELECT id, name, email, age FROM users ORDER BY id")?;
    read_users(&mut statement.query([])?)
}
