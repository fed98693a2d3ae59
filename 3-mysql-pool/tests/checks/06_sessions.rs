//! A connection of the pool keeps nothing of its last user: no transaction, no lock, no variable, no temporary table. The
//! session on the server does not end when a connection returns to the pool, so the pool must reset it. These checks use
//! a pool of one connection, so that the next user gets the same one. (The driver resets by default.)
//!
//! Read: `mysql_async::Conn::reset_connection` and `PoolOpts::with_reset_connection`; `COM_RESET_CONNECTION` in the
//! documentation of MySQL's protocol.

use mysql_async::prelude::Queryable;
use mysql_pool::{fetch_users, with_pool};

use crate::support::{Server, check, expect_error, expect_ok};

/// Runs statements on the only connection, returns it to the pool, and runs a query as its next user.
async fn next_sees(server: &Server, leave: &[&str], ask: &str) -> mysql_pool::Result<Option<i64>> {
    with_pool(server.url(), 1, async |pool| {
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
fn what_a_user_of_a_connection_leaves_behind_the_next_does_not_see() {
    let hint =
        "the pool must reset a session before its next user: see `PoolOpts::with_reset_connection`";
    check(hint, async |server| {
        server.sql("CREATE TABLE notes (note TEXT)").await;
        let count = server.users().len().try_into().expect("a few users");
        let begin = ["START TRANSACTION", "DELETE FROM users"];
        let hide = ["CREATE TEMPORARY TABLE users (id INT)"];
        let name = format!("{}.left", server.user());
        let take = [&*format!("DO GET_LOCK('{name}', 0)")];
        let ask_for_it = format!("SELECT COALESCE(IS_USED_LOCK('{name}') = CONNECTION_ID(), 0)");
        for (what, leave, ask, expected) in [
            (
                "a transaction",
                &begin[..],
                "SELECT COUNT(*) FROM users",
                count,
            ),
            (
                "a lock of a table",
                &["LOCK TABLES users WRITE"],
                "SELECT COUNT(*) FROM notes",
                0,
            ),
            ("a lock", &take, &ask_for_it, 0),
            (
                "a user variable",
                &["SET @left = 'behind'"],
                "SELECT @left IS NULL",
                1,
            ),
            (
                "a temporary table",
                &hide,
                "SELECT COUNT(*) FROM users",
                count,
            ),
        ] {
            expect_next_sees(server, what, leave, ask, expected).await;
        }
    });
}

#[test]
#[ignore = "extra"]
fn a_session_variable_is_as_before() {
    let hint =
        "a rollback is not enough: the driver resets the whole session with `COM_RESET_CONNECTION`";
    check(hint, async |server| {
        let leave = ["SET SESSION sql_mode = 'ANSI_QUOTES'", "SET autocommit = 0"];
        let ask = "SELECT @@sql_mode = @@GLOBAL.sql_mode AND @@autocommit";
        expect_next_sees(server, "a session variable", &leave, ask, 1).await;
    });
}

#[test]
#[ignore = "extra"]
fn a_prepared_statement_is_forgotten() {
    let hint =
        "a rollback is not enough: the driver resets the whole session with `COM_RESET_CONNECTION`";
    check(hint, async |server| {
        let outcome = next_sees(
            server,
            &["PREPARE left_behind FROM 'SELECT 1'"],
            "EXECUTE left_behind",
        );
        expect_error("a statement that the last user prepared", outcome.await);
    });
}

/// While the pool exists, and before its next use.
#[test]
#[ignore = "extra"]
fn a_lock_is_released_as_soon_as_the_connection_comes_back() {
    let hint = "reset the session when the connection returns to the pool, not when it is used next: other clients wait for the lock";
    check(hint, async |server| {
        let id = server.users()[0].id;
        let name = format!("{}.left", server.user());
        let found = with_pool(server.url(), 1, async |pool| {
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
        assert_eq!(found.len(), server.users().len() - 1);
    });
}

/// A fetch may skip the reset after itself, because it leaves nothing behind. The reset before it must still happen.
#[test]
#[ignore = "extra"]
fn a_fetch_sees_the_table_and_not_a_temporary_one_of_the_last_user() {
    let hint = "`reset_connection(false)` skips the reset after this use: call it only on a connection that you have only read with";
    check(hint, async |server| {
        let found = with_pool(server.url(), 1, async |pool| {
            let hide = "CREATE TEMPORARY TABLE users (id INT)";
            pool.get_conn().await?.query_drop(hide).await?;
            fetch_users(pool).await
        });
        let found = expect_ok("every user", found.await);
        assert_eq!(found.len(), server.users().len());
        server.until_no_connection_is_left("after with_pool").await;
    });
}
