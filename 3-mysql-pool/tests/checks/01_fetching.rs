//! `fetch_users`, `fetch_older_users` and `fetch_concurrently` return all the users that they should, or an error. They never
//! return only a part of them. The age is bound as a parameter of the statement, because a value that is formatted into
//! the SQL can change the meaning of the statement.
//!
//! Read: the trait `mysql_async::prelude::Queryable`, and its method `exec`.

use testkit::expect::{expect, expect_error, expect_ok, expect_same_people};

use crate::support::check;

#[test]
fn fetches_every_user() {
    let hint =
        "compare the ids: does the `WHERE` of the query drop users, or the loop over the rows?";
    check(hint, async |server| {
        let found = expect_ok("every user", server.fetch_users().await);
        expect_same_people("every user", &found, &server.users);
    });
}

#[test]
fn fetches_only_users_older_than_the_age() {
    let hint = "is the comparison `>`, and does it use the parameter `age`? A user of exactly that age is not older";
    check(hint, async |server| {
        for age in [server.age, server.age - 1, 0] {
            let expected = format!("the users who are older than {age}");
            let found = expect_ok(&expected, server.fetch_older_users(age).await);
            expect_same_people(&expected, &found, &server.older_than(age));
        }
    });
}

#[test]
fn fetch_concurrently_returns_all_users_and_then_the_older_ones() {
    let hint = "return `(all, older)`, in this order, and pass `older_than` to the second query";
    check(hint, async |server| {
        for age in [server.age, server.age - 1] {
            let both = server.fetch_concurrently(age).await;
            let (all, older) = expect_ok("both lists", both);
            expect_same_people("every user in the first list", &all, &server.users);
            let expected = format!("the users older than {age} in the second list");
            expect_same_people(&expected, &older, &server.older_than(age));
        }
    });
}

#[test]
fn returns_an_empty_list_for_an_empty_table() {
    let hint = "a result without rows is an empty `Vec`, not an error: do you index it, or call `unwrap` on the first row?";
    check(hint, async |server| {
        server.sql("DELETE FROM users").await;
        let lists = expect_ok("empty lists", server.fetch_all_lists(0).await);
        expect("no users in an empty table", lists.concat().is_empty());
        let ada = "INSERT INTO users VALUES (1, 'Ada', 'ada@example.com', 36)";
        server.sql(ada).await;
        let found = expect_ok("an empty list", server.fetch_older_users(100).await);
        expect("no user older than 100", found.is_empty());
    });
}

#[test]
fn a_missing_table_is_an_error() {
    let hint = "the driver's `exec` returns the server's error as `Err`: pass it on with `?`";
    check(hint, async |server| {
        server.sql("DROP TABLE users").await;
        let of = "a database without the table `users`";
        expect_error(of, server.fetch_users().await);
        expect_error(of, server.fetch_older_users(0).await);
        expect_error(of, server.fetch_concurrently(0).await);
    });
}

#[test]
fn returns_the_error_of_either_query() {
    let hint = "`fetch_concurrently` has two results: return the error of either of them (`tokio::try_join!`)";
    check(hint, async |server| {
        // The view calls the function once for each query. The count stays when the query fails, because MyISAM has no
        // transactions.
        server.sql(
            "CREATE TABLE arrivals (arrived INT, fails INT) ENGINE = MyISAM; \
             INSERT INTO arrivals VALUES (0, 0); \
             CREATE FUNCTION arrive() RETURNS INT NOT DETERMINISTIC MODIFIES SQL DATA SQL SECURITY INVOKER BEGIN \
             UPDATE arrivals SET arrived = LAST_INSERT_ID(arrived + 1); \
             IF LAST_INSERT_ID() = (SELECT fails FROM arrivals) THEN \
             SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'on purpose'; END IF; RETURN 1; END; \
             RENAME TABLE users TO people; \
             CREATE SQL SECURITY INVOKER VIEW users AS SELECT people.* FROM people \
             JOIN (SELECT arrive() AS arrived) AS arrival ON arrived = 1",
        ).await;
        for number in [1, 2, 1, 2, 1, 2] {
            let fail = format!("UPDATE arrivals SET arrived = 0, fails = {number}");
            server.sql(&fail).await;
            let of = format!("two queries of which number {number} fails");
            expect_error(&of, server.fetch_concurrently(0).await);
            // The other statement may still run. It must not be counted with the next two.
            server.until_no_connection_is_left("after with_pool").await;
        }
    });
}

#[test]
fn binds_the_age_as_a_parameter() {
    let hint = "look at the statement in the timeline: write `?` in the SQL, and pass the age to `exec` as a parameter";
    check(hint, async |server| {
        // A number that occurs nowhere else.
        let age = 1_987_654_000 + server.age;
        let _ = server.fetch_older_users(age).await;
        let _ = server.fetch_concurrently(age).await;
        let timeline = server.timeline().expect("the logs");
        let statements: Vec<&str> = timeline.statements().map(|one| one.sql.as_str()).collect();
        let age = age.to_string();
        let spliced = statements.iter().find(|text| text.contains(&age));
        assert!(
            spliced.is_none(),
            "expected: a placeholder `?` instead of the age\nfound: {spliced:?}"
        );
        let has_placeholder = statements.iter().any(|text| text.contains('?'));
        expect("a statement with a placeholder", has_placeholder);
    });
}
