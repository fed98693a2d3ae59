//! A statement that nobody waits for any more stops on the server, and no other does. The server does not know by itself
//! that a future was dropped: somebody has to tell it, over another connection.
//!
//! Read: in MySQL's manual `KILL QUERY`.

use mysql_async::prelude::Queryable;
use mysql_pool::{Result, fetch_concurrently, fetch_users, with_pool};
use temp_mariadb::TempServer;

use crate::support::{
    Process, Relay, check_alone, check_on_a_thread, expect_error, expect_ok, expect_word, outside,
    runtime,
};

fn nothing_runs(list: &[Process]) -> bool {
    list.iter().all(|one| one.command == "Sleep")
}

#[test]
#[ignore = "extra"]
fn a_statement_stops_on_the_server_when_its_future_is_dropped() {
    let hint = "the server does not know that nobody waits any more: who tells it?";
    check_alone(
        hint,
        TempServer::options().run(shared::schema::mysql_sample()),
        async |server| {
            server.close_the_gate().await;
            let before = server.aborted().await;
            let worked = with_pool(server.url(), 2, async |pool| {
                tokio::select! {
                    _ = fetch_concurrently(pool, 40) => panic!("passed a closed gate"),
                    _ = server.until_at_the_gate("two queries at the same time", 2) => {}
                }
                // The gate is closed still: what ends the statements is the drop.
                server.until("no statement that runs", nothing_runs).await;
                server.open_the_gate().await;
                // The same connections serve again, and no kill that came late hits them.
                for _ in 0..20 {
                    let (all, _) = fetch_concurrently(pool, 40).await?;
                    assert_eq!(all, server.users());
                }
                Ok(())
            });
            expect_ok("a pool that serves after the drop", worked.await);
            server.until_nobody_is_left("after with_pool").await;
            assert_eq!(server.aborted().await, before);
        },
    );
}

/// The kill, where there is one, arrives first: at a server which has not yet read what it is to stop, or has answered
/// already. It must neither come to nothing nor hit a later statement.
#[test]
#[ignore = "extra"]
fn a_kill_that_overtakes_the_held_packet_hits_no_other_statement() {
    let hint = "whose statement does a kill hit that arrives when nothing runs?";
    check_alone(
        hint,
        TempServer::options().run(shared::schema::mysql_sample()),
        async |server| {
            let users = server.keep_a_few().await;
            let relay = Relay::start(server.port()).await;
            let url = server.url_through(relay.port);
            let before = server.aborted().await;
            for k in 0.. {
                let dropped = with_pool(&url, 1, async |pool| {
                    relay.hold(k);
                    let dropped = tokio::select! {
                        result = fetch_users(pool) => result.map(|_| false)?,
                        () = relay.held() => true,
                    };
                    if dropped {
                        // Not until a kill has come: a solution need not kill where no statement is running yet.
                        server.let_others_come_and_go().await;
                    }
                    relay.release();
                    for _ in 0..3 {
                        assert_eq!(fetch_users(pool).await?, users, "after packet {k}");
                    }
                    Ok(dropped)
                });
                let when = format!("after a drop at packet {k}");
                let dropped = expect_ok(&format!("a pool that serves {when}"), dropped.await);
                server.until_nobody_is_left(&when).await;
                assert_eq!(server.aborted().await, before, "aborted {when}");
                if !dropped {
                    assert!(k > 10, "only {k} packets passed the relay");
                    return;
                }
            }
        },
    );
}

/// One stands still and the other fails: first whichever has the connection that the pool began with, then the other.
#[test]
#[ignore = "extra"]
fn a_query_that_fails_stops_the_other_and_its_own_error_is_the_reason() {
    let hint = "when one has failed, nobody wants the other's result any more";
    for which in ["=", "<>"] {
        check_alone(
            hint,
            TempServer::options().run(shared::schema::mysql_sample()),
            async move |server| {
                let gate = "DO GET_LOCK('closed', 0)";
                server.sql(gate).await;
                server.sql("RENAME TABLE users TO people").await;
                let before = server.aborted().await;
                let outcome = with_pool(server.url(), 2, async |pool| {
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
                    // The gate is closed still: what ends the other one is the error.
                    server.until("no statement that runs", nothing_runs).await;
                    outcome
                });
                let error = expect_error("two queries of which one fails", outcome.await);
                expect_word(&error, "on purpose");
                server.until_nobody_is_left("after with_pool").await;
                assert_eq!(server.aborted().await, before);
            },
        );
    }
}

