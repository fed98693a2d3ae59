//! `with_pool` does what `async with create_pool(...)` does in Python: when it returns, the pool is disconnected, after `Ok`,
//! after `Err` and after a panic of the body. Each connection sends `COM_QUIT` before it closes its socket. The server
//! counts a connection that does not as aborted, and administrators get an alarm. These checks drop the runtime as soon as
//! `with_pool` has returned, so work that still runs in the background is lost.
//!
//! Read: `mysql_async::Pool::disconnect`; `futures_util::FutureExt::catch_unwind`; the chapter on `Drop` in the Rust book
//! (`drop` is not `async`, so it cannot await).

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::Ordering;

use mysql_async::Pool;
use mysql_async::prelude::Queryable;
use mysql_pool::{Result, with_pool};
use temp_mariadb::TempServer;
use testkit::attempt;
use tokio::runtime::Builder;

use crate::on_purpose;
use crate::support::{
    Server, check, check_alone, check_on_a_thread, expect, expect_error, expect_ok, expect_word,
    outside,
};

/// Runs a body on a runtime that is dropped as soon as `with_pool` has returned. The runtime has one thread, so nothing else
/// runs in between.
fn then_drop_the_runtime<T>(
    server: &Server,
    body: impl AsyncFnOnce(&Pool) -> Result<T>,
) -> std::thread::Result<Result<T>> {
    let runtime = Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        runtime.block_on(with_pool(server.url(), 4, body))
    }));
    drop(runtime);
    outcome
}

/// Like [`then_drop_the_runtime`], and ignores the result.
fn attempt_then_drop_the_runtime<T>(server: &Server, body: impl AsyncFnOnce(&Pool) -> Result<T>) {
    attempt(|| then_drop_the_runtime(server, body).unwrap_or_else(|panic| resume_unwind(panic)));
}

/// Uses several connections at once.
async fn use_it(pool: &Pool) -> Result<()> {
    let (mut one, other) = (pool.get_conn().await?, pool.get_conn().await?);
    one.query_drop("DO 1").await?;
    drop(other);
    Ok(())
}

fn expect_disconnected(server: &Server, when: &str) {
    outside(async {
        server.until_no_connection_is_left(when).await;
        server.expect_all_have_quit(when).await;
    });
}

#[test]
fn disconnects_when_the_body_succeeds() {
    let hint =
        "call `pool.disconnect().await` after the body: dropping the `Pool` waits for nothing";
    check_on_a_thread(hint, |server| {
        attempt_then_drop_the_runtime(server, use_it);
        expect_disconnected(server, "after `Ok`");
    });
}

#[test]
fn disconnects_when_the_body_fails() {
    let hint = "a `?` after the body returns before `disconnect`: keep the `Result`, disconnect, and return it then";
    check_on_a_thread(hint, |server| {
        attempt_then_drop_the_runtime(server, async |pool| {
            use_it(pool).await?;
            on_purpose::<()>()
        });
        expect_disconnected(server, "after `Err`");
    });
}

#[test]
fn disconnects_when_the_body_panics() {
    let hint = "a panic skips the code after the body: catch it with `FutureExt::catch_unwind`, then disconnect";
    check_on_a_thread(hint, |server| {
        attempt_then_drop_the_runtime::<()>(server, async |pool| {
            use_it(pool).await?;
            panic!("on purpose")
        });
        expect_disconnected(server, "after a panic");
    });
}

#[test]
fn the_bodys_error_comes_back_and_says_what_was_wrong() {
    let hint = "after `disconnect`, return the error of the body, with its text";
    check(hint, async |server| {
        let outcome = with_pool(server.url(), 2, async |_| on_purpose::<()>());
        let error = expect_error("a body that fails", outcome.await);
        expect_word(&error, "on purpose");
    });
}

/// Leaves `with_pool` in every way, one after the other. No other check may use the server.
fn on_every_way_out(server: &Server) {
    let before = outside(server.aborted());
    attempt_then_drop_the_runtime(server, use_it);
    attempt_then_drop_the_runtime(server, async |_| Ok(()));
    attempt_then_drop_the_runtime(server, async |pool| {
        let _out = pool.get_conn().await?;
        on_purpose::<()>()
    });
    attempt_then_drop_the_runtime::<()>(server, async |pool| {
        use_it(pool).await?;
        panic!("on purpose")
    });
    expect_disconnected(server, "after with_pool");
    assert_eq!(outside(server.aborted()), before);
}

