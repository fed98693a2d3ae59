//! `with_connection` is the `with` block. It opens the database and runs the body inside a transaction. It commits
//! when the body returns `Ok`, and rolls back when the body returns `Err` or panics. It closes in every case, and
//! only then returns. If the body and the close both fail, the caller gets the body's error, and the close's error as
//! a part of it.
//!
//! (Python's `with sqlite3.connect(…)` has the transaction, but does not close the connection.)
//!
//! Read: `rusqlite::Transaction` and what its `Drop` does; `Connection::unchecked_transaction`, which needs no
//! `&mut`; the Rust book, chapter 9.2 (`?`); `shared::sqlite::outcome`.

use std::error::Error as StdError;
use std::panic::{AssertUnwindSafe, catch_unwind};

use databaseconnection::{Error, Result, fetch_users, with_connection};
use rusqlite::Connection;
use testkit::{TestDatabase, attempt, cases, check, says};

const DELETE: &str = "DELETE FROM users WHERE id = ?1";

/// Returns an error such as a body may return.
fn on_purpose() -> Error {
    rusqlite::Error::InvalidColumnName("on purpose".to_owned()).into()
}

/// Creates a table of posts. A post by an unknown user is rejected only at the commit.
fn make_commits_fail(database: &TestDatabase) {
    database
        .sql("CREATE TABLE posts (user_id REFERENCES users (id) DEFERRABLE INITIALLY DEFERRED)");
}

fn insert_a_post_by_an_unknown_user(connection: &Connection) -> Result<()> {
    connection.execute("INSERT INTO posts VALUES (-1)", [])?;
    Ok(())
}

#[test]
fn with_connection_refuses_what_open_refuses() {
    let hint = "open the database in `with_connection` with `DatabaseConnection::open`";
    check(hint, |database| {
        let missing = database.folder().join("missing.db");
        let worked = with_connection(&missing, |_| Ok(()));
        database.expect("`with_connection` creates no file", !missing.exists());
        database.expect_error("`with_connection` on a file that does not exist", worked);
        for path in [":memory:", ""] {
            let worked = with_connection(path, |_| Ok(()));
            database.expect_error(&format!("`with_connection` on the path {path:?}"), worked);
        }
    });
}

#[test]
fn commits_when_the_body_succeeds() {
    let hint =
        "dropping a `Transaction` rolls it back: call `commit` when the body has returned `Ok`";
    check(hint, |database| {
        let id = database.users()[0].id;
        let outcome = with_connection(database.path(), |connection| {
            Ok(connection.execute(DELETE, [id])?)
        });
        database.expect_ok("a body that deletes a user", outcome);
        let left = database.count();
        database.expect(
            "the deleted user is gone from the table",
            left + 1 == database.users().len() as i64,
        );
    });
}

#[test]
fn rolls_back_when_the_body_fails() {
    let hint = "what does your code call after the body returned `Err`: `commit`, or a rollback? And is there a transaction?";
    check(hint, |database| {
        let id = database.users()[0].id;
        let mut deleted = None;
        attempt(|| -> Result<()> {
            with_connection(database.path(), |connection| {
                deleted = Some(connection.execute(DELETE, [id])?);
                Err(on_purpose())
            })
        });
        database.expect(
            "the body is called and deletes one user",
            deleted == Some(1),
        );
        let left = database.count();
        database.expect(
            "all users are still in the table after an `Err`",
            left == database.users().len() as i64,
        );
    });
}

#[test]
fn rolls_back_when_the_body_panics() {
    let hint = "only destructors run on a panic: dropping a `Transaction` rolls back; what does a `Drop` of yours do?";
    check(hint, |database| {
        let id = database.users()[0].id;
        let mut deleted = None;
        attempt(|| -> Result<()> {
            with_connection(database.path(), |connection| {
                deleted = Some(connection.execute(DELETE, [id])?);
                panic!("on purpose");
            })
        });
        database.expect(
            "the body is called and deletes one user",
            deleted == Some(1),
        );
        let left = database.count();
        database.expect(
            "all users are still in the table after a panic",
            left == database.users().len() as i64,
        );
    });
}

