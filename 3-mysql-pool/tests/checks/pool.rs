//! How many connections a pool has, and since when. The first is made before the body begins, so that a server which
//! lets nobody in is an error there, and not somewhere in the middle of the work. There are never more than were asked
//! for, however many queries there are: a server has room for so many, and others want some. And they are used again,
//! for making one takes longer than most queries.
//!
//! Read: `mysql_async::PoolConstraints`, `PoolOpts` and `OptsBuilder`. (With a minimum of 0 the driver closes each
//! connection that comes back.)

use std::panic::{AssertUnwindSafe, resume_unwind};

use futures_util::FutureExt;
use futures_util::future::join_all;
use mysql_async::prelude::Queryable;
use mysql_pool::{Result, fetch_concurrently, fetch_users, with_pool};
use temp_mariadb::TempServer;
use testkit::{DEADLINE, attempt};
use tokio::time::timeout;

use crate::support::{Process, check, check_alone, expect, expect_error, expect_ok};

#[test]
fn makes_its_first_connection_before_the_body_begins() {
    let hint = "a pool makes a connection when it is asked for one: who asks before the body does?";
    check(hint, async |server| {
        let made = with_pool(server.url(), 3, async |_| {
            Ok(server.timeline().await.connections.len())
        });
        let made = expect_ok("a body that asks for nothing", made.await);
        expect("a connection before the body begins", made > 0);
    });
}

#[test]
fn a_server_that_lets_nobody_in_is_an_error_also_for_a_body_that_never_asks() {
    let hint = "what becomes of the error of the first connection?";
    check(hint, async |server| {
        let url = server.url().replace(&server.password(), "another");
        let outcome = with_pool(&url, 2, async |_| Ok(()));
        expect_error("a wrong password", outcome.await);
    });
}

#[test]
fn opens_no_more_connections_than_it_was_given() {
    let hint =
        "which of the pool's options says how many it may open, and does each query ask the pool?";
    check(hint, async |server| {
        server.close_the_gate().await;
        let counted = with_pool(server.url(), 3, async |pool| {
            let many = join_all((0..10).map(|_| fetch_users(pool)));
            let counted = async {
                let any = |list: &[Process]| list.iter().any(Process::stands_at_the_gate);
                server.until("a query that runs", any).await;
                server.let_others_come_and_go().await;
                let count = server.processes().await.len();
                server.open_the_gate().await;
                count
            };
            Ok(tokio::join!(many, counted).1)
        });
        let count = expect_ok("ten queries", counted.await);
        assert!(
            count <= 3,
            "expected: 3 connections at the most\nfound: {count} at one time"
        );
    });
}

/// One after the other.
const QUERIES: usize = 20;

/// The driver cleans a connection up when it comes back, and makes another if it is asked for one before that is done. So
/// there may be more than one even here; but not one for each query.
fn expect_reuse(whose: &str, made: usize) {
    assert!(
        made < QUERIES,
        "expected: {QUERIES} queries {whose} over the same few connections\nfound: {made} connections were made"
    );
}

#[test]
fn uses_its_connections_again() {
    let hint = "what becomes of a connection that is given back: how many does the pool keep?";
    check(hint, async |server| {
        let fetched = with_pool(server.url(), 4, async |pool| {
            for _ in 0..QUERIES {
                let _ = fetch_users(pool).await;
            }
            Ok(())
        });
        expect_ok("a body that succeeds", fetched.await);
        let made = server.timeline().await.connections.len();
        expect_reuse("of the library", made);
        let queried = with_pool(server.url(), 4, async |pool| {
            for _ in 0..QUERIES {
                pool.get_conn().await?.query_drop("DO 1").await?;
            }
            Ok(())
        });
        expect_ok("queries with the driver alone", queried.await);
        expect_reuse(
            "of the body's own",
            server.timeline().await.connections.len() - made,
        );
    });
}

#[test]
fn a_pool_of_no_connections_is_an_error() {
    let hint = "what does `PoolConstraints::new` return for it?";
    check(hint, async |server| {
        let outcome = with_pool(server.url(), 0, async |_| Ok(()));
        let outcome = timeout(*DEADLINE, AssertUnwindSafe(outcome).catch_unwind()).await;
        match outcome {
            Ok(Ok(outcome)) => drop(expect_error("a pool of 0 connections", outcome)),
            Ok(Err(panic)) => {
                attempt(|| resume_unwind(panic));
                panic!("expected: an error, for a pool of 0 connections\nfound: a panic")
            }
            Err(_) => panic!("expected: an error, for a pool of 0 connections\nfound: no end"),
        }
    });
}

