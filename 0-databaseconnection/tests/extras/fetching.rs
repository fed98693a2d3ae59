//! The order of the users, and what an error says.

use databaseconnection::{DatabaseConnection, Result, fetch_users, with_connection};
use shared::User;
use testkit::{TestDatabase, cases, check, says};

fn fetch(database: &TestDatabase) -> Result<Vec<User>> {
    let connection = DatabaseConnection::open(database.path())?;
    fetch_users(&connection)
}

#[test]
fn returns_users_in_id_order() {
    let hint = "without `ORDER BY`, SQLite may return the rows in any order";
    check(hint, |database| {
        database.sql(
            "ALTER TABLE users RENAME TO people; CREATE VIEW users AS SELECT * FROM people ORDER BY email",
        );
        database.expect_users(
            "the users in the order of their ids",
            fetch(database),
            database.users(),
        );
    });
}

#[test]
fn ignores_case_in_column_names() {
    let hint = "SQL ignores case in column names: `Age` and `age` are the same column";
    check(hint, |database| {
        for case in cases::readable(&mut database.random()) {
            let found = DatabaseConnection::open(case.database())
                .and_then(|connection| fetch_users(&connection));
            case.expect(&found);
        }
    });
}

#[test]
fn a_file_without_a_valid_users_table_is_an_error() {
    let hint = "opening, `prepare` and `next` each return a `Result`: pass on every error with `?`";
    check(hint, |_| {
        for case in cases::unreadable() {
            case.expect(&with_connection(case.database(), fetch_users));
        }
    });
}

#[test]
fn the_error_of_a_row_names_the_column_and_the_row() {
    let hint = "the user must be able to find the bad row: add the column's name and the row's id to the error";
    check(hint, |database| {
        for case in cases::rows_that_do_not_fit(&mut database.random()) {
            let found = DatabaseConnection::open(case.database())
                .and_then(|connection| fetch_users(&connection));
            case.expect_words(found, false);
        }
    });
}

#[test]
fn the_error_of_a_query_says_what_was_wrong() {
    let hint = "keep SQLite's message in your error, or keep SQLite's error as its `source`";
    check(hint, |database| {
        database.sql("ALTER TABLE users RENAME TO people");
        let error = database
            .expect_error("a database without a table `users`", fetch(database))
            .into();
        let error: Box<dyn std::error::Error + Send + Sync> = error;
        database.expect(
            "the error says that there is no such table",
            says(&*error, "no such table"),
        );
    });
}