#[test]
fn has_closed_when_it_returns() {
    let hint = "which variable still owns the connection when `with_connection` has returned?";
    check(hint, |database| {
        let outcome = with_connection(database.path(), |connection| {
            Ok(connection.execute_batch("SELECT 1")?)
        });
        database.expect_ok("`with_connection` succeeds if its body does", outcome);
        database.expect_all_closed("when `with_connection` has returned", 1);
    });
}

#[test]
fn closes_when_the_body_fails() {
    let hint = "a `?` returns: does it jump over the close?";
    check(hint, |database| {
        attempt(|| -> Result<()> { with_connection(database.path(), |_| Err(on_purpose())) });
        database.expect_none_open("after a body that returned `Err`");
    });
}

#[test]
fn closes_when_the_body_panics() {
    let hint = "a panic skips the lines after the body and runs only destructors: which value's `drop` closes the connection?";
    check(hint, |database| {
        attempt(|| -> Result<()> { with_connection(database.path(), |_| panic!("on purpose")) });
        database.expect_none_open("after a body that panicked");
    });
}

#[test]
fn closes_when_the_commit_fails() {
    let hint = "`commit` can fail: if a `?` follows it, does the function return before the close?";
    check(hint, |database| {
        make_commits_fail(database);
        attempt(|| with_connection(database.path(), insert_a_post_by_an_unknown_user));
        database.expect_none_open("after a commit that failed");
    });
}

#[test]
fn reports_a_commit_that_fails() {
    let hint = "the body returned `Ok`, but `commit` failed: does the caller get that error?";
    check(hint, |database| {
        make_commits_fail(database);
        let outcome = with_connection(database.path(), insert_a_post_by_an_unknown_user);
        database.expect_error("a commit that violates a foreign key", outcome);
    });
}

#[test]
fn reports_a_close_that_fails() {
    let hint = "a destructor closes the connection but cannot return an error: call `close` and return what it reports";
    check(hint, |database| {
        let outcome = with_connection(database.path(), |connection| {
            // SQLite does not close a connection whose statement is still alive.
            std::mem::forget(connection.prepare("SELECT 1")?);
            Ok(())
        });
        database.expect_error("a close that fails", outcome);
    });
}

#[test]
fn the_bodys_error_comes_back_and_says_what_was_wrong() {
    let hint = "return the body's error, or keep it as the `source` of another error";
    check(hint, |database| {
        let outcome: Result<()> = with_connection(database.path(), |_| Err(on_purpose()));
        let error: Box<dyn StdError + Send + Sync> =
            database.expect_error("a body that fails", outcome).into();
        database.expect(
            "the text of the body's error, 'on purpose', in the error",
            says(&*error, "on purpose"),
        );
    });
}

#[test]
fn the_bodys_error_wins_over_the_closes_and_neither_is_lost() {
    let hint = "return the body's error with the close's error in its text or as its `source`; `shared::sqlite::outcome` does that";
    check(hint, |database| {
        let outcome: Result<()> = with_connection(database.path(), |connection| {
            std::mem::forget(connection.prepare("SELECT 1")?);
            Err(on_purpose())
        });
        let error: Box<dyn StdError + Send + Sync> =
            database.expect_error("a body that fails", outcome).into();
        database.expect(
            "the text of the body's error, 'on purpose', in the error",
            says(&*error, "on purpose"),
        );
        // SQLite says "unable to close due to unfinalized statements".
        database.expect(
            "SQLite's reason for the failed close, which has the word 'unfinalized', in the error",
            says(&*error, "unfinalized"),
        );
    });
}

#[test]
#[ignore = "extra"]
fn a_panic_of_the_body_goes_on_to_the_caller() {
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
#[ignore = "extra"]
fn the_bodys_error_comes_back_also_when_sqlite_has_rolled_back_by_itself() {
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
#[ignore = "extra"]
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
#[ignore = "extra"]
fn a_database_that_is_locked_is_an_error_after_a_wait_and_not_a_hang() {
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
