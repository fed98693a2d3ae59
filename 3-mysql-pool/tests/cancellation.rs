//! Futures that are dropped part-way, at every place where they can be.
//!
//! The proof is the server's: no connection is left in its process list, no statement runs on, and `Aborted_clients`,
//! which counts the connections that were cut instead of closed, has not risen. It counts for a whole server, so each
//! test that reads it has one of its own.

mod support;

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

use mysql_async::Pool;
use mysql_async::prelude::Queryable;
use mysql_pool::{Result, fetch_concurrently, fetch_older_users, fetch_users, with_pool};
use shared::sample_users;
use support::relay::Relay;
use support::{Database, run, waits_for_a_lock};

/// Drops what `part` does, of a body, while the relay holds the packet `k`; for every `k` until it completes before.
/// After each: the pool serves again, and in the end nobody is left and nobody was cut.
async fn dropped_at_every_packet(connections: usize, part: impl AsyncFn(&Pool)) {
    let mut database = Database::on_its_own_server().await;
    let relay = Relay::start(database.port()).await;
    let url = database.url_through(relay.port);
    let before = database.aborted().await;
    for k in 0.. {
        let dropped = with_pool(&url, connections, async |pool| {
            relay.hold(k);
            let dropped = tokio::select! {
                () = part(pool) => false,
                () = relay.held() => true,
            };
            relay.release();
            assert_eq!(fetch_users(pool).await?, sample_users(), "after packet {k}");
            Ok(dropped)
        });
        let dropped = dropped
            .await
            .unwrap_or_else(|error| panic!("after packet {k}: {error}"));
        database.until_nobody_is_left().await;
        assert_eq!(database.aborted().await, before, "after packet {k}");
        if !dropped {
            assert!(k > 10, "only {k} packets passed the relay");
            return;
        }
    }
}

#[test]
fn fetch_users_dropped_at_every_packet_gives_its_connection_back_whole() {
    run(dropped_at_every_packet(1, async |pool| {
        drop(fetch_users(pool).await.unwrap())
    }));
}

/// The kill arrives first, at a server which has not yet read what it is to stop, or has answered already. It must
/// neither come to nothing nor hit a later statement.
#[test]
fn a_kill_that_overtakes_the_held_packet_hits_no_other_statement() {
    run(async {
        let mut database = Database::on_its_own_server().await;
        let relay = Relay::start(database.port()).await;
        let url = database.url_through(relay.port);
        let before = database.aborted().await;
        for k in 0.. {
            let dropped = with_pool(&url, 1, async |pool| {
                relay.hold(k);
                let dropped = tokio::select! {
                    result = fetch_users(pool) => result.map(|_| false)?,
                    () = relay.held() => true,
                };
                if dropped {
                    relay.connection_ended().await; // the one that killed
                }
                relay.release();
                for _ in 0..3 {
                    assert_eq!(fetch_users(pool).await?, sample_users(), "after packet {k}");
                }
                Ok(dropped)
            });
            let dropped = dropped
                .await
                .unwrap_or_else(|error| panic!("after packet {k}: {error}"));
            database.until_nobody_is_left().await;
            assert_eq!(database.aborted().await, before, "after packet {k}");
            if !dropped {
                assert!(k > 10, "only {k} packets passed the relay");
                return;
            }
        }
    });
}

#[test]
fn fetch_older_users_dropped_at_every_packet_gives_its_connection_back_whole() {
    run(dropped_at_every_packet(1, async |pool| {
        drop(fetch_older_users(pool, 40).await.unwrap())
    }));
}

/// Here the second query has to open its connection.
#[test]
fn fetch_concurrently_dropped_at_every_packet_gives_both_connections_back_whole() {
    run(dropped_at_every_packet(2, async |pool| {
        drop(fetch_concurrently(pool, 40).await.unwrap())
    }));
}

#[test]
fn fetch_concurrently_dropped_at_every_packet_works_on_a_single_connection() {
    run(dropped_at_every_packet(1, async |pool| {
        drop(fetch_concurrently(pool, 40).await.unwrap())
    }));
}

#[test]
fn with_pool_dropped_at_every_packet_leaves_no_connection() {
    run(async {
        let mut database = Database::on_its_own_server().await;
        let relay = Relay::start(database.port()).await;
        let url = database.url_through(relay.port);
        for k in 0.. {
            relay.hold(k);
            let dropped = tokio::select! {
                lists = with_pool(&url, 2, async |pool| fetch_concurrently(pool, 40).await) => {
                    assert_eq!(lists.unwrap().0, sample_users());
                    false
                }
                () = relay.held() => true,
            };
            relay.release();
            database.until_nobody_is_left().await;
            if !dropped {
                assert!(k > 20, "only {k} packets passed the relay");
                return;
            }
        }
    });
}

