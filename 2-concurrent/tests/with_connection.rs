//! The `async with` block: one transaction, and a close before it completes, on every way out.

use std::panic::AssertUnwindSafe;

use concurrent::{Result, with_connection};
use futures_lite::future::{self, FutureExt};
use rusqlite::Connection;
use shared::fixture::{Fixture, says};
use shared::recorder::Recording;

const DELETE: &str = "DELETE FROM users WHERE id = 1";

fn count(fixture: &Fixture) -> i64 {
    fixture
        .connection()
        .query_one("SELECT count(*) FROM users", [], |row| row.get(0))
        .unwrap()
}

fn assert_one_closed(recording: &Recording) {
    assert_eq!(
        (recording.opened_connections(), recording.open_connections()),
        (1, 0),
        "{recording}"
    );
}

#[test]
fn commits_when_the_body_succeeds_and_has_closed_when_it_completes() {
    let fixture = Fixture::sample();
    let recording = Recording::start(fixture.path());
    let body = |connection: &Connection| {
        assert!(!connection.is_autocommit(), "a transaction is open");
        Ok(connection.execute(DELETE, [])?)
    };
    assert_eq!(
        future::block_on(with_connection(fixture.path(), body)).unwrap(),
        1
    );
    assert_one_closed(&recording);
    drop(recording);
    assert_eq!(count(&fixture), 11);
}

#[test]
fn rolls_back_and_closes_when_the_body_fails() {
    let fixture = Fixture::sample();
    let recording = Recording::start(fixture.path());
    let body = |connection: &Connection| -> Result<()> {
        connection.execute(DELETE, [])?;
        Err(rusqlite::Error::InvalidColumnName("on purpose".into()).into())
    };
    let error = future::block_on(with_connection(fixture.path(), body)).unwrap_err();
    assert!(says(&error, "on purpose") && says(&error, "users.db"), "{error}");
    assert_one_closed(&recording);
    drop(recording);
    assert_eq!(count(&fixture), 12);
}

#[test]
fn rolls_back_and_closes_when_the_body_panics_and_lets_the_panic_go_on() {
    let fixture = Fixture::sample();
    let recording = Recording::start(fixture.path());
    let body = |connection: &Connection| -> Result<()> {
        connection.execute(DELETE, [])?;
        panic!("on purpose");
    };
    let work = AssertUnwindSafe(with_connection(fixture.path(), body)).catch_unwind();
    let panic = future::block_on(work).unwrap_err();
    assert_eq!(panic.downcast_ref(), Some(&"on purpose"));
    assert_one_closed(&recording);
    drop(recording);
    assert_eq!(count(&fixture), 12);
}

#[test]
fn reports_a_commit_that_fails_and_closes_then_too() {
    let fixture = Fixture::of(
        "CREATE TABLE users (id INTEGER PRIMARY KEY);
         CREATE TABLE posts (user_id REFERENCES users DEFERRABLE INITIALLY DEFERRED)",
    );
    let recording = Recording::start(fixture.path());
    let body = |connection: &Connection| Ok(connection.execute("INSERT INTO posts VALUES (99)", [])?);
    assert!(future::block_on(with_connection(fixture.path(), body)).is_err());
    assert_one_closed(&recording);
}

#[test]
fn a_close_that_fails_is_reported_and_the_bodys_error_wins_over_it() {
    let fixture = Fixture::sample();
    let forget = |connection: &Connection| -> Result<()> {
        std::mem::forget(connection.prepare("SELECT 1")?);
        Ok(())
    };
    assert!(future::block_on(with_connection(fixture.path(), forget)).is_err());
    let forget_and_fail = move |connection: &Connection| -> Result<()> {
        forget(connection)?;
        Err(rusqlite::Error::InvalidColumnName("on purpose".into()).into())
    };
    let error = future::block_on(with_connection(fixture.path(), forget_and_fail)).unwrap_err();
    assert!(
        says(&error, "on purpose") && says(&error, "unfinalized"),
        "{error}"
    );
}

#[test]
fn a_database_that_is_locked_is_an_error_after_a_wait_and_not_a_hang() {
    let fixture = Fixture::sample();
    let other = fixture.connection();
    other.execute_batch("BEGIN EXCLUSIVE").unwrap();
    let error = future::block_on(concurrent::fetch_concurrently(fixture.path(), 40)).unwrap_err();
    assert!(says(&error, "users.db"), "{error}");
    let error = future::block_on(concurrent::on_sqlx::fetch_concurrently(fixture.path(), 40)).unwrap_err();
    assert!(says(&error, "users.db"), "{error}");
}
