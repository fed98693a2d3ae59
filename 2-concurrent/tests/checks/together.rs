//! Both queries at the same time, and the executor free meanwhile.
//!
//! Asked: `fetch_concurrently` runs its two queries at the same time, on a connection each, and none of the functions
//! blocks the thread of the executor. It is proven without a clock: each query waits, inside SQLite, until the other one is
//! there, too. Queries that run one after the other never meet.
//!
//! To read: why an `async fn` that never awaits blocks its executor (the Tokio tutorial on `spawn_blocking`, or Alice
//! Ryhl's 'Async: What is blocking?'); what `join!` does, and what two `.await`s in a row do.

use futures_lite::future;
use testkit::check;
use testkit::faults::make_users_wait_at_barrier;
use tokio::sync::oneshot;

use crate::executor::{start, wait};
use crate::functions::{FUNCTIONS, asks_for_users, concurrently};

/// More than there are queries: who waits for so many waits until the check lets go.
const NEVER: usize = 99;

#[test]
fn each_query_has_a_connection_of_its_own() {
    let hint = "a SQLite connection does one thing at a time: how many do two queries need?";
    check(hint, |database| {
        let _ = start(concurrently(database.path(), database.age())).outcome();
        let timeline = database.recording().timeline();
        let with_a_query = timeline
            .connections
            .iter()
            .filter(|connection| connection.statements.iter().any(asks_for_users));
        database.expect(
            "two connections, with a query of the users each",
            with_a_query.count() >= 2,
        );
    });
}

#[test]
fn both_queries_run_at_the_same_time() {
    check("when does the second query begin?", |database| {
        make_users_wait_at_barrier(&database.outside());
        database.recording().set_barrier(2);
        let mut work = start(concurrently(database.path(), database.age()));
        database.expect(
            "both queries run at the same time: they wait for each other",
            work.comes_to(database.recording().arrived(2)),
        );
    });
}

#[test]
fn the_executor_stays_free_while_a_query_runs() {
    let hint = "which thread waits while SQLite works, and what else is it there for?";
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

#[test]
#[ignore = "extra"]
fn nothing_of_sqlite_happens_on_the_executors_thread() {
    let hint = "opening and closing a file can take long, too: where do you do that?";
    check(hint, |database| {
        for function in FUNCTIONS {
            for _ in 0..10 {
                let outcome = future::block_on(function(database.path()));
                database.expect_ok("a success", outcome);
            }
        }
        database.expect(
            "every event is on another thread than the executor's",
            !database
                .recording()
                .threads()
                .contains(&std::thread::current().id()),
        );
    });
}
