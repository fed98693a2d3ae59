//! More about the reset of a connection: session variables, prepared statements, and when locks are released.
//!
//! Read: `mysql_async::Conn::reset_connection`; `COM_RESET_CONNECTION` in the documentation of MySQL's protocol.

use mysql_async::prelude::Queryable;
use mysql_pool::{fetch_users, with_pool};
use testkit::expect::expect_ok;

use crate::failure;
use crate::support::{Server, check};

/// Runs statements on the only connection, returns it to the pool, and runs a query as its next user.
async fn next_sees(server: &Server, leave: &[&str], ask: &str) -> mysql_pool::Result<Option<i64>> {
    with_pool(&server.url, 1, async |pool| {
        let mut first = pool.get_conn().await?;
        for statement in leave {
            first.query_drop(*statement).await?;
        }
        drop(first);
        let mut next = pool.get_conn().await?;
        Ok(next.query_first::<Option<i64>, _>(ask).await?.flatten())
    })
    .await
}

async fn expect_next_sees(server: &Server, what: &str, leave: &[&str], ask: &str, expected: i64) {
    let seen = next_sees(server, leave, ask).await;
    let expectation = format!("{what} ends with its user: `{ask}` returns {expected}");
    let seen = expect_ok(&expectation, seen);
    assert!(
        seen == Some(expected),
        "expected: {expectation}\nfound: {seen:?}"
    );
}

#[test]
fn resets_session_variables() {
    let hint =
        "a rollback is not enough: the driver resets the whole session with `COM_RESET_CONNECTION`";
    check(hint, async |server| {
        let leave = ["SET SESSION sql_mode = 'ANSI_QUOTES'", "SET autocommit = 0"];
        let ask = "SELECT @@sql_mode = @@GLOBAL.sql_mode AND @@autocommit";
        expect_next_sees(server, "a session variable", &leave, ask, 1).await;
    });
}

#[test]
fn forgets_prepared_statements() {
    let hint =
        "a rollback is not enough: the driver resets the whole session with `COM_RESET_CONNECTION`";
    check(hint, async |server| {
        let outcome = next_sees(
            server,
            &["PREPARE left_behind FROM 'SELECT 1'"],
            "EXECUTE left_behind",
        );
        failure("a statement that the last user prepared", outcome.await);
    });
}

/// While the pool exists, and before its next use.
#[test]
fn releases_locks_when_the_connection_returns_to_the_pool() {
    let hint = "reset the session when the connection returns to the pool, not when it is used next: other clients wait for the lock";
    check(hint, async |server| {
        let id = server.users[0].id;
        let name = format!("{}.left", server.user);
        let found = with_pool(&server.url, 1, async |pool| {
            let mut first = pool.get_conn().await?;
            first.query_drop("LOCK TABLES users WRITE").await?;
            drop(first);
            server
                .sql(&format!("DELETE FROM users WHERE id = {id}"))
                .await;
            let mut first = pool.get_conn().await?;
            first
                .query_drop(format!("DO GET_LOCK('{name}', 0)"))
                .await?;
            drop(first);
            let got: u8 = server
                .value(&format!("SELECT GET_LOCK('{name}', 1000)"))
                .await;
            assert_eq!(got, 1);
            fetch_users(pool).await
        });
        let found = expect_ok("the users who are left", found.await);
        assert_eq!(found.len(), server.users.len() - 1);
    });
}

/// A fetch may skip the reset after itself, because it leaves nothing behind. The reset before it must still happen.
#[test]
fn a_fetch_does_not_see_a_temporary_table_of_the_last_user() {
    let hint = "`reset_connection(false)` skips the reset after this use: call it only on a connection that you have only read with";
    check(hint, async |server| {
        let found = with_pool(&server.url, 1, async |pool| {
            let hide = "CREATE TEMPORARY TABLE users (id INT)";
            pool.get_conn().await?.query_drop(hide).await?;
            fetch_users(pool).await
        });
        let found = expect_ok("every user", found.await);
        assert_eq!(found.len(), server.users.len());
        server.until_no_connection_is_left("after with_pool").await;
    });
}
