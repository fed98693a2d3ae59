//! A future that is dropped part-way: by a timeout, by a `select!`, by the end of a task. Nothing that was written after
//! the `await` will ever run then, and no destructor can await. The checks stop at every packet that goes between client
//! and server, one after the other, drop the future there, and look at the server: what is still there?
//!
//! A body that queries with the driver alone leaves no connection behind if its pool is closed in the background. The
//! extras ask for more: nobody is cut off in the middle; and, in `stop.rs`, the statement stops on the server.
//!
//! Read: `tokio::select!`, on cancellation; `tokio::runtime::Handle::current`, and what it says of panics; in MySQL's
//! manual, what `Aborted_clients` counts.

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
    let hint = "whose is the pool when the future is gone, and who holds a part of it still?";
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
            server.until_nobody_is_left(&when).await;
            relay.until_all_closed(&when).await;
            if !dropped {
                assert!(k > 5, "expected: packets that pass the relay\nfound: {k}");
                return;
            }
        }
    });
}

#[test]
fn a_drop_outside_the_runtime_does_not_panic() {
    let hint =
        "a destructor runs wherever the value is dropped: which functions of Tokio panic there?";
    check(hint, async |server| {
        let url = server.url().to_owned();
        // A thread that no runtime knows.
        let on_its_own = thread::spawn(move || {
            let runtime = runtime();
            let (tell, told) = oneshot::channel();
            let mut future = Box::pin(with_pool(&url, 2, async |pool| {
                let _connection = pool.get_conn().await?;
                let _ = tell.send(());
                std::future::pending::<Result<()>>().await
            }));
            runtime.block_on(async {
                tokio::select! {
                    _ = &mut future => {}
                    _ = told => {}
                }
            });
            let dropped = catch_unwind(AssertUnwindSafe(|| drop(future)));
            runtime.shutdown_background();
            dropped
        });
        let dropped = on_its_own
            .join()
            .unwrap_or_else(|panic| resume_unwind(panic));
        assert!(
            dropped.is_ok(),
            "expected: a drop outside the runtime that does not panic\nfound: it panics"
        );
    });
}

/// Drops what `part` does, of a body, while the relay holds the packet `k`; for every `k` until it completes before.
/// After each: the pool serves again, and in the end nobody is left and nobody was cut.
fn dropped_at_every_packet(connections: usize, part: impl AsyncFn(&Pool) + Send + 'static) {
    let hint = "a connection is spoken on to the end of the answer, whoever waits for it";
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

/// Here the second query has to open its connection.
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
#[ignore = "extra"]
fn dropped_after_every_poll_it_leaves_nothing() {
    let hint =
        "an await is a place where a future can be dropped: are there more of them than packets?";
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
                    server.until_nobody_is_left(&when).await;
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
                    .until_nobody_is_left(&format!("after {polls} polls"))
                    .await;
                if completed {
                    break;
                }
            }
        },
    );
}
