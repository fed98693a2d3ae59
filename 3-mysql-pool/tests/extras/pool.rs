//! More about the pool: all of its connections at once, the largest number, IPv6, a server that restarts.

use mysql_async::prelude::Queryable;
use mysql_pool::{Result, fetch_concurrently, fetch_users, with_pool};
use temp_mariadb::TempServer;
use testkit::expect::expect_ok;

use crate::failure;
use crate::own_server::{check_alone, check_with};
use crate::support::check;

#[test]
fn uses_all_its_connections_at_once_and_reuses_them() {
    let hint = "a pool of 3 connections must run three queries at a time: look at the maximum of `PoolConstraints`";
    check(hint, async |server| {
        server.set_breakpoint().await;
        let worked = with_pool(&server.url, 3, async |pool| {
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
            server.timeline().expect("the logs").connections.len(),
            3,
            "the same connections each time"
        );
        server.until_no_connection_is_left("after with_pool").await;
    });
}

/// The largest number that there is. Only the connections that are needed are opened.
#[test]
fn works_with_the_largest_number_of_connections() {
    let hint = "the driver reserves memory for the minimum of `PoolConstraints`: limit the number";
    check(hint, async |server| {
        let both = with_pool(&server.url, usize::MAX, async |pool| {
            fetch_concurrently(pool, 40).await
        });
        expect_ok("two queries over a huge pool", both.await);
    });
}

#[test]
fn connects_by_host_name_and_by_ipv6_address() {
    let hint =
        "a URL has an IPv6 address in brackets: remove them before you pass the host to the driver";
    if std::net::TcpListener::bind("[::1]:0").is_err() {
        return; // this machine has no IPv6
    }
    let options = TempServer::options().argument("--bind-address=*");
    check_with(options, hint, async |server| {
        server.set_breakpoint().await;
        let before = server.aborted().await;
        for host in ["localhost", "[::1]", "127.0.0.1"] {
            let url = server.url.replace("127.0.0.1", host);
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
fn works_again_after_the_server_was_killed_and_restarted() {
    let hint = "the driver drops a connection whose server is gone: do not keep connections outside the pool";
    check_alone(hint, async |server| {
        let worked = with_pool(&server.url, 2, async |pool| {
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
            failure(
                "a statement whose server is killed",
                waiting.await.expect("no panic"),
            );
            failure("a server that is gone", fetch_users(pool).await);
            tokio::task::block_in_place(|| server.own().restart()).expect("a server to start");
            for _ in 0..5 {
                expect_ok("work after the restart", fetch_concurrently(pool, 40).await);
            }
            Ok(())
        });
        expect_ok("with_pool over a restart", worked.await);
        server.look_again().await;
        server.until_no_connection_is_left("after with_pool").await;
    });
}
