//! The text of an error, which of two errors the caller gets, and a panic of the body.

use std::mem;
use std::panic::resume_unwind;

use rusqlite::Connection;
use testkit::cases::{rows_that_do_not_fit, unreadable};
use testkit::faults::make_one_fail_and_one_run_on;
use testkit::{check, says};

use crate::executor::{run, start};
use crate::functions::{concurrently, on_purpose, users, with_connection};

/// Leaves a statement open, so that the connection cannot be closed.
fn forget_a_statement(connection: &Connection) -> concurrent::Result<()> {
    mem::forget(connection.prepare("SELECT 1")?);
    Ok(())
}

#[test]
fn an_error_names_the_database_and_the_column_and_the_row() {
    check(
        "Add the database's path to the error (`Error::in_database`), and for a bad row the column and the row's id.",
        |database| {
            let mut cases = rows_that_do_not_fit(&mut database.random());
            cases.extend(unreadable());
            for case in cases {
                let outcome = run(users(case.database()));
                case.expect(&outcome);
                case.expect_words(outcome, true);
            }
        },
    );
}

#[test]
fn returns_both_errors_when_the_body_and_the_close_fail() {
    let hint = "Put the close's error into the text of the body's error, or into its `source()`.";
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
            "an error that contains the close's error as well",
            format!("{both} {both:?}") != format!("{alone} {alone:?}"),
        );
    });
}

#[test]
fn the_caller_gets_the_panic_of_the_body() {
    check(
        "A panic on another thread comes back as an `Err` of the join or of `catch_unwind`. Pass it to `std::panic::resume_unwind`.",
        |database| {
            let body = |_: &Connection| -> concurrent::Result<()> {
                resume_unwind(Box::new("on purpose"))
            };
            let outcome = start(with_connection(database.path(), body)).outcome_or_panic();
            let panic = outcome
                .err()
                .and_then(|panic| panic.downcast_ref::<&str>().copied());
            database.expect("the panic of the body", panic == Some("on purpose"));
        },
    );
}

#[test]
fn a_locked_database_is_an_error_after_a_wait() {
    check(
        "Wait some seconds for a lock (`busy_timeout`, `busy_handler`), then return the error with the database's path.",
        |database| {
            database.sql("BEGIN EXCLUSIVE");
            let outcome = run(users(database.path()));
            let error =
                database.expect_error("a database that another connection has locked", outcome);
            database.expect("an error that names the database", says(&error, "users.db"));
        },
    );
}

#[test]
fn closes_both_connections_before_it_returns_the_error() {
    let hint = "After you cancel the other query, await its future: return the error when both have ended.";
    check(hint, |database| {
        make_one_fail_and_one_run_on(&database.outside());
        database.recording().set_barrier(2);
        let outcome = start(concurrently(database.path(), database.age())).outcome();
        database.expect_error("one of two queries that fails", outcome);
        database.expect_all_closed("when the error comes back", 2);
    });
}

#[test]
fn never_returns_the_error_of_the_cancelled_query() {
    let hint = "Both futures failed, the second one because it was cancelled: return the error that came first.";
    check(hint, |database| {
        // Both fail at about the same time. The second may be cancelled while it is prepared.
        database.sql("DROP TABLE users");
        for _ in 0..200 {
            let outcome = start(concurrently(database.path(), database.age())).outcome();
            let error = database.expect_error("a database without the table", outcome);
            database.expect("the reason", says(&error, "no such table"));
        }
    });
}
