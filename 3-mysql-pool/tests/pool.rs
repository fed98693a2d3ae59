//! The pool: connected before its body, no larger than asked, gone after it, whatever came of it.

mod support;

use std::panic::AssertUnwindSafe;
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use mysql_async::prelude::Queryable;
use mysql_pool::{Result, fetch_concurrently, fetch_users, with_pool};
use shared::sample_users;
use support::{Database, run};
use tokio::runtime::Runtime;

/// An error of a body's own.
fn failure<T>() -> Result<T> {
    let error: Box<dyn std::error::Error + Send + Sync> = "as the test asked".into();
    Err(mysql_async::Error::Other(error).into())
}

/// Runs a body on a runtime that is dropped as soon as `with_pool` has returned, so that nothing can be tidied up
/// afterwards; then nobody is left, and the server has counted nobody as cut.
fn leaves_nothing<T>(
    body: impl AsyncFnOnce(&mysql_async::Pool) -> Result<T>,
) -> std::thread::Result<Result<T>> {
    let looking = Runtime::new().unwrap();
    let mut database = looking.block_on(Database::on_its_own_server());
    let before = looking.block_on(database.aborted());
    let runtime = Runtime::new().unwrap();
    let url = database.url.clone();
    let outcome = runtime.block_on(AssertUnwindSafe(with_pool(&url, 4, body)).catch_unwind());
    drop(runtime);
    looking.block_on(async {
        database.until_nobody_is_left().await;
        assert_eq!(database.aborted().await, before);
    });
    outcome
}

/// Uses several connections at once, one of them with the driver alone.
async fn use_it(pool: &mysql_async::Pool) -> Result<()> {
    let mut connection = pool.get_conn().await?;
    let (both, answer) = tokio::join!(fetch_concurrently(pool, 40), connection.query_first("SELECT 42"));
    assert_eq!(both?.0, sample_users());
    assert_eq!(answer?, Some(42));
    Ok(())
}

#[test]
fn leaves_nothing_when_the_body_succeeds() {
    leaves_nothing(use_it).unwrap().unwrap();
}

#[test]
fn leaves_nothing_when_the_body_never_asks_for_a_connection() {
    assert_eq!(leaves_nothing(async |_| Ok(7)).unwrap().unwrap(), 7);
}

#[test]
fn leaves_nothing_when_the_body_fails() {
    let outcome = leaves_nothing(async |pool| {
        use_it(pool).await?;
        let _out = pool.get_conn().await?;
        failure::<()>()
    });
    let error = outcome.unwrap().unwrap_err().to_string();
    assert!(error.contains("as the test asked"), "{error}");
}

#[test]
fn leaves_nothing_when_the_body_panics_and_lets_the_panic_go_on() {
    let outcome = leaves_nothing::<()>(async |pool| {
        use_it(pool).await?;
        std::panic::panic_any(42)
    });
    assert_eq!(outcome.unwrap_err().downcast_ref(), Some(&42));
}

/// Before it has become a future at all.
#[test]
fn leaves_nothing_when_the_body_panics_at_once() {
    let outcome = leaves_nothing(|pool: &mysql_async::Pool| {
        assert!(
            pool.metrics()
                .connection_count
                .load(std::sync::atomic::Ordering::SeqCst)
                > 1,
            "panics"
        );
        std::future::ready(Ok(()))
    });
    assert!(outcome.is_err());
}

#[test]
fn the_first_connection_is_there_before_the_body_begins() {
    run(async {
        let mut database = Database::create().await;
        let url = database.url.clone();
        let ran = with_pool(&url, 3, async |_| Ok(database.processes().await.len()))
            .await
            .unwrap();
        assert_eq!(ran, 1);
    });
}

#[test]
fn a_pool_of_no_connections_is_an_error() {
    run(async {
        let database = Database::create().await;
        with_pool(&database.url, 0, async |_| Ok(())).await.unwrap_err();
    });
}

/// As many as the machine can count to: only as many are opened as are needed.
#[test]
fn a_pool_of_more_connections_than_any_server_takes_works() {
    run(async {
        let database = Database::create().await;
        let both = with_pool(&database.url, usize::MAX, async |pool| {
            fetch_concurrently(pool, 40).await
        })
        .await;
        assert_eq!(both.unwrap().0, sample_users());
    });
}

#[test]
fn a_server_is_found_by_name_and_by_an_ipv6_address() {
    run(async {
        if std::net::TcpListener::bind("[::1]:0").is_err() {
            return; // this machine has no IPv6
        }
        let options = shared::mariadb::Throwaway::options().argument("--bind-address=*");
        let mut database = Database::on_server_with(options).await;
        database.sql("DO GET_LOCK('gate', 0)").await;
        database.gate("gate").await;
        let before = database.aborted().await;
        for host in ["localhost", "[::1]", "127.0.0.1"] {
            let url = database.url.replace("127.0.0.1", host);
            with_pool(&url, 2, async |pool| {
                // The connection that stops them finds its way too.
                tokio::select! {
                    result = fetch_concurrently(pool, 40) => panic!("passed a closed gate: {result:?}"),
                    _ = database.until("both wait", |list| {
                        list.iter().filter(|one| support::waits_for_a_lock(one)).count() == 2
                    }) => {}
                }
                Ok(())
            })
            .await
            .unwrap_or_else(|error| panic!("{host}: {error}"));
            database.until_nobody_is_left().await;
            assert_eq!(database.aborted().await, before, "{host}");
        }
    });
}

