//! The pool on a Galera cluster of three nodes behind HAProxy, with the configuration of `docs/cluster/`.
//!
//! Where HAProxy or Galera is not installed, these tests say so and pass. `docs/cluster.md` says what is promised.
#![cfg(unix)]

mod load;
mod nodes;

use std::panic::AssertUnwindSafe;
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use mysql_async::prelude::Queryable;
use mysql_pool::{Error, fetch_concurrently, fetch_older_users, fetch_users, with_pool};
use shared::sample_users;
use tokio::runtime::Runtime;
use tokio::time::sleep;

use load::{Load, TASKS, expect_clear};
use nodes::{Cluster, connect, expect_in_time, on_the_cluster};

/// What a fetch says whose node is gone.
const GONE: [&str; 3] = [
    "the connection failed",
    "the connection is closed",
    "the server has closed it",
];

#[test]
fn fetches_the_users_and_closes_every_connection_politely() {
    on_the_cluster(async |cluster| {
        let before = cluster.aborted_without_checks().await;
        let url = cluster.url("temp");
        let (all, older) = with_pool(&url, 6, async |pool| {
            assert_eq!(fetch_older_users(pool, 52).await?.len(), 2);
            let mut held = Vec::new();
            for _ in 0..6 {
                held.push(pool.get_conn().await?);
            }
            for node in 0..3 {
                assert_eq!(cluster.connections(node).await, 2, "on node {node}");
            }
            drop(held);
            fetch_concurrently(pool, 40).await
        })
        .await
        .unwrap();
        assert_eq!(all, sample_users());
        assert_eq!(older.len(), 4);

        let failed = with_pool(&url, 2, async |pool| {
            pool.get_conn().await?.query_drop("SELECT nothing").await?;
            Ok(())
        });
        failed.await.unwrap_err();
        let panicked = with_pool(&url, 2, async |pool| {
            fetch_users(pool).await?;
            if url.len() > 1 {
                panic!("as the test asked");
            }
            Ok(())
        });
        AssertUnwindSafe(panicked).catch_unwind().await.unwrap_err();
        cluster.until_ada_has_left().await;
        assert_eq!(cluster.aborted().await, before);

        // The counter works: one is cut, because its runtime is gone.
        let url = cluster.node_url(1, "temp");
        std::thread::spawn(move || {
            let runtime = Runtime::new().unwrap();
            let connection = runtime.block_on(connect(&url));
            drop(runtime);
            drop(connection);
        })
        .join()
        .unwrap();
        cluster.until_ada_has_left().await;
        assert_eq!(
            cluster.aborted().await,
            [before[0], before[1] + 1, before[2]]
        );
    });
}

#[test]
fn the_next_user_of_a_connection_sees_nothing_of_the_last_one() {
    on_the_cluster(async |cluster| {
        with_pool(&cluster.url("temp"), 3, async |pool| {
            for _ in 0..6 {
                let mut connection = pool.get_conn().await?;
                for statement in [
                    "SET @mine = 1",
                    "CREATE TEMPORARY TABLE mine (id INT)",
                    "START TRANSACTION",
                    "DELETE FROM users",
                    "USE slow",
                ] {
                    connection.query_drop(statement).await?;
                }
                drop(connection);
                assert_eq!(fetch_users(pool).await?, sample_users());
                let mut connection = pool.get_conn().await?;
                let seen: Option<(Option<i64>, String)> =
                    connection.query_first("SELECT @mine, DATABASE()").await?;
                assert_eq!(seen, Some((None, "temp".to_owned())));
                connection
                    .query_drop("SELECT * FROM mine")
                    .await
                    .unwrap_err();
            }
            Ok(())
        })
        .await
        .unwrap();
    });
}

#[test]
fn a_wrong_password_is_an_error_without_it() {
    on_the_cluster(async |cluster| {
        let url = cluster.url("temp").replace("secret", "pa55word");
        let error = with_pool(&url, 2, async |_| Ok(())).await.unwrap_err();
        let text = error.to_string();
        assert!(text.contains("Access denied") && text.contains("127.0.0.1"));
        assert!(!text.contains("pa55word"), "{text}");
    });
}

