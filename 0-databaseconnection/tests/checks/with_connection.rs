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
use testkit::{TestDatabase, attempt, cases, check, says};

const DELETE: &str = "DELETE FROM users WHERE id = ?1";

/// An error as a body may return it.
fn on_purpose() -> Error {
    rusqlite::Error::InvalidColumnName("on purpose".to_owned()).into()
}

/// Makes a table in which a post by nobody is found out only at the commit.
fn make_commits_fail(database: &TestDatabase) {
    database
        .sql("CREATE TABLE posts (user_id REFERENCES users (id) DEFERRABLE INITIALLY DEFERRED)");
}

fn insert_a_post_by_nobody(connection: &Connection) -> Result<()> {
    connection.execute("INSERT INTO posts VALUES (-1)", [])?;
    Ok(())
}

#[test]
fn commits_when_the_body_succeeds() {
    let hint = "a transaction that is dropped is rolled back: who says that this one is to stay?";
    check(hint, |database| {
        let id = database.users()[0].id;
        let outcome = with_connection(database.path(), |connection| {
            Ok(connection.execute(DELETE, [id])?)
        });
        database.expect_ok("a body that deletes a user", outcome);
        let left = database.count();
        database.expect(
            "the user is gone afterwards",
            left + 1 == database.users().len() as i64,
        );
    });
}

#[test]
fn rolls_back_when_the_body_fails() {
    let hint = "what the body has done must not stay when it returns `Err`: is the commit on that way, too?";
    check(hint, |database| {
        let id = database.users()[0].id;
        let mut deleted = None;
        attempt(|| -> Result<()> {
            with_connection(database.path(), |connection| {
                deleted = Some(connection.execute(DELETE, [id])?);
                Err(on_purpose())
            })
        });
        database.expect("the body is called, and deletes a user", deleted == Some(1));
        let left = database.count();
        database.expect(
            "nobody is gone after an `Err`",
            left == database.users().len() as i64,
        );
    });
}

#[test]
fn rolls_back_when_the_body_panics() {
    let hint = "on a panic nothing runs but destructors: what do yours do with the transaction?";
    check(hint, |database| {
        let id = database.users()[0].id;
        let mut deleted = None;
        attempt(|| -> Result<()> {
            with_connection(database.path(), |connection| {
                deleted = Some(connection.execute(DELETE, [id])?);
                panic!("on purpose");
            })
        });
        database.expect("the body is called, and deletes a user", deleted == Some(1));
        let left = database.count();
        database.expect(
            "nobody is gone after a panic",
            left == database.users().len() as i64,
        );
    });
}