#[test]
#[ignore = "extra"]
fn the_server_counts_nobody_as_aborted() {
    let hint = "a `╳` in the timeline marks a connection that was cut: wait for `Pool::disconnect`, on every way out";
    check_alone(
        hint,
        TempServer::options().run(shared::schema::mysql_sample()),
        async |server| {
            tokio::task::block_in_place(|| on_every_way_out(server));
        },
    );
}

#[test]
#[ignore = "extra"]
fn a_panic_of_the_body_goes_on_to_the_caller() {
    let hint =
        "if you catch the panic to clean up, resume it afterwards: `std::panic::resume_unwind`";
    check_on_a_thread(hint, |server| {
        let outcome = then_drop_the_runtime::<()>(server, async |_| std::panic::panic_any(42));
        let panic = outcome.expect_err("a panic");
        expect("the panic of the body", panic.downcast_ref() == Some(&42));
    });
}

/// The call of the body panics, before there is a future to await.
#[test]
#[ignore = "extra"]
fn disconnects_when_the_body_panics_at_once() {
    let hint = "`body(&pool)` can panic before it returns a future: call it inside the `async` block that `catch_unwind` wraps";
    check_on_a_thread(hint, |server| {
        let outcome = then_drop_the_runtime(server, |pool: &Pool| {
            assert!(
                pool.metrics().connection_count.load(Ordering::SeqCst) > 1,
                "panics"
            );
            std::future::ready(Ok(()))
        });
        expect("a panic", outcome.is_err());
        expect_disconnected(server, "after a panic");
    });
}

/// Takes five seconds.
#[test]
#[ignore = "extra"]
fn a_connection_that_the_body_returns_is_an_error_and_no_hang() {
    let hint = "`Pool::disconnect` waits for connections in use without a limit: use `tokio::time::timeout`";
    check(hint, async |server| {
        let returned = with_pool(server.url(), 2, async |pool| Ok(pool.get_conn().await?));
        expect_error(
            "a connection that is never returned to the pool",
            returned.await,
        );
        server.until_no_connection_is_left("after the error").await;
    });
}

#[test]
#[ignore = "extra"]
fn a_connection_that_a_task_holds_is_closed_when_the_task_ends() {
    let hint = "the driver closes a connection that is returned to a disconnected pool: do not stop `Pool::disconnect` before that";
    check(hint, async |server| {
        let (let_go, wait) = tokio::sync::oneshot::channel::<()>();
        let held = with_pool(server.url(), 2, async |pool| {
            let mut connection = pool.get_conn().await?;
            tokio::spawn(async move {
                let _ = wait.await;
                let _ = connection.query_first::<u8, _>("SELECT 42").await;
            });
            on_purpose::<()>()
        });
        let error = expect_error("a body that fails", held.await);
        // The body's error wins.
        expect_word(&error, "on purpose");
        let_go.send(()).expect("a task that waits");
        server.until_no_connection_is_left("after the task").await;
    });
}

#[test]
#[ignore = "extra"]
fn waits_for_a_connection_that_comes_back_in_time() {
    let hint = "a task may still use a connection after the body: wait for it before you give up";
    check(hint, async |server| {
        let worked = with_pool(server.url(), 2, async |pool| {
            let mut connection = pool.get_conn().await?;
            tokio::spawn(async move { connection.query_drop("SELECT SLEEP(0.2)").await });
            Ok(())
        });
        expect_ok("a body that succeeds", worked.await);
        server.until_no_connection_is_left("after with_pool").await;
    });
}

#[test]
#[ignore = "extra"]
fn an_error_of_the_body_names_the_database_too() {
    let hint =
        "`with_pool` knows the URL: add host, port, user and database to the error of the body";
    check(hint, async |server| {
        let outcome = with_pool(server.url(), 1, async |pool| {
            let mut connection = pool.get_conn().await?;
            Ok(connection.query_drop("SELECT nonsense").await?)
        });
        let error = expect_error("a query of nonsense", outcome.await);
        for word in [
            "nonsense",
            "127.0.0.1",
            &server.port().to_string(),
            server.user(),
            &server.database(),
        ] {
            expect_word(&error, word);
        }
    });
}
