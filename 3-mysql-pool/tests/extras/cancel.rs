//! More about a dropped future: the connection of a dropped query returns to the pool intact, and none is cut.
//!
//! Read: in MySQL's manual, `Aborted_clients`.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

use mysql_async::Pool;
use mysql_pool::{fetch_concurrently, fetch_older_users, fetch_users, with_pool};
use testkit::Relay;
use testkit::expect::expect_ok;

use crate::own_server::check_alone;

/// Runs `part` in a body, and drops it while the relay holds packet `k`, for every `k` until `part` completes. After each
/// drop the pool works again. In the end, no connection is open, and none was cut.
fn dropped_at_every_packet(connections: usize, part: impl AsyncFn(&Pool) + Send + 'static) {
    let hint = "read the result to its last row, even when nothing waits for it: run the query in a Tokio task that the drop does not end";
    check_alone(hint, async move |server| {
        let users = server.keep_a_few().await;
        let relay = Relay::start(server.port).await;
        let url = server.url_through(relay.port());
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
    });
}

#[test]
fn fetch_users_dropped_at_any_packet_returns_its_connection_intact() {
    dropped_at_every_packet(1, async |pool| drop(fetch_users(pool).await));
}

#[test]
fn fetch_older_users_dropped_at_any_packet_returns_its_connection_intact() {
    dropped_at_every_packet(1, async |pool| drop(fetch_older_users(pool, 40).await));
}

/// The second query must open its connection first.
#[test]
fn fetch_concurrently_dropped_at_any_packet_returns_both_connections_intact() {
    dropped_at_every_packet(2, async |pool| drop(fetch_concurrently(pool, 40).await));
}

#[test]
fn fetch_concurrently_dropped_at_any_packet_works_with_one_connection() {
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
fn leaves_no_connection_open_when_dropped_after_any_poll() {
    let hint = "a future can be dropped at each `.await`: is there one at which a connection or a guard is not stored yet?";
    check_alone(hint, async |server| {
        let before = server.aborted().await;
        let url = &server.url;
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
    });
}
