//! A future that is dropped half-way: by a timeout, by a `select!`, by a client that hangs up.
//!
//! Asked: whenever one of the futures is dropped, its connection closes; the statement that is running stops, also one that
//! waits for somebody else's lock; and so do those that the body would begin after it. Python raises an exception in the
//! coroutine; in Rust nothing runs any more but the destructors of what the future owned, and no other thread hears of
//! that by itself.
//!
//! To read: `Drop`; rusqlite's `Connection::progress_handler`, `Connection::get_interrupt_handle` and
//! `Connection::busy_handler`; SQLite's documentation of `sqlite3_interrupt`, and what it says of a statement that begins
//! after it.

use std::future::{self, poll_fn};
use std::sync::mpsc::channel;
use std::task::Poll;

use futures_lite::future::FutureExt;
use recorder::timeline::{End, Statement, Timeline};
use rusqlite::Connection;
use testkit::faults::{ENDLESS, make_users_endless};
use testkit::{DEADLINE, TempDatabase, TestDatabase, check, check_on};
use tokio::sync::oneshot;

use crate::executor::{Running, run, start, wait};
use crate::functions::{FUNCTIONS, Function, Outcome, asks_for_users, users, with_connection};
use crate::steps::Steps;

/// All functions, and one that writes.
fn functions() -> impl Iterator<Item = Function> {
    let writes: Function = |database| {
        Box::pin(with_connection(database, |connection| {
            connection.execute("UPDATE users SET age = age + 1", [])?;
            Ok(())
        }))
    };
    FUNCTIONS.into_iter().chain([writes])
}

/// Whether such a statement is running.
fn runs(timeline: &Timeline, such: fn(&Statement) -> bool) -> bool {
    timeline
        .statements()
        .any(|statement| such(statement) && statement.ended.is_none())
}

/// Expects that some work comes to such a statement.
fn expect_running<T>(database: &TestDatabase, work: &mut Running<T>, such: fn(&Statement) -> bool) {
    let running = database
        .recording()
        .happened(|timeline| runs(timeline, such));
    database.expect("its statement begins, and runs", work.comes_to(running));
}

/// Waits for a body's word. A body that never runs gives none.
async fn told(word: oneshot::Receiver<()>) {
    if word.await.is_err() {
        future::pending().await
    }
}

fn is_endless(statement: &Statement) -> bool {
    statement.sql == ENDLESS
}

#[test]
fn dropped_at_every_step_every_connection_closes() {
    let hint = "which of your lines after an `await` close something, and do they run when the future is dropped there?";
    check_on(hint, Steps::new, |steps| {
        for function in functions() {
            drop_at_every_event(steps, function);
            drop_after_every_poll(steps, function);
        }
    });
}

/// Drops it at the first event inside SQLite, at the second, and so on, until the work ends before it gets there.
fn drop_at_every_event(steps: &Steps, function: Function) {
    for number in 0.. {
        let step = steps.next();
        let gate = step.recording().break_at(number);
        let mut work = start(function(step.database()));
        let is_at_gate = work.comes_to(gate.reached());
        let timeline = step.recording().timeline();
        // An executor whose own thread may be the one at the gate cannot drop anything there, which is another check. And
        // an interrupt waits for a connection that closes.
        let works_itself = step.recording().threads().contains(&work.thread);
        let closes = timeline
            .connections
            .iter()
            .any(|connection| connection.closing.is_some());
        let can_drop = is_at_gate && !works_itself && !closes;
        let was_dropped = can_drop && work.cancel();
        // The thread was held inside SQLite; let it go now.
        drop(gate);
        if !is_at_gate {
            break;
        }
        assert!(
            was_dropped || !can_drop,
            "expected: the future can be dropped while its thread is inside SQLite, without waiting for it"
        );
        if was_dropped {
            step.recording().wait_until_closed();
        }
    }
}

/// Drops it after the first poll, after the second, and so on, until the work ends.
fn drop_after_every_poll(steps: &Steps, function: Function) {
    // How many polls it takes is tried elsewhere, for what is left open after a success is another check.
    let elsewhere = TempDatabase::sample();
    // One recording for all: a thread that opens its connection long after the drop is seen, too.
    let step = steps.next();
    for polls in 1.. {
        if drop_after(polls, function(elsewhere.path()))
            || drop_after(polls, function(step.database()))
        {
            break;
        }
    }
    step.recording().wait_until_closed();
}

/// Polls a future that often, and then drops it. Returns whether it had ended.
fn drop_after(
    polls: usize,
    mut work: impl Future<Output = Outcome<()>> + Unpin + Send + 'static,
) -> bool {
    let mut count = 0;
    let polled = poll_fn(move |context| {
        let is_ready = work.poll(context).is_ready();
        count += 1;
        // Pending: come back when it has been woken, for the next poll.
        if is_ready || count == polls {
            Poll::Ready(is_ready)
        } else {
            Poll::Pending
        }
    });
    run(polled)
}

#[test]
fn the_running_statement_stops_when_its_future_is_dropped() {
    let hint = "the future is gone, and SQLite still works for it: who tells SQLite?";
    check(hint, |database| {
        make_users_endless(&database.outside());
        for function in FUNCTIONS {
            let mut work = start(function(database.path()));
            expect_running(database, &mut work, asks_for_users);
            database.expect(
                "the future can be dropped while its query runs",
                work.cancel(),
            );
            let stopped = database
                .recording()
                .happened(|timeline| !runs(timeline, asks_for_users));
            database.expect(
                "the query stops when its future is dropped",
                wait(stopped).is_some(),
            );
        }
    });
}

