//! A transaction ends, and a connection closes: two scopes. Python's `with sqlite3.connect(...)` is only the first.
//!
//! ```python
//! with sqlite3.connect("users.db") as connection:
//!     connection.execute("INSERT INTO users VALUES ('Alice')")
//! # committed; on an exception rolled back; but NOT closed, though course notes often say so
//! ```
//!
//! What CPython 3.11 prints, run as `transaction.py` beside this file (a test runs it, too):
//!
//! ```text
//! after a body that succeeds: 1 committed, connection open
//! UNIQUE constraint failed: users.name
//! after a body that fails: 1 committed, connection open
//! after close(): 1 committed, connection closed
//! after closing(): 2 committed, connection closed
//! ```
//!
//! The last is how one block does both there: `with closing(sqlite3.connect(...)) as connection, connection:`.
//! In Rust both are values. Look at the number of open connections, which the recorder has from SQLite itself: it is 1
//! when the transaction is over, and 0 when the connection's own scope is. And commit must be said; what is dropped
//! without it is rolled back. So a `?` rolls back, and nobody commits half of the work by accident.

use std::path::Path;

use recorder::Recording;
use rusqlite::{Connection, Result};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let database = folder.path().join("users.db");
    Connection::open(&database)?.execute_batch("CREATE TABLE users (name TEXT UNIQUE)")?;
    Ok(lesson(&database)?)
}

pub fn lesson(database: &Path) -> Result<()> {
    let recording = Recording::start(database);
    {
        let mut connection = Connection::open(database)?;

        add(&mut connection, &["Alice"])?;
        report("after a body that succeeds", database, &recording)?;

        if let Err(error) = add(&mut connection, &["Bob", "Alice"]) {
            println!("{error}");
        }
        report("after a body that fails", database, &recording)?;
    }
    report("after the connection's scope", database, &recording)
}

/// All of these names or none: one scope, of one transaction. The connection is the caller's, and stays open.
fn add(connection: &mut Connection, names: &[&str]) -> Result<()> {
    let transaction = connection.transaction()?;
    for name in names {
        transaction.execute("INSERT INTO users VALUES (?1)", [name])?;
    }
    transaction.commit()
} // A transaction that was not committed is rolled back here, and so by the `?`.

/// What another connection sees.
fn report(what: &str, database: &Path, recording: &Recording) -> Result<()> {
    let open = recording.open_connections();
    let committed: u32 =
        Connection::open(database)?
            .query_one("SELECT count(*) FROM users", [], |row| row.get(0))?;
    println!("{what}: {committed} committed, {open} open");
    Ok(())
}
