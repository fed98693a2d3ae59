//! `with_connection` is the `async with` block: one connection, one transaction.
//!
//! Asked: it opens the database, runs the body in a transaction, commits when the body returns `Ok`, and rolls back when
//! the body returns `Err` or panics. Whatever goes wrong on the way is the caller's to know: the body's error first, then
//! that of the commit or the close. (That it closes, on every way out, is `closing.rs`.)
//!
//! To read: rusqlite's `Connection::unchecked_transaction` and what its `Transaction` does when it is dropped;
//! `Connection::close`, which is the only way to hear of a close that fails.

use std::mem;
use std::panic::resume_unwind;

use rusqlite::Connection;
use testkit::{TestDatabase, check, says};

use crate::executor::{run, start};
use crate::functions::{on_purpose, users, with_connection};

/// A body that removes one user.
fn delete_one(
    database: &TestDatabase,
) -> impl FnOnce(&Connection) -> concurrent::Result<()> + Send + use<> {
    let id = database
        .random()
        .choice(database.users())
        .expect("there are users")
        .id;
    move |connection| {
        connection.execute("DELETE FROM users WHERE id = ?1", [id])?;
        Ok(())
    }
}

/// A body after which the connection cannot be closed: a statement lives on.
fn forget_a_statement(connection: &Connection) -> concurrent::Result<()> {
    mem::forget(connection.prepare("SELECT 1")?);
    Ok(())
}

/// Makes room for rows that a commit refuses.
pub fn make_commits_fail(database: &TestDatabase) {
    database
        .sql("CREATE TABLE posts (user_id REFERENCES users (id) DEFERRABLE INITIALLY DEFERRED)");
}

/// A body that does well, and whose commit fails.
pub fn insert_what_cannot_be_committed(connection: &Connection) -> concurrent::Result<()> {
    connection.execute("INSERT INTO posts VALUES (-1)", [])?;
    Ok(())
}

fn total(database: &TestDatabase) -> i64 {
    i64::try_from(database.users().len()).expect("a few")
}

#[test]
fn commits_when_the_body_succeeds() {
    check("who ends the transaction, and how?", |database| {
        let outcome = run(with_connection(database.path(), delete_one(database)));
        database.expect_ok("the body's success", outcome);
        database.expect(
            "what the body has done is seen from outside",
            database.count() == total(database) - 1,
        );
    });
}

#[test]
fn rolls_back_when_the_body_fails() {
    let hint = "a body that fails half-way has done half of something: who takes that back?";
    check(hint, |database| {
        let delete = delete_one(database);
        let body = move |connection: &Connection| -> concurrent::Result<()> {
            delete(connection)?;
            Err(on_purpose())
        };
        let _ = run(with_connection(database.path(), body));
        database.expect(
            "of what the body has done nothing is left",
            database.count() == total(database),
        );
    });
}

#[test]
fn rolls_back_when_the_body_panics() {
    let hint =
        "which of your lines run when the body panics, and what do they do to the transaction?";
    check(hint, |database| {
        let delete = delete_one(database);
        let body = move |connection: &Connection| -> concurrent::Result<()> {
            delete(connection)?;
            resume_unwind(Box::new("on purpose")); // a panic that prints nothing
        };
        // Whether it comes back as a panic or as an error does not matter here.
        start(with_connection(database.path(), body)).ended();
        let timeline = database.recording().timeline();
        let has_run = timeline
            .statements()
            .any(|statement| statement.sql.contains("DELETE"));
        database.expect("the body has run", has_run);
        database.expect(
            "of what the body has done nothing is left",
            database.count() == total(database),
        );
    });
}

#[test]
fn reports_a_commit_that_fails() {
    let hint =
        "the body has done well, and SQLite refuses to commit: what should the caller think?";
    check(hint, |database| {
        make_commits_fail(database);
        let outcome = run(with_connection(
            database.path(),
            insert_what_cannot_be_committed,
        ));
        database.expect_error(
            "a row that refers to nobody, and so cannot be committed",
            outcome,
        );
    });
}

#[test]
fn reports_a_close_that_fails() {
    let hint =
        "which way of closing a connection can tell you that it failed, and who hears of it?";
    check(hint, |database| {
        let outcome = run(with_connection(database.path(), forget_a_statement));
        database.expect_error(
            "a connection that a forgotten statement keeps open",
            outcome,
        );
    });
}

#[test]
fn the_bodys_error_wins_over_that_of_the_close() {
    check(
        "two things went wrong: which one explains the other?",
        |database| {
            let body = |connection: &Connection| -> concurrent::Result<()> {
                forget_a_statement(connection)?;
                Err(on_purpose())
            };
            let outcome = run(with_connection(database.path(), body));
            let error = database.expect_error("a body that fails", outcome);
            database.expect(
                "the error that the body returned",
                says(&error, "on purpose"),
            );
        },
    );
}

#[test]
#[ignore = "extra"]
fn neither_error_is_lost() {
    let hint = "two things went wrong: can both be read in the error, or in its source?";
    check(hint, |database| {
        let fail = |_: &Connection| -> concurrent::Result<()> { Err(on_purpose()) };
        let alone = database.expect_error(
            "a body that fails",
            run(with_connection(database.path(), fail)),
        );
        let forget_and_fail = |connection: &Connection| -> concurrent::Result<()> {
            forget_a_statement(connection)?;
            Err(on_purpose())
        };
        let outcome = run(with_connection(database.path(), forget_and_fail));
        let both = database.expect_error("a body that fails, and a close that fails", outcome);
        database.expect(
            "an error that says more than that of the body alone",
            format!("{both} {both:?}") != format!("{alone} {alone:?}"),
        );
    });
}

#[test]
#[ignore = "extra"]
fn a_panic_of_the_body_goes_on_in_the_caller() {
    check("what becomes of a panic on another thread?", |database| {
        let body =
            |_: &Connection| -> concurrent::Result<()> { resume_unwind(Box::new("on purpose")) };
        let outcome = start(with_connection(database.path(), body)).outcome_or_panic();
        let panic = outcome
            .err()
            .and_then(|panic| panic.downcast_ref::<&str>().copied());
        database.expect("the body's own panic", panic == Some("on purpose"));
    });
}

#[test]
#[ignore = "extra"]
fn a_database_that_is_locked_is_an_error_after_a_wait_and_not_a_hang() {
    check(
        "how long should a query wait for somebody else's lock?",
        |database| {
            database.sql("BEGIN EXCLUSIVE");
            let outcome = run(users(database.path()));
            let error = database.expect_error("a database that somebody else has locked", outcome);
            database.expect("an error that names the database", says(&error, "users.db"));
        },
    );
}