/// Other clients of the same user, whose connections have the ids that the pool's have on other nodes.
struct Strangers(Vec<tokio::task::JoinHandle<mysql_async::Result<()>>>);

impl Strangers {
    const SLEEP: &str = "SELECT SLEEP(999)";

    async fn join(cluster: &mut Cluster<'_>, on_each: usize) -> Strangers {
        let mut tasks = Vec::new();
        for node in 0..3 {
            for _ in 0..on_each {
                let mut stranger = connect(&cluster.node_url(node, "temp")).await;
                tasks.push(tokio::spawn(async move {
                    stranger.query_drop(Strangers::SLEEP).await
                }));
            }
        }
        let begun = Instant::now();
        for node in 0..3 {
            while cluster.running(node, Strangers::SLEEP).await < on_each {
                expect_in_time(begun, "the strangers sleep");
                sleep(Duration::from_millis(5)).await;
            }
        }
        Strangers(tasks)
    }

    /// Expects that no statement was stopped, and ends them.
    async fn expect_undisturbed(self, cluster: &mut Cluster<'_>) {
        let stopped = self.0.iter().filter(|one| one.is_finished()).count();
        assert_eq!(stopped, 0, "strangers whose statement was stopped");
        for node in 0..3 {
            let left = cluster.running(node, Strangers::SLEEP).await;
            assert_eq!(left * 3, self.0.len(), "on node {node}");
            let ids =
                "SELECT GROUP_CONCAT(id) FROM information_schema.processlist WHERE user = 'ada'";
            let ids: String = cluster.read(node, ids).await;
            for id in ids.split(',') {
                // One that has just ended is no failure.
                cluster
                    .run(node, &format!("BEGIN NOT ATOMIC DECLARE CONTINUE HANDLER FOR 1094 DO 0; KILL {id}; END"))
                    .await;
            }
        }
    }
}

#[test]
fn two_hundred_cancelled_fetches_are_stopped_each_on_its_node_and_no_stranger_is() {
    on_the_cluster(async |cluster| {
        let strangers = Strangers::join(cluster, 30).await;
        let before = cluster.aborted_without_checks().await;
        let url = cluster.url("slow");
        with_pool(&url, 20, async |pool| {
            for _ in 0..10 {
                let fetches: Vec<_> = (0..20)
                    .map(|_| {
                        let pool = pool.clone();
                        tokio::spawn(async move { fetch_users(&pool).await })
                    })
                    .collect();
                until_queries(cluster, 20).await;
                for fetch in &fetches {
                    fetch.abort();
                }
                // The statements would sleep for hours: a KILL has ended each.
                until_queries(cluster, 0).await;
            }
            Ok(())
        })
        .await
        .unwrap();
        assert_eq!(cluster.aborted().await, before);
        strangers.expect_undisturbed(cluster).await;
        cluster.until_ada_has_left().await;
    });
}

/// Waits until the nodes run this number of fetches in all.
async fn until_queries(cluster: &mut Cluster<'_>, count: usize) {
    let begun = Instant::now();
    loop {
        let mut running = 0;
        for node in 0..3 {
            running += cluster.running(node, "FROM users").await;
        }
        if running == count {
            return;
        }
        expect_in_time(begun, &format!("{count} fetches run, not {running}"));
        sleep(Duration::from_millis(5)).await;
    }
}

/// Expects that at most so many fetches failed, each with a clear error.
#[track_caller]
fn expect_few(errors: &[Error], most: usize) {
    expect_clear(errors, &GONE);
    let first: Vec<String> = errors.iter().take(3).map(Error::to_string).collect();
    assert!(
        errors.len() <= most,
        "{} fetches failed: {first:#?}",
        errors.len()
    );
}

/// Waits until ada has a connection to each node, and expects that she never has more than the pool may have.
async fn until_spread(cluster: &mut Cluster<'_>) {
    let begun = Instant::now();
    loop {
        let counts = connections(cluster, &[0, 1, 2]).await;
        if counts.iter().all(|count| *count > 0) {
            return;
        }
        expect_in_time(begun, &format!("the pool has spread, not {counts:?}"));
        sleep(Duration::from_millis(20)).await;
    }
}

