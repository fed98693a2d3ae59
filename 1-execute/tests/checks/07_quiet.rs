//! A library prints nothing: it returns its results and its errors to its caller. Only `main` prints. A line that the
//! library prints between the lines of a table or of JSON would spoil it for every program that reads it.
//!
//! Read: `std::println`, `std::dbg` (each writes to the standard output or error of the whole process).

use execute::{ExecuteQuery, Result};
use testkit::{attempt, check, expect_quiet};

use crate::{NONE, count_rows, on_purpose};

#[test]
fn the_library_prints_nothing() {
    let hint =
        "remove every `println!`, `eprintln!` and `dbg!` from the library; look in `drop` as well";
    check(hint, |database| {
        expect_quiet("quiet::the_library_prints_nothing", &[], || {
            let older = ExecuteQuery::new(
                database.path(),
                "SELECT * FROM users WHERE age > ?",
                [database.age()],
            );
            attempt(|| older.fetch_users());
            attempt(|| count_rows(&older));
            attempt(|| -> Result<()> { older.run(|_| Err(on_purpose())) });
            attempt(|| -> Result<()> { older.run(|_| panic!("on purpose")) });
            attempt(|| {
                ExecuteQuery::new(database.path(), "SELECT * FORM users", NONE).fetch_users()
            });
            attempt(|| ExecuteQuery::new(database.path(), "DELETE FROM users", NONE).execute());
            attempt(|| {
                ExecuteQuery::new(database.folder().join("missing.db"), "SELECT 1", NONE).execute()
            });
        });
        attempt(|| ExecuteQuery::new(database.path(), "SELECT * FROM users", NONE).fetch_users());
        let opened = database.recording().opened_connections() > 0;
        database.expect("the library opens the database", opened);
    });
}
