//! `fetch_users`, `fetch_older_users` and `fetch_concurrently` return all the users that they should, or an error. They never
//! return only a part of them. The age is bound as a parameter of the statement, because a value that is formatted into
//! the SQL can change the meaning of the statement.
//!
//! Read: the trait `mysql_async::prelude::Queryable`, and its method `exec`.

use mysql_pool::{Result, fetch_concurrently, fetch_older_users, fetch_users, with_pool};
use shared::User;
use temp_mariadb::TempServer;

use crate::support::{
    Server, check, check_alone, expect, expect_error, expect_ok, expect_people, expect_word,
};

pub async fn all(server: &Server) -> Result<Vec<User>> {
    with_pool(server.url(), 2, async |pool| fetch_users(pool).await).await
}

async fn older(server: &Server, age: u32) -> Result<Vec<User>> {
    with_pool(server.url(), 2, async |pool| {
        fetch_older_users(pool, age).await
    })
    .await
}

pub async fn both(server: &Server, age: u32) -> Result<(Vec<User>, Vec<User>)> {
    with_pool(server.url(), 2, async |pool| {
        fetch_concurrently(pool, age).await
    })
    .await
}

/// Fetches every list that the library has.
pub async fn lists(server: &Server, age: u32) -> [Result<Vec<User>>; 4] {
    let (one, other) = match both(server, age).await {
        Ok((all, older)) => (Ok(all), Ok(older)),
        Err(error) => (Err(error), Ok(Vec::new())),
    };
    [all(server).await, older(server, age).await, one, other]
}

#[test]
fn fetches_every_user() {
    let hint =
        "compare the ids: does the `WHERE` of the query drop users, or the loop over the rows?";
    check(hint, async |server| {
        let found = expect_ok("every user", all(server).await);
        expect_people("every user", &found, server.users());
    });
}

#[test]
fn fetches_the_users_who_are_older_and_not_those_of_exactly_that_age() {
    let hint = "is the comparison `>`, and does it use the parameter `age`? A user of exactly that age is not older";
    check(hint, async |server| {
        let boundary = server.age();
        for age in [boundary, boundary - 1, 0] {
            let expected = format!("the users who are older than {age}");
            let found = expect_ok(&expected, older(server, age).await);
            expect_people(&expected, &found, &server.older_than(age));
        }
    });
}

#[test]
fn fetches_both_lists_first_all_users_and_then_the_older_ones() {
    let hint = "return `(all, older)`, in this order, and pass `older_than` to the second query";
    check(hint, async |server| {
        for age in [server.age(), server.age() - 1] {
            let (all, older) = expect_ok("both lists", both(server, age).await);
            expect_people("every user in the first list", &all, server.users());
            let expected = format!("the users older than {age} in the second list");
            expect_people(&expected, &older, &server.older_than(age));
        }
    });
}

/// Replaces the table by one with its columns in another order, and with more columns.
pub async fn change_the_columns(server: &Server) {
    server.sql("RENAME TABLE users TO old").await;
    server
        .sql(
            "CREATE TABLE users (more DATE, age INT UNSIGNED, email TEXT, note BLOB, name TEXT, id BIGINT) \
             CHARACTER SET utf8mb4",
        )
        .await;
    server
        .sql("INSERT INTO users (id, name, email, age) SELECT id, name, email, age FROM old ORDER BY id")
        .await;
}

#[test]
fn an_empty_table_has_no_users() {
    let hint = "a result without rows is an empty `Vec`, not an error: do you index it, or call `unwrap` on the first row?";
    check(hint, async |server| {
        server.sql("DELETE FROM users").await;
        for found in lists(server, 0).await {
            let found = expect_ok("an empty list", found);
            expect("no users in an empty table", found.is_empty());
        }
        server
            .sql("INSERT INTO users VALUES (1, 'Ada', 'ada@example.com', 36)")
            .await;
        let found = expect_ok("an empty list", older(server, 100).await);
        expect("no user older than 100", found.is_empty());
    });
}

#[test]
fn a_query_that_fails_is_an_error() {
    let hint = "the driver's `exec` returns the server's error as `Err`: pass it on with `?`";
    check(hint, async |server| {
        server.sql("DROP TABLE users").await;
        let of = "a database without the table `users`";
        expect_error(of, all(server).await);
        expect_error(of, older(server, 0).await);
        expect_error(of, both(server, 0).await);
    });
}

/// Makes only the `number`th query from now on fail.
async fn make_one_fail(server: &Server, number: u32) {
    server
        .sql(&format!(
            "UPDATE arrivals SET arrived = 0, fails = {number}"
        ))
        .await;
}