/// Returns how many connections ada has to each of these nodes. They are asked one after the other, while connections move:
/// so more than the pool may have count only if a second look also finds more.
async fn connections(cluster: &mut Cluster<'_>, nodes: &[usize]) -> Vec<usize> {
    let mut looks = 0;
    loop {
        let mut counts = Vec::new();
        for node in nodes {
            counts.push(cluster.connections(*node).await);
        }
        if counts.iter().sum::<usize>() <= TASKS {
            return counts;
        }
        looks += 1;
        assert!(looks < 5, "more than {TASKS} connections: {counts:?}");
    }
}

/// Connections live for a second, so that the pool spreads again while the test waits.
const SHORT_LIVES: &str = "temp?abs_conn_ttl=1&ttl_check_interval=1";

#[test]
fn a_killed_node_fails_the_fetches_in_flight_and_gets_its_share_again_when_it_is_back() {
    on_the_cluster(async |cluster| {
        let url = cluster.url(SHORT_LIVES);
        with_pool(&url, TASKS, async |pool| {
            let load = Load::start(pool);
            load.until_each_has_done(10).await;
            until_spread(cluster).await;
            const REMAIN: &[usize] = &[1, 2];
            cluster.temp().node(0).kill().unwrap();
            load.until_each_has_done(10).await;
            cluster.until(0, "DOWN");
            connections(cluster, &[1, 2]).await;
            cluster.until_members(REMAIN).await;
            cluster.temp().restart(0).unwrap();
            cluster.until(0, "UP");
            cluster.look_again(0).await;
            until_spread(cluster).await;
            load.until_each_has_done(10).await;
            expect_few(&load.stop().await, TASKS);
            Ok(())
        })
        .await
        .unwrap();
    });
}

#[test]
fn a_frozen_node_fails_the_fetches_in_flight_when_haproxy_gives_it_up() {
    on_the_cluster(async |cluster| {
        let url = cluster.url(SHORT_LIVES);
        with_pool(&url, TASKS, async |pool| {
            let load = Load::start(pool);
            load.until_each_has_done(10).await;
            until_spread(cluster).await;
            const REMAIN: &[usize] = &[0, 2];
            cluster.temp().node(1).freeze().unwrap();
            cluster.until(1, "DOWN");
            load.until_each_has_done(10).await;
            connections(cluster, &[0, 2]).await;
            cluster.until_members(REMAIN).await;
            cluster.temp().node(1).thaw().unwrap();
            cluster.until(1, "UP");
            until_spread(cluster).await;
            load.until_each_has_done(10).await;
            expect_few(&load.stop().await, TASKS);
            Ok(())
        })
        .await
        .unwrap();
    });
}

/// The node admits clients and fails each query, until HAProxy has noticed. So more fetches fail than were in flight.
#[test]
fn a_node_that_has_lost_the_others_fails_fetches_only_until_haproxy_notices() {
    on_the_cluster(async |cluster| {
        let url = cluster.url(SHORT_LIVES);
        with_pool(&url, TASKS, async |pool| {
            let load = Load::start(pool);
            load.until_each_has_done(10).await;
            until_spread(cluster).await;
            cluster
                .run(2, "SET GLOBAL wsrep_provider_options = 'gmcast.isolate=1'")
                .await;
            cluster.until(2, "DOWN");
            load.until_each_has_done(1).await;
            let errors = load.stop().await;
            let allowed = [&GONE[..], &["(error 1047)"]].concat();
            expect_clear(&errors, &allowed);
            println!("{} fetches failed", errors.len());

            let load = Load::start(pool);
            load.until_each_has_done(50).await;
            connections(cluster, &[0, 1]).await;
            cluster
                .run(2, "SET GLOBAL wsrep_provider_options = 'gmcast.isolate=0'")
                .await;
            cluster.until(2, "UP");
            until_spread(cluster).await;
            expect_few(&load.stop().await, 0);
            Ok(())
        })
        .await
        .unwrap();
    });
}

