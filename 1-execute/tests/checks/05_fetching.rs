//! `fetch_users` reads each row of the query as a user, complete, or returns an error. It skips no row and invents no
//! value. It reads the columns by name, because a query may have them in any order, and may have more of them.
//!
//! Read: `rusqlite::Rows`, whose `next` returns a `Result`; `rusqlite::Row::get`, which accepts a column's name;
//! `Iterator::collect` into a `Result<Vec<_>, _>`.

use execute::{ExecuteQuery, Result};
use shared::User;
use testkit::{TestDatabase, check, faults};

use crate::NONE;

fn fetch(database: &TestDatabase) -> Result<Vec<User>> {
    ExecuteQuery::new(database.path(), "SELECT * FROM users", NONE).fetch_users()
}

#[test]
fn fetches_every_row() {
    let hint = "check the loop over `rows`: is the first or the last row skipped?";
    check(hint, |database| {
        let found = database.expect_ok("every user", fetch(database));
        database.expect_same_people("every user", &found, database.users());
    });
}

#[test]
fn reads_columns_by_name_not_by_position() {
    let hint = "this query has its columns in another order: read them by name, `row.get(\"age\")`, instead of by number";
    check(hint, |database| {
        let sql = "SELECT age, 'a note' AS note, email, name, id FROM users";
        let found = ExecuteQuery::new(database.path(), sql, NONE).fetch_users();
        let found = database.expect_ok(
            "users from a query with its columns in another order",
            found,
        );
        database.expect_true_copies("a user, as in the database", &found);
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
