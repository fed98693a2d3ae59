//! Right: an `Option<Connection>` with a hand-written `Drop`, and an own error type.

use std::fmt;
use std::ops::Deref;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};
use shared::User;

pub type Result<T> = std::result::Result<T, Error>;

#[derive(Debug)]
pub enum Error {
    Missing(PathBuf),
    Sqlite(rusqlite::Error),
    Both {
        worked: Box<Error>,
        closing: rusqlite::Error,
    },
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Missing(path) => {
                write!(f, "cannot open {}: there is no such file", path.display())
            }
            Error::Sqlite(_) => write!(f, "the database reports an error"),
            Error::Both { closing, .. } => {
                write!(f, "an error, and then closing failed: {closing}")
            }
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Error::Missing(_) => None,
            Error::Sqlite(error) => Some(error),
            Error::Both { worked, .. } => Some(&**worked),
        }
    }
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Error {
        Error::Sqlite(error)
    }
}

pub struct DatabaseConnection {
    /// `None` only after it was closed.
    connection: Option<Connection>,
}

impl DatabaseConnection {
    pub fn open(database: impl AsRef<Path>) -> Result<DatabaseConnection> {
        let database = database.as_ref();
        if !database.is_file() {
            return Err(Error::Missing(database.to_owned()));
        }
        let connection = Connection::open_with_flags(database, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        Ok(DatabaseConnection {
            connection: Some(connection),
        })
    }

    pub fn close(mut self) -> Result<()> {
        if let Some(connection) = self.connection.take() {
            connection.close().map_err(|(_, error)| error)?;
        }
        Ok(())
    }
}

impl Drop for DatabaseConnection {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take() {
            let _ = connection.close(); // `drop` cannot return an error
        }
    }
}

impl Deref for DatabaseConnection {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        self.connection
            .as_ref()
            .expect("it is open until it is closed")
    }
}

pub fn with_connection<T>(
    database: impl AsRef<Path>,
    body: impl FnOnce(&Connection) -> Result<T>,
) -> Result<T> {
    let connection = DatabaseConnection::open(database)?;
    let transaction = connection.unchecked_transaction()?;
    let worked = match body(&transaction) {
        Ok(value) => transaction.commit().map(|()| value).map_err(Error::from),
        Err(error) => {
            // SQLite may have rolled back already; then this fails, and the body's error is the one to return.
            let _ = transaction.rollback();
            Err(error)
        }
    };
    match (worked, connection.close()) {
        (Err(worked), Err(Error::Sqlite(closing))) => Err(Error::Both {
            worked: Box::new(worked),
            closing,
        }),
        (Err(error), _) | (Ok(_), Err(error)) => Err(error),
        (Ok(value), Ok(())) => Ok(value),
    }
}

pub fn fetch_users(connection: &Connection) -> Result<Vec<User>> {
    let mut statement = connection.prepare("SELECT * FROM users ORDER BY id")?;
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
