//! Wrong: a function that runs before `main` writes over the arguments of the harness, which then lists the checks, runs
//! none of them, and ends with exit status 0.
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

#[used]
#[unsafe(link_section = ".init_array")]
static BEFORE_MAIN: extern "C" fn(i32, *const *mut u8) = list;

extern "C" fn list(count: i32, arguments: *const *mut u8) {
    const NAME: &[u8] = b"--nocapture\0";
    for index in 1..count as usize {
        // SAFETY: the system gives that many arguments, each of which ends with a 0, where the comparison ends as well.
        unsafe {
            let argument = *arguments.add(index);
            if (0..NAME.len()).all(|at| *argument.add(at) == NAME[at]) {
                argument.copy_from(b"--list\0".as_ptr(), 7);
            }
        }
    }
}
