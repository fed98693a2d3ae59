//! The right users, or an error.
//!
//! Asked: `async_fetch_users` returns every user of the table, `async_fetch_older_users` those who are older than the age
//! that it is given, `fetch_concurrently` first the one list and then the other. What cannot be read is an error: an empty
//! or shorter list would look like an answer. And nothing is printed: that is for `main` to do.
//!
//! To read: rusqlite's `Statement::query` and `Row::get`; `OpenFlags`, for SQLite creates a database that is missing
//! unless it is told not to.

use std::path::Path;

use shared::User;
use shared::check::cases::{readable, rows_that_do_not_fit, unreadable};
use shared::check::{Fixture, attempt, check, expect_quiet};

use crate::executor::run;
use crate::functions::{FUNCTIONS, asks_for_users, concurrently, older_users, users, with_connection};

#[test]
fn fetches_every_user_with_every_column() {
    check("which users does your query for all of them leave out?", |lab| {
        let all = lab.expect_ok("every user", run(users(lab.database())));
        lab.expect_same_people("every user", &all, lab.users());
        lab.expect_true_copies("every user with every column", &all);
        // Wherever it stands: the tuple's order is another check.
        let lists = run(concurrently(lab.database(), lab.age()));
        let (one, other) = lab.expect_ok("two lists", lists);
        let all = if one.len() > other.len() { one } else { other };
        lab.expect_same_people("every user in a list of fetch_concurrently", &all, lab.users());
        lab.expect_true_copies("every user of fetch_concurrently with every column", &all);
    });
}

#[test]
fn the_older_users_are_strictly_older_than_the_age_that_was_given() {
    let hint = "does the query get the age that was asked for, and what does it do with somebody of exactly that age?";
    check(hint, |lab| {
        for age in [lab.age(), lab.age() + 1] {
            let expected = format!("the users older than {age}, and nobody of exactly that age");
            let found = lab.expect_ok(&expected, run(older_users(lab.database(), age)));
            lab.expect_same_people(&expected, &found, &lab.older_than(age));
            let (one, other) = lab.expect_ok("two lists", run(concurrently(lab.database(), age)));
            let older = if one.len() < other.len() { one } else { other };
            lab.expect_same_people(&expected, &older, &lab.older_than(age));
        }
    });
}

#[test]
fn the_tuple_holds_all_users_first_and_then_the_older_ones() {
    check("which of the two futures does each name stand for?", |lab| {
        let lists = run(concurrently(lab.database(), lab.age()));
        let (all, older) = lab.expect_ok("two lists", lists);
        lab.expect(
            "the first list is that of all users, and longer",
            all.len() > older.len(),
        );
    });
}

#[test]
fn reads_the_columns_by_their_names() {
    let hint = "what does your code rely on, when it takes the first column for the id?";
    check(hint, |lab| {
        for columns in ["age, email, name, id", "id, note, name, email, phone, age"] {
            lab.sql(&format!(
                "DROP TABLE IF EXISTS old; ALTER TABLE users RENAME TO old; CREATE TABLE users ({columns});
                 INSERT INTO users (id, name, email, age) SELECT id, name, email, age FROM old"
            ));
            // Whether all are there is another check.
            let expected = format!("each field in its place, from a table with the columns {columns}");
            let all = lab.expect_ok("the users are read", run(users(lab.database())));
            lab.expect_true_copies(&expected, &all);
            let older = lab.expect_ok("the older ones are read", run(older_users(lab.database(), 0)));
            lab.expect_true_copies(&expected, &older);
        }
    });
}

#[test]
fn a_row_that_does_not_fit_is_an_error() {
    let hint = "what becomes of a row that cannot be read as a user: is it skipped, made up, or told of?";
    check(hint, |lab| {
        let cases = rows_that_do_not_fit(&mut lab.random());
        for case in cases {
            case.expect(&run(users(case.database())));
        }
        // Among the older ones, too, as far as they can be told there: what is NULL is older than nobody.
        for case in rows_that_do_not_fit(&mut lab.random()) {
            if !["an age that is NULL", "a negative age"].contains(&case.what()) {
                case.expect(&run(older_users(case.database(), 0)));
            }
        }
    });
}

#[test]
fn what_is_no_database_of_users_is_an_error() {
    check("who is told when the query cannot even be prepared?", |_| {
        // Those that are not there are the next check.
        for case in unreadable().iter().filter(|case| case.database().exists()) {
            case.expect(&run(users(case.database())));
            case.expect(&run(older_users(case.database(), 0)));
        }
    });
}

