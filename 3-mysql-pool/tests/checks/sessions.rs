//! What one user of a connection leaves behind, the next does not see. A session on the server outlives whoever has used
//! it: a transaction that was begun, a lock that was taken, a variable that was set. A pool that hands connections on has
//! them reset in between. A pool of one connection makes sure that the next has the same one.
//!
//! Read: `mysql_async::Conn::reset_connection`, and `PoolOpts::with_reset_connection`; `COM_RESET_CONNECTION` in the
//! documentation of MySQL's protocol.

use mysql_async::prelude::Queryable;
use mysql_pool::{fetch_users, with_pool};

use crate::support::{Server, check, expect_error, expect_ok};

/// Leaves something behind on the only connection, and then asks the next user of it.
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
    let expectation = format!("{what} does not outlast its user: {expected}, to `{ask}`");
    let seen = expect_ok(&expectation, seen);
    assert!(
        seen == Some(expected),
        "expected: {expectation}\nfound: {seen:?}"
    );
}

#[test]
fn what_a_user_of_a_connection_leaves_behind_the_next_does_not_see() {
    let hint = "what happens to a connection when it comes back, before the next user gets it?";
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
    let hint = "a reset of the session does more than a rollback";
    check(hint, async |server| {
        let leave = ["SET SESSION sql_mode = 'ANSI_QUOTES'", "SET autocommit = 0"];
        let ask = "SELECT @@sql_mode = @@GLOBAL.sql_mode AND @@autocommit";
        expect_next_sees(server, "a session variable", &leave, ask, 1).await;
    });
}

#[test]
#[ignore = "extra"]
fn a_prepared_statement_is_forgotten() {
    let hint = "a reset of the session does more than a rollback";
    check(hint, async |server| {
        let outcome = next_sees(
            server,
            &["PREPARE left_behind FROM 'SELECT 1'"],
            "EXECUTE left_behind",
        );
        expect_error("a statement that the last user has prepared", outcome.await);
    });
}

/// While the pool lives, and without asking it for anything.
#[test]
#[ignore = "extra"]
fn a_lock_is_released_as_soon_as_the_connection_comes_back() {
    let hint = "a reset that waits for the next user comes too late for everybody else";
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

/// As long as a fetch skips the reset, for it leaves nothing behind, it must not skip what others have left.
#[test]
#[ignore = "extra"]
fn a_fetch_sees_the_table_and_not_a_temporary_one_of_the_last_user() {
    let hint = "the fetches use the pool's connections as everybody else does";
    check(hint, async |server| {
        let found = with_pool(server.url(), 1, async |pool| {
            let hide = "CREATE TEMPORARY TABLE users (id INT)";
            pool.get_conn().await?.query_drop(hide).await?;
            fetch_users(pool).await
        });
        let found = expect_ok("every user", found.await);
        assert_eq!(found.len(), server.users().len());
        server.until_nobody_is_left("after with_pool").await;
    });
}
