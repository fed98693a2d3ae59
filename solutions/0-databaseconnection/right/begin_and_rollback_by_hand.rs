//! Right: the transaction is written in SQL. A panic is caught and resumed, as in `try … except … finally`. The error
//! is a box.

use std::ops::Deref;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::Path;

use rusqlite::{Connection, OpenFlags, Row};
use shared::User;

pub type Error = Box<dyn std::error::Error + Send + Sync>;
pub type Result<T> = std::result::Result<T, Error>;

pub struct DatabaseConnection(Connection);

impl DatabaseConnection {
    pub fn open(database: impl AsRef<Path>) -> Result<DatabaseConnection> {
        let database = database.as_ref();
        let metadata = std::fs::metadata(database)
            .map_err(|error| format!("could not open {}: {error}", database.display()))?;
        if !metadata.is_file() {
            return Err(format!("{} is no file", database.display()).into());
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE;
        Ok(DatabaseConnection(Connection::open_with_flags(
            database, flags,
        )?))
    }

    pub fn close(self) -> Result<()> {
        self.0.close().map_err(|(_, error)| error.into())
    }
}

impl Deref for DatabaseConnection {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        &self.0
    }
}

pub fn with_connection<T>(
    database: impl AsRef<Path>,
    body: impl FnOnce(&Connection) -> Result<T>,
) -> Result<T> {
    let connection = DatabaseConnection::open(database)?;
    connection.execute_batch("BEGIN")?;
    let worked = catch_unwind(AssertUnwindSafe(|| body(&connection)));
    let ended = match &worked {
        Ok(Ok(_)) => connection.execute_batch("COMMIT"),
        _ if connection.is_autocommit() => Ok(()), // SQLite has already rolled back
        _ => connection.execute_batch("ROLLBACK"),
    };
    let closed = connection.close();
    match worked {
        Ok(Ok(value)) => {
            ended?;
            closed?;
            Ok(value)
        }
        Ok(Err(error)) => match closed {
            Ok(()) => Err(error),
            Err(closing) => Err(format!("{error}; and then: {closing}").into()),
        },
        Err(panic) => resume_unwind(panic),
    }
}

pub fn fetch_users(connection: &Connection) -> Result<Vec<User>> {
    let mut statement = connection.prepare("SELECT id, name, email, age FROM users ORDER BY id")?;
    let users = statement
        .query_map([], user)?
        .collect::<rusqlite::Result<_>>()?;
    Ok(users)
}

fn user(row: &Row<'_>) -> rusqlite::Result<User> {
    Ok(User {
        id: row.get("id")?,
        name: row.get("name")?,
        email: row.get("email")?,
        age: row.get("age")?,
    })
}
