//! `with_pool` opens its first connection before the body starts. So a wrong password is an error there, and not in the middle
//! of the work. It never opens more connections than `connections`, because a server admits a limited number of clients.
//! It reuses its connections, because to open one takes longer than most queries. And a connection keeps nothing of its
//! last user: no transaction, no lock, no variable, no temporary table. The session on the server does not end when a
//! connection returns to the pool, so the pool must reset it. (The driver resets by default.)
//!
//! Read: `mysql_async::PoolConstraints`, `PoolOpts` and `OptsBuilder`. (With a minimum of 0, the driver closes each
//! connection that is returned to the pool.) `PoolOpts::with_reset_connection`.

use futures_util::future::join_all;
use mysql_async::prelude::Queryable;
use mysql_pool::{fetch_users, with_pool};
use testkit::Deadline;
use testkit::expect::{expect, expect_error, expect_ok};

use crate::support::{Process, check};

#[test]
fn opens_the_first_connection_before_the_body_starts() {
    let hint = "`Pool::new` opens no connection: call `pool.get_conn().await?` before the body";
    check(hint, async |server| {
        let body = async |_: &_| Ok(server.timeline().expect("the logs").connections.len());
        let opened = with_pool(&server.url, 3, body).await;
        let opened = expect_ok("a body that uses no connection", opened);
        expect("a connection before the body starts", opened > 0);
    });
}

#[test]
fn a_wrong_password_is_an_error_even_if_the_body_uses_no_connection() {
    let hint = "return the error of the first `pool.get_conn().await`";
    check(hint, async |server| {
        let url = server.url.replace(&server.password, "another");
        let outcome = with_pool(&url, 2, async |_| Ok(())).await;
        expect_error("a wrong password", outcome);
    });
}

#[test]
fn opens_at_most_the_given_number_of_connections() {
    let hint = "give `PoolConstraints` the number as its maximum, and get every connection from this one pool";
    check(hint, async |server| {
        server.set_breakpoint().await;
        let counted = with_pool(&server.url, 3, async |pool| {
            let many = join_all((0..10).map(|_| fetch_users(pool)));
            let counted = async {
                let any = |list: &[Process]| list.iter().any(Process::is_at_breakpoint);
                server.until("a query that runs", any).await;
                server.open_and_close_other_connections().await;
                let count = server.processes().await.len();
                server.release_breakpoint().await;
                count
            };
            Ok(tokio::join!(many, counted).1)
        });
        let count = expect_ok("ten queries", counted.await);
        assert!(
            count <= 3,
            "expected: at most 3 connections at a time\nfound: {count}"
        );
    });
}

#[test]
fn reuses_connections() {
    let hint =
        "the pool keeps as many idle connections as the minimum of `PoolConstraints` says: set it";
    check(hint, async |server| {
        let mut before = 0;
        for whose in ["of the library's functions", "of the body"] {
            let done = with_pool(&server.url, 4, async |pool| {
                for _ in 0..20 {
                    if whose == "of the body" {
                        pool.get_conn().await?.query_drop("DO 1").await?;
                    } else {
                        let _ = fetch_users(pool).await;
                    }
                }
                Ok(())
            });
            expect_ok("a body that succeeds", done.await);
            // More than one is right: the driver resets a returned connection first, and opens another if one is
            // requested before the reset has finished.
            let opened = server.timeline().expect("the logs").connections.len() - before;
            assert!(
                opened < 20,
                "expected: 20 queries {whose} over a few connections\nfound: {opened} connections were opened"
            );
            before += opened;
        }
    });
}

#[test]
fn a_pool_of_0_connections_is_an_error() {
    let hint = "`PoolConstraints::new` returns `None` for 0 connections: return an error then";
    check(hint, async |server| {
        let pool = with_pool(&server.url, 0, async |_| Ok(()));
        let outcome = Deadline::start().timeout(pool).await;
        let outcome = outcome.expect("a result");
        expect_error("a pool of 0 connections", outcome);
    });
}

/// With a pool of one connection, so that the next user gets the same one.
#[test]
fn resets_a_connection_for_its_next_user() {
    let hint = "the pool must reset a connection before it lends it again: leave `PoolOpts::with_reset_connection` at `true`, which is the default";
    check(hint, async |server| {
        server.sql("CREATE TABLE notes (note TEXT)").await;
        let users = i64::try_from(server.users.len()).expect("a few users");
        let lock = format!("{}.left", server.user);
        let take = format!("DO GET_LOCK('{lock}', 0)");
        let is_taken = format!("SELECT COALESCE(IS_USED_LOCK('{lock}') = CONNECTION_ID(), 0)");
        let count = "SELECT COUNT(*) FROM users";
        let delete = "START TRANSACTION; DELETE FROM users";
        let hide = "CREATE TEMPORARY TABLE users (id INT)";
        let lock_table = "LOCK TABLES users WRITE";
        for (what, leave, ask, expected) in [
            ("a transaction", delete, count, users),
            (
                "a lock of a table",
                lock_table,
                "SELECT COUNT(*) FROM notes",
                0,
            ),
            ("a lock", &*take, &*is_taken, 0),
            (
                "a user variable",
                "SET @left = 'behind'",
                "SELECT @left IS NULL",
                1,
            ),
            ("a temporary table", hide, count, users),
        ] {
            let expectation = format!(
                "{what} of one borrower is gone for the next: `{ask}` returns Some({expected})"
            );
            let seen = with_pool(&server.url, 1, async |pool| {
                pool.get_conn().await?.query_drop(leave).await?;
                Ok(pool.get_conn().await?.query_first::<i64, _>(ask).await?)
            });
            let seen = expect_ok(&expectation, seen.await);
            assert!(
                seen == Some(expected),
                "expected: {expectation}\nfound: {seen:?}"
            );
        }
    });
}
