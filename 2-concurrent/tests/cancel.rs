//! A future that is dropped half-way leaves nothing running and nothing open.

use std::path::Path;
use std::pin::Pin;
use std::sync::mpsc;
use std::task::Poll;

use concurrent::{Result, on_sqlx, with_connection};
use futures_lite::future::{self, FutureExt};
use rusqlite::Connection;
use shared::fixture::{ENDLESS, Fixture, make_users_endless, says};
use shared::recorder::{DEADLINE, Event, Recording, What, make_one_fail_and_one_run_on};
use shared::runtime::Runtime;

type Function = (&'static str, fn(&Path) -> Work<'_>);
type Work<'p> = Pin<Box<dyn Future<Output = Result<()>> + 'p>>;

/// The functions of the contract, as pieces of work that end alike.
const FUNCTIONS: [Function; 7] = [
    ("async_fetch_users", |path| {
        async move { concurrent::async_fetch_users(path).await.map(drop) }.boxed_local()
    }),
    ("async_fetch_older_users", |path| {
        async move { concurrent::async_fetch_older_users(path, 40).await.map(drop) }.boxed_local()
    }),
    ("fetch_concurrently", |path| {
        async move { concurrent::fetch_concurrently(path, 40).await.map(drop) }.boxed_local()
    }),
    ("with_connection", |path| {
        let body = |connection: &Connection| {
            connection.execute("DELETE FROM users WHERE id = 1", [])?;
            Ok(connection.execute("DELETE FROM users WHERE id = 2", [])?)
        };
        async move { with_connection(path, body).await.map(drop) }.boxed_local()
    }),
    ("on_sqlx::async_fetch_users", |path| {
        async move { on_sqlx::async_fetch_users(path).await.map(drop) }.boxed_local()
    }),
    ("on_sqlx::async_fetch_older_users", |path| {
        async move { on_sqlx::async_fetch_older_users(path, 40).await.map(drop) }.boxed_local()
    }),
    ("on_sqlx::fetch_concurrently", |path| {
        async move { on_sqlx::fetch_concurrently(path, 40).await.map(drop) }.boxed_local()
    }),
];

#[test]
fn dropped_at_each_event_inside_sqlite_every_connection_closes() {
    for (name, function) in FUNCTIONS {
        // One number after the other, until the work ends before it gets there.
        for number in 0.. {
            let fixture = Fixture::sample();
            let recording = Recording::start(fixture.path());
            let gate = recording.gate_at(number);
            let finished = until(function(fixture.path()), gate.reached());
            // Dropped above, with the thread held inside SQLite; let it go now.
            drop(gate);
            recording.wait_until_closed();
            if let Some(outcome) = finished {
                outcome.unwrap_or_else(|error| panic!("{name}, not dropped: {error}"));
                assert!(
                    number > 5,
                    "{name}: there are events to be dropped at\n{recording}"
                );
                break;
            }
        }
    }
}

#[test]
fn dropped_after_each_poll_every_connection_closes() {
    for (name, function) in FUNCTIONS {
        // One recording for all: a thread that opens its connection long after the drop is seen, too.
        let fixture = Fixture::sample();
        let recording = Recording::start(fixture.path());
        for polls in 1.. {
            let mut work = function(fixture.path());
            let mut count = 0;
            let finished = future::block_on(future::poll_fn(|context| {
                let poll = work.poll(context).map(Some);
                count += 1;
                // Pending: come back when it has been woken, for the next poll.
                if poll.is_pending() && count == polls {
                    Poll::Ready(None)
                } else {
                    poll
                }
            }));
            drop(work);
            if let Some(outcome) = finished {
                outcome.unwrap_or_else(|error| panic!("{name}, not dropped: {error}"));
                break;
            }
        }
        recording.wait_until_closed();
    }
}

#[test]
fn a_statement_that_would_run_for_ever_stops_when_its_future_is_dropped() {
    for (name, function) in FUNCTIONS
        .into_iter()
        .filter(|(name, _)| *name != "with_connection")
    {
        let fixture = Fixture::sample();
        make_users_endless(fixture.path());
        let recording = Recording::start(fixture.path());
        let connections = if name.ends_with("concurrently") { 2 } else { 1 };
        let begun = until_begun(&recording, "FROM users", connections);
        let outcome = until(function(fixture.path()), begun);
        assert!(outcome.is_none(), "{name} cannot end by itself");
        recording.wait_until_closed();
    }
}

#[test]
fn the_body_cannot_begin_another_statement_after_the_drop_neither_fresh_nor_prepared() {
    let fixture = Fixture::sample();
    let recording = Recording::start(fixture.path());
    let (report, outcomes) = mpsc::channel();
    let body = move |connection: &Connection| -> Result<()> {
        let mut prepared = connection.prepare("SELECT 1")?;
        let first = connection.query_one(ENDLESS, [], |_| Ok(())).is_err();
        // Whoever ignores the first error, and goes on with statements too small to be noticed.
        let fresh = connection.query_one("SELECT 1", [], |_| Ok(())).is_err();
        let small = prepared.query_one([], |_| Ok(())).is_err();
        let endless = connection.query_one(ENDLESS, [], |_| Ok(())).is_err();
        let write = connection.execute("DELETE FROM users", []).is_err();
        report.send([first, fresh, small, endless, write]).unwrap();
        Ok(())
    };
    let begun = until_begun(&recording, "RECURSIVE", 1);
    let work = with_connection(fixture.path(), body);
    let outcome = until(work, begun);
    assert!(outcome.is_none());
    assert_eq!(
        outcomes.recv_timeout(DEADLINE).unwrap(),
        [true; 5],
        "each statement is stopped or refused\n{recording}"
    );
    recording.wait_until_closed();
    let committed = recording
        .events()
        .into_iter()
        .any(|event| is_begun(&event, "COMMIT"));
    assert!(!committed, "what nobody waits for is not committed\n{recording}");
    drop(recording);
    let left: i64 = fixture
        .connection()
        .query_one("SELECT count(*) FROM users", [], |row| row.get(0))
        .unwrap();
    assert_eq!(left, 12);
}

