//! Right: a guard rolls back what was not committed. The order in which values are dropped does the rest. The
//! connection is in a box.

use std::ops::Deref;
use std::path::Path;

use rusqlite::{Connection, OpenFlags};
use shared::User;
use shared::sqlite::{existing_file, outcome, read_users};

pub use shared::sqlite::{Error, Result};

pub struct DatabaseConnection {
    connection: Box<Connection>,
}

impl DatabaseConnection {
    pub fn open(database: impl AsRef<Path>) -> Result<DatabaseConnection> {
        let database = existing_file(database.as_ref())?;
        let connection = Connection::open_with_flags(database, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        Ok(DatabaseConnection {
            connection: Box::new(connection),
        })
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

struct RollBack<'c>(&'c Connection);

impl Drop for RollBack<'_> {
    fn drop(&mut self) {
        if !self.0.is_autocommit() {
            let _ = self.0.execute_batch("ROLLBACK");
        }
    }
}

pub fn with_connection<T>(
    database: impl AsRef<Path>,
    body: impl FnOnce(&Connection) -> Result<T>,
) -> Result<T> {
    let connection = DatabaseConnection::open(database)?;
    let work = || {
        connection.execute_batch("BEGIN IMMEDIATE")?;
        let _guard = RollBack(&connection);
        let value = body(&connection)?;
        connection.execute_batch("COMMIT")?;
        Ok(value)
    };
    let worked = work();
    outcome(worked, connection.close())
}

pub fn fetch_users(connection: &Connection) -> Result<Vec<User>> {
    let mut statement = connection.prepare_cached("SELECT * FROM users ORDER BY id")?;
    read_users(&mut statement.query([])?)
}
