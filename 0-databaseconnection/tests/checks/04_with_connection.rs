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

use databaseconnection::{Error, Result, with_connection};
use rusqlite::Connection;
use testkit::expect::expect_word;
use testkit::{TestDatabase, attempt, check};

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
fn with_connection_refuses_the_same_paths_as_open() {
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
    let hint = "on a panic only destructors run: dropping a `Transaction` rolls back; does a `Drop` that you wrote commit?";
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
fn with_connection_closes_before_it_returns() {
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
    let hint = "a `?` returns from the function: is there one between the body and the close?";
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
fn returns_the_error_of_the_commit() {
    let hint = "the body returned `Ok`, but `commit` failed: does the caller get that error?";
    check(hint, |database| {
        make_commits_fail(database);
        let outcome = with_connection(database.path(), insert_a_post_by_an_unknown_user);
        database.expect_error("a commit that violates a foreign key", outcome);
    });
}

#[test]
fn returns_the_error_of_the_close() {
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
fn returns_the_error_of_the_body() {
    let hint = "return the error that the body returned; if you wrap it in another error, its `source()` must return it";
    check(hint, |database| {
        let outcome: Result<()> = with_connection(database.path(), |_| Err(on_purpose()));
        let error: Box<dyn StdError + Send + Sync> =
            database.expect_error("a body that fails", outcome).into();
        expect_word(&*error, "on purpose");
    });
}

#[test]
fn returns_both_errors_when_the_body_and_the_close_fail() {
    let hint = "return the body's error with the close's error in its text or as its `source`; `shared::sqlite::outcome` does that";
    check(hint, |database| {
        let outcome: Result<()> = with_connection(database.path(), |connection| {
            std::mem::forget(connection.prepare("SELECT 1")?);
            Err(on_purpose())
        });
        let error: Box<dyn StdError + Send + Sync> =
            database.expect_error("a body that fails", outcome).into();
        expect_word(&*error, "on purpose");
        // SQLite says "unable to close due to unfinalized statements".
        expect_word(&*error, "unfinalized");
    });
}
