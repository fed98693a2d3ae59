//! Wrong: `close` and `drop` both close, and neither looks whether the other has.
//!
//! caught by: close_closes_the_connection_and_that_once
//! also: close_reports_what_keeps_the_connection_open, because the panic of `drop` comes in place of the error

use std::ops::Deref;
use std::path::Path;

use rusqlite::{Connection, OpenFlags};
use shared::User;
use shared::sqlite::{existing_file, outcome, read_users};

pub use shared::sqlite::{Error, Result};

pub struct DatabaseConnection {
    connection: Option<Connection>,
}

impl DatabaseConnection {
    pub fn open(database: impl AsRef<Path>) -> Result<DatabaseConnection> {
        let connection = Some(open(database.as_ref())?);
        Ok(DatabaseConnection { connection })
    }

    pub fn close(mut self) -> Result<()> {
        self.shut()
    }

    fn shut(&mut self) -> Result<()> {
        let connection = self.connection.take().expect("an open connection");
        connection.close().map_err(|(_, error)| error.into())
    }
}

impl Drop for DatabaseConnection {
    fn drop(&mut self) {
        let _ = self.shut();
    }
}

impl Deref for DatabaseConnection {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        self.connection.as_ref().expect("only `close` and `drop` take it")
    }
}

pub fn with_connection<T>(
    database: impl AsRef<Path>,
    body: impl FnOnce(&Connection) -> Result<T>,
) -> Result<T> {
    let connection = open(database.as_ref())?;
    let worked = in_transaction(&connection, body);
    outcome(worked, connection.close().map_err(|(_, error)| error.into()))
}

fn open(database: &Path) -> Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE;
    Ok(Connection::open_with_flags(existing_file(database)?, flags)?)
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
