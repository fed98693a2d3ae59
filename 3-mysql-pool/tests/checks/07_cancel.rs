//! A future may be dropped before it has finished: by a timeout, by `select!`, or when its Tokio task is aborted. The code
//! after the `.await` then never runs, and `Drop` cannot await. Every connection must be closed nevertheless. It is enough to
//! disconnect the pool in the background.
//!
//! Read: `tokio::select!`, about cancellation; `tokio::runtime::Handle::current`, and when it panics.

use std::future::pending;
use std::panic::{AssertUnwindSafe, catch_unwind};

use mysql_pool::{Result, fetch_concurrently, with_pool};
use testkit::Relay;
use tokio::sync::oneshot;

use crate::support::{check, check_on_a_thread, runtime};

/// Holds one packet between client and server, drops the future there, and waits until the server shows no connection; then
/// does the same with the next packet.
#[test]
fn closes_its_connections_when_the_future_is_dropped() {
    let hint = "a `Pool` that still exists (a clone, one in a Tokio task, a leaked one) keeps its connections open: disconnect it when the future is dropped";
    check(hint, async |server| {
        server.keep_a_few().await;
        let relay = Relay::start(server.port).await;
        let url = server.url_through(relay.port());
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
                assert!(k > 5, "expected: more than 5 packets\nfound: {k}");
                return;
            }
        }
    });
}

#[test]
fn dropping_the_future_outside_the_runtime_does_not_panic() {
    let hint = "`tokio::spawn` panics outside a runtime: take `Handle::current()` at the first poll, and spawn on that handle in `drop`";
    check_on_a_thread(hint, |server| {
        let runtime = runtime();
        let (send, started) = oneshot::channel();
        let mut future = Box::pin(with_pool(&server.url, 2, async |pool| {
            let _connection = pool.get_conn().await?;
            let _ = send.send(());
            pending::<Result<()>>().await
        }));
        runtime.block_on(async {
            tokio::select! {
                _ = &mut future => {}
                _ = started => {}
            }
        });
        let dropped = catch_unwind(AssertUnwindSafe(|| drop(future)));
        runtime.shutdown_background();
        assert!(
            dropped.is_ok(),
            "expected: no panic when the future is dropped outside the runtime\nfound: a panic"
        );
    });
}
