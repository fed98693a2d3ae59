//! `with_connection` is Python's `async with`: one connection, one transaction.
//!
//! Asked: it opens the database, runs the body in a transaction, commits if the body returns `Ok`, and rolls back if the body
//! returns `Err` or panics. It returns every error: the body's first, otherwise that of the commit or of the close.
//!
//! Why: a caller who gets `Ok` believes that the data is saved.
//!
//! To read: rusqlite's `Connection::unchecked_transaction`, and what its `Transaction` does when it is dropped;
//! `Connection::close`, which returns the close's error. A drop cannot return it.

use std::mem;
use std::panic::resume_unwind;

use rusqlite::Connection;
use testkit::expect::expect_word;
use testkit::{TestDatabase, check};

use crate::executor::{run, start};
use crate::functions::{on_purpose, with_connection};

/// Returns a body that removes one user.
fn delete_one(
    database: &TestDatabase,
) -> impl FnOnce(&Connection) -> concurrent::Result<()> + Send + use<> {
    let id = database
        .random()
        .choice(database.users())
        .expect("the sample has users")
        .id;
    move |connection| {
        connection.execute("DELETE FROM users WHERE id = ?1", [id])?;
        Ok(())
    }
}

/// Leaves a statement open, so that the connection cannot be closed.
fn forget_a_statement(connection: &Connection) -> concurrent::Result<()> {
    mem::forget(connection.prepare("SELECT 1")?);
    Ok(())
}

/// Creates a table for rows that a commit refuses.
pub fn make_commits_fail(database: &TestDatabase) {
    database
        .sql("CREATE TABLE posts (user_id REFERENCES users (id) DEFERRABLE INITIALLY DEFERRED)");
}

/// Inserts a row that is refused when the transaction commits.
pub fn insert_what_cannot_be_committed(connection: &Connection) -> concurrent::Result<()> {
    connection.execute("INSERT INTO posts VALUES (-1)", [])?;
    Ok(())
}

fn total(database: &TestDatabase) -> i64 {
    i64::try_from(database.users().len()).expect("a few")
}

#[test]
fn commits_when_the_body_succeeds() {
    check(
        "Call `Transaction::commit` after the body: a transaction that is only dropped is rolled back.",
        |database| {
            let outcome = run(with_connection(database.path(), delete_one(database)));
            database.expect_ok("the body's success", outcome);
            database.expect(
                "another connection sees the change",
                database.count() == total(database) - 1,
            );
        },
    );
}

#[test]
fn rolls_back_when_the_body_fails() {
    let hint =
        "Return before `commit` if the body returned `Err`: dropping the `Transaction` rolls back.";
    check(hint, |database| {
        let delete = delete_one(database);
        let body = move |connection: &Connection| -> concurrent::Result<()> {
            delete(connection)?;
            Err(on_purpose())
        };
        let _ = run(with_connection(database.path(), body));
        database.expect(
            "the change is rolled back",
            database.count() == total(database),
        );
    });
}

#[test]
fn rolls_back_when_the_body_panics() {
    let hint = "A `Transaction` that is dropped during a panic rolls back. If you catch the panic, do not commit after it.";
    check(hint, |database| {
        let delete = delete_one(database);
        let body = move |connection: &Connection| -> concurrent::Result<()> {
            delete(connection)?;
            resume_unwind(Box::new("on purpose")); // prints nothing
        };
        // Here the caller may get a panic or an error.
        start(with_connection(database.path(), body)).ended();
        let timeline = database.recording().timeline();
        let has_run = timeline
            .statements()
            .any(|statement| statement.sql.contains("DELETE"));
        database.expect("the body ran", has_run);
        database.expect(
            "the change is rolled back",
            database.count() == total(database),
        );
    });
}

#[test]
fn returns_the_error_of_the_commit() {
    let hint =
        "The body returned `Ok`, but the commit failed: return the error of `Transaction::commit`.";
    check(hint, |database| {
        make_commits_fail(database);
        let outcome = run(with_connection(
            database.path(),
            insert_what_cannot_be_committed,
        ));
        database.expect_error(
            "a commit that fails, because a row refers to a missing user",
            outcome,
        );
    });
}

#[test]
fn returns_the_error_of_the_close() {
    let hint = "A drop ignores the close's error. Call `Connection::close`, and return its error.";
    check(hint, |database| {
        let outcome = run(with_connection(database.path(), forget_a_statement));
        database.expect_error(
            "a connection that a forgotten statement keeps open",
            outcome,
        );
    });
}

#[test]
fn returns_the_error_of_the_body_even_if_the_close_fails() {
    check(
        "The body and the close failed: return the body's error (`shared::sqlite::outcome` does that).",
        |database| {
            let body = |connection: &Connection| -> concurrent::Result<()> {
                forget_a_statement(connection)?;
                Err(on_purpose())
            };
            let outcome = run(with_connection(database.path(), body));
            let error = database.expect_error("a body that fails", outcome);
            expect_word(&error, "on purpose");
        },
    );
}