/// Polls a future until it has been polled `polls` times, and drops it then.
async fn dropped_after<T>(polls: usize, future: impl Future<Output = T>) -> Option<T> {
    let mut future = pin!(future);
    let mut polled = 0;
    poll_fn(|context| {
        if polled == polls {
            return Poll::Ready(None);
        }
        polled += 1;
        let poll = future.as_mut().poll(context).map(Some);
        if poll.is_pending() && polled == polls {
            return Poll::Ready(None);
        }
        poll
    })
    .await
}

#[test]
fn dropped_after_every_poll_leaves_nothing() {
    run(async {
        let mut database = Database::on_its_own_server().await;
        let before = database.aborted().await;
        let url = database.url.clone();
        for fetch in 0..3 {
            for polls in 0.. {
                let completed = with_pool(&url, 2, async |pool| {
                    Ok(match fetch {
                        0 => dropped_after(polls, fetch_users(pool)).await.is_some(),
                        1 => dropped_after(polls, fetch_older_users(pool, 40)).await.is_some(),
                        _ => dropped_after(polls, fetch_concurrently(pool, 40)).await.is_some(),
                    })
                });
                let completed = completed.await.unwrap();
                database.until_nobody_is_left().await;
                assert_eq!(database.aborted().await, before, "after {polls} polls");
                if completed {
                    break;
                }
            }
        }
        for polls in 0.. {
            let whole = with_pool(&url, 2, async |pool| fetch_concurrently(pool, 40).await);
            let completed = dropped_after(polls, whole).await.is_some();
            database.until_nobody_is_left().await;
            if completed {
                break;
            }
        }
    });
}

#[test]
fn a_statement_stops_on_the_server_when_its_future_is_dropped() {
    run(async {
        let mut database = Database::on_its_own_server().await;
        database.sql("DO GET_LOCK('gate', 0)").await;
        database.gate("gate").await;
        let before = database.aborted().await;
        let url = database.url.clone();
        with_pool(&url, 2, async |pool| {
            tokio::select! {
                result = fetch_concurrently(pool, 40) => panic!("passed a closed gate: {result:?}"),
                _ = database.until("both wait", |list| list.iter().filter(|one| waits_for_a_lock(one)).count() == 2) => {}
            }
            // The lock is held still: what ends the statements is the drop.
            database.until("nothing runs", |list| list.iter().all(|one| one.command == "Sleep")).await;
            database.sql("DO RELEASE_LOCK('gate')").await;
            // The same connections serve again, and no kill that came late hits them.
            for _ in 0..20 {
                let (all, older) = fetch_concurrently(pool, 40).await?;
                assert_eq!((all.len(), older.len()), (12, 4));
            }
            Ok(())
        })
        .await
        .unwrap();
        database.until_nobody_is_left().await;
        assert_eq!(database.aborted().await, before);
    });
}

/// One stands still and the other fails: first whichever has the connection that the pool began with, then the other.
#[test]
fn a_query_that_fails_stops_the_other_and_its_own_error_is_the_reason() {
    run(async {
        for which in ["=", "<>"] {
            let mut database = Database::on_its_own_server().await;
            database.sql("DO GET_LOCK('gate', 0)").await;
            database.sql("RENAME TABLE users TO people").await;
            let before = database.aborted().await;
            let url = database.url.clone();
            let error = with_pool(&url, 2, async |pool| {
                let first = database.processes().await[0].id;
                let function = format!(
                    "CREATE FUNCTION pass_or_fail(value BIGINT) RETURNS BIGINT NOT DETERMINISTIC BEGIN \
                     IF CONNECTION_ID() {which} {first} THEN \
                     SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'as the test asked'; END IF; \
                     DO GET_LOCK('gate', 1000); RETURN value; END"
                );
                database.sql(&function).await;
                let view = "CREATE VIEW users AS SELECT pass_or_fail(id) AS id, name, email, age FROM people";
                database.sql(view).await;
                let error = fetch_concurrently(pool, 40).await.unwrap_err();
                // The gate is closed still: what ends the other one is the error.
                database
                    .until("nothing runs", |list| {
                        list.iter().all(|one| one.statement.is_empty())
                    })
                    .await;
                Result::<()>::Err(error)
            })
            .await
            .unwrap_err();
            assert!(error.to_string().contains("as the test asked"), "{error}");
            database.until_nobody_is_left().await;
            assert_eq!(database.aborted().await, before);
        }
    });
}

