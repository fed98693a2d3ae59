//! Whatever is opened is closed, on every way out.
//!
//! Asked: no connection outlives its use, after success, after a query that fails, after a commit that fails, and after a
//! panic; and `with_connection` completes only when its connection is closed. The recorder counts: not what your code says,
//! but what SQLite does.
//!
//! To read: what runs, and what does not, after a `?` and during a panic; `std::mem::forget` and `ManuallyDrop`, and when
//! a `static` is dropped (never).

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

/// Expects that there was a connection, and that it is closed, be it a little later.
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
        "who holds on to the connection when the work is done?",
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
    check("what stands between a `?` and the close?", |database| {
        let oldest = database.users().iter().max_by_key(|user| user.age);
        make_users_fail_at(&database.outside(), oldest.expect("there are users").id);
        // What becomes of the other one, when one of two fails, is another check.
        for function in ONE_QUERY {
            let mut work = start(function(database.path()));
            let _ = work.outcome();
            expect_closed(database, "after a query that fails");
        }
    });
}

#[test]
fn every_connection_is_closed_after_a_panic() {
    let hint = "which of your lines run when the body panics, and which do not?";
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
        "what stands between the commit and the close?",
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
fn with_connection_completes_only_when_its_connection_is_closed() {
    let hint = "which comes first, the close or the answer, and how do you know?";
    check(hint, |database| {
        // Often, for what comes a little too late is sometimes in time.
        for _ in 0..100 {
            let mut work = start(with_connection(database.path(), |_| Ok(())));
            let _ = work.outcome();
            let was_closed = database.recording().open_connections() == 0;
            // One that is never closed is another check.
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
