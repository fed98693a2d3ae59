//! A future is dropped before it is ready: by a timeout, by a `select!`, by a client that disconnects.
//!
//! Asked: whenever one of the futures is dropped, its connection closes. The statement that is running is cancelled, even if it
//! waits for another connection's lock, and so is every statement that the body starts later.
//!
//! Why: Python raises an exception in the coroutine. In Rust, only the values that the future owned are dropped, and another
//! thread does not notice the drop.
//!
//! To read: `Drop`; rusqlite's `Connection::progress_handler`, `Connection::get_interrupt_handle` and
//! `Connection::busy_handler`; SQLite's documentation of `sqlite3_interrupt`: a statement that starts later is not
//! interrupted.

use std::future::{self, poll_fn};
use std::sync::mpsc::channel;
use std::task::Poll;

use futures_lite::future::FutureExt;
use recorder::timeline::{Statement, Timeline};
use rusqlite::Connection;
use testkit::faults::{ENDLESS, make_users_endless};
use testkit::{Deadline, TempDatabase, TestDatabase, check, check_on};
use tokio::sync::oneshot;

use crate::executor::{Running, run, start, wait};
use crate::functions::{FUNCTIONS, Function, Outcome, asks_for_users, with_connection};
use crate::steps::Steps;

/// Returns all functions, and one that writes.
fn functions() -> impl Iterator<Item = Function> {
    let writes: Function = |database| {
        Box::pin(with_connection(database, |connection| {
            connection.execute("UPDATE users SET age = age + 1", [])?;
            Ok(())
        }))
    };
    FUNCTIONS.into_iter().chain([writes])
}

/// Returns whether such a statement is running.
fn runs(timeline: &Timeline, such: fn(&Statement) -> bool) -> bool {
    timeline
        .statements()
        .any(|statement| such(statement) && statement.ended.is_none())
}

/// Expects that the work starts such a statement.
fn expect_running<T>(database: &TestDatabase, work: &mut Running<T>, such: fn(&Statement) -> bool) {
    let running = database
        .recording()
        .happened(|timeline| runs(timeline, such));
    database.expect("its statement runs", work.comes_to(running));
}

/// Waits for the body's signal. A body that never runs sends none.
async fn signalled(signal: oneshot::Receiver<()>) {
    if signal.await.is_err() {
        future::pending().await
    }
}

fn is_endless(statement: &Statement) -> bool {
    statement.sql == ENDLESS
}

#[test]
fn closes_its_connections_when_the_future_is_dropped() {
    let hint = "Code after an `await` does not run if the future is dropped there. Close on the thread that owns the connection, or in a `Drop`.";
    check_on(hint, Steps::new, |steps| {
        for function in functions() {
            drop_at_every_event(steps, function);
            drop_after_every_poll(steps, function);
        }
    });
}

/// Drops the future at the first event inside SQLite, then at the second, until the work ends before it gets there.
fn drop_at_every_event(steps: &Steps, function: Function) {
    for number in 0.. {
        let step = steps.next();
        let breakpoint = step.recording().break_at(number);
        let mut work = start(function(step.database()));
        let is_reached = work.comes_to(breakpoint.reached());
        let timeline = step.recording().timeline();
        // An executor whose own thread is at the breakpoint cannot drop the future there; that is another check. And an
        // interrupt waits for a connection that is closing.
        let works_itself = step.recording().threads().contains(&work.thread);
        let closes = timeline
            .connections
            .iter()
            .any(|connection| connection.closing.is_some());
        let can_drop = is_reached && !works_itself && !closes;
        let was_dropped = can_drop && work.cancel();
        // Release the thread that the breakpoint holds inside SQLite.
        drop(breakpoint);
        if !is_reached {
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

/// Drops the future after the first poll, then after the second, until the work ends.
fn drop_after_every_poll(steps: &Steps, function: Function) {
    // The work first runs on another database, because a connection that stays open after a success is another check.
    let elsewhere = TempDatabase::sample();
    // One recording for all drops: it also sees a thread that opens its connection long after the drop.
    let step = steps.next();
    let mut has_ended = false;
    for polls in 1.. {
        if has_ended || drop_after(polls, function(elsewhere.path())) {
            break;
        }
        has_ended = drop_after(polls, function(step.database()));
    }
    // It can end here after fewer polls than elsewhere, and is then a success, too.
    if !has_ended {
        step.recording().wait_until_closed();
    }
}

/// Polls a future `polls` times, then drops it. Returns whether it had ended.
fn drop_after(
    polls: usize,
    mut work: impl Future<Output = Outcome<()>> + Unpin + Send + 'static,
) -> bool {
    let mut count = 0;
    let polled = poll_fn(move |context| {
        let is_ready = work.poll(context).is_ready();
        count += 1;
        // The waker leads to the next poll.
        if is_ready || count == polls {
            Poll::Ready(is_ready)
        } else {
            Poll::Pending
        }
    });
    run(polled)
}

#[test]
fn cancels_the_running_statement_when_the_future_is_dropped() {
    let hint = "Give the future a value whose `Drop` sets a flag, and read the flag in `Connection::progress_handler`: `true` cancels the statement.";
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
                "the query is cancelled when its future is dropped",
                wait(stopped).is_some(),
            );
        }
    });
}

#[test]
fn cancels_statements_that_start_after_the_drop() {
    let hint = "`sqlite3_interrupt` does not affect the next statement. Use a flag that stays set, and read it in `Connection::progress_handler`.";
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
            "the body ends, because both statements are cancelled",
            Deadline::start().recv(&end).is_some(),
        );
    });
}

#[test]
fn cancels_a_wait_for_a_lock_when_the_future_is_dropped() {
    let hint = "No progress handler runs during a wait for a lock. Read the flag in `Connection::busy_handler`, or set a short `busy_timeout`.";
    check(hint, |database| {
        let (tell_prepared, prepared) = oneshot::channel();
        let (tell_locked, locked) = channel::<()>();
        let (tell_end, end) = channel();
        // rusqlite waits for 5 seconds by default, so all tries together take longer than any deadline.
        let tries = 2 + Deadline::limit().as_secs() / 5;
        let body = move |connection: &Connection| -> concurrent::Result<()> {
            // Prepared before the lock is taken, so that `execute` waits and not `prepare`.
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
        database.expect("the body runs", work.comes_to(signalled(prepared)));
        if database.outside().execute_batch("BEGIN EXCLUSIVE").is_err() {
            return; // The transaction already has the lock, so nothing waits.
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
            "the body ends, because its statements stop waiting",
            Deadline::start().recv(&end).is_some(),
        );
    });
}
