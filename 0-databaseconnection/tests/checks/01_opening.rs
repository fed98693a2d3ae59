//! `DatabaseConnection::open` opens an existing file and nothing else. SQLite would create a missing file, and the
//! first query would then find no table in it. So a missing file is an error and is not created. `:memory:` and an
//! empty path are refused as well, because SQLite would create a fresh database for them.
//!
//! Read: `rusqlite::Connection::open_with_flags`, `rusqlite::OpenFlags`, `std::path::Path::is_file`.

use databaseconnection::{DatabaseConnection, fetch_users};
use testkit::{attempt, check};

#[test]
fn only_open_opens_a_connection() {
    let hint = "`fetch_users` is given an open connection: does it use that one, or open another?";
    check(hint, |database| {
        let opened = || database.recording().opened_connections();
        database.expect(
            "no connection is opened before `open` is called",
            opened() == 0,
        );
        let outcome = DatabaseConnection::open(database.path());
        let connection = database.expect_ok("the database is opened", outcome);
        let open = database.recording().open_connections();
        database.expect("one connection is open after `open`", open == 1);

        let before = opened();
        attempt(|| fetch_users(&connection));
        drop(connection);
        database.expect(
            "`fetch_users` opens no second connection",
            opened() == before,
        );
    });
}

#[test]
fn a_missing_database_is_an_error_and_is_not_created() {
    let hint = "`Connection::open` creates a missing file: which of its `OpenFlags` does that, and how do you leave it out?";
    check(hint, |database| {
        let missing = database.folder().join("missing.db");
        let opened = DatabaseConnection::open(&missing);
        database.expect("`open` creates no file", !missing.exists());
        database.expect_error("`open` of a file that does not exist", opened);
    });
}

#[test]
fn refuses_memory_and_an_empty_path() {
    let hint = "SQLite accepts names that are not files: call `Path::is_file` before you open";
    check(hint, |database| {
        for path in [":memory:", ""] {
            database.expect_error(
                &format!("the path {path:?}"),
                DatabaseConnection::open(path),
            );
        }
    });
}
