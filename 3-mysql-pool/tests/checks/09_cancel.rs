//! A future may be dropped before it has finished: by a timeout, by `select!`, or when its task is aborted. The code after
//! the `.await` then never runs, and `Drop` cannot await. Every connection must be closed nevertheless. The checks hold one
//! packet between client and server, drop the future there, and wait until the server shows no connection; then they do the
//! same with the next packet.
//!
//! It is enough to disconnect the pool in the background. The extras require more: no connection is cut, and, in
//! `10_stop.rs`, the statement stops on the server.
//!
//! Read: `tokio::select!`, about cancellation; `tokio::runtime::Handle::current`, and when it panics; in MySQL's manual,
//! `Aborted_clients`.

use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::pin;
use std::task::Poll;
use std::thread;

use mysql_async::Pool;
use mysql_pool::{Result, fetch_concurrently, fetch_older_users, fetch_users, with_pool};
use temp_mariadb::TempServer;
use tokio::sync::oneshot;

use crate::support::{Relay, check, check_alone, expect_ok, runtime};

#[test]
fn dropped_at_any_step_it_leaves_no_connection() {
    let hint = "a `Pool` that still exists somewhere (a clone, a task, a leak) keeps its connections: let the drop of the future end it";
    check(hint, async |server| {
        server.keep_a_few().await;
        let relay = Relay::start(server.port()).await;
        let url = server.url_through(relay.port);
        for k in 0.. {
            relay.hold(k);
            let dropped = tokio::select! {
                _ = with_pool(&url, 2, async |pool| fetch_concurrently(pool, 40).await) => false,
                () = relay.held() => true,
            };
            relay.release();
            let when = format!("after a drop at packet {k}");
            server.until_no_connection_is_left(&when).await;
            relay.until_all_closed(&when).await;
            if !dropped {
                assert!(
                    k > 5,
                    "expected: more than 5 packets between client and server\nfound: {k}"
                );
                return;
            }
        }
    });
}

#[test]
fn a_drop_outside_the_runtime_does_not_panic() {
    let hint = "`tokio::spawn` panics outside a runtime: take `Handle::current()` at the first poll, and spawn on that handle in `drop`";
    check(hint, async |server| {
        let url = server.url().to_owned();
        // A thread outside every runtime.
        let on_a_thread = thread::spawn(move || {
            let runtime = runtime();
            let (send, started) = oneshot::channel();
            let mut future = Box::pin(with_pool(&url, 2, async |pool| {
                let _connection = pool.get_conn().await?;
                let _ = send.send(());
                std::future::pending::<Result<()>>().await
            }));
            runtime.block_on(async {
                tokio::select! {
                    _ = &mut future => {}
                    _ = started => {}
                }
            });
            let dropped = catch_unwind(AssertUnwindSafe(|| drop(future)));
            runtime.shutdown_background();
            dropped
        });
        let dropped = on_a_thread
            .join()
            .unwrap_or_else(|panic| resume_unwind(panic));
        assert!(
            dropped.is_ok(),
            "expected: no panic when the future is dropped outside the runtime\nfound: a panic"
        );
    });
}

/// Runs `part` in a body, and drops it while the relay holds packet `k`, for every `k` until `part` completes. After each
/// drop the pool works again. In the end, no connection is open, and none was cut.
fn dropped_at_every_packet(connections: usize, part: impl AsyncFn(&Pool) + Send + 'static) {
    let hint = "read the result to its last row, even when nothing waits for it: run the query in a task that the drop does not end";
    check_alone(
        hint,
        TempServer::options().run(shared::schema::mysql_sample()),
        async move |server| {
            let users = server.keep_a_few().await;
            let relay = Relay::start(server.port()).await;
            let url = server.url_through(relay.port);
            let before = server.aborted().await;
            for k in 0.. {
                let dropped = with_pool(&url, connections, async |pool| {
                    relay.hold(k);
                    let dropped = tokio::select! {
                        () = part(pool) => false,
                        () = relay.held() => true,
                    };
                    relay.release();
                    assert_eq!(fetch_users(pool).await?, users, "after packet {k}");
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
        },
    );
}

#[test]
#[ignore = "extra"]
fn fetch_users_dropped_at_every_packet_gives_its_connection_back_whole() {
    dropped_at_every_packet(1, async |pool| drop(fetch_users(pool).await));
}

#[test]
#[ignore = "extra"]
fn fetch_older_users_dropped_at_every_packet_gives_its_connection_back_whole() {
    dropped_at_every_packet(1, async |pool| drop(fetch_older_users(pool, 40).await));
}

/// The second query must open its connection first.
#[test]
#[ignore = "extra"]
fn fetch_concurrently_dropped_at_every_packet_gives_both_connections_back_whole() {
    dropped_at_every_packet(2, async |pool| drop(fetch_concurrently(pool, 40).await));
}

#[test]
#[ignore = "extra"]
fn fetch_concurrently_dropped_at_every_packet_works_on_a_single_connection() {
    dropped_at_every_packet(1, async |pool| drop(fetch_concurrently(pool, 40).await));
}

/// Drops a future after `polls` polls. Returns `None` then.
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
#[ignore = "extra"]
fn dropped_after_every_poll_it_leaves_nothing() {
    let hint = "a future can be dropped at each `.await`: is there one at which a connection or a guard is not stored yet?";
    check_alone(
        hint,
        TempServer::options().run(shared::schema::mysql_sample()),
        async |server| {
            let before = server.aborted().await;
            let url = server.url();
            for fetch in 0..3 {
                for polls in 0.. {
                    let completed = with_pool(url, 2, async |pool| {
                        Ok(match fetch {
                            0 => dropped_after(polls, fetch_users(pool)).await.is_some(),
                            1 => dropped_after(polls, fetch_older_users(pool, 40))
                                .await
                                .is_some(),
                            _ => dropped_after(polls, fetch_concurrently(pool, 40))
                                .await
                                .is_some(),
                        })
                    });
                    let when = format!("after {polls} polls");
                    let completed = expect_ok(&when, completed.await);
                    server.until_no_connection_is_left(&when).await;
                    assert_eq!(server.aborted().await, before, "aborted {when}");
                    if completed {
                        break;
                    }
                }
            }
            for polls in 0.. {
                let whole = with_pool(url, 2, async |pool| fetch_concurrently(pool, 40).await);
                let completed = dropped_after(polls, whole).await.is_some();
                server
                    .until_no_connection_is_left(&format!("after {polls} polls"))
                    .await;
                if completed {
                    break;
                }
            }
        },
    );
}
