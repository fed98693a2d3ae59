//! The connection closes on every way out of `run`: after the last row, on a `?` in the body, on a panic, and if the
//! query fails before the body is called. A close in the last line of a function is not enough, because `?` and a
//! panic skip it.
//!
//! Read: the Rust book, chapter 15.3 (`Drop`); the Rust reference, chapter "Destructors", on the order in which the
//! variables of a function are dropped.

use execute::{ExecuteQuery, Result};
use testkit::{attempt, check, faults};

use crate::{NONE, count_rows, on_purpose};

const ALL: &str = "SELECT * FROM users";

#[test]
fn run_closes_before_it_returns() {
    let hint = "which variable still owns the connection when `run` has returned?";
    check(hint, |database| {
        let query = ExecuteQuery::new(database.path(), ALL, NONE);
        database.expect_ok("`run` succeeds if its body does", count_rows(&query));
        database.expect_none_open("when `run` has returned");
        attempt(|| query.run(|rows| Ok(rows.next()?.is_some())));
        database.expect_none_open("after a body that took one row of many");
    });
}

#[test]
fn closes_when_the_body_fails() {
    let hint = "a `?` returns from the function: is there one between the body and the close?";
    check(hint, |database| {
        let query = ExecuteQuery::new(database.path(), ALL, NONE);
        attempt(|| -> Result<()> { query.run(|_| Err(on_purpose())) });
        database.expect_none_open("after a body that returned `Err`");
    });
}

#[test]
fn closes_when_the_body_panics() {
    let hint = "a panic skips the lines after the body and drops local variables: a `Connection` in one of them closes itself; is yours in a `ManuallyDrop` or a `static`, or passed to `mem::forget`?";
    check(hint, |database| {
        let query = ExecuteQuery::new(database.path(), ALL, NONE);
        attempt(|| -> Result<()> { query.run(|_| panic!("on purpose")) });
        database.expect_none_open("after a body that panicked");
    });
}

#[test]
fn closes_when_the_query_cannot_be_run() {
    let hint = "a `?` on `prepare` or `query` returns before the body is called: is the connection closed if it returns there?";
    check(hint, |database| {
        for sql in [
            "SELECT * FROM nowhere",
            "SELECT * FROM users WHERE age > ?",
            "SELECT 1; SELECT 2",
        ] {
            attempt(|| count_rows(&ExecuteQuery::new(database.path(), sql, NONE)));
            database.expect_none_open(&format!("after running {sql:?} without parameters"));
        }
    });
}

#[test]
fn closes_when_the_query_fails_after_one_row() {
    let hint = "`rows.next()?` returns early: is the statement dropped, and the connection closed, when `fetch_users` returns there?";
    check(hint, |database| {
        faults::make_users_fail_at(&database.outside(), database.users()[1].id);
        attempt(|| ExecuteQuery::new(database.path(), ALL, NONE).fetch_users());
        database.expect_none_open("after a query that failed at its second row");
    });
}

#[test]
fn execute_closes_when_it_succeeds_and_when_it_fails() {
    let hint = "look at every `?` in `execute`: is the connection closed if it returns there?";
    check(hint, |database| {
        let id = database.users()[0].id;
        let delete = ExecuteQuery::new(database.path(), "DELETE FROM users WHERE id = ?", [id]);
        attempt(|| delete.execute());
        database.expect_none_open("after a DELETE");
        let other = database.users()[1].id;
        let twice = "INSERT INTO users VALUES (?, 'Ada', 'ada@example.com', 36)";
        let insert = ExecuteQuery::new(database.path(), twice, [other]);
        attempt(|| insert.execute());
        database.expect_none_open("after an INSERT that violates a constraint");
    });
}
