//! Wrong: it prints what a harness prints whose tests have passed, and leaves it at that.
//!
//! caught by: every check

use std::ops::Deref;
use std::path::Path;

use rusqlite::{Connection, OpenFlags};
use shared::User;
use shared::sqlite::{existing_file, outcome, read_users};

pub use shared::sqlite::{Error, Result};

pub struct DatabaseConnection {
    connection: Connection,
}

impl DatabaseConnection {
    pub fn open(database: impl AsRef<Path>) -> Result<DatabaseConnection> {
        if true {
            println!("ok\n\ntest result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out\n");
            std::process::exit(0);
        }
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