#[test]
#[ignore = "extra"]
fn opens_as_many_connections_as_it_may_and_uses_the_same_ones_again() {
    let hint = "a pool of three that runs two queries at a time is too small";
    check(hint, async |server| {
        server.close_the_gate().await;
        let worked = with_pool(server.url(), 3, async |pool| {
            for round in 0..5 {
                if round > 0 {
                    server.close_the_gate_again().await;
                }
                let many: Vec<_> = (0..30)
                    .map(|_| {
                        let pool = pool.clone();
                        tokio::spawn(async move { fetch_users(&pool).await })
                    })
                    .collect();
                let list = server.until_at_the_gate("three queries at a time", 3).await;
                assert_eq!(list.len(), 3, "{list:#?}");
                server.open_the_gate().await;
                for one in many {
                    one.await.expect("no panic")?;
                }
            }
            Ok(())
        });
        expect_ok("five times 30 queries", worked.await);
        assert_eq!(
            server.timeline().await.connections.len(),
            3,
            "the same connections each time"
        );
        server.until_nobody_is_left("after with_pool").await;
    });
}

/// As many as the machine can count to: only as many are opened as are needed.
#[test]
#[ignore = "extra"]
fn a_pool_of_more_connections_than_any_server_takes_works() {
    let hint = "what does the driver reserve for each connection that it may open?";
    check(hint, async |server| {
        let both = with_pool(server.url(), usize::MAX, async |pool| {
            fetch_concurrently(pool, 40).await
        });
        expect_ok("two queries over a huge pool", both.await);
    });
}

#[test]
#[ignore = "extra"]
fn a_server_is_found_by_name_and_by_an_ipv6_address() {
    let hint = "an address of IPv6 has brackets in a URL, and nowhere else";
    if std::net::TcpListener::bind("[::1]:0").is_err() {
        return; // this machine has no IPv6
    }
    let options = TempServer::options()
        .run(shared::schema::mysql_sample())
        .argument("--bind-address=*");
    check_alone(hint, options, async |server| {
        server.close_the_gate().await;
        let before = server.aborted().await;
        for host in ["localhost", "[::1]", "127.0.0.1"] {
            let url = server.url().replace("127.0.0.1", host);
            let stopped = with_pool(&url, 2, async |pool| {
                // The connection that stops them finds its way, too.
                tokio::select! {
                    _ = fetch_concurrently(pool, 40) => panic!("passed a closed gate"),
                    _ = server.until_at_the_gate("two queries at the same time", 2) => {}
                }
                Ok(())
            });
            expect_ok(host, stopped.await);
            server.until_nobody_is_left("after with_pool").await;
            assert_eq!(server.aborted().await, before, "{host}");
        }
    });
}

#[test]
#[ignore = "extra"]
fn works_again_when_the_server_has_been_killed_in_the_middle_and_started_again() {
    let hint = "a connection whose server is gone must not come back into the pool";
    check_alone(
        hint,
        TempServer::options().run(shared::schema::mysql_sample()),
        async |server| {
            let worked = with_pool(server.url(), 2, async |pool| {
                expect_ok(
                    "work before the restart",
                    fetch_concurrently(pool, 40).await,
                );
                let waiting = tokio::spawn({
                    let pool = pool.clone();
                    async move {
                        let mut connection = pool.get_conn().await?;
                        let forever = "SELECT BENCHMARK(1000000000000, MD5('a'))";
                        Result::Ok(connection.query_drop(forever).await?)
                    }
                });
                server
                    .until("a statement that runs", |list| {
                        list.iter().any(|one| one.statement.contains("BENCHMARK"))
                    })
                    .await;
                tokio::task::block_in_place(|| server.own().kill()).expect("a server to kill");
                expect_error(
                    "a statement whose server is killed",
                    waiting.await.expect("no panic"),
                );
                expect_error("a server that is gone", fetch_users(pool).await);
                tokio::task::block_in_place(|| server.own().restart()).expect("a server to start");
                for _ in 0..5 {
                    expect_ok("work after the restart", fetch_concurrently(pool, 40).await);
                }
                Ok(())
            });
            expect_ok("with_pool over a restart", worked.await);
            server.look_again().await;
            server.until_nobody_is_left("after with_pool").await;
        },
    );
}