#[test]
fn opens_as_many_connections_as_it_may_and_no_more_and_uses_them_again() {
    run(async {
        let mut database = Database::create().await;
        let url = database.url.clone();
        with_pool(&url, 3, async |pool| {
            let mut seen = std::collections::BTreeSet::new();
            for round in 0..5 {
                database.sql("DO GET_LOCK('crowd', 0)").await;
                if round == 0 {
                    database.gate("crowd").await;
                }
                let many: Vec<_> = (0..30)
                    .map(|_| {
                        let pool = pool.clone();
                        tokio::spawn(async move { fetch_users(&pool).await })
                    })
                    .collect();
                let list = database
                    .until("three wait", |list| {
                        list.iter().filter(|one| support::waits_for_a_lock(one)).count() == 3
                    })
                    .await;
                assert_eq!(list.len(), 3, "{list:#?}");
                seen.extend(list.into_iter().map(|process| process.id));
                database.sql("DO RELEASE_LOCK('crowd')").await;
                for one in many {
                    assert_eq!(one.await.unwrap()?.len(), 12);
                }
            }
            assert_eq!(seen.len(), 3, "the same connections each time");
            Ok(())
        })
        .await
        .unwrap();
        database.until_nobody_is_left().await;
    });
}

/// This one really takes the five seconds.
#[test]
fn a_connection_that_the_body_returns_is_an_error_and_no_hang() {
    run(async {
        let mut database = Database::create().await;
        let url = database.url.clone();
        let begun = Instant::now();
        let returned = with_pool(&url, 2, async |pool| Ok(pool.get_conn().await?)).await;
        assert!(
            begun.elapsed() >= Duration::from_secs(5),
            "it had not the time to come back"
        );
        returned.unwrap_err();
        database.until_nobody_is_left().await;
    });
}

#[test]
fn a_connection_that_a_task_holds_is_an_error_and_is_closed_when_the_task_ends() {
    run(async {
        let mut database = Database::create().await;
        let url = database.url.clone();
        let (let_go, wait) = tokio::sync::oneshot::channel::<()>();
        let held = with_pool(&url, 2, async |pool| {
            let mut connection = pool.get_conn().await?;
            tokio::spawn(async move {
                let _ = wait.await;
                let _ = connection.query_first::<u8, _>("SELECT 42").await;
            });
            failure::<()>()
        });
        // The body's error wins.
        let error = held.await.unwrap_err().to_string();
        assert!(error.contains("as the test asked"), "{error}");
        let_go.send(()).unwrap();
        database.until_nobody_is_left().await;
    });
}

#[test]
fn waits_for_a_connection_that_comes_back_in_time() {
    run(async {
        let mut database = Database::create().await;
        let url = database.url.clone();
        with_pool(&url, 2, async |pool| {
            let mut connection = pool.get_conn().await?;
            tokio::spawn(async move { connection.query_drop("SELECT SLEEP(0.2)").await });
            Ok(())
        })
        .await
        .unwrap();
        database.until_nobody_is_left().await;
    });
}

#[test]
fn the_futures_can_be_spawned() {
    run(async {
        let database = Database::create().await;
        let url = database.url.clone();
        let older_than = String::from("40");
        let task = tokio::spawn(async move {
            with_pool(&url, 2, async |pool| {
                let mut connection = pool.get_conn().await?;
                let one: Option<i64> = connection.query_first("SELECT 1").await?;
                assert_eq!(one, Some(1));
                fetch_concurrently(pool, older_than.parse().unwrap()).await
            })
            .await
        });
        assert_eq!(task.await.unwrap().unwrap().1.len(), 4);
    });
}

#[test]
fn works_on_a_runtime_of_a_single_thread() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let mut database = Database::create().await;
        let url = database.url.clone();
        let both = with_pool(&url, 2, async |pool| fetch_concurrently(pool, 40).await)
            .await
            .unwrap();
        assert_eq!(both.0, sample_users());
        database.until_nobody_is_left().await;
    });
}

#[test]
fn a_server_that_is_killed_in_the_middle_is_an_error_and_its_pool_works_after_the_restart() {
    run(async {
        let mut database = Database::on_its_own_server().await;
        let url = database.url.clone();
        with_pool(&url, 2, async |pool| {
            assert_eq!(fetch_concurrently(pool, 40).await?.0, sample_users());
            let waiting = tokio::spawn({
                let pool = pool.clone();
                async move {
                    let mut connection = pool.get_conn().await?;
                    connection
                        .query_drop("SELECT BENCHMARK(1000000000000, MD5('a'))")
                        .await
                }
            });
            database
                .until("it runs", |list| {
                    list.iter().any(|one| one.statement.contains("BENCHMARK"))
                })
                .await;
            tokio::task::block_in_place(|| database.server().kill().unwrap());
            waiting.await.unwrap().unwrap_err();
            fetch_users(pool).await.unwrap_err();
            tokio::task::block_in_place(|| database.server().restart().unwrap());
            for _ in 0..5 {
                assert_eq!(fetch_concurrently(pool, 40).await?.0, sample_users());
            }
            Ok(())
        })
        .await
        .unwrap();
        database.admin = support::connect(&url).await;
        database.until_nobody_is_left().await;
    });
}