#[test]
fn a_statement_that_begins_after_the_drop_stops_too() {
    let hint = "a body may go on after an error: what stops its next statement?";
    check(hint, |database| {
        let (tell_end, end) = channel();
        let body = move |connection: &Connection| -> concurrent::Result<()> {
            let _ = connection.query_one(ENDLESS, [], |_| Ok(()));
            let _ = connection.query_one(ENDLESS, [], |_| Ok(()));
            let _ = tell_end.send(());
            Ok(())
        };
        let mut work = start(with_connection(database.path(), body));
        expect_running(database, &mut work, is_endless);
        database.expect(
            "the future can be dropped while a statement runs",
            work.cancel(),
        );
        database.expect(
            "the body comes to its end: both its statements are stopped",
            end.recv_timeout(*DEADLINE).is_ok(),
        );
    });
}

#[test]
fn a_wait_for_somebody_elses_lock_ends_when_its_future_is_dropped() {
    let hint =
        "while SQLite waits for a lock, it runs no statement: who decides how long it waits?";
    check(hint, |database| {
        let (tell_prepared, prepared) = oneshot::channel();
        let (tell_locked, locked) = channel::<()>();
        let (tell_end, end) = channel();
        // rusqlite waits for 5 seconds, unless it is told otherwise: so often, that is longer than this check does.
        let tries = 2 + DEADLINE.as_secs() / 5;
        let body = move |connection: &Connection| -> concurrent::Result<()> {
            // Prepared while there is no lock yet, so that it is the statement that waits.
            let mut delete = connection.prepare("DELETE FROM users")?;
            let _ = tell_prepared.send(());
            let _ = locked.recv();
            for _ in 0..tries {
                let _ = delete.execute([]);
            }
            let _ = tell_end.send(());
            Ok(())
        };
        let mut work = start(with_connection(database.path(), body));
        database.expect("the body runs", work.comes_to(told(prepared)));
        if database.outside().execute_batch("BEGIN EXCLUSIVE").is_err() {
            return; // It began its transaction with the lock in hand, and so need not wait for it.
        }
        let _ = tell_locked.send(());
        expect_running(database, &mut work, |statement| {
            statement.sql.contains("DELETE")
        });
        database.expect(
            "the future can be dropped while a statement waits for a lock",
            work.cancel(),
        );
        database.expect(
            "the body comes to its end: its statements wait no longer",
            end.recv_timeout(*DEADLINE).is_ok(),
        );
    });
}

#[test]
#[ignore = "extra"]
fn after_the_drop_not_even_a_small_statement_runs_and_nothing_is_committed() {
    let hint = "a statement of three steps is over before anybody looks: what would refuse it?";
    check(hint, |database| {
        let (report, outcomes) = channel();
        let body = move |connection: &Connection| -> concurrent::Result<()> {
            let mut prepared = connection.prepare("SELECT 1")?;
            let first = connection.query_one(ENDLESS, [], |_| Ok(())).is_err();
            let fresh = connection.query_one("SELECT 1", [], |_| Ok(())).is_err();
            let small = prepared.query_one([], |_| Ok(())).is_err();
            let endless = connection.query_one(ENDLESS, [], |_| Ok(())).is_err();
            let write = connection.execute("DELETE FROM users", []).is_err();
            let _ = report.send([first, fresh, small, endless, write]);
            Ok(())
        };
        let mut work = start(with_connection(database.path(), body));
        expect_running(database, &mut work, is_endless);
        database.expect(
            "the future can be dropped while a statement runs",
            work.cancel(),
        );
        database.expect(
            "each statement is stopped or refused",
            outcomes.recv_timeout(*DEADLINE) == Ok([true; 5]),
        );
        database.recording().wait_until_closed();
        let timeline = database.recording().timeline();
        let committed = timeline.statements().any(|statement| {
            statement.sql == "COMMIT" && matches!(statement.ended, Some((_, End::Done)))
        });
        database.expect("what nobody waits for is not committed", !committed);
        let left = usize::try_from(database.count()).expect("a count");
        database.expect("every user is still there", left == database.users().len());
    });
}

#[test]
#[ignore = "extra"]
fn dropping_one_future_touches_no_other_connection_and_no_later_query() {
    let hint = "whom does your signal to stop reach: one query, one thread, or everybody?";
    check(hint, |database| {
        let (go, wait_for_it) = channel::<()>();
        let (tell_begun, begun) = channel();
        let other = move |connection: &Connection| -> concurrent::Result<i64> {
            let mut prepared = connection.prepare("SELECT count(*) FROM users")?;
            let _ = tell_begun.send(());
            let _ = wait_for_it.recv();
            Ok(prepared.query_one([], |row| row.get(0))?)
        };
        let mut other = start(with_connection(database.path(), other));
        database.expect("the other body runs", begun.recv_timeout(*DEADLINE).is_ok());

        let mut endless = start(with_connection(database.path(), |connection| {
            Ok(connection.query_one(ENDLESS, [], |_| Ok(()))?)
        }));
        expect_running(database, &mut endless, is_endless);
        database.expect(
            "the future can be dropped while its statement runs",
            endless.cancel(),
        );
        let _ = go.send(());
        database.expect_ok("the other query goes on", other.outcome());
        // The next ones may get the threads of the last ones.
        for _ in 0..10 {
            database.expect_ok(
                "a later query is not stopped",
                start(users(database.path())).outcome(),
            );
        }
    });
}

#[test]
#[ignore = "extra"]
fn a_future_that_is_never_polled_opens_nothing() {
    check("when does an `async fn` begin?", |database| {
        drop(concurrent::async_fetch_users(database.path()));
        drop(concurrent::async_fetch_older_users(database.path(), 40));
        drop(concurrent::fetch_concurrently(database.path(), 40));
        drop(concurrent::with_connection(database.path(), |_| Ok(())));
        database.expect(
            "nothing is opened",
            database.recording().opened_connections() == 0,
        );
    });
}
