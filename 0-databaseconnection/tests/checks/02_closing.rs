//! A connection is open exactly as long as its value lives. Python needs `__exit__` for that, and a `with` statement
//! that calls it. In Rust the value is dropped on every way out of the scope: after the last line, on `return`, on
//! `?`, on a panic. `close` returns an error of the close, which a destructor cannot do.
//!
//! Read: the Rust book, chapter 15.3 (`Drop`); `rusqlite::Connection::close`; `std::mem::forget`, which drops nothing.

use databaseconnection::{DatabaseConnection, Result, fetch_users};
use shared::User;
use testkit::{attempt, check, faults};

#[test]
fn closes_at_the_end_of_the_scope() {
    let hint = "which variable or field owns the connection, and does a second owner (an `Rc`, a `static`) keep it alive?";
    check(hint, |database| {
        {
            let outcome = DatabaseConnection::open(database.path());
            let connection = database.expect_ok("`open` succeeds", outcome);
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
        let users = fetch_users(&connection)?; // returns here
        connection.execute_batch("SELECT 2")?;
        Ok(users)
    }
    let hint = "SQLite keeps a connection open while one of its statements is alive: drop the statement before the \
                connection, on the `?` as well";
    check(hint, |database| {
        faults::make_users_fail_at(&database.outside(), database.users()[1].id);
        attempt(|| fetch(database.path()));
        database.expect_none_open("after a `?` returned the error of a query");
    });
}

#[test]
fn closes_on_a_panic() {
    let hint = "a panic runs `drop` as well: does your `Drop` skip the close while the thread panics, or is the connection in a \
                `ManuallyDrop` or a `static`, or passed to `mem::forget`?";
    check(hint, |database| {
        attempt(|| {
            let outcome = DatabaseConnection::open(database.path());
            let _connection = database.expect_ok("`open` succeeds", outcome);
            panic!("on purpose");
        });
        database.expect_none_open("after a panic");
    });
}

#[test]
fn close_closes_the_connection_exactly_once() {
    let hint = "`close` takes `self`, so `Drop::drop` runs at its end as well: if both take the connection out of an `Option`, the second finds `None`";
    check(hint, |database| {
        let outcome = DatabaseConnection::open(database.path());
        let connection = database.expect_ok("`open` succeeds", outcome);
        database.expect_ok("`close` succeeds", connection.close());
        database.expect_all_closed("after `close`", 1);
    });
}

#[test]
fn close_returns_an_error_if_the_connection_stays_open() {
    let hint =
        "`rusqlite::Connection::close` returns a `Result`: does your `close` return its error?";
    check(hint, |database| {
        let outcome = DatabaseConnection::open(database.path());
        let connection = database.expect_ok("`open` succeeds", outcome);
        let statement = connection.prepare("SELECT 1").expect("valid SQL");
        // SQLite does not close a connection whose statement is still alive.
        std::mem::forget(statement);
        database.expect_error(
            "`close` while a statement is still alive",
            connection.close(),
        );
    });
}
