//! Right: a struct around the connection, without a `Drop`. The wrong solutions are edits of this one.

use std::ops::Deref;
use std::path::Path;

use rusqlite::{Connection, OpenFlags};
use shared::User;
use shared::sqlite::{existing_file, outcome};

pub use shared::sqlite::{Error, Result};

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
    let connection = DatabaseConnection::open(database)?;
    let worked = in_transaction(&connection, body);
    outcome(worked, connection.close())
}

fn in_transaction<T>(
    connection: &Connection,
    body: impl FnOnce(&Connection) -> Result<T>,
) -> Result<T> {
    let transaction = connection.unchecked_transaction()?;
    let value = body(&transaction)?;
    transaction.commit()?;
    Ok(value)
}

pub fn fetch_users(connection: &Connection) -> Result<Vec<User>> {
    let mut statement = connection.prepare("SELECT id, name, email, age FROM users ORDER BY id")?;
    let mut rows = statement.query([])?;
    let mut users = Vec::new();
    while let Some(row) = rows.next()? {
        users.push(User {
            id: row.get("id")?,
            name: row.get("name")?,
            email: row.get("email")?,
            age: row.get("age")?,
        });
    }
    Ok(users)
}
