//! Wrong: a panic within a panic ends the program, so `drop` does nothing while one is on its way; and nothing, here,
//! is to forget the connection.
//!
//! caught by: closes_on_a_panic
//! also: closes_when_the_body_panics, because `with_connection` leaves the closing to the same destructor

use std::mem;
use std::ops::Deref;
use std::path::Path;
use std::thread;

use rusqlite::{Connection, OpenFlags};
use shared::User;
use shared::sqlite::{existing_file, outcome, read_users};

pub use shared::sqlite::{Error, Result};

pub struct DatabaseConnection {
    connection: Option<Connection>,
}

impl DatabaseConnection {
    pub fn open(database: impl AsRef<Path>) -> Result<DatabaseConnection> {
        let file = existing_file(database.as_ref())?;
        let connection = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        Ok(DatabaseConnection {
            connection: Some(connection),
        })
    }

    pub fn close(mut self) -> Result<()> {
        match self.connection.take() {
            Some(connection) => connection.close().map_err(|(_, error)| error.into()),
            None => Ok(()),
        }
    }
}

impl Drop for DatabaseConnection {
    fn drop(&mut self) {
        let connection = self.connection.take();
        if thread::panicking() {
            mem::forget(connection);
        } else if let Some(connection) = connection {
            connection.close().expect("a connection without statements");
        }
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
    let connection = DatabaseConnection::open(database)?;
    let worked = in_transaction(&connection, body);
    outcome(worked, connection.close())
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
