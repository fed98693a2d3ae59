//! A library prints nothing: it returns its results and its errors to its caller. Only `main` prints. A line that the
//! library prints between the lines of a table or of JSON would spoil it for every program that reads it.
//!
//! Read: `std::println`, `std::dbg` (each writes to the standard output or error of the whole process).

use databaseconnection::{DatabaseConnection, Result, fetch_users, with_connection};
use testkit::{attempt, check, expect_quiet};

#[test]
fn the_library_prints_nothing() {
    let hint =
        "remove every `println!`, `eprintln!` and `dbg!` from the library; look in `drop` as well";
    check(hint, |database| {
        expect_quiet("quiet::the_library_prints_nothing", &[], || {
            attempt(|| {
                let connection = DatabaseConnection::open(database.path())?;
                fetch_users(&connection)
            });
            attempt(|| DatabaseConnection::open(database.path())?.close());
            attempt(|| DatabaseConnection::open(database.folder().join("missing.db")));
            attempt(|| with_connection(database.path(), fetch_users));
            attempt(|| {
                with_connection(database.path(), |connection| {
                    Ok(connection.execute_batch("SELECT")?)
                })
            });
            attempt(|| -> Result<()> {
                with_connection(database.path(), |_| panic!("on purpose"))
            });
        });
        attempt(|| with_connection(database.path(), fetch_users));
        let opened = database.recording().opened_connections() > 0;
        database.expect("the library opens the database", opened);
    });
}