/// Without HAProxy: the pool's first connection is to a node that has lost the others.
#[test]
fn a_connection_to_a_node_that_has_lost_the_others_does_not_stay_in_the_pool() {
    on_the_cluster(async |cluster| {
        let url = cluster.node_url(2, "temp");
        with_pool(&url, 1, async |pool| {
            fetch_users(pool).await?;
            let id = "SELECT id FROM information_schema.processlist WHERE user = 'ada'";
            let first: u64 = cluster.read(2, id).await;
            cluster
                .run(2, "SET GLOBAL wsrep_provider_options = 'gmcast.isolate=1'")
                .await;
            let begun = Instant::now();
            let error = loop {
                match fetch_users(pool).await {
                    Ok(users) => assert_eq!(users, sample_users()),
                    Err(error) => break error,
                }
                expect_in_time(begun, "the node has lost the others");
            };
            expect_clear(&[error], &["(error 1047)"]);
            let begun = Instant::now();
            while cluster.connections(2).await > 0 {
                expect_in_time(begun, &format!("the connection {first} is closed"));
                sleep(Duration::from_millis(5)).await;
            }
            cluster.until(2, "DOWN");
            cluster
                .run(2, "SET GLOBAL wsrep_provider_options = 'gmcast.isolate=0'")
                .await;
            cluster.until(2, "UP");
            assert_eq!(fetch_users(pool).await?, sample_users());
            Ok(())
        })
        .await
        .unwrap();
    });
}

#[test]
fn a_drained_node_fails_no_fetch_and_loses_its_connections_when_their_time_is_over() {
    on_the_cluster(async |cluster| {
        let before = cluster.aborted_without_checks().await;
        let url = cluster.url(SHORT_LIVES);
        with_pool(&url, TASKS, async |pool| {
            let load = Load::start(pool);
            load.until_each_has_done(10).await;
            until_spread(cluster).await;
            cluster
                .temp()
                .tell("set server galera/node2 state drain")
                .unwrap();
            let begun = Instant::now();
            while connections(cluster, &[0, 1, 2]).await[1] > 0 {
                expect_in_time(begun, "the drained node has no connections");
                sleep(Duration::from_millis(20)).await;
            }
            load.until_each_has_done(10).await;
            cluster
                .temp()
                .tell("set server galera/node2 state ready")
                .unwrap();
            until_spread(cluster).await;
            expect_few(&load.stop().await, 0);
            Ok(())
        })
        .await
        .unwrap();
        cluster.until_ada_has_left().await;
        assert_eq!(cluster.aborted().await, before);
    });
}

/// Another node may not have applied the write yet, not even with `wsrep_sync_wait`. A write may conflict with the last one,
/// which its node has not applied: error 1213.
#[test]
fn a_read_sees_the_last_write_on_the_connection_that_wrote() {
    on_the_cluster(async |cluster| {
        cluster
            .run(0, "CREATE TABLE counter (id INT PRIMARY KEY, number INT)")
            .await;
        cluster.run(0, "INSERT INTO counter VALUES (1, 0)").await;
        let url = cluster.url("temp");
        with_pool(&url, 6, async |pool| {
            for number in 1..=200_i32 {
                let mut connection = pool.get_conn().await?;
                let begun = Instant::now();
                let write = "UPDATE counter SET number = ? WHERE id = 1";
                loop {
                    match connection.exec_drop(write, (number,)).await {
                        Ok(()) if connection.affected_rows() == 1 => break,
                        Ok(()) => {} // its node has no row yet
                        Err(error) => {
                            let text = error.to_string();
                            // A conflict, or its node has no table yet.
                            assert!(text.contains("1213") || text.contains("1146"), "{text}");
                        }
                    }
                    expect_in_time(begun, "the write succeeds");
                }
                let read: Option<i32> = connection
                    .query_first("SELECT number FROM counter WHERE id = 1")
                    .await?;
                assert_eq!(read, Some(number));
            }
            Ok(())
        })
        .await
        .unwrap();
        for node in 0..3 {
            let begun = Instant::now();
            while cluster
                .read::<i32>(node, "SELECT number FROM counter")
                .await
                != 200
            {
                expect_in_time(begun, "each node has applied the last write");
            }
        }
        cluster.run(0, "DROP TABLE counter").await;
    });
}
