//! Panics, rollbacks and locks in `with_connection`, and the database's name in its errors.

use std::error::Error as StdError;
use std::panic::{AssertUnwindSafe, catch_unwind};

use databaseconnection::{Error, Result, fetch_users, with_connection};
use testkit::{cases, check, says};

/// Returns an error such as a body may return.
fn on_purpose() -> Error {
    rusqlite::Error::InvalidColumnName("on purpose".to_owned()).into()
}

#[test]
fn the_caller_gets_the_panic_of_the_body() {
    let hint =
        "if you catch the panic to clean up, resume it afterwards: `std::panic::resume_unwind`";
    check(hint, |database| {
        let outcome = catch_unwind(AssertUnwindSafe(|| -> Result<()> {
            with_connection(database.path(), |_| panic!("on purpose"))
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

#[test]
fn returns_the_error_of_the_body_after_sqlite_rolled_back() {
    let hint = "SQLite has already rolled back, so a second rollback fails: that error must not replace the body's";
    check(hint, |database| {
        let id = database.users()[0].id;
        let outcome = with_connection(database.path(), |connection| {
            let twice = "INSERT OR ROLLBACK INTO users VALUES (?1, 'Ada', 'ada@example.com', 36)";
            Ok(connection.execute(twice, [id])?)
        });
        let error: Box<dyn StdError + Send + Sync> = database
            .expect_error("an id that already exists", outcome)
            .into();
        database.expect(
            "the word UNIQUE, the violated rule, in the error",
            says(&*error, "UNIQUE"),
        );
        database.expect_all_closed("after the body failed", 1);
    });
}

#[test]
fn the_error_names_the_database() {
    let hint = "`with_connection` knows the path: add it to the error";
    check(hint, |database| {
        for case in cases::rows_that_do_not_fit(&mut database.random()) {
            case.expect_words(with_connection(case.database(), fetch_users), true);
        }
        let outcome: Result<()> = with_connection(database.path(), |_| Err(on_purpose()));
        let error: Box<dyn StdError + Send + Sync> =
            database.expect_error("a body that fails", outcome).into();
        let path = database.path().to_string_lossy();
        database.expect(
            "the path of the database in the error",
            says(&*error, &path),
        );
    });
}

#[test]
fn a_locked_database_is_an_error_after_a_wait() {
    let hint = "rusqlite waits 5 seconds for a lock by default (`Connection::busy_timeout`), then returns an error";
    check(hint, |database| {
        database.sql("BEGIN EXCLUSIVE");
        database.expect_error(
            "a database that is locked",
            with_connection(database.path(), fetch_users),
        );
        database.sql("ROLLBACK");
        let found = with_connection(database.path(), fetch_users);
        database.expect_users(
            "every user, after the lock was released",
            found,
            database.users(),
        );
    });
}
