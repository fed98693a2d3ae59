//! The statement of a dropped future stops on the server, and no other statement does. The server does not notice that a
//! future was dropped. A second connection must send it `KILL QUERY`.
//!
//! Read: `KILL QUERY` in MySQL's manual.

use mysql_async::prelude::Queryable;
use mysql_pool::{Result, fetch_concurrently, fetch_users, with_pool};
use testkit::expect::{expect_ok, expect_word};
use testkit::{Deadline, Relay};

use crate::failure;
use crate::own_server::check_alone;
use crate::support::{Process, check_on_a_thread, outside, runtime};

fn nothing_runs(list: &[Process]) -> bool {
    list.iter().all(|one| one.command == "Sleep")
}

#[test]
fn a_statement_stops_on_the_server_when_its_future_is_dropped() {
    let hint = "send `KILL QUERY` over a second connection, with the id that `Conn::id` returned";
    check_alone(hint, async |server| {
        server.set_breakpoint().await;
        let before = server.aborted().await;
        let worked = with_pool(&server.url, 2, async |pool| {
            tokio::select! {
                _ = fetch_concurrently(pool, 40) => panic!("the fetch passed the breakpoint"),
                _ = server.until_at_breakpoint("two queries at the same time", 2) => {}
            }
            // The breakpoint is still set: the drop ends the statements.
            server.until("no statement that runs", nothing_runs).await;
            server.release_breakpoint().await;
            // The same connections work again, and no late KILL reaches them.
            for _ in 0..20 {
                let (all, _) = fetch_concurrently(pool, 40).await?;
                assert_eq!(all, server.users);
            }
            Ok(())
        });
        expect_ok("a pool that works after the drop", worked.await);
        server.until_no_connection_is_left("after with_pool").await;
        assert_eq!(server.aborted().await, before);
    });
}

/// The KILL, if there is one, arrives before the server has read the statement, or after it has answered. It must stop
/// this statement and no later one.
#[test]
fn a_kill_that_arrives_early_or_late_stops_no_other_statement() {
    let hint = "a KILL that arrives when nothing runs stops the next statement: wait for its answer before you return the connection";
    check_alone(hint, async |server| {
        let users = server.keep_a_few().await;
        let relay = Relay::start(server.port).await;
        let url = server.url_through(relay.port());
        let before = server.aborted().await;
        for k in 0.. {
            let dropped = with_pool(&url, 1, async |pool| {
                relay.hold(k);
                let dropped = tokio::select! {
                    result = fetch_users(pool) => result.map(|_| false)?,
                    () = relay.held() => true,
                };
                if dropped {
                    // Gives a KILL time to arrive. A solution need not send one if no statement runs yet.
                    server.open_and_close_other_connections().await;
                }
                relay.release();
                for _ in 0..3 {
                    assert_eq!(fetch_users(pool).await?, users, "after packet {k}");
                }
                Ok(dropped)
            });
            let when = format!("after a drop at packet {k}");
            let dropped = expect_ok(&format!("a pool that works {when}"), dropped.await);
            server.until_no_connection_is_left(&when).await;
            assert_eq!(server.aborted().await, before, "aborted {when}");
            if !dropped {
                assert!(k > 10, "only {k} packets passed the relay");
                return;
            }
        }
    });
}

/// One query waits and the other fails: first the one on the pool's first connection, then the other.
#[test]
fn a_query_that_fails_stops_the_other_and_its_error_is_returned() {
    let hint =
        "when one query fails, cancel the other as well, and return the error that came first";
    for which in ["=", "<>"] {
        check_alone(hint, async move |server| {
            let hold = "DO GET_LOCK('closed', 0)";
            server.sql(hold).await;
            server.sql("RENAME TABLE users TO people").await;
            let before = server.aborted().await;
            let outcome = with_pool(&server.url, 2, async |pool| {
                let first = server.processes().await[0].id;
                let function = format!(
                    "CREATE FUNCTION pass_or_fail(value BIGINT) RETURNS BIGINT NOT DETERMINISTIC SQL SECURITY INVOKER BEGIN \
                     IF CONNECTION_ID() {which} {first} THEN \
                     SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'on purpose'; END IF; \
                     DO GET_LOCK('closed', 1000); RETURN value; END"
                );
                server.sql(&function).await;
                let view = "CREATE SQL SECURITY INVOKER VIEW users AS SELECT pass_or_fail(id) AS id, name, email, age FROM people";
                server.sql(view).await;
                let outcome = fetch_concurrently(pool, 40).await;
                // The lock is still held: the error ends the other one.
                server.until("no statement that runs", nothing_runs).await;
                outcome
            });
            let error = failure("two queries, one of which fails", outcome.await);
            expect_word(&*error, "on purpose");
            server.until_no_connection_is_left("after with_pool").await;
            assert_eq!(server.aborted().await, before);
        });
    }
}

