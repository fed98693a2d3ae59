//! A library prints nothing: its results go to its caller, and so do its errors. `main` alone speaks to people, and what
//! stands between the lines of its table or its JSON is wrong for everybody who reads them.

use execute::{ExecuteQuery, Result};
use testkit::{attempt, check, expect_quiet};

use crate::{NONE, count_rows, on_purpose};

#[test]
fn the_library_prints_nothing() {
    let hint = "look for `println!`, `eprintln!` and `dbg!`, also in `drop`";
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
        database.expect("the library opens the database at all", opened);
    });
}
