//! `with_pool` is `async with create_pool(...)`: when it returns, the pool is disconnected, whether the body has returned
//! `Ok` or `Err`, or has panicked. Disconnected the polite way: a client takes its leave (`COM_QUIT`) before it hangs up.
//! One that only hangs up is counted by the server as aborted, and somebody will be paged for it. The checks drop the
//! runtime as soon as `with_pool` has returned: what was only begun then, in the background, does not happen.
//!
//! Read: `mysql_async::Pool::disconnect`; `futures_util::FutureExt::catch_unwind`; the chapter on `Drop` in the Rust
//! book, and why it cannot await.

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

/// Runs a body on a runtime that is dropped as soon as `with_pool` has returned. It has one thread, on which nothing else
/// happens between the two.
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

/// The same, where it does not matter what comes of it.
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
        server.until_nobody_is_left(when).await;
        server.expect_all_have_quit(when).await;
    });
}

#[test]
fn disconnects_when_the_body_succeeds() {
    let hint = "`Drop` cannot await: who disconnects the pool, and who waits for that?";
    check_on_a_thread(hint, |server| {
        attempt_then_drop_the_runtime(server, use_it);
        expect_disconnected(server, "after `Ok`");
    });
}

#[test]
fn disconnects_when_the_body_fails() {
    let hint = "what runs after the body when the body returns `Err`?";
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
    let hint =
        "a panic leaves every function by the way of its destructors, unless somebody catches it";
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
    let hint =
        "the body has returned an error: what does `with_pool` return, after it has tidied up?";
    check(hint, async |server| {
        let outcome = with_pool(server.url(), 2, async |_| on_purpose::<()>());
        let error = expect_error("a body that fails", outcome.await);
        expect_word(&error, "on purpose");
    });
}

/// All of them, one after the other, on a server that nobody else uses.
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
    let hint = "the log shows who has quit and who has not";
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
        "who catches a panic to tidy up lets it go on afterwards: `std::panic::resume_unwind`";
    check_on_a_thread(hint, |server| {
        let outcome = then_drop_the_runtime::<()>(server, async |_| std::panic::panic_any(42));
        let panic = outcome.expect_err("a panic");
        expect(
            "the panic that the body began",
            panic.downcast_ref() == Some(&42),
        );
    });
}

/// Before it has become a future at all.
#[test]
#[ignore = "extra"]
fn disconnects_when_the_body_panics_at_once() {
    let hint =
        "a body is called before it is awaited: does what catches its panics stand around both?";
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

/// This one really takes the five seconds.
#[test]
#[ignore = "extra"]
fn a_connection_that_the_body_returns_is_an_error_and_no_hang() {
    let hint = "`Pool::disconnect` waits for what is out: for how long?";
    check(hint, async |server| {
        let returned = with_pool(server.url(), 2, async |pool| Ok(pool.get_conn().await?));
        expect_error("a connection that never comes back", returned.await);
        server.until_nobody_is_left("after the error").await;
    });
}

#[test]
#[ignore = "extra"]
fn a_connection_that_a_task_holds_is_closed_when_the_task_ends() {
    let hint = "the pool is disconnected, and so is what comes back to it later";
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
        server.until_nobody_is_left("after the task").await;
    });
}

#[test]
#[ignore = "extra"]
fn waits_for_a_connection_that_comes_back_in_time() {
    let hint = "a task of the body may need a moment longer than the body";
    check(hint, async |server| {
        let worked = with_pool(server.url(), 2, async |pool| {
            let mut connection = pool.get_conn().await?;
            tokio::spawn(async move { connection.query_drop("SELECT SLEEP(0.2)").await });
            Ok(())
        });
        expect_ok("a body that succeeds", worked.await);
        server.until_nobody_is_left("after with_pool").await;
    });
}

#[test]
#[ignore = "extra"]
fn an_error_of_the_body_names_the_database_too() {
    let hint = "who is given the URL knows where the body was at work";
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
