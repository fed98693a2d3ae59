//! More about the fetches: the order of the users, a large table, a missing table, a server with `autocommit = 0`.

use mysql_async::prelude::Queryable;
use mysql_pool::{fetch_concurrently, fetch_users, with_pool};
use shared::User;
use temp_mariadb::TempServer;
use testkit::expect::{expect, expect_ok, expect_word};

use crate::failure;
use crate::own_server::check_with;
use crate::support::check;

#[test]
fn returns_users_in_id_order() {
    let hint = "without `ORDER BY`, a table's rows come in any order";
    check(hint, async |server| {
        let ids = |users: &[User]| users.iter().map(|user| user.id).collect::<Vec<_>>();
        server.change_the_columns().await;
        server.sql("ALTER TABLE users ORDER BY email").await;
        let lists = expect_ok("users", server.fetch_all_lists(0).await);
        let [found, older, ..] = lists;
        expect(
            "users in the order of their ids",
            ids(&found) == ids(&server.users),
        );
        expect(
            "users in the order of their ids",
            ids(&older) == ids(&server.older_than(0)),
        );
    });
}

#[test]
fn the_error_of_a_missing_table_names_the_table_and_the_server() {
    let hint = "keep the text of the driver's error, which names the table, and add the server from the URL";
    check(hint, async |server| {
        server.sql("DROP TABLE users").await;
        for connections in [1, 2] {
            let both = with_pool(&server.url, connections, async |pool| {
                fetch_concurrently(pool, 40).await
            });
            let error = failure("a database without users", both.await);
            for word in [
                "users",
                "127.0.0.1",
                &server.port.to_string(),
                &server.database,
            ] {
                expect_word(&*error, word);
            }
        }
        server.until_no_connection_is_left("after the errors").await;
    });
}

#[test]
fn fetches_100_000_users() {
    let hint = "a large result comes in many packets: read all of its rows";
    check(hint, async |server| {
        server.sql("DELETE FROM users").await;
        server
            .sql(
                "INSERT INTO users (id, name, email, age) \
                 SELECT seq, CONCAT('Name ', seq), CONCAT('n', seq, '@example.com'), seq % 90 \
                 FROM seq_1_to_100000",
            )
            .await;
        let (all, older) = expect_ok("both lists", server.fetch_concurrently(40).await);
        let is_right = |(user, id): (&User, i64)| user.id == id && i64::from(user.age) == id % 90;
        expect(
            "100,000 users",
            all.len() == 100_000 && all.iter().zip(1..).all(is_right),
        );
        let count = all.iter().filter(|user| user.age > 40).count();
        expect("the older ones of them", older.len() == count);
    });
}

/// On a server with `autocommit = 0`, a SELECT begins a transaction.
#[test]
fn leaves_no_transaction_open_when_autocommit_is_off() {
    let hint = "with `autocommit` off, a SELECT begins a transaction: set `autocommit`, or let the pool reset the session";
    let options = TempServer::options().argument("--autocommit=0");
    check_with(options, hint, async |server| {
        server.sql("COMMIT").await;
        let counted = with_pool(&server.url, 1, async |pool| {
            fetch_users(pool).await?;
            server
                .sql("INSERT INTO users (id, name, email, age) VALUES (10001, 'M', 'm@example.com', 1)")
                .await;
            server.sql("COMMIT").await;
            // The same connection: within the transaction of the fetch, it would not see the new user.
            let mut connection = pool.get_conn().await?;
            let count: Option<usize> = connection.query_first("SELECT COUNT(*) FROM users").await?;
            Ok(count)
        });
        let counted = expect_ok("a count", counted.await);
        expect(
            "the new user is counted",
            counted == Some(server.users.len() + 1),
        );
    });
}
