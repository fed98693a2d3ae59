//! What one user of a connection leaves behind, the next does not see. A pool of one connection makes sure that the
//! next has the same one.

mod support;

use mysql_async::prelude::Queryable;
use mysql_pool::{fetch_users, with_pool};
use support::{Database, run};

/// Leaves something behind on the only connection, and then asks for it: the answer, and whether it was the same
/// connection.
async fn next_sees(database: &Database, leave: &[&str], ask: &str) -> Option<String> {
    with_pool(&database.url, 1, async |pool| {
        let mut first = pool.get_conn().await?;
        let id = first.id();
        for statement in leave {
            first.query_drop(*statement).await?;
        }
        drop(first);
        let mut next = pool.get_conn().await?;
        assert_eq!(next.id(), id, "the pool uses its connection again");
        Ok(next.query_first::<Option<String>, _>(ask).await?.flatten())
    })
    .await
    .unwrap()
}

#[test]
fn an_open_transaction_is_rolled_back() {
    run(async {
        let database = Database::create().await;
        let leave = ["START TRANSACTION", "DELETE FROM users"];
        assert_eq!(
            next_sees(&database, &leave, "SELECT COUNT(*) FROM users")
                .await
                .as_deref(),
            Some("12")
        );
        assert_eq!(
            next_sees(&database, &leave, "SELECT @@in_transaction")
                .await
                .as_deref(),
            Some("0")
        );
    });
}

#[test]
fn a_table_lock_is_released() {
    run(async {
        let mut database = Database::create().await;
        let url = database.url.clone();
        with_pool(&url, 1, async |pool| {
            let mut first = pool.get_conn().await?;
            first.query_drop("LOCK TABLES users WRITE").await?;
            drop(first);
            // While the pool lives, and without asking it for anything.
            database.sql("DELETE FROM users WHERE id = 12").await;
            assert_eq!(fetch_users(pool).await?.len(), 11);
            Ok(())
        })
        .await
        .unwrap();
    });
}

#[test]
fn a_named_lock_is_released() {
    run(async {
        let mut database = Database::create().await;
        let url = database.url.clone();
        with_pool(&url, 1, async |pool| {
            pool.get_conn()
                .await?
                .query_drop("DO GET_LOCK('left behind', 0)")
                .await?;
            assert_eq!(
                database.value::<u8>("SELECT GET_LOCK('left behind', 60)").await,
                1
            );
            Ok(())
        })
        .await
        .unwrap();
    });
}

#[test]
fn a_user_variable_is_forgotten() {
    run(async {
        let database = Database::create().await;
        assert_eq!(
            next_sees(&database, &["SET @left = 'behind'"], "SELECT @left").await,
            None
        );
    });
}

#[test]
fn a_session_variable_is_as_before() {
    run(async {
        let database = Database::create().await;
        let leave = ["SET SESSION sql_mode = 'ANSI_QUOTES'", "SET autocommit = 0"];
        let ask = "SELECT CONCAT(@@sql_mode = @@GLOBAL.sql_mode, @@autocommit + 0)";
        assert_eq!(next_sees(&database, &leave, ask).await.as_deref(), Some("11"));
    });
}

#[test]
fn a_temporary_table_is_gone() {
    run(async {
        let mut database = Database::create().await;
        let url = database.url.clone();
        // Under the table's own name, it would hide the users.
        with_pool(&url, 1, async |pool| {
            pool.get_conn()
                .await?
                .query_drop("CREATE TEMPORARY TABLE users (id INT)")
                .await?;
            assert_eq!(fetch_users(pool).await?.len(), 12);
            Ok(())
        })
        .await
        .unwrap();
        database.until_nobody_is_left().await;
    });
}

#[test]
fn a_prepared_statement_is_forgotten() {
    run(async {
        let database = Database::create().await;
        with_pool(&database.url, 1, async |pool| {
            pool.get_conn()
                .await?
                .query_drop("PREPARE left_behind FROM 'SELECT 1'")
                .await?;
            pool.get_conn()
                .await?
                .query_drop("EXECUTE left_behind")
                .await
                .unwrap_err();
            Ok(())
        })
        .await
        .unwrap();
    });
}