#[test]
fn a_raw_query_of_the_body_ends_on_the_server_when_with_pool_is_dropped() {
    run(async {
        let mut database = Database::on_its_own_server().await;
        let url = database.url.clone();
        tokio::select! {
            result = with_pool(&url, 2, async |pool| {
                let mut connection = pool.get_conn().await?;
                // Not SLEEP: that one looks by itself, now and then, whether its client is still there.
                connection.query_drop("SELECT BENCHMARK(1000000000000, MD5('a'))").await?;
                Ok(())
            }) => panic!("nobody can count that far: {result:?}"),
            _ = database.until("it runs", |list| list.iter().any(|one| one.statement.contains("BENCHMARK"))) => {}
        }
        database.until_nobody_is_left().await;
    });
}

/// A stranger's connection is not killed, whatever it runs.
#[test]
fn what_other_pools_run_goes_on_when_with_pool_is_dropped() {
    run(async {
        let mut database = Database::on_its_own_server().await;
        let url = database.url.clone();
        let mut stranger = support::connect(&url).await;
        database.sql("DO GET_LOCK('done', 0)").await;
        let waiting = tokio::spawn(async move {
            let got: Option<u8> = stranger
                .query_first("SELECT GET_LOCK('done', 1000)")
                .await
                .unwrap();
            (got, stranger)
        });
        tokio::select! {
            result = with_pool(&url, 2, async |pool| {
                let mut connection = pool.get_conn().await?;
                connection.query_drop("SELECT BENCHMARK(1000000000000, MD5('a'))").await?;
                Ok(())
            }) => panic!("nobody can count that far: {result:?}"),
            _ = database.until("both run", |list| {
                list.iter().any(|one| one.statement.contains("BENCHMARK")) && list.iter().any(waits_for_a_lock)
            }) => {}
        }
        database
            .until(
                "only the stranger is left",
                |list| matches!(list, [one] if waits_for_a_lock(one)),
            )
            .await;
        database.sql("DO RELEASE_LOCK('done')").await;
        let (got, stranger) = waiting.await.unwrap();
        assert_eq!(got, Some(1));
        stranger.disconnect().await.unwrap();
    });
}

#[test]
fn a_drop_outside_the_runtime_does_not_panic_and_leaves_nothing() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let mut database = runtime.block_on(Database::on_its_own_server());
    let before = runtime.block_on(database.aborted());
    let url = database.url.clone();
    runtime.block_on(database.sql("DO GET_LOCK('gate', 0)"));
    runtime.block_on(database.gate("gate"));
    let mut future = Box::pin(with_pool(&url, 2, async |pool| {
        fetch_concurrently(pool, 40).await
    }));
    runtime.block_on(async {
        tokio::select! {
            result = &mut future => panic!("passed a closed gate: {result:?}"),
            _ = database.until("both wait", |list| list.iter().filter(|one| waits_for_a_lock(one)).count() == 2) => {}
        }
    });
    drop(future);
    runtime.block_on(async {
        database.until_nobody_is_left().await;
        assert_eq!(database.aborted().await, before);
    });
}

/// The statements are stopped by one short-lived connection each, and not those by one that only wait for a connection.
#[test]
fn many_dropped_at_once_stop_only_what_runs() {
    run(async {
        let mut database = Database::on_its_own_server().await;
        database.sql("DO GET_LOCK('gate', 0)").await;
        database.gate("gate").await;
        let before = database.aborted().await;
        let url = database.url.clone();
        with_pool(&url, 20, async |pool| {
            let many: Vec<_> = (0..200)
                .map(|_| {
                    let pool = pool.clone();
                    tokio::spawn(async move { fetch_users(&pool).await })
                })
                .collect();
            database
                .until("20 wait", |list| {
                    list.iter().filter(|one| waits_for_a_lock(one)).count() == 20
                })
                .await;
            for one in &many {
                one.abort();
            }
            let mut most = 0;
            database
                .until("nothing runs", |list| {
                    most = most.max(list.len());
                    list.len() == 20 && list.iter().all(|one| one.command == "Sleep")
                })
                .await;
            // Twenty of the pool, the one that looks, and at the most one that kills for each fetch that runs.
            assert!(most <= 41, "{most} connections");
            Result::Ok(())
        })
        .await
        .unwrap();
        database.until_nobody_is_left().await;
        assert_eq!(database.aborted().await, before);
    });
}