#[test]
fn a_wait_for_somebody_elses_lock_ends_when_its_future_is_dropped() {
    let fixture = Fixture::sample();
    let (tell, told) = (mpsc::channel(), mpsc::channel());
    let body = move |connection: &Connection| -> Result<()> {
        // Prepared while there is no lock yet, so that it is the statement that waits.
        let mut delete = connection.prepare("DELETE FROM users")?;
        tell.0.send(()).unwrap();
        told.1.recv().unwrap();
        // Each of these waits 5 seconds for the lock, unless it is told not to: together, longer than the test.
        for _ in 0..1000 {
            assert!(delete.execute([]).is_err());
        }
        Ok(())
    };
    let recording = Recording::start(fixture.path());
    let other = fixture.connection();
    let locked = async {
        blocking::unblock(move || tell.1.recv()).await.unwrap();
        other.execute_batch("BEGIN EXCLUSIVE").unwrap();
        told.0.send(()).unwrap();
        until_begun(&recording, "DELETE", 1).await;
    };
    assert!(until(with_connection(fixture.path(), body), locked).is_none());
    recording.wait_until("the waiting connection is closed", |events| {
        events
            .iter()
            .any(|event| event.connection == 1 && event.what == What::Closed)
    });
    drop(other);
}

#[test]
fn stopping_one_query_touches_no_other_connection_and_no_later_query() {
    let fixture = Fixture::sample();
    let (go, wait) = mpsc::channel::<()>();
    let other = move |connection: &Connection| -> Result<i64> {
        let mut prepared = connection.prepare("SELECT count(*) FROM users")?;
        wait.recv().unwrap();
        Ok(prepared.query_one([], |row| row.get(0))?)
    };
    let recording = Recording::start(fixture.path());
    let endless = with_connection(fixture.path(), |connection| {
        Ok(connection.query_one(ENDLESS, [], |_| Ok(()))?)
    });
    let stopped = async {
        assert!(
            future::or(async { Some(endless.await) }, async {
                until_begun(&recording, "RECURSIVE", 1).await;
                None
            })
            .await
            .is_none()
        );
        go.send(()).unwrap();
    };
    let (count, ()) = future::block_on(future::zip(with_connection(fixture.path(), other), stopped));
    assert_eq!(count.unwrap(), 12, "{recording}");
    // The next ones get the threads of the last ones.
    for _ in 0..10 {
        assert_eq!(
            future::block_on(concurrent::async_fetch_users(fixture.path()))
                .unwrap()
                .len(),
            12
        );
    }
}

#[test]
fn dropped_on_any_runtime_the_statement_stops() {
    for runtime in [Runtime::Tokio, Runtime::AsyncStd, Runtime::Smol] {
        let fixture = Fixture::sample();
        make_users_endless(fixture.path());
        let recording = Recording::start(fixture.path());
        let both = future::zip(
            concurrent::fetch_concurrently(fixture.path(), 40),
            on_sqlx::fetch_concurrently(fixture.path(), 40),
        );
        let begun = async {
            until_begun(&recording, "FROM users", 4).await;
            None
        };
        let outcome = runtime.block_on(future::or(async { Some(both.await) }, begun));
        assert!(outcome.is_none(), "{runtime:?}");
        recording.wait_until_closed();
    }
}

#[test]
fn work_that_has_not_begun_never_begins() {
    let fixture = Fixture::sample();
    let recording = Recording::start(fixture.path());
    drop(concurrent::async_fetch_users(fixture.path()));
    drop(on_sqlx::async_fetch_users(fixture.path()));
    assert_eq!(recording.opened_connections(), 0);
}

#[test]
fn when_one_query_fails_the_other_is_stopped_and_both_are_closed() {
    for (name, function) in FUNCTIONS
        .into_iter()
        .filter(|(name, _)| name.ends_with("concurrently"))
    {
        let fixture = Fixture::sample();
        make_one_fail_and_one_run_on(fixture.path());
        let recording = Recording::start(fixture.path());
        recording.meeting_of(2);
        // That it comes back at all is the proof that the other was stopped: it cannot end by itself.
        let error = future::block_on(function(fixture.path())).unwrap_err();
        assert!(
            says(&error, "on purpose"),
            "{name}: the reason, and not that the other was stopped: {error}"
        );
        recording.wait_until_closed();
    }
}

/// Runs the work until it is finished, or until the event has happened: then drops it, and returns `None`.
fn until<T>(work: impl Future<Output = T>, event: impl Future<Output = ()>) -> Option<T> {
    let dropped = async {
        event.await;
        None
    };
    future::block_on(future::or(async { Some(work.await) }, dropped))
}

fn is_begun(event: &Event, part: &str) -> bool {
    matches!(&event.what, What::Begun { sql, .. } if sql.contains(part))
}

/// Completes when that many statements with this text have begun.
async fn until_begun(recording: &Recording, part: &str, count: usize) {
    recording
        .happened(|events| events.iter().filter(|event| is_begun(event, part)).count() >= count)
        .await;
}
