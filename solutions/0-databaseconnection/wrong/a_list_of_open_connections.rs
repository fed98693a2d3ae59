//! Wrong: every connection is kept in a list as well, so that all of them can be closed 'at exit'. Who is in the list
//! lives as long as the list does: leaving the scope closes nothing, only `close` does.
//!
//! caught by: closes_at_the_end_of_the_scope
//! also: closes_when_a_query_fails, because a `?` is an end of the scope, too
//! also: closes_on_a_panic, because a panic is one, too
//! also: closes_when_the_body_panics, because on a panic `with_connection` leaves the closing to the destructor

use std::cell::RefCell;
use std::ops::Deref;
use std::path::Path;
use std::rc::Rc;

use rusqlite::{Connection, OpenFlags};
use shared::User;
use shared::sqlite::{existing_file, outcome, read_users};

pub use shared::sqlite::{Error, Result};

thread_local! {
    static OPEN: RefCell<Vec<Rc<Connection>>> = const { RefCell::new(Vec::new()) };
}

pub struct DatabaseConnection {
    connection: Rc<Connection>,
}

impl DatabaseConnection {
    pub fn open(database: impl AsRef<Path>) -> Result<DatabaseConnection> {
        let file = existing_file(database.as_ref())?;
        let connection = Rc::new(Connection::open_with_flags(
            file,
            OpenFlags::SQLITE_OPEN_READ_WRITE,
        )?);
        OPEN.with_borrow_mut(|open| open.push(connection.clone()));
        Ok(DatabaseConnection { connection })
    }

    pub fn close(self) -> Result<()> {
        OPEN.with_borrow_mut(|open| open.retain(|other| !Rc::ptr_eq(other, &self.connection)));
        match Rc::into_inner(self.connection) {
            Some(connection) => connection.close().map_err(|(_, error)| error.into()),
            None => Ok(()),
        }
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