/// Not SLEEP, which checks now and then whether its client still exists.
const FOREVER: &str = "SELECT BENCHMARK(1000000000000, MD5('a'))";

/// Runs an endless statement with the driver alone.
async fn run_forever(url: &str) -> Result<()> {
    with_pool(url, 2, async |pool| {
        let mut connection = pool.get_conn().await?;
        Ok(connection.query_drop(FOREVER).await?)
    })
    .await
}

fn runs_forever(list: &[Process]) -> bool {
    list.iter().any(|one| one.statement == FOREVER)
}

#[test]
fn a_statement_of_the_body_stops_when_with_pool_is_dropped() {
    let hint = "the server runs the statement of a cut connection to its end: send it a KILL in the Tokio task that your guard spawns";
    check_alone(hint, async |server| {
        tokio::select! {
            _ = run_forever(&server.url) => panic!("the endless statement ended"),
            _ = server.until("a statement that runs", runs_forever) => {}
        }
        server.until_no_connection_is_left("after the drop").await;
    });
}

/// The KILL spares the connections of other clients.
#[test]
fn statements_of_other_clients_go_on_when_with_pool_is_dropped() {
    let hint = "kill only ids of connections that this pool has opened";
    check_alone(hint, async |server| {
        let mut other = server.connect().await;
        server.sql("DO GET_LOCK('done', 0)").await;
        let waiting = tokio::spawn(async move {
            let got = other.query_first("SELECT GET_LOCK('done', 1000)").await;
            (got, other)
        });
        let stands = Process::is_at_breakpoint;
        tokio::select! {
            _ = run_forever(&server.url) => panic!("the endless statement ended"),
            _ = server.until("two statements that run", |list| {
                runs_forever(list) && list.iter().any(stands)
            }) => {}
        }
        let alone = |list: &[Process]| matches!(list, [one] if stands(one));
        server
            .until("only the connection of the other client", alone)
            .await;
        server.sql("DO RELEASE_LOCK('done')").await;
        let (got, other) = waiting.await.expect("no panic");
        assert_eq!(got.expect("an answer"), Some(1));
        other.disconnect().await.expect("a clean end");
    });
}

#[test]
fn a_drop_outside_the_runtime_stops_the_statements() {
    let hint = "take the runtime's `Handle` at the first poll: in `drop`, spawn on it the Tokio task that sends the KILL";
    check_on_a_thread(hint, |server| {
        let runtime = runtime();
        outside(server.set_breakpoint());
        let mut future = Box::pin(with_pool(&server.url, 2, async |pool| {
            fetch_concurrently(pool, 40).await
        }));
        runtime.block_on(async {
            tokio::select! {
                _ = &mut future => panic!("the fetch passed the breakpoint"),
                _ = server.until_at_breakpoint("two queries at the same time", 2) => {}
            }
        });
        drop(future);
        // The background may open one more connection after the others have closed.
        let deadline = Deadline::start();
        let have_quit = || {
            let connections = server.timeline().expect("the logs").connections;
            connections.iter().all(|one| one.closing.is_some())
        };
        while !have_quit() {
            assert!(
                !deadline.has_passed(),
                "expected: every connection closed with `COM_QUIT`"
            );
            outside(server.until_no_connection_is_left("after the drop"));
        }
        runtime.shutdown_background();
    });
}

/// At most one connection for killing is opened for each query that runs, and none for queries that wait for a connection.
#[test]
fn sends_no_kill_for_queries_that_wait_for_a_connection() {
    let hint = "a query that still waits in `get_conn` has no statement: send no KILL for it";
    check_alone(hint, async |server| {
        server.set_breakpoint().await;
        let before = server.aborted().await;
        let worked = with_pool(&server.url, 20, async |pool| {
            let many: Vec<_> = (0..200)
                .map(|_| {
                    let pool = pool.clone();
                    tokio::spawn(async move { fetch_users(&pool).await })
                })
                .collect();
            server
                .until_at_breakpoint("twenty queries at a time", 20)
                .await;
            for one in &many {
                one.abort();
            }
            let mut most = 0;
            server
                .until("twenty connections, and no statement that runs", |list| {
                    most = most.max(list.len());
                    list.len() == 20 && nothing_runs(list)
                })
                .await;
            // Twenty of the pool, and at most one that kills for each running fetch.
            assert!(most <= 40, "{most} connections");
            Ok(())
        });
        expect_ok("a pool that still works", worked.await);
        server.until_no_connection_is_left("after with_pool").await;
        assert_eq!(server.aborted().await, before);
    });
}