#[test]
fn a_database_that_is_not_there_is_an_error_and_is_not_created() {
    let hint = "what does SQLite do with a path at which there is no file?";
    check(hint, |lab| {
        let missing = Fixture::missing();
        lab.expect_error("a missing database", run(users(missing.path())));
        let older = run(older_users(missing.path(), 0));
        lab.expect_error("a missing database, for the older ones", older);
        let untouched = run(with_connection(missing.path(), |_| Ok(())));
        lab.expect_error("a missing database, also where no query asks", untouched);
        lab.expect("no file is created", !missing.folder_holds_something());
    });
}

#[test]
fn memory_and_an_empty_path_are_refused() {
    let hint = "`:memory:` and an empty path are no files: what does SQLite make of them?";
    check(hint, |lab| {
        for path in [":memory:", ""] {
            let opened = run(with_connection(Path::new(path), |_| Ok(())));
            lab.expect_error(&format!("the path {path:?}"), opened);
        }
    });
}

#[test]
fn the_library_prints_nothing() {
    check("whose work is it to print the users?", |lab| {
        let database = lab.database().to_owned();
        let missing = lab.folder().join("missing.db");
        expect_quiet("data::the_library_prints_nothing", &[], move || {
            for function in FUNCTIONS {
                let _ = run(function(&database));
                let _ = run(function(&missing));
            }
        });
        // There, a panic says nothing.
        attempt(|| run(users(lab.database())));
    });
}

#[test]
#[ignore = "extra"]
fn the_users_come_in_the_order_of_their_ids() {
    let hint = "without an ORDER BY, SQLite promises no order";
    check(hint, |lab| {
        lab.sql(
            "ALTER TABLE users RENAME TO people; CREATE VIEW users AS SELECT * FROM people ORDER BY age DESC",
        );
        let expected = "the users in the order of their ids";
        lab.expect_users(expected, run(users(lab.database())), lab.users());
        let older = run(older_users(lab.database(), lab.age()));
        lab.expect_users(expected, older, &lab.older_than(lab.age()));
        let (all, older) = lab.expect_ok("two lists", run(concurrently(lab.database(), lab.age())));
        lab.expect_users::<rusqlite::Error>(expected, Ok(all), lab.users());
        lab.expect_users::<rusqlite::Error>(expected, Ok(older), &lab.older_than(lab.age()));
    });
}

#[test]
#[ignore = "extra"]
fn reads_every_table_of_users_that_can_be_read() {
    check("what do these tables have in common?", |lab| {
        let cases = readable(&mut lab.random());
        for case in cases {
            case.expect(&run(users(case.database())));
        }
    });
}

#[test]
#[ignore = "extra"]
fn reads_a_hundred_thousand_users() {
    check("is there anything that grows faster than the list?", |lab| {
        let many: Vec<User> = (1..=100_000)
            .map(|id| User {
                id,
                name: format!("Number {id}"),
                email: format!("{id}@example.com"),
                age: (id % 100) as u32,
            })
            .collect();
        let database = Fixture::with_users(many.clone());
        lab.expect_users("100,000 users", run(users(database.path())), &many);
    });
}

#[test]
#[ignore = "extra"]
fn ages_at_the_ends_of_what_fits_are_compared_right() {
    check("which type does the age have on its way into the query?", |lab| {
        lab.sql("UPDATE users SET age = 4294967295 WHERE id = (SELECT max(id) FROM users)");
        let oldest = run(older_users(lab.database(), u32::MAX - 1));
        let oldest = lab.expect_ok("the users older than 4294967294", oldest);
        lab.expect("one user is that old", oldest.len() == 1);
        let nobody = run(older_users(lab.database(), u32::MAX));
        let nobody = lab.expect_ok("the users older than 4294967295", nobody);
        lab.expect("nobody is older", nobody.is_empty());
        let grown_up = run(older_users(lab.database(), 0));
        let grown_up = lab.expect_ok("the users older than 0", grown_up);
        lab.expect(
            "those of age 0 are not older than 0",
            grown_up.iter().all(|user| user.age > 0),
        );
    });
}

#[test]
#[ignore = "extra"]
fn the_age_is_bound_as_a_parameter() {
    check("how does the age get into the SQL?", |lab| {
        let found = run(older_users(lab.database(), lab.age()));
        lab.expect_ok("the older users", found);
        let timeline = lab.recording().timeline();
        let bound = timeline
            .statements()
            .any(|statement| asks_for_users(statement) && statement.sql != statement.expanded);
        lab.expect("a placeholder in the query, and the age bound to it", bound);
    });
}

#[test]
#[ignore = "extra"]
fn an_error_names_the_database_and_the_column_and_the_row() {
    check("what would you want to know, to put it right?", |lab| {
        let mut cases = rows_that_do_not_fit(&mut lab.random());
        cases.extend(unreadable());
        for case in cases {
            let outcome = run(users(case.database()));
            case.expect(&outcome);
            case.expect_words(outcome, true);
        }
    });
}
