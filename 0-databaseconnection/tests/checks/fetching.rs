//! `fetch_users` gives every user, whole, or an error: never a part of them, never a value that it made up. The columns
//! are read by their names, for a table may have them in another order, and more of them.
//!
//! Read: `rusqlite::Rows`, whose `next` returns a `Result`; `rusqlite::Row::get`, which takes a name as well;
//! `Iterator::collect` into a `Result<Vec<_>, _>`.

use databaseconnection::{DatabaseConnection, Result, fetch_users};
use shared::User;
use testkit::{TestDatabase, cases, check, faults, says};

fn fetch(database: &TestDatabase) -> Result<Vec<User>> {
    let connection = DatabaseConnection::open(database.path())?;
    fetch_users(&connection)
}

#[test]
fn fetches_every_user() {
    let hint = "does the query leave somebody out, or the loop over its rows?";
    check(hint, |database| {
        let found = database.expect_ok("every user", fetch(database));
        database.expect_same_people("every user", &found, database.users());
    });
}

#[test]
fn fetches_every_column() {
    let hint = "which column of the row goes into which field of the user?";
    check(hint, |database| {
        let found = database.expect_ok("every user", fetch(database));
        database.expect_true_copies("a user, as in the database", &found);
    });
}

#[test]
fn reads_the_columns_by_name_wherever_they_stand() {
    let hint = "the table has its columns in another order, and one more: what does a number say of a column then?";
    check(hint, |database| {
        faults::make_users_columns_change_places(&database.outside());
        let found = database.expect_ok(
            "the users of a table with its columns in another order",
            fetch(database),
        );
        let is_known = |user: &User| database.users().iter().any(|known| known.id == user.id);
        database.expect(
            "each `id` is one of the table's",
            found.iter().all(is_known),
        );
    });
}

#[test]
fn an_empty_table_has_no_users() {
    let hint = "no rows are not an error: which of rusqlite's methods think otherwise?";
    check(hint, |database| {
        database.sql("DELETE FROM users");
        let found = database.expect_ok("a list without anybody in it", fetch(database));
        database.expect("nobody is found in an empty table", found.is_empty());
    });
}

#[test]
fn a_row_that_does_not_fit_is_an_error() {
    let hint = "`row.get` returns a `Result`: is each of them handed on, and does the type say what an age can be?";
    check(hint, |database| {
        for (what, column, value) in cases::MISFITS {
            faults::make_one_user_hold(&database.outside(), database.users()[1].id, column, value);
            database.expect_error(what, fetch(database));
        }
    });
}

#[test]
fn a_query_that_fails_half_way_is_an_error() {
    let hint = "the next row may be an error: how does the loop tell that from the end?";
    check(hint, |database| {
        faults::make_users_fail_at(&database.outside(), database.users()[1].id);
        database.expect_error("a query that fails at its second row", fetch(database));
    });
}

#[test]
fn a_query_that_cannot_be_run_is_an_error() {
    let hint =
        "no users and no table of users are not the same: what becomes of the error of `prepare`?";
    check(hint, |database| {
        database.sql("ALTER TABLE users RENAME TO people");
        database.expect_error("a database without a table `users`", fetch(database));
    });
}

#[test]
#[ignore = "extra"]
fn gives_the_users_in_the_order_of_their_ids() {
    let hint = "without ORDER BY a database may give its rows in any order";
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
#[ignore = "extra"]
fn the_names_of_the_columns_may_be_in_other_letters() {
    let hint = "to SQL, `Age` and `age` are one name";
    check(hint, |database| {
        for case in cases::readable(&mut database.random()) {
            let found = DatabaseConnection::open(case.database())
                .and_then(|connection| fetch_users(&connection));
            case.expect(&found);
        }
    });
}

#[test]
#[ignore = "extra"]
fn the_error_of_a_row_names_the_column_and_the_row() {
    let hint = "whoever is to mend the row must find it";
    check(hint, |database| {
        for case in cases::rows_that_do_not_fit(&mut database.random()) {
            let found = DatabaseConnection::open(case.database())
                .and_then(|connection| fetch_users(&connection));
            case.expect_words(found, false);
        }
    });
}

#[test]
#[ignore = "extra"]
fn the_error_of_a_query_says_what_was_wrong() {
    let hint = "SQLite's own text is the best there is: keep it, or keep the error as the `source`";
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
