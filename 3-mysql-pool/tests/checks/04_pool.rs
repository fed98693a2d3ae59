//! `with_pool` opens its first connection before the body starts. So a wrong password is an error there, and not in the middle
//! of the work. It never opens more connections than `connections`, because a server admits a limited number of clients.
//! And it uses its connections again, because to open one takes longer than most queries.
//!
//! Read: `mysql_async::PoolConstraints`, `PoolOpts` and `OptsBuilder`. (With a minimum of 0, the driver closes each
//! connection that is returned to the pool.)

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
    let hint = "`Pool::new` opens no connection: call `pool.get_conn().await?` before the body";
    check(hint, async |server| {
        let made = with_pool(server.url(), 3, async |_| {
            Ok(server.timeline().await.connections.len())
        });
        let made = expect_ok("a body that uses no connection", made.await);
        expect("a connection before the body starts", made > 0);
    });
}

#[test]
fn a_server_that_lets_nobody_in_is_an_error_also_for_a_body_that_never_asks() {
    let hint = "return the error of the first `pool.get_conn().await`";
    check(hint, async |server| {
        let url = server.url().replace(&server.password(), "another");
        let outcome = with_pool(&url, 2, async |_| Ok(()));
        expect_error("a wrong password", outcome.await);
    });
}

#[test]
fn opens_no_more_connections_than_it_was_given() {
    let hint = "give `PoolConstraints` the number as its maximum, and get every connection from this one pool";
    check(hint, async |server| {
        server.set_breakpoint().await;
        let counted = with_pool(server.url(), 3, async |pool| {
            let many = join_all((0..10).map(|_| fetch_users(pool)));
            let counted = async {
                let any = |list: &[Process]| list.iter().any(Process::is_at_breakpoint);
                server.until("a query that runs", any).await;
                server.open_and_close_other_connections().await;
                let count = server.processes().await.len();
                server.release_breakpoint().await;
                count
            };
            Ok(tokio::join!(many, counted).1)
        });
        let count = expect_ok("ten queries", counted.await);
        assert!(
            count <= 3,
            "expected: at most 3 connections at a time\nfound: {count}"
        );
    });
}

/// The number of queries that run, one after the other.
const QUERIES: usize = 20;

/// Expects fewer connections than queries. More than one is right: the driver resets a returned connection first, and
/// opens another if one is requested before the reset has finished.
fn expect_reuse(whose: &str, made: usize) {
    assert!(
        made < QUERIES,
        "expected: {QUERIES} queries {whose} over a few connections\nfound: {made} connections were opened"
    );
}

#[test]
fn uses_its_connections_again() {
    let hint =
        "the pool keeps as many idle connections as the minimum of `PoolConstraints` says: set it";
    check(hint, async |server| {
        let fetched = with_pool(server.url(), 4, async |pool| {
            for _ in 0..QUERIES {
                let _ = fetch_users(pool).await;
            }
            Ok(())
        });
        expect_ok("a body that succeeds", fetched.await);
        let made = server.timeline().await.connections.len();
        expect_reuse("of the library's functions", made);
        let queried = with_pool(server.url(), 4, async |pool| {
            for _ in 0..QUERIES {
                pool.get_conn().await?.query_drop("DO 1").await?;
            }
            Ok(())
        });
        expect_ok("queries with the driver alone", queried.await);
        expect_reuse(
            "of the body",
            server.timeline().await.connections.len() - made,
        );
    });
}

#[test]
fn a_pool_of_no_connections_is_an_error() {
    let hint = "`PoolConstraints::new` returns `None` for 0 connections: return an error then";
    check(hint, async |server| {
        let outcome = with_pool(server.url(), 0, async |_| Ok(()));
        let outcome = timeout(*DEADLINE, AssertUnwindSafe(outcome).catch_unwind()).await;
        match outcome {
            Ok(Ok(outcome)) => drop(expect_error("a pool of 0 connections", outcome)),
            Ok(Err(panic)) => {
                attempt(|| resume_unwind(panic));
                panic!("expected: an error for a pool of 0 connections\nfound: a panic")
            }
            Err(_) => {
                panic!("expected: an error for a pool of 0 connections\nfound: no result in time")
            }
        }
    });
}

#[test]
#[ignore = "extra"]
fn opens_as_many_connections_as_it_may_and_uses_the_same_ones_again() {
    let hint = "a pool of 3 connections must run three queries at a time: look at the maximum of `PoolConstraints`";
    check(hint, async |server| {
        server.set_breakpoint().await;
        let worked = with_pool(server.url(), 3, async |pool| {
            for round in 0..5 {
                if round > 0 {
                    server.set_breakpoint_again().await;
                }
                let many: Vec<_> = (0..30)
                    .map(|_| {
                        let pool = pool.clone();
                        tokio::spawn(async move { fetch_users(&pool).await })
                    })
                    .collect();
                let list = server
                    .until_at_breakpoint("three queries at a time", 3)
                    .await;
                assert_eq!(list.len(), 3, "{list:#?}");
                server.release_breakpoint().await;
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
        server.until_no_connection_is_left("after with_pool").await;
    });
}

/// The largest number that there is. Only the connections that are needed are opened.
#[test]
#[ignore = "extra"]
fn a_pool_of_more_connections_than_any_server_takes_works() {
    let hint = "the driver reserves memory for the minimum of `PoolConstraints`: limit the number";
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
    let hint =
        "a URL has an IPv6 address in brackets: remove them before you pass the host to the driver";
    if std::net::TcpListener::bind("[::1]:0").is_err() {
        return; // this machine has no IPv6
    }
    let options = TempServer::options()
        .run(shared::schema::mysql_sample())
        .argument("--bind-address=*");
    check_alone(hint, options, async |server| {
        server.set_breakpoint().await;
        let before = server.aborted().await;
        for host in ["localhost", "[::1]", "127.0.0.1"] {
            let url = server.url().replace("127.0.0.1", host);
            let stopped = with_pool(&url, 2, async |pool| {
                // The connection that stops the statements must reach the same host.
                tokio::select! {
                    _ = fetch_concurrently(pool, 40) => panic!("the fetch passed the breakpoint"),
                    _ = server.until_at_breakpoint("two queries at the same time", 2) => {}
                }
                Ok(())
            });
            expect_ok(host, stopped.await);
            server.until_no_connection_is_left("after with_pool").await;
            assert_eq!(server.aborted().await, before, "{host}");
        }
    });
}

#[test]
#[ignore = "extra"]
fn works_again_when_the_server_has_been_killed_in_the_middle_and_started_again() {
    let hint = "the driver drops a connection whose server is gone: do not keep connections outside the pool";
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
            server.until_no_connection_is_left("after with_pool").await;
        },
    );
}
