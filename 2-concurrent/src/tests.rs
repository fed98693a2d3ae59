//! How many connections there may be, which is this solution's own affair.

use futures_lite::future;
use recorder::Recording;
use testkit::TempDatabase;
use testkit::faults::make_users_wait_at_barrier;
use tokio::runtime::Builder;
use tokio::task::JoinSet;

use super::*;

#[test]
fn at_most_64_connections_are_open_on_both_drivers_together() {
    let temporary = TempDatabase::sample();
    let recording = Recording::start(temporary.path());
    let work = async {
        let mut tasks = JoinSet::new();
        for _ in 0..300 {
            let database = temporary.path().to_owned();
            tasks.spawn(async move {
                future::zip(
                    async_fetch_users(&database),
                    on_sqlx::async_fetch_users(&database),
                )
                .await
            });
        }
        for (one, other) in tasks.join_all().await {
            assert_eq!((one.unwrap().len(), other.unwrap().len()), (12, 12));
        }
    };
    Builder::new_current_thread()
        .build()
        .unwrap()
        .block_on(work);
    let most = recording.timeline().most_open_connections();
    assert!(most <= 64, "{most}");
}

/// As in a retry loop with a timeout, on queries that do not stop at once.
#[test]
fn sqlx_connections_of_dropped_fetches_count_until_they_are_closed() {
    let temporary = TempDatabase::sample();
    make_users_wait_at_barrier(&temporary.connection());
    let recording = Recording::start(temporary.path());
    // A query that waits for others inside a function of SQL cannot be stopped there.
    recording.set_barrier(1000);
    for number in 1..=64 {
        let work = async { on_sqlx::async_fetch_users(temporary.path()).await.is_ok() };
        let arrived = async {
            recording.arrived(number).await;
            false
        };
        assert!(
            !future::block_on(future::or(work, arrived)),
            "they cannot meet"
        );
    }
    assert!(
        limit::CONNECTIONS.try_acquire().is_none(),
        "all are dropped, and all are still open"
    );
    recording.set_barrier(0);
    recording.wait_until_closed();
}
