//! `fetch_concurrently` does what `asyncio.gather` does in Python: it runs two queries at the same time. Each query needs its
//! own connection, because a MySQL connection runs one statement at a time. On a pool of one connection, the queries take
//! turns. A function that holds the only connection and waits for a second one waits forever.
//!
//! Read: `tokio::join!` and `tokio::try_join!`; the Rust book, chapter 17 (futures do nothing unless polled).

use std::panic::resume_unwind;

use mysql_pool::{fetch_concurrently, with_pool};
use testkit::Deadline;
use testkit::expect::expect_ok;

use crate::support::check;

/// Measures no time: the server shows that both queries wait at the breakpoint, on two connections.
#[test]
fn both_queries_run_at_the_same_time() {
    let hint = "poll both futures with `tokio::join!` or `try_join!`, and call `pool.get_conn()` in each of them";
    check(hint, async |server| {
        server.set_breakpoint().await;
        let url = server.url.clone();
        // In its own Tokio task, because a solution may block its thread.
        let mut both = tokio::spawn(async move {
            with_pool(&url, 2, async |pool| fetch_concurrently(pool, 40).await).await
        });
        let expected = "two queries at the same time, on two connections";
        tokio::select! {
            _ = server.until_at_breakpoint(expected, 2) => {}
            Err(error) = &mut both => resume_unwind(error.into_panic()),
        }
        server.release_breakpoint().await;
        if !both.is_finished() {
            let _ = both.await;
        }
    });
}

#[test]
fn fetch_concurrently_works_with_one_connection() {
    let hint = "each query calls `get_conn`, runs, and drops its connection: do not hold one while you wait for another";
    check(hint, async |server| {
        let both = with_pool(&server.url, 1, async |pool| {
            fetch_concurrently(pool, 40).await
        });
        let expected = "two queries that take turns on one connection";
        match Deadline::start().timeout(both).await {
            Some(outcome) => drop(expect_ok(expected, outcome)),
            None => panic!("expected: {expected}\nfound: no result"),
        }
    });
}
