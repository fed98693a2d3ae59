//! `with_pool` does what `async with create_pool(...)` does in Python: when it returns, the pool is disconnected, after `Ok`,
//! after `Err` and after a panic of the body. Each connection sends `COM_QUIT` before it closes its socket. The server
//! counts a connection that does not as aborted, and administrators get an alarm. These checks drop the runtime as soon as
//! `with_pool` has returned, so work that still runs in the background is lost.
//!
//! Read: `mysql_async::Pool::disconnect`; `futures_util::FutureExt::catch_unwind`; the chapter on `Drop` in the Rust book
//! (`drop` is not `async`, so it cannot await).

use mysql_async::Pool;
use mysql_pool::{Result, with_pool};
use testkit::attempt;
use testkit::expect::{expect_error, expect_word};

use crate::support::{
    Failure, check, check_on_a_thread, expect_disconnected, on_purpose, then_drop_the_runtime,
    use_two_connections,
};

/// Expects that a pool is disconnected after this body.
fn check_after(
    when: &'static str,
    hint: &str,
    body: impl AsyncFnOnce(&Pool) -> Result<()> + Send + 'static,
) {
    check_on_a_thread(hint, move |server| {
        attempt(|| then_drop_the_runtime(server, body));
        expect_disconnected(server, when);
    });
}

#[test]
fn disconnects_when_the_body_succeeds() {
    let hint =
        "call `pool.disconnect().await` after the body: dropping the `Pool` waits for nothing";
    check_after("after `Ok`", hint, use_two_connections);
}

#[test]
fn disconnects_when_the_body_fails() {
    let hint = "a `?` after the body returns before `disconnect`: keep the `Result`, disconnect, and return it then";
    check_after("after `Err`", hint, async |pool| {
        use_two_connections(pool).await?;
        on_purpose()
    });
}

#[test]
fn disconnects_when_the_body_panics() {
    let hint = "a panic skips the code after the body: catch it with `FutureExt::catch_unwind`, then disconnect";
    check_after("after a panic", hint, async |pool| {
        use_two_connections(pool).await?;
        panic!("on purpose")
    });
}

#[test]
fn returns_the_error_of_the_body() {
    let hint = "after `disconnect`, return the error of the body, with its text";
    check(hint, async |server| {
        let outcome = with_pool(&server.url, 2, async |_| on_purpose::<()>()).await;
        let error: Failure = expect_error("a body that fails", outcome).into();
        expect_word(&*error, "on purpose");
    });
}
