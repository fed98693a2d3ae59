//! Every connection closes, however the work ends.
//!
//! Asked: no connection stays open after success, after a query that fails, after a commit that fails, and after a panic. And
//! `with_connection` completes only when its connection is closed.
//!
//! Why: an open connection keeps a file descriptor, and perhaps a lock. The recorder counts what SQLite opens and closes.
//!
//! To read: which code runs after a `?` and during a panic; `std::mem::forget` and `ManuallyDrop`; a `static` is never dropped.

use std::panic::resume_unwind;

use rusqlite::Connection;
use testkit::faults::make_users_fail_at;
use testkit::{TestDatabase, check};

use crate::connection::{insert_what_cannot_be_committed, make_commits_fail};
use crate::executor::{start, wait};
use crate::functions::{FUNCTIONS, ONE_QUERY, with_connection};

/// Completes when no connection is open.
async fn closed(database: &TestDatabase) {
    database
        .recording()
        .happened(|timeline| timeline.open_connections() == 0)
        .await;
}

/// Expects that a connection was opened and that it closes before the deadline.
fn expect_closed(database: &TestDatabase, when: &str) {
    database.expect(
        "a connection is opened",
        database.recording().opened_connections() > 0,
    );
    database.expect(
        &format!("every connection is closed {when}"),
        wait(closed(database)).is_some(),
    );
}

#[test]
fn every_connection_is_closed_after_success() {
    check(
        "Something still owns the connection after the work: a `static`, a reference cycle, `mem::forget`, a thread that waits?",
        |database| {
            for function in FUNCTIONS {
                let mut work = start(function(database.path()));
                let _ = work.outcome();
                expect_closed(database, "after success");
            }
        },
    );
}

#[test]
fn every_connection_is_closed_after_an_error() {
    check(
        "A `?` returns before the line that closes. Keep the body's result in a variable, close, then return the result.",
        |database| {
            let oldest = database.users().iter().max_by_key(|user| user.age);
            make_users_fail_at(
                &database.outside(),
                oldest.expect("the sample has users").id,
            );
            // `fetch_concurrently` is another check.
            for function in ONE_QUERY {
                let mut work = start(function(database.path()));
                let _ = work.outcome();
                expect_closed(database, "after a query that fails");
            }
        },
    );
}

#[test]
fn every_connection_is_closed_after_a_panic() {
    let hint = "Code after the body does not run during a panic, but drops do: let a local variable own the connection, or use `catch_unwind`.";
    check(hint, |database| {
        let body =
            |_: &Connection| -> concurrent::Result<()> { resume_unwind(Box::new("on purpose")) };
        let mut work = start(with_connection(database.path(), body));
        work.ended();
        expect_closed(database, "after a panic");
    });
}

#[test]
fn every_connection_is_closed_after_a_commit_that_fails() {
    check(
        "A `?` on `commit` returns before the line that closes: keep the commit's result, close, then return.",
        |database| {
            make_commits_fail(database);
            let mut work = start(with_connection(
                database.path(),
                insert_what_cannot_be_committed,
            ));
            let _ = work.outcome();
            expect_closed(database, "after a commit that fails");
        },
    );
}

#[test]
fn with_connection_closes_before_it_completes() {
    let hint = "Send the result to the future after `Connection::close`, not before.";
    check(hint, |database| {
        // 100 times, because a late close is sometimes in time.
        for _ in 0..100 {
            let mut work = start(with_connection(database.path(), |_| Ok(())));
            let _ = work.outcome();
            let was_closed = database.recording().open_connections() == 0;
            // A connection that never closes is another check.
            let closes_later = || wait(closed(database)).is_some();
            let is_late = !was_closed && closes_later();
            database.expect(
                "the connection is closed when the future completes",
                !is_late,
            );
            if !was_closed {
                return;
            }
        }
    });
}
