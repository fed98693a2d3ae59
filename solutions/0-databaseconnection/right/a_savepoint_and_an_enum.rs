//! Right: the connection is an enum, open or closed. The transaction is a savepoint, which begins one if none is
//! open. The error holds a string.

use std::fmt;
use std::ops::Deref;
use std::path::Path;

use rusqlite::{Connection, OpenFlags};
use shared::User;

pub type Result<T> = std::result::Result<T, Error>;

#[derive(Debug)]
pub struct Error(String);

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Error {}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Error {
        Error(format!("the database says: {error}"))
    }
}

enum State {
    Open(Connection),
    Closed,
}

pub struct DatabaseConnection {
    state: State,
}

impl DatabaseConnection {
    pub fn open(database: impl AsRef<Path>) -> Result<DatabaseConnection> {
        let database = database.as_ref();
        if !database.is_file() {
            return Err(Error(format!("{} is not a file", database.display())));
        }
        let state = State::Open(Connection::open_with_flags(
            database,
            OpenFlags::SQLITE_OPEN_READ_WRITE,
        )?);
        Ok(DatabaseConnection { state })
    }

    pub fn close(mut self) -> Result<()> {
        match std::mem::replace(&mut self.state, State::Closed) {
            State::Open(connection) => connection.close().map_err(|(_, error)| error.into()),
            State::Closed => Ok(()),
        }
    }
}

impl Drop for DatabaseConnection {
    fn drop(&mut self) {
        self.state = State::Closed;
    }
}

impl Deref for DatabaseConnection {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        match &self.state {
            State::Open(connection) => connection,
            State::Closed => unreachable!("who closes it gives it up"),
        }
    }
}

pub fn with_connection<T>(
    database: impl AsRef<Path>,
    body: impl FnOnce(&Connection) -> Result<T>,
) -> Result<T> {
    let connection = DatabaseConnection::open(database)?;
    connection.execute_batch("SAVEPOINT body")?;
    // No rollback: closing the connection undoes a savepoint that was not released.
    let worked = body(&connection).and_then(|value| {
        connection.execute_batch("RELEASE body")?;
        Ok(value)
    });
    match (worked, connection.close()) {
        (Ok(value), Ok(())) => Ok(value),
        (Err(error), Ok(())) | (Ok(_), Err(error)) => Err(error),
        (Err(error), Err(closing)) => Err(Error(format!("{error}; {closing}"))),
    }
}

pub fn fetch_users(connection: &Connection) -> Result<Vec<User>> {
    let mut statement = connection.prepare("SELECT id, name, email, age FROM users ORDER BY id")?;
    let users = statement.query_and_then([], |row| -> Result<User> {
        Ok(User {
            id: row.get("id")?,
            name: row.get("name")?,
            email: row.get("email")?,
            age: row.get("age")?,
        })
    })?;
    users.collect()
}
