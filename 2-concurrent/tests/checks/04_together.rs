//! Both queries run at the same time, and the executor stays free.
//!
//! Asked: `fetch_concurrently` runs its two queries at the same time, each over its own connection. No function blocks the
//! executor's thread.
//!
//! Why: an executor with a blocked thread serves nothing else. The proof needs no clock: each query waits inside SQLite until
//! the other one has started. Queries that run one after the other would wait forever.
//!
//! To read: why an `async fn` that blocks also blocks its executor (the Tokio tutorial on `spawn_blocking`, or Alice Ryhl's
//! "Async: What is blocking?"); what `join!` does, and what two `.await`s in a row do.

use futures_lite::future;
use testkit::check;
use testkit::faults::make_users_wait_at_barrier;
use tokio::sync::oneshot;

use crate::executor::{start, wait};
use crate::functions::{FUNCTIONS, asks_for_users, concurrently};

/// More than the number of queries: the barrier holds them until the check opens it.
const NEVER: usize = 99;

#[test]
fn each_query_has_its_own_connection() {
    let hint = "A SQLite connection runs one statement at a time: open one for each query.";
    check(hint, |database| {
        let _ = start(concurrently(database.path(), database.age())).outcome();
        let timeline = database.recording().timeline();
        let with_a_query = timeline
            .connections
            .iter()
            .filter(|connection| connection.statements.iter().any(asks_for_users));
        database.expect(
            "two connections, each with a query of the users",
            with_a_query.count() >= 2,
        );
    });
}

#[test]
fn both_queries_run_at_the_same_time() {
    check(
        "Two `.await`s in a row run one after the other. Join the two futures (`zip`, `join!`), and run each query on its own thread.",
        |database| {
            make_users_wait_at_barrier(&database.outside());
            database.recording().set_barrier(2);
            let mut work = start(concurrently(database.path(), database.age()));
            database.expect(
                "both queries run at the same time",
                work.comes_to(database.recording().arrived(2)),
            );
        },
    );
}

#[test]
fn a_running_query_does_not_block_the_executor() {
    let hint = "SQLite blocks the executor's thread. Run it on another one: `std::thread`, `tokio::task::spawn_blocking`, or `blocking::unblock`.";
    check(hint, |database| {
        make_users_wait_at_barrier(&database.outside());
        for function in FUNCTIONS {
            database.recording().set_barrier(NEVER);
            let (ask, asked) = oneshot::channel();
            let (answer, answered) = oneshot::channel();
            let other = async {
                let _ = asked.await;
                let _ = answer.send(());
            };
            let mut work = start(future::zip(function(database.path()), other));
            let waits = work.comes_to(database.recording().arrived(1));
            database.expect("a query of the users runs", waits);
            let _ = ask.send(());
            let has_answered = wait(answered).is_some();
            let is_running = database
                .recording()
                .timeline()
                .statements()
                .any(|statement| asks_for_users(statement) && statement.ended.is_none());
            database.expect(
                "another future makes progress while a query waits inside SQLite",
                has_answered && is_running,
            );
            database.recording().set_barrier(0);
            let _ = work.outcome();
        }
    });
}
