//! `fetch_concurrently` is `asyncio.gather`: the two queries run at the same time, each on a connection of its own, where
//! the pool has two. Where it has one, they take turns: whoever waits for a second connection while he holds the first
//! waits for ever.
//!
//! Read: `tokio::join!` and `tokio::try_join!`; the Rust book, chapter 17 (futures do nothing unless polled).

use std::future::pending;
use std::panic::resume_unwind;

use mysql_pool::{fetch_concurrently, with_pool};
use testkit::DEADLINE;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::support::{check, expect_ok};

/// Panics when a task does. Any other end is none here.
async fn panic_of<T>(task: &mut JoinHandle<T>) {
    match task.await {
        Err(error) if error.is_panic() => resume_unwind(error.into_panic()),
        _ => pending().await,
    }
}

/// No clock: the server shows both of them standing at the gate, each on a connection of its own.
#[test]
fn runs_both_queries_at_the_same_time() {
    let hint = "when is the second future polled for the first time, and has each query a connection of its own?";
    check(hint, async |server| {
        server.close_the_gate().await;
        let url = server.url().to_owned();
        // On another thread, for it may block the one that it runs on.
        let mut both = tokio::spawn(async move {
            with_pool(&url, 2, async |pool| fetch_concurrently(pool, 40).await).await
        });
        let expected = "two queries at the same time, on two connections";
        tokio::select! {
            _ = server.until_at_the_gate(expected, 2) => {}
            () = panic_of(&mut both) => {}
        }
        server.open_the_gate().await;
        if !both.is_finished() {
            let _ = both.await;
        }
    });
}

#[test]
fn a_pool_of_one_connection_is_enough() {
    let hint = "the only connection is out: who gives it back, and does that one wait for another?";
    check(hint, async |server| {
        let both = with_pool(server.url(), 1, async |pool| {
            fetch_concurrently(pool, 40).await
        });
        let expected = "two queries that take turns on one connection";
        match timeout(*DEADLINE, both).await {
            Ok(outcome) => drop(expect_ok(expected, outcome)),
            Err(_) => panic!("expected: {expected}\nfound: no end, within {DEADLINE:?}"),
        }
    });
}

#[test]
#[ignore = "extra"]
fn many_at_once_take_turns_on_one_connection() {
    let hint = "whoever holds the only connection must not wait for anything but its result";
    check(hint, async |server| {
        let counted = with_pool(server.url(), 1, async |pool| {
            let many: Vec<_> = (0..20)
                .map(|_| {
                    let pool = pool.clone();
                    tokio::spawn(async move { fetch_concurrently(&pool, 40).await })
                })
                .collect();
            let mut count = 0;
            for one in many {
                count += one.await.expect("no panic")?.0.len();
            }
            Ok(count)
        });
        let counted = expect_ok("twenty times both lists", counted.await);
        assert_eq!(counted, 20 * server.users().len());
    });
}

#[test]
#[ignore = "extra"]
fn works_on_a_runtime_of_a_single_thread() {
    let hint = "on one thread whoever blocks it blocks all";
    crate::support::check_on_a_thread(hint, |server| {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        let both = runtime.block_on(async {
            with_pool(server.url(), 2, async |pool| {
                fetch_concurrently(pool, 40).await
            })
            .await
        });
        let (all, _) = expect_ok("both lists", both);
        assert_eq!(all.len(), server.users().len());
        crate::support::outside(server.until_nobody_is_left("after with_pool"));
    });
}
