//! More about closing: a panic goes on to the caller, and connections that the body returns or that its Tokio tasks hold.

use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};
use std::sync::atomic::Ordering;

use mysql_async::Pool;
use mysql_async::prelude::Queryable;
use mysql_pool::with_pool;
use testkit::attempt;
use testkit::expect::{expect, expect_ok, expect_word};
use tokio::task::block_in_place;

use crate::failure;
use crate::own_server::check_alone;
use crate::support::{
    Server, check, check_on_a_thread, expect_disconnected, on_purpose, outside,
    then_drop_the_runtime, use_two_connections,
};

/// Leaves `with_pool` in every way, one after the other. No other check may use the server.
fn on_every_way_out(server: &Server) {
    let before = outside(server.aborted());
    attempt(|| then_drop_the_runtime(server, use_two_connections));
    attempt(|| then_drop_the_runtime(server, async |_| Ok(())));
    attempt(|| {
        then_drop_the_runtime(server, async |pool| {
            let _out = pool.get_conn().await?;
            on_purpose::<()>()
        })
    });
    attempt(|| {
        then_drop_the_runtime::<()>(server, async |pool| {
            use_two_connections(pool).await?;
            panic!("on purpose")
        })
    });
    expect_disconnected(server, "after with_pool");
    assert_eq!(outside(server.aborted()), before);
}

#[test]
fn the_server_counts_no_connection_as_aborted() {
    let hint = "a `╳` in the timeline marks a connection that was cut: wait for `Pool::disconnect`, on every way out";
    check_alone(hint, async |server| {
        block_in_place(|| on_every_way_out(server));
    });
}

#[test]
fn the_caller_gets_the_panic_of_the_body() {
    let hint =
        "if you catch the panic to clean up, resume it afterwards: `std::panic::resume_unwind`";
    check_on_a_thread(hint, |server| {
        let work = || then_drop_the_runtime::<()>(server, async |_| panic_any(42));
        let outcome = catch_unwind(AssertUnwindSafe(work));
        let panic = outcome.expect_err("a panic");
        expect("the panic of the body", panic.downcast_ref() == Some(&42));
    });
}

/// The call of the body panics, before there is a future to await.
#[test]
fn disconnects_when_the_body_panics_before_its_future_exists() {
    let hint = "`body(&pool)` can panic before it returns a future: call it inside the `async` block that `catch_unwind` wraps";
    check_on_a_thread(hint, |server| {
        let body = |pool: &Pool| {
            let opened = pool.metrics().connection_count.load(Ordering::SeqCst);
            assert!(opened > 1, "panics");
            std::future::ready(Ok(()))
        };
        let work = || then_drop_the_runtime(server, body);
        let outcome = catch_unwind(AssertUnwindSafe(work));
        expect("a panic", outcome.is_err());
        expect_disconnected(server, "after a panic");
    });
}

/// Takes five seconds.
#[test]
fn a_connection_that_the_body_returns_is_an_error_and_not_a_hang() {
    let hint = "`Pool::disconnect` waits for connections in use without a limit: use `tokio::time::timeout`";
    check(hint, async |server| {
        let returned = with_pool(&server.url, 2, async |pool| Ok(pool.get_conn().await?));
        failure(
            "a connection that is never returned to the pool",
            returned.await,
        );
        server.until_no_connection_is_left("after the error").await;
    });
}

#[test]
fn closes_a_connection_that_a_task_holds_when_the_task_ends() {
    let hint = "the driver closes a connection that is returned to a disconnected pool: do not stop `Pool::disconnect` before that";
    check(hint, async |server| {
        let (let_go, wait) = tokio::sync::oneshot::channel::<()>();
        let held = with_pool(&server.url, 2, async |pool| {
            let mut connection = pool.get_conn().await?;
            tokio::spawn(async move {
                let _ = wait.await;
                let _ = connection.query_first::<u8, _>("SELECT 42").await;
            });
            on_purpose::<()>()
        });
        let error = failure("a body that fails", held.await);
        // The body's error wins.
        expect_word(&*error, "on purpose");
        let_go.send(()).expect("a task that waits");
        server.until_no_connection_is_left("after the task").await;
    });
}

#[test]
fn waits_for_a_connection_that_a_task_returns_in_time() {
    let hint =
        "a Tokio task may still use a connection after the body: wait for it before you give up";
    check(hint, async |server| {
        let worked = with_pool(&server.url, 2, async |pool| {
            let mut connection = pool.get_conn().await?;
            tokio::spawn(async move { connection.query_drop("SELECT SLEEP(0.2)").await });
            Ok(())
        });
        expect_ok("a body that succeeds", worked.await);
        server.until_no_connection_is_left("after with_pool").await;
    });
}

#[test]
fn the_error_of_the_body_names_the_database() {
    let hint =
        "`with_pool` knows the URL: add host, port, user and database to the error of the body";
    check(hint, async |server| {
        let outcome = with_pool(&server.url, 1, async |pool| {
            let mut connection = pool.get_conn().await?;
            Ok(connection.query_drop("SELECT nonsense").await?)
        });
        let error = failure("a query of nonsense", outcome.await);
        for word in [
            "nonsense",
            "127.0.0.1",
            &server.port.to_string(),
            &server.user,
            &server.database,
        ] {
            expect_word(&*error, word);
        }
    });
}
