//! A transaction and a connection are two scopes. Python's `with sqlite3.connect(...)` ends only the transaction.
//!
//! ```python
//! with sqlite3.connect("users.db") as connection:
//!     connection.execute("INSERT INTO users VALUES ('Alice')")
//! # committed, or rolled back after an exception, but NOT closed, although course notes often say so
//! ```
//!
//! The same in Python is `transaction.py` in this folder. CPython 3.11 prints (a test compares it):
//!
//! ```text
//! after a body that succeeds: 1 committed, connection open
//! UNIQUE constraint failed: users.name
//! after a body that fails: 1 committed, connection open
//! after close(): 1 committed, connection closed
//! after closing(): 2 committed, connection closed
//! ```
//!
//! The last line is from a block that ends both: `with closing(sqlite3.connect(...)) as connection, connection:`. In
//! Rust both are values. Look at the number of open connections: it is 1 after the transaction's scope, and 0 after
//! the connection's. The commit is a call, and a transaction that is dropped without it is rolled back. So a `?`
//! rolls back, and incomplete work is never committed by accident.

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

/// Adds all of these names or none, in one transaction. The caller owns the connection, which stays open.
fn add(connection: &mut Connection, names: &[&str]) -> Result<()> {
    let transaction = connection.transaction()?;
    for name in names {
        transaction.execute("INSERT INTO users VALUES (?1)", [name])?;
    }
    transaction.commit()
} // A transaction that was not committed is rolled back here and on the `?`.

/// Prints what another connection sees.
fn report(what: &str, database: &Path, recording: &Recording) -> Result<()> {
    let open = recording.open_connections();
    let committed: u32 =
        Connection::open(database)?
            .query_one("SELECT count(*) FROM users", [], |row| row.get(0))?;
    println!("{what}: {committed} committed, {open} open");
    Ok(())
}
