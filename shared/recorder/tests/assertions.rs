//! The assertions fail when they should, and show the timeline.

use std::panic::{AssertUnwindSafe, catch_unwind};

use recorder::Recording;
use rusqlite::Connection;

#[path = "support/mod.rs"]
#[allow(dead_code)]
mod support;

use support::TempDatabase;

/// Returns the message with which an assertion fails.
fn failure(assertion: impl FnOnce()) -> String {
    let panic = catch_unwind(AssertUnwindSafe(assertion)).expect_err("the assertion fails");
    let message = panic.downcast_ref::<String>().expect("a message");
    message.clone()
}

fn recorded() -> (TempDatabase, Recording, Connection) {
    let temporary = TempDatabase::sample();
    let recording = Recording::start(temporary.path());
    let connection = temporary.connection();
    (temporary, recording, connection)
}

#[test]
fn an_open_connection_fails_and_a_closed_one_does_not() {
    let (_temporary, recording, connection) = recorded();
    let message = failure(|| recording.assert_closed());
    assert!(message.contains("1 still open"), "{message}");
    assert!(message.contains("connection 1"), "{message}");
    drop(connection);
    recording.assert_closed();
}

#[test]
fn two_at_the_same_time_are_more_than_one_and_two_in_a_row_are_not() {
    let (temporary, recording, connection) = recorded();
    drop(connection);
    drop(temporary.connection());
    recording.assert_at_most(1);
    let _two = [temporary.connection(), temporary.connection()];
    recording.assert_at_most(2);
    let message = failure(|| recording.assert_at_most(1));
    assert!(message.contains("2 connections were open"), "{message}");
}

#[test]
fn a_rollback_is_allowed_after_the_moment_and_a_commit_is_not() {
    let (_temporary, recording, connection) = recorded();
    connection
        .execute_batch("BEGIN; DELETE FROM users")
        .unwrap();
    let moment = recording.now();
    connection.execute_batch("rollback").unwrap();
    recording.assert_nothing_executed_after(moment);
    connection.execute_batch("BEGIN").unwrap();
    let moment = recording.now();
    connection.execute_batch("COMMIT").unwrap();
    let message = failure(|| recording.assert_nothing_executed_after(moment));
    assert!(message.contains("`COMMIT` ran to its end"), "{message}");
}

#[test]
fn a_statement_that_runs_at_the_moment_must_not_run_to_its_end() {
    let (_temporary, recording, connection) = recorded();
    let mut statement = connection.prepare("SELECT * FROM users").unwrap();
    let mut rows = statement.query([]).unwrap();
    rows.next().unwrap();
    let moment = recording.now();
    let message = failure(|| recording.assert_nothing_executed_after(moment));
    assert!(message.contains("still runs"), "{message}");
    drop(rows);
    recording.assert_nothing_executed_after(moment); // it was left
    let mut rows = statement.query([]).unwrap();
    rows.next().unwrap();
    let moment = recording.now();
    while rows.next().unwrap().is_some() {}
    let message = failure(|| recording.assert_nothing_executed_after(moment));
    assert!(message.contains("ran to its end"), "{message}");
}
