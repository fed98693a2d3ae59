//! The library prints nothing. It returns its results and its errors, and only `main` prints. A line that a library prints
//! ends up between the lines of the program's JSON, which then cannot be read.
//!
//! Read: `println!` and `dbg!`; the crates `log` and `tracing`, for messages of a library.

use mysql_pool::{Result, fetch_concurrently, fetch_older_users, fetch_users, with_pool};
use testkit::{attempt, expect_quiet};

use crate::on_purpose;
use crate::support::{SERVER, Server, check_on_a_thread, runtime, shared_url};

/// Calls every function of the library, with success and with errors.
async fn use_everything(server: &Server) {
    let _ = with_pool(server.url(), 2, async |pool| {
        let _ = fetch_users(pool).await;
        let _ = fetch_older_users(pool, 40).await;
        let _ = fetch_concurrently(pool, 40).await;
        on_purpose::<()>()
    })
    .await;
    let wrong = server.url().replace(&server.password(), "another");
    let _ = with_pool(&wrong, 2, async |_| Ok(())).await;
    let _ = with_pool(server.url(), 2, async |pool| {
        let _ = tokio::time::timeout(std::time::Duration::ZERO, fetch_users(pool)).await;
        Ok(())
    })
    .await;
    server.sql("DROP TABLE users").await;
    let _ = with_pool(server.url(), 2, async |pool| {
        let _ = fetch_users(pool).await;
        let _ = fetch_concurrently(pool, 40).await;
        Ok(())
    })
    .await;
}

#[test]
fn the_library_prints_nothing() {
    let hint = "remove `println!`, `eprintln!` and `dbg!` from the library; look at every `impl Drop` as well";
    check_on_a_thread(hint, |server| {
        expect_quiet(
            "quiet::the_library_prints_nothing",
            &[(SERVER, &shared_url())],
            || {
                attempt(|| runtime().block_on(use_everything(server)));
                attempt(|| -> Result<()> {
                    runtime().block_on(with_pool(server.url(), 1, async |_| panic!("on purpose")))
                });
            },
        );
        // The process above cannot show a panic, so it is repeated here.
        attempt(|| {
            runtime().block_on(with_pool(server.url(), 1, async |pool| {
                fetch_users(pool).await
            }))
        });
    });
}
