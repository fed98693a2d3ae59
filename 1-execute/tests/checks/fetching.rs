//! `fetch_users` reads each row of the query as a user, whole, or returns an error: it leaves nobody out, and makes
//! nothing up. The columns are read by their names, for a query may have them in any order, and more of them.
//!
//! Read: `rusqlite::Rows`, whose `next` returns a `Result`; `rusqlite::Row::get`, which takes a name as well;
//! `Iterator::collect` into a `Result<Vec<_>, _>`.

use execute::{ExecuteQuery, Result};
use shared::User;
use testkit::{TestDatabase, cases, check, faults};

use crate::NONE;

fn fetch(database: &TestDatabase) -> Result<Vec<User>> {
    ExecuteQuery::new(database.path(), "SELECT * FROM users", NONE).fetch_users()
}

#[test]
fn fetches_every_row() {
    let hint = "does the loop over the rows end too early?";
    check(hint, |database| {
        let found = database.expect_ok("every user", fetch(database));
        database.expect_same_people("every user", &found, database.users());
    });
}

#[test]
fn reads_the_columns_by_name_wherever_they_stand() {
    let hint = "the query has its columns in another order, and one more: what does a number say of a column then?";
    check(hint, |database| {
        let sql = "SELECT age, 'a note' AS note, email, name, id FROM users";
        let found = ExecuteQuery::new(database.path(), sql, NONE).fetch_users();
        let found = database.expect_ok("users whose columns stand in another order", found);
        database.expect_true_copies("a user, as in the database", &found);
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
#[ignore = "extra"]
fn the_names_of_the_columns_may_be_in_other_letters() {
    let hint = "to SQL, `Age` and `age` are one name";
    check(hint, |database| {
        for case in cases::readable(&mut database.random()) {
            let query = ExecuteQuery::new(case.database(), "SELECT * FROM users ORDER BY id", NONE);
            case.expect(&query.fetch_users());
        }
    });
}

#[test]
#[ignore = "extra"]
fn the_rows_come_in_the_order_of_the_query() {
    let hint = "who wrote the query chose the order";
    check(hint, |database| {
        let sql = "SELECT * FROM users ORDER BY id DESC";
        let found = ExecuteQuery::new(database.path(), sql, NONE).fetch_users();
        let backwards: Vec<User> = database.users().iter().rev().cloned().collect();
        database.expect_users("the users from the last id to the first", found, &backwards);
    });
}
