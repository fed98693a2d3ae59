//! What is opened is what was asked for. A database that is not there is an error: SQLite itself would create an empty
//! one, and the first query would then find no table in it. `:memory:` and an empty path are a fresh database to
//! SQLite, too.
//!
//! Read: `rusqlite::OpenFlags`; SQLite's documentation of `sqlite3_open_v2`; `std::path::Path::is_file`.

use databaseconnection::{DatabaseConnection, fetch_users, with_connection};
use testkit::{attempt, cases, check};

#[test]
fn opens_nothing_that_nobody_asked_for() {
    let hint =
        "`open` opens; `fetch_users` is handed a connection that is open: which one does it use?";
    check(hint, |database| {
        let opened = || database.recording().opened_connections();
        database.expect("nothing is opened before `open`", opened() == 0);
        let outcome = DatabaseConnection::open(database.path());
        let connection = database.expect_ok("the database is opened", outcome);
        let open = database.recording().open_connections();
        database.expect("after `open` one connection is open", open == 1);

        let before = opened();
        attempt(|| fetch_users(&connection));
        drop(connection);
        database.expect("after `open` nothing else is opened", opened() == before);
    });
}

#[test]
fn a_missing_database_is_an_error_and_is_not_created() {
    let hint = "`Connection::open` creates what is missing: which of its flags says so?";
    check(hint, |database| {
        let missing = database.folder().join("missing.db");
        let opened = DatabaseConnection::open(&missing);
        database.expect("`open` creates no file", !missing.exists());
        database.expect_error("`open` of a file that does not exist", opened);
        let used = with_connection(&missing, |_| Ok(()));
        database.expect("`with_connection` creates no file", !missing.exists());
        database.expect_error("`with_connection` on a file that does not exist", used);
    });
}

#[test]
fn a_path_that_names_no_file_is_refused() {
    let hint = "SQLite takes more than the names of files: ask the file system first";
    check(hint, |database| {
        for path in [":memory:", ""] {
            database.expect_error(
                &format!("the path {path:?}"),
                DatabaseConnection::open(path),
            );
            let worked = with_connection(path, |_| Ok(()));
            database.expect_error(&format!("`with_connection` on the path {path:?}"), worked);
        }
    });
}

#[test]
#[ignore = "extra"]
fn what_is_no_database_of_users_is_an_error() {
    let hint = "each of SQLite's errors is worth a `?`";
    check(hint, |_| {
        for case in cases::unreadable() {
            case.expect(&with_connection(case.database(), fetch_users));
        }
    });
}
