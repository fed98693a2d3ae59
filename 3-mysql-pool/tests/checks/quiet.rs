//! A library prints nothing: its results go to its caller, and so do its errors. `main` alone speaks to people, and what
//! stands between the lines of its table or its JSON is wrong for everybody who reads them.

use mysql_pool::{Result, fetch_concurrently, fetch_older_users, fetch_users, with_pool};
use testkit::{attempt, expect_quiet};

use crate::on_purpose;
use crate::support::{SERVER, Server, check_on_a_thread, runtime, shared_url};

/// Everything that the library has, and every way to fail.
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
    let hint = "look for `println!`, `eprintln!` and `dbg!`, also in `drop`";
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
        // There, a panic says nothing.
        attempt(|| {
            runtime().block_on(with_pool(server.url(), 1, async |pool| {
                fetch_users(pool).await
            }))
        });
    });
}
