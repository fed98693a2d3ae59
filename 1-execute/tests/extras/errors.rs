//! The text of an error, a locked database, and a panic of the body.

use std::error::Error;
use std::panic::{AssertUnwindSafe, catch_unwind};

use execute::{ExecuteQuery, Result};
use testkit::{cases, check, says};

use crate::{NONE, count_rows};

#[test]
fn a_file_without_a_valid_users_table_is_an_error() {
    let hint = "opening, `prepare` and `next` each return a `Result`: pass on every error with `?`";
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
fn the_error_of_an_empty_query_says_what_to_fix() {
    let hint = "SQLite accepts an empty query, but stepping it fails with 'misuse': reject it before you run it";
    check(hint, |database| {
        for sql in ["", "  -- nothing"] {
            let query = ExecuteQuery::new(database.path(), sql, NONE);
            for outcome in [count_rows(&query), query.execute()] {
                let error = database.expect_error(&format!("the query {sql:?}"), outcome);
                let error: Box<dyn Error + Send + Sync> = error.into();
                let is_clear = !says(&*error, "misuse");
                database.expect(
                    &format!("an error that says what to fix\nfound: {error}"),
                    is_clear,
                );
            }
        }
    });
}

#[test]
fn an_error_shows_where_the_sql_is_wrong() {
    let hint = "`rusqlite::Error::SqlInputError` has the place: `offset` in `sql`";
    check(hint, |database| {
        for (sql, place) in [
            ("SELECT *\nFORM users", "FORM users"),
            ("SELECT max(", "SELECT max("),
            ("SELECT nope", "nope"),
        ] {
            let outcome = count_rows(&ExecuteQuery::new(database.path(), sql, NONE));
            let error: Box<dyn Error + Send + Sync> =
                database.expect_error("wrong SQL", outcome).into();
            database.expect(
                &format!("an error that shows {place:?}\nfound: {error}"),
                says(&*error, place),
            );
        }
    });
}

#[test]
fn an_error_names_the_database() {
    let hint = "`ExecuteQuery` knows the path: add it to every error";
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
            let error: Box<dyn Error + Send + Sync> = database
                .expect_error("a query that cannot be run", outcome)
                .into();
            let names_it = says(&*error, &path.to_string_lossy());
            database.expect(
                &format!("an error that names the database\nfound: {error}"),
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
fn a_locked_database_is_an_error_after_a_wait() {
    let hint = "rusqlite waits 5 seconds for a lock by default (`Connection::busy_timeout`), then returns an error";
    check(hint, |database| {
        database.sql("BEGIN EXCLUSIVE");
        let query = ExecuteQuery::new(database.path(), "SELECT * FROM users ORDER BY id", NONE);
        database.expect_error("a database that is locked", query.fetch_users());
        database.sql("ROLLBACK");
        database.expect_users(
            "every user, after the lock was released",
            query.fetch_users(),
            database.users(),
        );
    });
}

#[test]
fn the_caller_gets_the_panic_of_the_body() {
    let hint =
        "if you catch the panic to clean up, resume it afterwards: `std::panic::resume_unwind`";
    check(hint, |database| {
        let query = ExecuteQuery::new(database.path(), "SELECT * FROM users", NONE);
        let outcome = catch_unwind(AssertUnwindSafe(|| -> Result<()> {
            query.run(|_| panic!("on purpose"))
        }));
        let message = outcome
            .err()
            .and_then(|panic| panic.downcast_ref::<&str>().copied());
        database.expect(
            "the caller sees the body's panic, with its message",
            message == Some("on purpose"),
        );
    });
}
