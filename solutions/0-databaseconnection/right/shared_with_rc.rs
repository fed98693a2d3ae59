//! Right: the only `Rc` holds the connection. The transaction borrows the connection mutably. An error names the
//! path.

use std::ops::Deref;
use std::path::Path;
use std::rc::Rc;

use rusqlite::{Connection, TransactionBehavior};
use shared::User;
use shared::sqlite::{open, outcome, read_users};

pub use shared::sqlite::{Error, Result};

pub struct DatabaseConnection {
    connection: Rc<Connection>,
}

impl DatabaseConnection {
    pub fn open(database: impl AsRef<Path>) -> Result<DatabaseConnection> {
        let connection = Rc::new(open(database.as_ref())?);
        Ok(DatabaseConnection { connection })
    }

    pub fn close(self) -> Result<()> {
        Rc::into_inner(self.connection).map_or(Ok(()), close)
    }
}

impl Deref for DatabaseConnection {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        &self.connection
    }
}

fn close(connection: Connection) -> Result<()> {
    connection.close().map_err(|(_, error)| error.into())
}

pub fn with_connection<T>(
    database: impl AsRef<Path>,
    body: impl FnOnce(&Connection) -> Result<T>,
) -> Result<T> {
    let mut connection = open(database.as_ref())?;
    let worked = in_transaction(&mut connection, body);
    outcome(worked, close(connection)).map_err(|error| error.in_database(database.as_ref()))
}

fn in_transaction<T>(
    connection: &mut Connection,
    body: impl FnOnce(&Connection) -> Result<T>,
) -> Result<T> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Deferred)?;
    let value = body(&transaction)?;
    transaction.commit()?;
    Ok(value)
}

pub fn fetch_users(connection: &Connection) -> Result<Vec<User>> {
    let mut statement = connection.prepare("SELECT age, email, name, id FROM users ORDER BY id")?;
    read_users(&mut statement.query([])?)
}