#[test]
fn an_error_of_either_of_the_two_queries_comes_back() {
    let hint = "`fetch_concurrently` has two results: return the error of either of them (`tokio::try_join!`)";
    check(hint, async |server| {
        // The view calls the function once for each query. The count stays when the query fails, because MyISAM has no
        // transactions.
        for statement in [
            "CREATE TABLE arrivals (arrived INT, fails INT) ENGINE = MyISAM",
            "INSERT INTO arrivals VALUES (0, 0)",
            "CREATE FUNCTION arrive() RETURNS INT NOT DETERMINISTIC MODIFIES SQL DATA SQL SECURITY INVOKER BEGIN \
             UPDATE arrivals SET arrived = LAST_INSERT_ID(arrived + 1); \
             IF LAST_INSERT_ID() = (SELECT fails FROM arrivals) THEN \
             SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'on purpose'; END IF; RETURN 1; END",
            "RENAME TABLE users TO people",
            "CREATE SQL SECURITY INVOKER VIEW users AS SELECT people.* FROM people JOIN (SELECT arrive() AS arrived) AS arrival \
             ON arrived = 1",
        ] {
            server.sql(statement).await;
        }
        for _ in 0..3 {
            for number in [1, 2] {
                make_one_fail(server, number).await;
                let of = "two queries, one of which fails";
                expect_error(of, both(server, 0).await);
                // The other statement may still run. It must not be counted with the next two.
                server.until_no_connection_is_left("after with_pool").await;
            }
        }
    });
}

#[test]
fn binds_the_age_as_a_parameter() {
    let hint = "look at the statement in the timeline: write `?` in the SQL, and pass the age to `exec` as a parameter";
    check(hint, async |server| {
        // A number that occurs nowhere else.
        let age = server.random().u32(1_000_000_000..2_000_000_000);
        let _ = older(server, age).await;
        let _ = both(server, age + 1).await;
        let timeline = server.timeline().await;
        let statements: Vec<&str> = timeline.statements().map(|one| one.sql.as_str()).collect();
        for age in [age, age + 1] {
            let spliced = statements
                .iter()
                .find(|text| text.contains(&age.to_string()));
            assert!(
                spliced.is_none(),
                "expected: a placeholder `?` instead of the age\nfound: {spliced:?}"
            );
        }
        let placeholders = statements.iter().filter(|text| text.contains('?')).count();
        expect("a statement with a placeholder", placeholders > 0);
    });
}

#[test]
#[ignore = "extra"]
fn gives_the_users_in_the_order_of_their_ids() {
    let hint = "without `ORDER BY`, a table's rows come in any order";
    check(hint, async |server| {
        let ids = |users: &[User]| users.iter().map(|user| user.id).collect::<Vec<_>>();
        change_the_columns(server).await;
        server.sql("ALTER TABLE users ORDER BY email").await;
        let [all, older, ..] = lists(server, 0).await;
        let found = expect_ok("every user", all);
        expect(
            "users in the order of their ids",
            ids(&found) == ids(server.users()),
        );
        let found = expect_ok("the older users", older);
        expect(
            "users in the order of their ids",
            ids(&found) == ids(&server.older_than(0)),
        );
    });
}

#[test]
#[ignore = "extra"]
fn a_missing_table_is_an_error_that_says_which_and_on_which_server() {
    let hint = "keep the text of the driver's error, which names the table, and add the server from the URL";
    check(hint, async |server| {
        server.sql("DROP TABLE users").await;
        for connections in [1, 2] {
            let both = with_pool(server.url(), connections, async |pool| {
                fetch_concurrently(pool, 40).await
            });
            let error = expect_error("a database without users", both.await);
            for word in [
                "users",
                "127.0.0.1",
                &server.port().to_string(),
                &server.database(),
            ] {
                expect_word(&error, word);
            }
        }
        server.until_no_connection_is_left("after the errors").await;
    });
}

#[test]
#[ignore = "extra"]
fn a_hundred_thousand_users_are_all_there() {
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
        let (all, older) = expect_ok("both lists", both(server, 40).await);
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
#[ignore = "extra"]
fn a_fetch_leaves_no_transaction_open_where_autocommit_is_off() {
    let hint = "with `autocommit` off, a SELECT begins a transaction: set `autocommit`, or let the pool reset the session";
    let options = TempServer::options()
        .run(shared::schema::mysql_sample())
        .argument("--autocommit=0");
    check_alone(hint, options, async |server| {
        use mysql_async::prelude::Queryable;
        server.sql("COMMIT").await;
        let counted = with_pool(server.url(), 1, async |pool| {
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
            counted == Some(server.users().len() + 1),
        );
    });
}
