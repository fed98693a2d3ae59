//! `with_connection` is the `with` block: it opens, runs the body inside a transaction, commits when the body returns
//! `Ok`, rolls back when it returns `Err` or panics, closes in every case, and only then returns.
//!
//! (Python's `with sqlite3.connect(…)` has the transaction, and does not close.)
//!
//! Read: `rusqlite::Transaction`, and what it does when it is dropped; the Rust book, chapter 9.2 (`?`).

use std::error::Error as StdError;
use std::panic::{AssertUnwindSafe, catch_unwind};

use databaseconnection::{Error, Result, fetch_users, with_connection};
use rusqlite::Connection;
use shared::check::{Lab, attempt, cases, check, says};

const DELETE: &str = "DELETE FROM users WHERE id = ?1";

/// An error as a body may return it.
fn on_purpose() -> Error {
    rusqlite::Error::InvalidColumnName("on purpose".to_owned()).into()
}

/// Makes a table in which a post by nobody is found out only at the commit.
fn make_commits_fail(lab: &Lab) {
    lab.sql("CREATE TABLE posts (user_id REFERENCES users (id) DEFERRABLE INITIALLY DEFERRED)");
}

fn insert_a_post_by_nobody(connection: &Connection) -> Result<()> {
    connection.execute("INSERT INTO posts VALUES (-1)", [])?;
    Ok(())
}

#[test]
fn commits_when_the_body_succeeds() {
    let hint = "a transaction that is dropped is rolled back: who says that this one is to stay?";
    check(hint, |lab| {
        let id = lab.users()[0].id;
        let outcome = with_connection(lab.database(), |connection| Ok(connection.execute(DELETE, [id])?));
        lab.expect_ok("a body that deletes a user", outcome);
        let left = lab.count();
        lab.expect(
            "the user is gone afterwards",
            left + 1 == lab.users().len() as i64,
        );
    });
}

#[test]
fn rolls_back_when_the_body_fails() {
    let hint = "what the body has done must not stay when it returns `Err`: is the commit on that way, too?";
    check(hint, |lab| {
        let id = lab.users()[0].id;
        let mut deleted = None;
        attempt(|| -> Result<()> {
            with_connection(lab.database(), |connection| {
                deleted = Some(connection.execute(DELETE, [id])?);
                Err(on_purpose())
            })
        });
        lab.expect("the body is called, and deletes a user", deleted == Some(1));
        let left = lab.count();
        lab.expect("nobody is gone after an `Err`", left == lab.users().len() as i64);
    });
}

#[test]
fn rolls_back_when_the_body_panics() {
    let hint = "on a panic nothing runs but destructors: what do yours do with the transaction?";
    check(hint, |lab| {
        let id = lab.users()[0].id;
        let mut deleted = None;
        attempt(|| -> Result<()> {
            with_connection(lab.database(), |connection| {
                deleted = Some(connection.execute(DELETE, [id])?);
                panic!("on purpose");
            })
        });
        lab.expect("the body is called, and deletes a user", deleted == Some(1));
        let left = lab.count();
        lab.expect("nobody is gone after a panic", left == lab.users().len() as i64);
    });
}

#[test]
fn has_closed_when_it_returns() {
    let hint = "who holds the connection when `with_connection` has returned?";
    check(hint, |lab| {
        let outcome = with_connection(lab.database(), |connection| {
            Ok(connection.execute_batch("SELECT 1")?)
        });
        lab.expect_ok("a body that succeeds", outcome);
        lab.expect_all_closed("when `with_connection` has returned", 1);
    });
}

#[test]
fn closes_when_the_body_fails() {
    let hint = "a `?` returns: does it jump over the close?";
    check(hint, |lab| {
        attempt(|| -> Result<()> { with_connection(lab.database(), |_| Err(on_purpose())) });
        lab.expect_none_open("after a body that returned `Err`");
    });
}

#[test]
fn closes_when_the_body_panics() {
    let hint = "a panic jumps over every line that follows, and runs destructors only";
    check(hint, |lab| {
        attempt(|| -> Result<()> { with_connection(lab.database(), |_| panic!("on purpose")) });
        lab.expect_none_open("after a body that panicked");
    });
}

#[test]
fn closes_when_the_commit_fails() {
    let hint = "a commit can fail: does a `?` behind it jump over the close?";
    check(hint, |lab| {
        make_commits_fail(lab);
        attempt(|| with_connection(lab.database(), insert_a_post_by_nobody));
        lab.expect_none_open("after a commit that failed");
    });
}

