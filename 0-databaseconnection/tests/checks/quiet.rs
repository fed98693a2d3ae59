//! A library prints nothing: its results go to its caller, and so do its errors. `main` alone speaks to people, and what
//! stands between the lines of its table or its JSON is wrong for everybody who reads them.

use databaseconnection::{DatabaseConnection, Result, fetch_users, with_connection};
use testkit::{attempt, check, expect_quiet};

#[test]
fn the_library_prints_nothing() {
    let hint = "look for `println!`, `eprintln!` and `dbg!`, also in `drop`";
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
        database.expect("the library opens the database at all", opened);
    });
}
