//! The right users, or an error.
//!
//! Asked: `async_fetch_users` returns every user of the table. `async_fetch_older_users` returns the users who are older than
//! the given age. `fetch_concurrently` returns first the list of all users, then the list of the older ones. If a row or the
//! database cannot be read, the function returns an error.
//!
//! Why: an empty or shorter list would look like an answer. And a library that prints disturbs the program that uses it.
//!
//! To read: rusqlite's `Statement::query` and `Row::get`, and its `OpenFlags`: by default, SQLite creates a missing database.

use std::fs;
use std::path::Path;

use testkit::faults::{MISFITS, make_one_user_hold};
use testkit::{TempDatabase, attempt, check, expect_quiet};

use crate::executor::run;
use crate::functions::{FUNCTIONS, concurrently, older_users, users, with_connection};

#[test]
fn fetches_every_user_with_every_column() {
    check(
        "Look at the SQL of `async_fetch_users`, and at the loop that reads its rows: is every row read, with every column?",
        |database| {
            let all = database.expect_ok("every user", run(users(database.path())));
            database.expect_same_people("every user", &all, database.users());
            database.expect_true_copies("every user with every column", &all);
            // The order of the tuple is another check.
            let lists = run(concurrently(database.path(), database.age()));
            let (one, other) = database.expect_ok("two lists", lists);
            let all = if one.len() > other.len() { one } else { other };
            database.expect_same_people(
                "every user in a list of fetch_concurrently",
                &all,
                database.users(),
            );
            database.expect_true_copies("every user of fetch_concurrently with every column", &all);
        },
    );
}

#[test]
fn fetches_only_users_older_than_the_age() {
    let hint =
        "Bind the function's `age` as the parameter of the query, and compare with `>`, not `>=`.";
    check(hint, |database| {
        for age in [database.age(), database.age() + 1] {
            let expected = format!("the users older than {age}, and no user of exactly that age");
            let found = database.expect_ok(&expected, run(older_users(database.path(), age)));
            database.expect_same_people(&expected, &found, &database.older_than(age));
            let (one, other) =
                database.expect_ok("two lists", run(concurrently(database.path(), age)));
            let older = if one.len() < other.len() { one } else { other };
            database.expect_same_people(&expected, &older, &database.older_than(age));
        }
    });
}

#[test]
fn fetch_concurrently_returns_all_users_and_then_the_older_ones() {
    check(
        "Look at the order of the two futures in your join: the tuple has the same order.",
        |database| {
            let lists = run(concurrently(database.path(), database.age()));
            let (all, older) = database.expect_ok("two lists", lists);
            database.expect(
                "the first list contains all users, and is longer",
                all.len() > older.len(),
            );
        },
    );
}

#[test]
fn reads_columns_by_name_not_by_position() {
    let hint = "`row.get(0)` depends on the order of the columns. Use `row.get(\"id\")`, or name the columns in the SELECT.";
    check(hint, |database| {
        for columns in ["age, email, name, id", "id, note, name, email, phone, age"] {
            database.sql(&format!(
                "DROP TABLE IF EXISTS old; ALTER TABLE users RENAME TO old; CREATE TABLE users ({columns});
                 INSERT INTO users (id, name, email, age) SELECT id, name, email, age FROM old"
            ));
            // The number of rows is another check.
            let expected =
                format!("each user with the right fields, from a table with the columns {columns}");
            let all = database.expect_ok("the users are read", run(users(database.path())));
            database.expect_true_copies(&expected, &all);
            let older = database.expect_ok(
                "the older ones are read",
                run(older_users(database.path(), 0)),
            );
            database.expect_true_copies(&expected, &older);
        }
    });
}

#[test]
fn a_row_with_an_invalid_value_is_an_error() {
    let hint = "Return the error of `row.get`. Do not skip the row, and do not replace the value with a default.";
    check(hint, |database| {
        // Not the first row: a loop that skips it is another check.
        let mut later = database.users().iter().skip(1);
        let adult = later.find(|user| user.age > 0);
        let id = adult.expect("most users are older than 0").id;
        for (what, column, value) in MISFITS {
            make_one_user_hold(&database.outside(), id, column, value);
            database.expect_error(what, run(users(database.path())));
            // The query for older users finds no row whose age is NULL or negative.
            if !matches!((column, value), ("age", "NULL" | "-1")) {
                database.expect_error(what, run(older_users(database.path(), 0)));
            }
        }
    });
}

#[test]
fn a_file_without_a_valid_users_table_is_an_error() {
    check(
        "`Connection::prepare` fails here: return its error with `?`, not an empty list.",
        |database| {
            let text = TempDatabase::missing();
            fs::write(text.path(), "id,name,email,age\n".repeat(100)).expect("room for a text");
            for (what, bad) in [
                (
                    "a database without a table `users`",
                    TempDatabase::of("CREATE TABLE other (id)"),
                ),
                (
                    "a table `users` without the column `age`",
                    TempDatabase::of(
                        "CREATE TABLE users (id, name, email); INSERT INTO users VALUES (1, 'Ada', 'a@example.com')",
                    ),
                ),
                ("a file that is not a database", text),
            ] {
                database.expect_error(what, run(users(bad.path())));
                database.expect_error(what, run(older_users(bad.path(), 0)));
            }
        },
    );
}

#[test]
fn a_missing_database_is_an_error_and_is_not_created() {
    let hint = "`Connection::open` creates a missing file. Use `open_with_flags` without `SQLITE_OPEN_CREATE`, or `shared::sqlite::open`.";
    check(hint, |database| {
        let missing = TempDatabase::missing();
        database.expect_error("a missing database", run(users(missing.path())));
        let older = run(older_users(missing.path(), 0));
        database.expect_error("a missing database in async_fetch_older_users", older);
        let untouched = run(with_connection(missing.path(), |_| Ok(())));
        database.expect_error(
            "a missing database, with a body that runs no query",
            untouched,
        );
        database.expect("no file is created", !missing.folder_holds_something());
    });
}

#[test]
fn refuses_memory_and_an_empty_path() {
    let hint = "SQLite opens a new, empty database for `:memory:` and for an empty path. Refuse both, or use `shared::sqlite::open`.";
    check(hint, |database| {
        for path in [":memory:", ""] {
            let opened = run(with_connection(Path::new(path), |_| Ok(())));
            database.expect_error(&format!("the path {path:?}"), opened);
        }
    });
}

#[test]
fn the_library_prints_nothing() {
    check(
        "Remove `println!`, `eprintln!` and `dbg!` from the library. `main` prints.",
        |database| {
            let path = database.path().to_owned();
            let missing = database.folder().join("missing.db");
            expect_quiet("data::the_library_prints_nothing", &[], move || {
                for function in FUNCTIONS {
                    let _ = run(function(&path));
                    let _ = run(function(&missing));
                }
            });
            // A panic printed nothing above. Here it fails the check.
            attempt(|| run(users(database.path())));
        },
    );
}