#[test]
fn reports_a_commit_that_fails() {
    let hint = "the body was content, the database was not: who hears of it?";
    check(hint, |lab| {
        make_commits_fail(lab);
        let outcome = with_connection(lab.database(), insert_a_post_by_nobody);
        lab.expect_error("a commit that breaks a rule of the table", outcome);
    });
}

#[test]
fn reports_a_close_that_fails() {
    let hint = "leaving it to a destructor closes, and can tell nobody when that fails: which way out can?";
    check(hint, |lab| {
        let outcome = with_connection(lab.database(), |connection| {
            // SQLite does not close a connection whose statement is still alive.
            std::mem::forget(connection.prepare("SELECT 1")?);
            Ok(())
        });
        lab.expect_error("a close that does not succeed", outcome);
    });
}

#[test]
fn the_bodys_error_comes_back_and_says_what_was_wrong() {
    let hint = "the body's error is the caller's to see: itself, or as the `source` of another";
    check(hint, |lab| {
        let outcome: Result<()> = with_connection(lab.database(), |_| Err(on_purpose()));
        let error: Box<dyn StdError + Send + Sync> = lab.expect_error("a body that fails", outcome).into();
        lab.expect("the error says what the body's said", says(&*error, "on purpose"));
    });
}

#[test]
#[ignore = "extra"]
fn a_panic_of_the_body_goes_on_to_the_caller() {
    let hint = "who catches a panic to clean up lets it go on: `std::panic::resume_unwind`";
    check(hint, |lab| {
        let outcome = catch_unwind(AssertUnwindSafe(|| -> Result<()> {
            with_connection(lab.database(), |_| panic!("on purpose"))
        }));
        let message = outcome
            .err()
            .and_then(|panic| panic.downcast_ref::<&str>().copied());
        lab.expect("the caller meets the body's panic", message == Some("on purpose"));
    });
}

#[test]
#[ignore = "extra"]
fn the_bodys_error_wins_over_the_closes_and_neither_is_lost() {
    let hint = "two errors, one result: one can be part of the other's text, or its `source`";
    check(hint, |lab| {
        let outcome: Result<()> = with_connection(lab.database(), |connection| {
            std::mem::forget(connection.prepare("SELECT 1")?);
            Err(on_purpose())
        });
        let error: Box<dyn StdError + Send + Sync> = lab.expect_error("a body that fails", outcome).into();
        lab.expect("the error says what the body's said", says(&*error, "on purpose"));
        // SQLite's own word for a connection that still has a statement.
        lab.expect("and what the close's said", says(&*error, "unfinalized"));
    });
}

#[test]
#[ignore = "extra"]
fn the_bodys_error_comes_back_also_when_sqlite_has_rolled_back_by_itself() {
    let hint = "to roll back what is rolled back already is an error, too: it must not hide the first one";
    check(hint, |lab| {
        let id = lab.users()[0].id;
        let outcome = with_connection(lab.database(), |connection| {
            let twice = "INSERT OR ROLLBACK INTO users VALUES (?1, 'Ada', 'ada@example.com', 36)";
            Ok(connection.execute(twice, [id])?)
        });
        let error: Box<dyn StdError + Send + Sync> = lab.expect_error("an id that is taken", outcome).into();
        lab.expect("the error says which rule was broken", says(&*error, "UNIQUE"));
        lab.expect_all_closed("after it", 1);
    });
}

#[test]
#[ignore = "extra"]
fn the_error_names_the_database() {
    let hint = "`with_connection` was given the path: it can say of which database an error tells";
    check(hint, |lab| {
        for case in cases::rows_that_do_not_fit(&mut lab.random()) {
            case.expect_words(with_connection(case.database(), fetch_users), true);
        }
        let outcome: Result<()> = with_connection(lab.database(), |_| Err(on_purpose()));
        let error: Box<dyn StdError + Send + Sync> = lab.expect_error("a body that fails", outcome).into();
        let path = lab.database().to_string_lossy();
        lab.expect("the error names the database", says(&*error, &path));
    });
}

#[test]
#[ignore = "extra"]
fn a_database_that_is_locked_is_an_error_after_a_wait_and_not_a_hang() {
    let hint = "rusqlite waits 5 seconds for a lock, unless it is told otherwise";
    check(hint, |lab| {
        lab.sql("BEGIN EXCLUSIVE");
        lab.expect_error(
            "a database that is locked",
            with_connection(lab.database(), fetch_users),
        );
        lab.sql("ROLLBACK");
        let found = with_connection(lab.database(), fetch_users);
        lab.expect_users("every user, when the lock is gone", found, lab.users());
    });
}
