//! Wrong: the twelve users of the sample, which is what `expected.txt` shows. Of the database nothing is read.
//!
//! caught by: fetches_every_user
//! also: fetches_every_column, because these are not the users of the table
//! also: reads_the_columns_by_name_wherever_they_stand, because they never are
//! also: an_empty_table_has_no_users, because there are twelve
//! also: a_row_that_does_not_fit_is_an_error, because no row is looked at
//! also: a_query_that_fails_half_way_is_an_error, because there is no query
//! also: a_query_that_cannot_be_run_is_an_error, because none is run

use std::ops::Deref;
use std::path::Path;

use rusqlite::{Connection, OpenFlags};
use shared::sqlite::{existing_file, outcome};
use shared::{User, sample_users};

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

pub fn fetch_users(_connection: &Connection) -> Result<Vec<User>> {
    Ok(sample_users())
}
