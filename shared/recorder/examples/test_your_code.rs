//! A test of a function that uses SQLite: every connection is closed, and no more than one was open at the same time.
//!
//! In a new project: `cargo add rusqlite --features bundled`, add `recorder` to `Cargo.toml`, and put this into
//! `src/main.rs`.

use recorder::Recording;
use rusqlite::{Connection, Result};

/// The code under test. It knows nothing of the recorder.
fn oldest(file: &std::path::Path) -> Result<String> {
    let connection = Connection::open(file)?;
    let query = "SELECT name FROM users ORDER BY age DESC LIMIT 1";
    connection.query_row(query, [], |row| row.get(0))
}

fn main() -> Result<()> {
    let file = std::env::temp_dir().join(format!("recorder-{}.db", std::process::id()));
    Connection::open(&file)?.execute_batch(
        "CREATE TABLE users (name, age); INSERT INTO users VALUES ('Alice', 40), ('Kwame', 73)",
    )?;

    let recording = Recording::start(&file);
    assert_eq!(oldest(&file)?, "Kwame");
    recording.assert_closed();
    recording.assert_at_most(1);
    println!("{recording}"); // draws what happened

    drop(recording);
    std::fs::remove_file(file).expect("the file can be removed");
    Ok(())
}
