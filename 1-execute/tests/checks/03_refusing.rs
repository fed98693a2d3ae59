//! What cannot be run is an error that `run` returns, not a panic and not an empty list. SQLite is less strict: it
//! binds NULL for a missing parameter, runs only the first of several statements, and creates a missing file.
//!
//! Read: `rusqlite::Error`; `rusqlite::Connection::open_with_flags`, `rusqlite::OpenFlags`;
//! `std::path::Path::is_file`.

use execute::ExecuteQuery;
use rusqlite::ToSql;
use rusqlite::types::ToSqlOutput;
use testkit::check;

use crate::{NONE, count_rows};

#[test]
fn too_few_parameters_are_an_error() {
    let hint = "SQLite binds NULL for a missing parameter: `Statement::query` compares the numbers for you, `raw_query` does not";
    check(hint, |database| {
        let one = "SELECT * FROM users WHERE age > ?";
        let none_of_one = count_rows(&ExecuteQuery::new(database.path(), one, NONE));
        database.expect_error("one placeholder `?` and no parameter", none_of_one);
        let two = "SELECT * FROM users WHERE age BETWEEN ? AND ?";
        let one_of_two = count_rows(&ExecuteQuery::new(database.path(), two, [1]));
        database.expect_error("two placeholders `?` and one parameter", one_of_two);
    });
}

#[test]
fn too_many_parameters_are_an_error() {
    let hint = "pass every parameter to `Statement::query`, which checks that there are as many as placeholders (`?`)";
    check(hint, |database| {
        let none = "SELECT * FROM users";
        let one_for_none = count_rows(&ExecuteQuery::new(database.path(), none, [1]));
        database.expect_error("no placeholder and one parameter", one_for_none);
        let one = "SELECT * FROM users WHERE age > ?";
        let two_for_one = count_rows(&ExecuteQuery::new(database.path(), one, [1, 2]));
        database.expect_error("one placeholder `?` and two parameters", two_for_one);
    });
}

#[test]
fn invalid_sql_is_an_error() {
    let hint =
        "`prepare` returns an error: pass it on with `?`, not `unwrap`, `ok` or an empty list";
    check(hint, |database| {
        for (what, sql) in [
            ("the misspelled `FORM`", "SELECT * FORM users"),
            ("a table that does not exist", "SELECT * FROM nowhere"),
            ("a column that does not exist", "SELECT nothing FROM users"),
        ] {
            database.expect_error(
                what,
                ExecuteQuery::new(database.path(), sql, NONE).fetch_users(),
            );
        }
    });
}

#[test]
fn two_statements_are_an_error() {
    let hint = "`prepare` reports a second statement as an error; does your code cut the SQL at `;` first, or call `execute_batch`?";
    check(hint, |database| {
        for (what, sql) in [
            ("two `SELECT`s", "SELECT 1; SELECT 2"),
            ("a `SELECT` and a `DELETE`", "SELECT 1; DELETE FROM users"),
        ] {
            database.expect_error(
                what,
                count_rows(&ExecuteQuery::new(database.path(), sql, NONE)),
            );
        }
        let left = database.count();
        database.expect(
            "the second statement is not run: all users are still in the table",
            left == database.users().len() as i64,
        );
    });
}

/// A value that SQLite cannot hold.
struct Unbindable;

impl ToSql for Unbindable {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Err(rusqlite::Error::ToSqlConversionFailure(
            "no such value".into(),
        ))
    }
}

#[test]
fn a_parameter_that_cannot_be_converted_is_an_error_when_the_query_is_run() {
    let hint = "`to_sql` can fail, but `new` returns no `Result`: keep the error, and return it from `run`";
    check(hint, |database| {
        let query = ExecuteQuery::new(
            database.path(),
            "SELECT * FROM users WHERE age > ?",
            [Unbindable],
        );
        database.expect_error("a value that SQLite cannot hold", count_rows(&query));
    });
}

#[test]
fn a_missing_database_is_an_error_and_is_not_created() {
    let hint = "`Connection::open` creates a missing file: which of its `OpenFlags` does that, and how do you leave it out?";
    check(hint, |database| {
        let missing = database.folder().join("missing.db");
        let query = ExecuteQuery::new(&missing, "SELECT 1", NONE);
        let ran = count_rows(&query);
        database.expect("no file is created", !missing.exists());
        database.expect_error("`run` on a file that does not exist", ran);
    });
}

#[test]
fn refuses_memory_and_an_empty_path() {
    let hint = "SQLite accepts names that are not files: call `Path::is_file` before you open";
    check(hint, |database| {
        for path in [":memory:", ""] {
            let outcome = count_rows(&ExecuteQuery::new(path, "SELECT 1", NONE));
            database.expect_error(&format!("the path {path:?}"), outcome);
        }
    });
}
