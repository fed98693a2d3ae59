//! Unusual tables and ages, the order of the users, and a bound parameter.

use shared::User;
use testkit::cases::readable;
use testkit::{TempDatabase, check};

use crate::executor::run;
use crate::functions::{asks_for_users, concurrently, older_users, users};

#[test]
fn returns_users_in_id_order() {
    let hint = "SQLite promises no order without `ORDER BY id`.";
    check(hint, |database| {
        database.sql(
            "ALTER TABLE users RENAME TO people; CREATE VIEW users AS SELECT * FROM people ORDER BY age DESC",
        );
        let expected = "the users in the order of their ids";
        database.expect_users(expected, run(users(database.path())), database.users());
        let older = run(older_users(database.path(), database.age()));
        database.expect_users(expected, older, &database.older_than(database.age()));
        let (all, older) = database.expect_ok(
            "two lists",
            run(concurrently(database.path(), database.age())),
        );
        database.expect_users::<rusqlite::Error>(expected, Ok(all), database.users());
        database.expect_users::<rusqlite::Error>(
            expected,
            Ok(older),
            &database.older_than(database.age()),
        );
    });
}

#[test]
fn reads_unusual_tables_of_users() {
    check(
        "Name the four columns in the SELECT, and read them by name: `users` may be a view, or have more columns.",
        |database| {
            let cases = readable(&mut database.random());
            for case in cases {
                case.expect(&run(users(case.database())));
            }
        },
    );
}

#[test]
fn reads_a_hundred_thousand_users() {
    check(
        "Time or memory grows faster than the list: what does your code do again for each row?",
        |database| {
            let many: Vec<User> = (1..=100_000)
                .map(|id| User {
                    id,
                    name: format!("Number {id}"),
                    email: format!("{id}@example.com"),
                    age: (id % 100) as u32,
                })
                .collect();
            let large = TempDatabase::with_users(many.clone());
            database.expect_users("100,000 users", run(users(large.path())), &many);
        },
    );
}

#[test]
fn compares_the_smallest_and_largest_ages_correctly() {
    check(
        "Bind `age` as it is: a `u32` fits into SQLite's integers. A conversion to `i32` does not fit.",
        |database| {
            database
                .sql("UPDATE users SET age = 4294967295 WHERE id = (SELECT max(id) FROM users)");
            let oldest = run(older_users(database.path(), u32::MAX - 1));
            let oldest = database.expect_ok("the users older than 4294967294", oldest);
            database.expect("one user of that age", oldest.len() == 1);
            let none = run(older_users(database.path(), u32::MAX));
            let none = database.expect_ok("the users older than 4294967295", none);
            database.expect("no older user", none.is_empty());
            let older = run(older_users(database.path(), 0));
            let older = database.expect_ok("the users older than 0", older);
            database.expect("no user of age 0", older.iter().all(|user| user.age > 0));
        },
    );
}

#[test]
fn binds_the_age_as_a_parameter() {
    check(
        "Write `?1` in the SQL and pass `[age]` to `query`: do not build the SQL with `format!`.",
        |database| {
            let found = run(older_users(database.path(), database.age()));
            database.expect_ok("the older users", found);
            let timeline = database.recording().timeline();
            let bound = timeline
                .statements()
                .any(|statement| asks_for_users(statement) && statement.sql != statement.expanded);
            database.expect("a placeholder in the query, and the age bound to it", bound);
        },
    );
}
