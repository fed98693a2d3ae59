//! What this solution does beyond what every solution must.

use std::task::Poll;

use futures_lite::future;
use shared::fixture::Fixture;
use shared::recorder::{Recording, make_one_fail_and_one_run_on, make_users_meet};
use smol::LocalExecutor;

use super::*;

/// Polls a fetch on sqlx that often, and then drops it. Returns whether it had finished.
fn drop_after(polls: usize, database: &Path) -> bool {
    let mut work = Box::pin(on_sqlx::async_fetch_users(database));
    let mut count = 0;
    future::block_on(future::poll_fn(|context| {
        let is_ready = work.as_mut().poll(context).is_ready();
        count += 1;
        if is_ready || count == polls {
            Poll::Ready(is_ready)
        } else {
            Poll::Pending
        }
    }))
}

#[test]
fn when_the_error_comes_back_both_connections_are_closed() {
    let fixture = Fixture::sample();
    make_one_fail_and_one_run_on(fixture.path());
    let recording = Recording::start(fixture.path());
    recording.meeting_of(2);
    assert!(future::block_on(fetch_concurrently(fixture.path(), 40)).is_err());
    assert_eq!(
        (recording.opened_connections(), recording.open_connections()),
        (2, 0),
        "{recording}"
    );

    recording.meeting_of(2);
    assert!(future::block_on(on_sqlx::fetch_concurrently(fixture.path(), 40)).is_err());
    assert_eq!(
        (recording.opened_connections(), recording.open_connections()),
        (4, 0),
        "{recording}"
    );
}

#[test]
fn the_reason_is_returned_and_never_that_the_other_query_was_stopped() {
    // No table: both fail, at about the same time, and the other may be refused while it prepares.
    let fixture = Fixture::of("CREATE TABLE other (id)");
    for _ in 0..500 {
        let error = future::block_on(fetch_concurrently(fixture.path(), 40)).unwrap_err();
        assert!(error.to_string().contains("no such table"), "{error}");
        let error = future::block_on(on_sqlx::fetch_concurrently(fixture.path(), 40)).unwrap_err();
        assert!(error.to_string().contains("no such table"), "{error}");
    }
}

#[test]
fn at_most_64_connections_are_open_on_both_drivers_together() {
    let fixture = Fixture::sample();
    let recording = Recording::start(fixture.path());
    let executor = LocalExecutor::new();
    let tasks: Vec<_> = (0..300)
        .map(|_| {
            executor.spawn(future::zip(
                async_fetch_users(fixture.path()),
                on_sqlx::async_fetch_users(fixture.path()),
            ))
        })
        .collect();
    future::block_on(executor.run(async {
        for task in tasks {
            let (one, other) = task.await;
            assert_eq!((one.unwrap().len(), other.unwrap().len()), (12, 12));
        }
    }));
    assert!(
        recording.most_open_connections() <= 64,
        "{}",
        recording.most_open_connections()
    );
}

/// As in a retry loop with a timeout, on queries that do not stop at once.
#[test]
fn sqlx_connections_of_dropped_fetches_count_until_they_are_closed() {
    let fixture = Fixture::sample();
    make_users_meet(fixture.path());
    let recording = Recording::start(fixture.path());
    // A query that waits for others inside a function of SQL cannot be stopped there.
    recording.meeting_of(1000);
    for number in 1..=64 {
        let work = async { on_sqlx::async_fetch_users(fixture.path()).await.is_ok() };
        let arrived = async {
            recording.arrived(number).await;
            false
        };
        assert!(!future::block_on(future::or(work, arrived)), "they cannot meet");
    }
    assert!(
        thread::CONNECTIONS.try_acquire().is_none(),
        "all are dropped, and all are still open"
    );
    recording.meeting_of(0);
    recording.wait_until_closed();
}

#[test]
fn sqlx_closes_no_connection_on_the_executors_thread_wherever_it_is_dropped() {
    for _ in 0..20 {
        let fixture = Fixture::sample();
        let recording = Recording::start(fixture.path());
        for polls in 1.. {
            if drop_after(polls, fixture.path()) {
                break;
            }
        }
        recording.wait_until_closed();
        let here = std::thread::current().id();
        assert!(
            recording.events().iter().all(|event| event.thread != here),
            "{recording}"
        );
    }
}
