//! A connection is open exactly as long as its value lives. Python needs `__exit__` for that, and a `with` that calls
//! it; in Rust it is the end of the value's life, on every way out of the scope: the last line, `return`, `?`, a panic.
//!
//! Read: the Rust book, chapter 15.3 (`Drop`); `std::mem::forget`, on what is not dropped.

use databaseconnection::{DatabaseConnection, Result, fetch_users};
use shared::User;
use testkit::{attempt, check, faults};

#[test]
fn closes_at_the_end_of_the_scope() {
    let hint = "who owns the connection, and does anybody else hold on to it when the scope ends?";
    check(hint, |database| {
        {
            let outcome = DatabaseConnection::open(database.path());
            let connection = database.expect_ok("the database is opened", outcome);
            attempt(|| fetch_users(&connection));
        }
        database.expect_none_open("after the end of the scope");
    });
}

#[test]
fn closes_when_a_query_fails() {
    fn fetch(database: &std::path::Path) -> Result<Vec<User>> {
        let connection = DatabaseConnection::open(database)?;
        connection.execute_batch("SELECT 1")?;
        let users = fetch_users(&connection)?; // here it returns
        connection.execute_batch("SELECT 2")?;
        Ok(users)
    }
    let hint = "SQLite keeps a connection open as long as one of its statements lives: where does a statement end \
                when a `?` returns?";
    check(hint, |database| {
        faults::make_users_fail_at(&database.outside(), database.users()[1].id);
        attempt(|| fetch(database.path()));
        database.expect_none_open("after a `?` on a query that failed");
    });
}

#[test]
fn closes_on_a_panic() {
    let hint =
        "a panic drops the values of every scope that it leaves: what does your `drop` do then?";
    check(hint, |database| {
        attempt(|| {
            let outcome = DatabaseConnection::open(database.path());
            let _connection = database.expect_ok("the database is opened", outcome);
            panic!("on purpose");
        });
        database.expect_none_open("after a panic");
    });
}

#[test]
fn close_closes_the_connection_and_that_once() {
    let hint = "`close` takes the value, which is dropped at its end as ever: what does a `drop` of yours find then?";
    check(hint, |database| {
        let outcome = DatabaseConnection::open(database.path());
        let connection = database.expect_ok("the database is opened", outcome);
        database.expect_ok(
            "`close` closes, and has nothing to complain of",
            connection.close(),
        );
        database.expect_all_closed("after `close`", 1);
    });
}

#[test]
fn close_reports_what_keeps_the_connection_open() {
    let hint = "what does `rusqlite::Connection::close` return, and what becomes of that?";
    check(hint, |database| {
        let outcome = DatabaseConnection::open(database.path());
        let connection = database.expect_ok("the database is opened", outcome);
        let statement = connection.prepare("SELECT 1").expect("SQL that is right");
        // SQLite does not close a connection whose statement is still alive.
        std::mem::forget(statement);
        database.expect_error("a close that does not succeed", connection.close());
    });
}
