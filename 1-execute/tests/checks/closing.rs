//! The connection closes on every way out of `run`: after the last row, after a `?` in the body, on a panic, and when the
//! query fails before the body is even called. It is where nearly everybody goes wrong who closes by hand: the close
//! stands in the last line, and the way out is another one.
//!
//! Read: the Rust book, chapter 15.3 (`Drop`); the order in which the variables of a function are dropped, in the Rust
//! reference under 'Destructors'.

use execute::{ExecuteQuery, Result};
use testkit::{attempt, check, faults};

use crate::{NONE, count_rows, on_purpose};

const ALL: &str = "SELECT * FROM users";

#[test]
fn has_closed_when_run_returns() {
    let hint = "who holds the connection when `run` has returned?";
    check(hint, |database| {
        let query = ExecuteQuery::new(database.path(), ALL, NONE);
        database.expect_ok("a body that succeeds", count_rows(&query));
        database.expect_none_open("when `run` has returned");
        attempt(|| query.run(|rows| Ok(rows.next()?.is_some())));
        database.expect_none_open("after a body that took one row of many");
    });
}

#[test]
fn closes_when_the_body_fails() {
    let hint = "a `?` returns: does it jump over the close?";
    check(hint, |database| {
        let query = ExecuteQuery::new(database.path(), ALL, NONE);
        attempt(|| -> Result<()> { query.run(|_| Err(on_purpose())) });
        database.expect_none_open("after a body that returned `Err`");
    });
}

#[test]
fn closes_when_the_body_panics() {
    let hint = "a panic jumps over every line that follows, and runs destructors only";
    check(hint, |database| {
        let query = ExecuteQuery::new(database.path(), ALL, NONE);
        attempt(|| -> Result<()> { query.run(|_| panic!("on purpose")) });
        database.expect_none_open("after a body that panicked");
    });
}

#[test]
fn closes_when_the_query_cannot_be_run() {
    let hint = "the body is never called when the query is refused: who closes then?";
    check(hint, |database| {
        for sql in [
            "SELECT * FROM nowhere",
            "SELECT * FROM users WHERE age > ?",
            "SELECT 1; SELECT 2",
        ] {
            attempt(|| count_rows(&ExecuteQuery::new(database.path(), sql, NONE)));
            database.expect_none_open(&format!("after {sql:?} without parameters"));
        }
    });
}

#[test]
fn closes_when_the_query_fails_half_way() {
    let hint = "the next row may be an error: which way does `fetch_users` leave then?";
    check(hint, |database| {
        faults::make_users_fail_at(&database.outside(), database.users()[1].id);
        attempt(|| ExecuteQuery::new(database.path(), ALL, NONE).fetch_users());
        database.expect_none_open("after a query that failed at its second row");
    });
}

#[test]
fn execute_closes_when_it_succeeds_and_when_it_fails() {
    let hint = "`execute` has ways out of its own";
    check(hint, |database| {
        let id = database.users()[0].id;
        let delete = ExecuteQuery::new(database.path(), "DELETE FROM users WHERE id = ?", [id]);
        attempt(|| delete.execute());
        database.expect_none_open("after a DELETE");
        let other = database.users()[1].id;
        let twice = "INSERT INTO users VALUES (?, 'Ada', 'ada@example.com', 36)";
        let insert = ExecuteQuery::new(database.path(), twice, [other]);
        attempt(|| insert.execute());
        database.expect_none_open("after an INSERT that the table refuses");
    });
}

#[test]
#[ignore = "extra"]
fn each_run_has_one_connection() {
    let hint = "what is a second connection for?";
    check(hint, |database| {
        let query = ExecuteQuery::new(database.path(), ALL, NONE);
        for times in 1..=3 {
            database.expect_ok("a query that succeeds", query.fetch_users());
            database.expect_all_closed(&format!("after run number {times}"), times);
        }
    });
}

#[test]
#[ignore = "extra"]
fn a_panic_of_the_body_goes_on_to_the_caller() {
    let hint = "who catches a panic to clean up lets it go on: `std::panic::resume_unwind`";
    check(hint, |database| {
        let query = ExecuteQuery::new(database.path(), ALL, NONE);
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| -> Result<()> {
            query.run(|_| panic!("on purpose"))
        }));
        let message = outcome
            .err()
            .and_then(|panic| panic.downcast_ref::<&str>().copied());
        database.expect(
            "the caller meets the body's panic",
            message == Some("on purpose"),
        );
    });
}