/// Not SLEEP: that one looks by itself, now and then, whether its client is still there.
const FOREVER: &str = "SELECT BENCHMARK(1000000000000, MD5('a'))";

/// Runs a statement without end, with the driver alone.
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
#[ignore = "extra"]
fn a_statement_of_the_bodys_own_ends_on_the_server_when_with_pool_is_dropped() {
    let hint = "what the driver cannot close politely runs on: who looks for it on the server?";
    check_alone(
        hint,
        TempServer::options().run(shared::schema::mysql_sample()),
        async |server| {
            tokio::select! {
                _ = run_forever(server.url()) => panic!("nobody can count that far"),
                _ = server.until("a statement that runs", runs_forever) => {}
            }
            server.until_nobody_is_left("after the drop").await;
        },
    );
}

/// A stranger's connection is not killed, whatever it runs.
#[test]
#[ignore = "extra"]
fn what_others_run_goes_on_when_with_pool_is_dropped() {
    let hint = "which of the connections on the server are the pool's own?";
    check_alone(
        hint,
        TempServer::options().run(shared::schema::mysql_sample()),
        async |server| {
            let mut stranger = server.connect().await;
            server.sql("DO GET_LOCK('done', 0)").await;
            let waiting = tokio::spawn(async move {
                let got = stranger.query_first("SELECT GET_LOCK('done', 1000)").await;
                (got, stranger)
            });
            let stands = Process::stands_at_the_gate;
            tokio::select! {
                _ = run_forever(server.url()) => panic!("nobody can count that far"),
                _ = server.until("two statements that run", |list| {
                    runs_forever(list) && list.iter().any(stands)
                }) => {}
            }
            let alone = |list: &[Process]| matches!(list, [one] if stands(one));
            server.until("nobody but the stranger", alone).await;
            server.sql("DO RELEASE_LOCK('done')").await;
            let (got, stranger) = waiting.await.expect("no panic");
            assert_eq!(got.expect("an answer"), Some(1));
            stranger.disconnect().await.expect("a polite end");
        },
    );
}

#[test]
#[ignore = "extra"]
fn a_drop_outside_the_runtime_stops_the_statements_too() {
    let hint = "the runtime goes on, and knows nothing of the drop: who tells it?";
    check_on_a_thread(hint, |server| {
        let runtime = runtime();
        outside(server.close_the_gate());
        let mut future = Box::pin(with_pool(server.url(), 2, async |pool| {
            fetch_concurrently(pool, 40).await
        }));
        runtime.block_on(async {
            tokio::select! {
                _ = &mut future => panic!("passed a closed gate"),
                _ = server.until_at_the_gate("two queries at the same time", 2) => {}
            }
        });
        drop(future);
        outside(async {
            server.until_nobody_is_left("after the drop").await;
            server.expect_all_have_quit("after the drop").await;
        });
        runtime.shutdown_background();
    });
}

/// The statements are stopped by one short-lived connection each, and not those by one that only wait for a connection.
#[test]
#[ignore = "extra"]
fn many_dropped_at_once_stop_only_what_runs() {
    let hint = "a query that waits for a connection has no statement to stop";
    check_alone(
        hint,
        TempServer::options().run(shared::schema::mysql_sample()),
        async |server| {
            server.close_the_gate().await;
            let before = server.aborted().await;
            let worked = with_pool(server.url(), 20, async |pool| {
                let many: Vec<_> = (0..200)
                    .map(|_| {
                        let pool = pool.clone();
                        tokio::spawn(async move { fetch_users(&pool).await })
                    })
                    .collect();
                server
                    .until_at_the_gate("twenty queries at a time", 20)
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
                // Twenty of the pool, and at the most one that kills for each fetch that runs.
                assert!(most <= 40, "{most} connections");
                Ok(())
            });
            expect_ok("a pool that is left whole", worked.await);
            server.until_nobody_is_left("after with_pool").await;
            assert_eq!(server.aborted().await, before);
        },
    );
}
