//! Fills an empty SQLite file with a million users as fast as with a few.

use std::fs::File;
use std::path::Path;
use std::thread;

use rusqlite::{Connection, ToSql, params_from_iter};
use shared::User;
use shared::schema::{SQLITE_INDEX, SQLITE_TABLE};
use shared::sqlite::{Error, ErrorKind, Result, open};

/// Fills an empty file with the table `users` and these users. Memory use does not depend on their number.
///
/// No other program may use the file yet: there is no journal, so a crash leaves a damaged file. Create it under
/// another name, and rename it when this returns `Ok`: then the file is on the disk.
///
/// # Errors
///
/// When the file cannot be written, or two users have one `id` or one `email`. The error does not name the database,
/// because only the caller knows the file's final name.
pub fn fill(file: &Path, users: impl IntoIterator<Item = User>) -> Result<()> {
    try_fill(file, users).map_err(|error| error.could_not("create"))
}

fn try_fill(file: &Path, users: impl IntoIterator<Item = User>) -> Result<()> {
    let failed = |error| Error::new(ErrorKind::File(error), "create");
    let connection = open(file)?;
    // Closed after the connection, or with a file that is deleted: closing it releases all locks of this process
    // (SQLite's 'How To Corrupt An SQLite Database File', 2.2).
    let written = File::options().write(true).open(file).map_err(failed)?;
    // No other program uses the file, so nothing has to protect it. Two more threads sort the index.
    connection.execute_batch(
        "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA locking_mode = EXCLUSIVE; PRAGMA threads = 2",
    )?;
    let transaction = connection.unchecked_transaction()?;
    transaction.execute_batch(SQLITE_TABLE)?;
    insert(&transaction, users.into_iter().fuse())?;
    // Writes the rows to the disk while SQLite sorts the index.
    thread::scope(|scope| {
        let sync = || written.sync_data();
        // If no thread can be started, everything is written at the end.
        let synced = thread::Builder::new().spawn_scoped(scope, sync);
        transaction.execute_batch(SQLITE_INDEX)?;
        match synced.map(|thread| thread.join()) {
            Ok(Ok(synced)) => synced.map_err(failed),
            Ok(Err(_)) | Err(_) => Ok(()),
        }
    })?;
    transaction.commit()?;
    connection.close().map_err(|(_, error)| error)?;
    written.sync_all().map_err(failed)
}

/// Inserts several users with each statement, which is faster.
fn insert(connection: &Connection, mut users: impl Iterator<Item = User>) -> rusqlite::Result<()> {
    const BATCH: usize = 16;

    let prepare = |count| {
        let values = vec!["(?, ?, ?, ?)"; count].join(", ");
        connection.prepare(&format!(
            "INSERT INTO users (id, name, email, age) VALUES {values}"
        ))
    };
    let mut statement = prepare(BATCH)?;
    loop {
        let batch: Vec<User> = users.by_ref().take(BATCH).collect();
        match batch.len() {
            0 => return Ok(()),
            BATCH => {}
            last => statement = prepare(last)?,
        }
        let parameters = batch
            .iter()
            .flat_map(|user| -> [&dyn ToSql; 4] { [&user.id, &user.name, &user.email, &user.age] });
        statement.execute(params_from_iter(parameters))?;
    }
}

#[cfg(test)]
mod tests {
    use shared::sample_users;
    use tempfile::NamedTempFile;

    use super::*;

    /// Every number that fills the last batch, and one less and one more.
    #[test]
    fn any_number_of_users_is_written_whole() {
        for count in 0..=50 {
            let user = |id| User {
                id,
                email: format!("{id}@example.com"),
                ..sample_users().remove(0)
            };
            let users: Vec<User> = (1..=count).map(user).collect();
            let file = NamedTempFile::new().unwrap();
            fill(file.path(), users.clone()).unwrap();
            let connection = open(file.path()).unwrap();
            let mut statement = connection.prepare("SELECT * FROM users").unwrap();
            let found = shared::sqlite::read_users(&mut statement.query([]).unwrap()).unwrap();
            assert_eq!(found, users);
        }
    }

    #[test]
    fn two_users_with_one_address_are_an_error() {
        let mut users = sample_users();
        users[7].email = users[3].email.clone();
        let file = NamedTempFile::new().unwrap();
        let error = fill(file.path(), users).unwrap_err().to_string();
        assert!(error.starts_with("could not create"), "{error}");
        assert!(
            error.contains("UNIQUE constraint failed: users.email"),
            "{error}"
        );
    }
}
