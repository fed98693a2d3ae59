//! What cannot be run is an error: it comes back from `run`, and is neither a panic nor an empty list. SQLite itself is
//! less strict: to it a parameter that is missing is NULL, and of several statements it runs the first.
//!
//! Read: `rusqlite::Error`, `rusqlite::Statement::parameter_count`, `rusqlite::OpenFlags`.

use std::error::Error;

use execute::ExecuteQuery;
use rusqlite::ToSql;
use rusqlite::types::ToSqlOutput;
use testkit::{cases, check, says};

use crate::{NONE, count_rows};

#[test]
fn too_few_parameters_are_an_error() {
    let hint = "to SQLite a parameter that is missing is NULL: who counts?";
    check(hint, |database| {
        let one = "SELECT * FROM users WHERE age > ?";
        let none_of_one = count_rows(&ExecuteQuery::new(database.path(), one, NONE));
        database.expect_error("one `?`, and no parameter", none_of_one);
        let two = "SELECT * FROM users WHERE age BETWEEN ? AND ?";
        let one_of_two = count_rows(&ExecuteQuery::new(database.path(), two, [1]));
        database.expect_error("two `?`, and one parameter", one_of_two);
    });
}

#[test]
fn too_many_parameters_are_an_error() {
    let hint = "a parameter without a `?` was meant for something: does anybody notice?";
    check(hint, |database| {
        let none = "SELECT * FROM users";
        let one_for_none = count_rows(&ExecuteQuery::new(database.path(), none, [1]));
        database.expect_error("no `?`, and one parameter", one_for_none);
        let one = "SELECT * FROM users WHERE age > ?";
        let two_for_one = count_rows(&ExecuteQuery::new(database.path(), one, [1, 2]));
        database.expect_error("one `?`, and two parameters", two_for_one);
    });
}

#[test]
fn sql_that_is_wrong_is_an_error() {
    let hint = "SQLite says what it did not understand: what becomes of that?";
    check(hint, |database| {
        for sql in [
            "SELECT * FORM users",
            "SELECT * FROM nowhere",
            "SELECT nothing FROM users",
        ] {
            database.expect_error(
                sql,
                ExecuteQuery::new(database.path(), sql, NONE).fetch_users(),
            );
        }
    });
}

#[test]
fn two_statements_are_an_error() {
    let hint = "a query is one statement; who sends two did not mean one of them, or somebody else meant it";
    check(hint, |database| {
        for sql in ["SELECT 1; SELECT 2", "SELECT 1; DELETE FROM users"] {
            database.expect_error(
                sql,
                count_rows(&ExecuteQuery::new(database.path(), sql, NONE)),
            );
        }
        let left = database.count();
        database.expect(
            "the second one is not run",
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
    let hint = "`to_sql` can fail, and `new` has no way to say so: who has?";
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
    let hint = "`Connection::open` creates what is missing: which of its flags says so?";
    check(hint, |database| {
        let missing = database.folder().join("missing.db");
        let query = ExecuteQuery::new(&missing, "SELECT 1", NONE);
        let (ran, executed) = (count_rows(&query), query.execute());
        database.expect("no file is created", !missing.exists());
        database.expect_error("`run` on a file that does not exist", ran);
        database.expect_error("`execute` on a file that does not exist", executed);
    });
}

#[test]
fn a_path_that_names_no_file_is_refused() {
    let hint = "SQLite takes more than the names of files: ask the file system first";
    check(hint, |database| {
        for path in [":memory:", ""] {
            let outcome = count_rows(&ExecuteQuery::new(path, "SELECT 1", NONE));
            database.expect_error(&format!("the path {path:?}"), outcome);
        }
    });
}

#[test]
#[ignore = "extra"]
fn what_is_no_database_of_users_is_an_error() {
    let hint = "each of SQLite's errors is worth a `?`";
    check(hint, |_| {
        for case in cases::unreadable() {
            let query = ExecuteQuery::new(
                case.database(),
                "SELECT id, name, email, age FROM users",
                NONE,
            );
            case.expect(&query.fetch_users());
        }
    });
}

#[test]
#[ignore = "extra"]
fn an_empty_query_is_an_error_of_its_own() {
    let hint =
        "to SQLite an empty text is no mistake, but to step the statement that it makes of it is";
    check(hint, |database| {
        for sql in ["", "  -- nothing"] {
            let query = ExecuteQuery::new(database.path(), sql, NONE);
            for outcome in [count_rows(&query), query.execute()] {
                let error = database.expect_error(&format!("the query {sql:?}"), outcome);
                let error: Box<dyn Error + Send + Sync> = error.into();
                let is_of_its_own = !says(&*error, "misuse");
                database.expect(
                    &format!("an error that says what to mend: {error}"),
                    is_of_its_own,
                );
            }
        }
    });
}

#[test]
#[ignore = "extra"]
fn an_error_shows_where_the_sql_is_wrong() {
    let hint = "rusqlite's error knows the place: `SqlInputError`";
    check(hint, |database| {
        for (sql, place) in [
            ("SELECT *\nFORM users", "FORM users"),
            ("SELECT max(", "SELECT max("),
            ("SELECT nope", "nope"),
        ] {
            let outcome = count_rows(&ExecuteQuery::new(database.path(), sql, NONE));
            let error: Box<dyn Error + Send + Sync> = database.expect_error(sql, outcome).into();
            database.expect(
                &format!("an error that shows {place:?}: {error}"),
                says(&*error, place),
            );
        }
    });
}

#[test]
#[ignore = "extra"]
fn an_error_names_the_database() {
    let hint = "the query was given the path: it can say of which database an error tells";
    check(hint, |database| {
        let missing = database.folder().join("missing.db");
        let two: &[i64] = &[1, 2];
        for (path, sql, parameters) in [
            (database.path(), "SELECT * FORM users", &[][..]),
            (database.path(), "SELECT 1; SELECT 2", &[]),
            (database.path(), "SELECT * FROM users", two),
            (database.path(), "SELECT ?", two),
            (database.path(), "SELECT ?", &[]),
            (&missing, "SELECT 1", &[]),
        ] {
            let outcome = count_rows(&ExecuteQuery::new(path, sql, parameters));
            let error: Box<dyn Error + Send + Sync> = database.expect_error(sql, outcome).into();
            let names_it = says(&*error, &path.to_string_lossy());
            database.expect(
                &format!("an error that names the database: {error}"),
                names_it,
            );
        }
        for case in cases::rows_that_do_not_fit(&mut database.random()) {
            let query = ExecuteQuery::new(case.database(), "SELECT * FROM users", NONE);
            case.expect_words(query.fetch_users(), true);
        }
    });
}

#[test]
#[ignore = "extra"]
fn a_database_that_is_locked_is_an_error_after_a_wait_and_not_a_hang() {
    let hint = "rusqlite waits 5 seconds for a lock, unless it is told otherwise";
    check(hint, |database| {
        database.sql("BEGIN EXCLUSIVE");
        let query = ExecuteQuery::new(database.path(), "SELECT * FROM users ORDER BY id", NONE);
        database.expect_error("a database that is locked", query.fetch_users());
        database.sql("ROLLBACK");
        database.expect_users(
            "every user, when the lock is gone",
            query.fetch_users(),
            database.users(),
        );
    });
}
