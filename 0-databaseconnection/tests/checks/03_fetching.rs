//! `fetch_users` returns every user, complete, or an error. It never returns a part of the users, and never invents a
//! value. It reads the columns by name, because a table may have them in another order, and may have more of them.
//!
//! Read: `rusqlite::Rows`, whose `next` returns a `Result`; `rusqlite::Row::get`, which accepts a column's name;
//! `Iterator::collect` into a `Result<Vec<_>, _>`.

use databaseconnection::{DatabaseConnection, Result, fetch_users};
use shared::User;
use testkit::{TestDatabase, check, faults};

fn fetch(database: &TestDatabase) -> Result<Vec<User>> {
    let connection = DatabaseConnection::open(database.path())?;
    fetch_users(&connection)
}

#[test]
fn fetches_every_user() {
    let hint = "check the query (a `WHERE` or `LIMIT`?) and the loop over `rows` (is the first or last row skipped?)";
    check(hint, |database| {
        let found = database.expect_ok("every user", fetch(database));
        database.expect_same_people("every user", &found, database.users());
    });
}

#[test]
fn fills_each_field_from_its_column() {
    let hint = "compare each `row.get(…)` with the field of `User` that it fills";
    check(hint, |database| {
        let found = database.expect_ok("every user", fetch(database));
        database.expect_true_copies("a user, as in the database", &found);
    });
}

#[test]
fn reads_columns_by_name_not_by_position() {
    let hint = "this table has its columns in another order: read them by name, `row.get(\"age\")`, instead of by number";
    check(hint, |database| {
        faults::make_users_columns_change_places(&database.outside());
        let found = database.expect_ok(
            "the users of a table with its columns in another order",
            fetch(database),
        );
        let is_known = |user: &User| database.users().iter().any(|known| known.id == user.id);
        database.expect(
            "each `id` found is one of the table's ids",
            found.iter().all(is_known),
        );
    });
}

#[test]
fn returns_an_empty_list_for_an_empty_table() {
    let hint =
        "an empty result is not an error: `query_row` and `query_one` report one, `query` does not";
    check(hint, |database| {
        database.sql("DELETE FROM users");
        let found = database.expect_ok("an empty list of users", fetch(database));
        database.expect("no user is found in an empty table", found.is_empty());
    });
}

#[test]
fn a_row_with_an_invalid_value_is_an_error() {
    let hint = "`row.get` returns a `Result`: pass on its error with `?`, and read the age as `u32`, without `as` or a default";
    check(hint, |database| {
        for (what, column, value) in faults::MISFITS {
            faults::make_one_user_hold(&database.outside(), database.users()[1].id, column, value);
            database.expect_error(what, fetch(database));
        }
    });
}

#[test]
fn a_query_that_fails_after_one_row_is_an_error() {
    let hint = "`rows.next()` returns `Ok(None)` at the end and `Err` on an error: does your loop stop at an error as if it were the end?";
    check(hint, |database| {
        faults::make_users_fail_at(&database.outside(), database.users()[1].id);
        database.expect_error("a query that fails at its second row", fetch(database));
    });
}

#[test]
fn a_missing_table_is_an_error() {
    let hint = "without a table `users`, `prepare` returns an error: pass it on with `?` instead of returning an empty list";
    check(hint, |database| {
        database.sql("ALTER TABLE users RENAME TO people");
        database.expect_error("a database without a table `users`", fetch(database));
    });
}