#[test]
fn has_closed_when_it_returns() {
    let hint = "who holds the connection when `with_connection` has returned?";
    check(hint, |database| {
        let outcome = with_connection(database.path(), |connection| {
            Ok(connection.execute_batch("SELECT 1")?)
        });
        database.expect_ok("a body that succeeds", outcome);
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
    let hint = "a panic jumps over every line that follows, and runs destructors only";
    check(hint, |database| {
        attempt(|| -> Result<()> { with_connection(database.path(), |_| panic!("on purpose")) });
        database.expect_none_open("after a body that panicked");
    });
}

#[test]
fn closes_when_the_commit_fails() {
    let hint = "a commit can fail: does a `?` behind it jump over the close?";
    check(hint, |database| {
        make_commits_fail(database);
        attempt(|| with_connection(database.path(), insert_a_post_by_nobody));
        database.expect_none_open("after a commit that failed");
    });
}

#[test]
fn reports_a_commit_that_fails() {
    let hint = "the body was content, the database was not: who hears of it?";
    check(hint, |database| {
        make_commits_fail(database);
        let outcome = with_connection(database.path(), insert_a_post_by_nobody);
        database.expect_error("a commit that breaks a rule of the table", outcome);
    });
}

#[test]
fn reports_a_close_that_fails() {
    let hint = "leaving it to a destructor closes, and can tell nobody when that fails: which way out can?";
    check(hint, |database| {
        let outcome = with_connection(database.path(), |connection| {
            // SQLite does not close a connection whose statement is still alive.
            std::mem::forget(connection.prepare("SELECT 1")?);
            Ok(())
        });
        database.expect_error("a close that does not succeed", outcome);
    });
}

#[test]
fn the_bodys_error_comes_back_and_says_what_was_wrong() {
    let hint = "the body's error is the caller's to see: itself, or as the `source` of another";
    check(hint, |database| {
        let outcome: Result<()> = with_connection(database.path(), |_| Err(on_purpose()));
        let error: Box<dyn StdError + Send + Sync> =
            database.expect_error("a body that fails", outcome).into();
        database.expect(
            "the error says what the body's said",
            says(&*error, "on purpose"),
        );
    });
}

#[test]
#[ignore = "extra"]
fn a_panic_of_the_body_goes_on_to_the_caller() {
    let hint = "who catches a panic to clean up lets it go on: `std::panic::resume_unwind`";
    check(hint, |database| {
        let outcome = catch_unwind(AssertUnwindSafe(|| -> Result<()> {
            with_connection(database.path(), |_| panic!("on purpose"))
        }));
        let message = outcome
            .err()
            .and_then(|panic| panic.downcast_ref::<&str>().copied());
        database.expect(
            "the caller meets the body's panic",
            message == Some("on purpose"),
        );
    });
}

#[test]
#[ignore = "extra"]
fn the_bodys_error_wins_over_the_closes_and_neither_is_lost() {
    let hint = "two errors, one result: one can be part of the other's text, or its `source`";
    check(hint, |database| {
        let outcome: Result<()> = with_connection(database.path(), |connection| {
            std::mem::forget(connection.prepare("SELECT 1")?);
            Err(on_purpose())
        });
        let error: Box<dyn StdError + Send + Sync> =
            database.expect_error("a body that fails", outcome).into();
        database.expect(
            "the error says what the body's said",
            says(&*error, "on purpose"),
        );
        // SQLite's own word for a connection that still has a statement.
        database.expect("and what the close's said", says(&*error, "unfinalized"));
    });
}

#[test]
#[ignore = "extra"]
fn the_bodys_error_comes_back_also_when_sqlite_has_rolled_back_by_itself() {
    let hint =
        "to roll back what is rolled back already is an error, too: it must not hide the first one";
    check(hint, |database| {
        let id = database.users()[0].id;
        let outcome = with_connection(database.path(), |connection| {
            let twice = "INSERT OR ROLLBACK INTO users VALUES (?1, 'Ada', 'ada@example.com', 36)";
            Ok(connection.execute(twice, [id])?)
        });
        let error: Box<dyn StdError + Send + Sync> =
            database.expect_error("an id that is taken", outcome).into();
        database.expect(
            "the error says which rule was broken",
            says(&*error, "UNIQUE"),
        );
        database.expect_all_closed("after it", 1);
    });
}

#[test]
#[ignore = "extra"]
fn the_error_names_the_database() {
    let hint = "`with_connection` was given the path: it can say of which database an error tells";
    check(hint, |database| {
        for case in cases::rows_that_do_not_fit(&mut database.random()) {
            case.expect_words(with_connection(case.database(), fetch_users), true);
        }
        let outcome: Result<()> = with_connection(database.path(), |_| Err(on_purpose()));
        let error: Box<dyn StdError + Send + Sync> =
            database.expect_error("a body that fails", outcome).into();
        let path = database.path().to_string_lossy();
        database.expect("the error names the database", says(&*error, &path));
    });
}

#[test]
#[ignore = "extra"]
fn a_database_that_is_locked_is_an_error_after_a_wait_and_not_a_hang() {
    let hint = "rusqlite waits 5 seconds for a lock, unless it is told otherwise";
    check(hint, |database| {
        database.sql("BEGIN EXCLUSIVE");
        database.expect_error(
            "a database that is locked",
            with_connection(database.path(), fetch_users),
        );
        database.sql("ROLLBACK");
        let found = with_connection(database.path(), fetch_users);
        database.expect_users("every user, when the lock is gone", found, database.users());
    });
}
