//! The `with` block: one transaction, and a close, on every way out.

use std::panic::{AssertUnwindSafe, catch_unwind};

use databaseconnection::{Result, fetch_users, with_connection};
use rusqlite::Connection;
use shared::fixture::{Fixture, cases, says};
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
fn reads_or_refuses_each_kind_of_database_and_names_it() {
    for case in cases() {
        case.check(with_connection(case.database(), fetch_users));
    }
}

#[test]
fn commits_when_the_body_succeeds_and_has_closed_when_it_returns() {
    let fixture = Fixture::sample();
    let recording = Recording::start(fixture.path());
    let changed = with_connection(fixture.path(), |connection| {
        assert!(!connection.is_autocommit(), "a transaction is open");
        Ok(connection.execute(DELETE, [])?)
    });
    assert_eq!(changed.unwrap(), 1);
    assert_one_closed(&recording);
    drop(recording);
    assert_eq!(count(&fixture), 11);
}

#[test]
fn rolls_back_and_closes_when_the_body_fails() {
    let fixture = Fixture::sample();
    let recording = Recording::start(fixture.path());
    let outcome: Result<()> = with_connection(fixture.path(), |connection| {
        connection.execute(DELETE, [])?;
        Err(rusqlite::Error::InvalidColumnName("on purpose".into()).into())
    });
    let error = outcome.unwrap_err();
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
    let panic = catch_unwind(AssertUnwindSafe(|| with_connection(fixture.path(), body))).unwrap_err();
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
    let outcome = with_connection(fixture.path(), |connection| {
        // Foreign keys are on in rusqlite's bundled SQLite; said here for any other.
        assert_eq!(
            connection.pragma_query_value(None, "foreign_keys", |row| row.get::<_, i64>(0))?,
            1
        );
        Ok(connection.execute("INSERT INTO posts VALUES (99)", [])?)
    });
    assert!(outcome.is_err());
    assert_one_closed(&recording);
    drop(recording);
    let posts: i64 = fixture
        .connection()
        .query_one("SELECT count(*) FROM posts", [], |row| row.get(0))
        .unwrap();
    assert_eq!(posts, 0);
}

#[test]
fn reports_a_close_that_fails_after_a_body_that_succeeded() {
    let fixture = Fixture::sample();
    let outcome = with_connection(fixture.path(), |connection| {
        std::mem::forget(connection.prepare("SELECT 1")?);
        Ok(())
    });
    assert!(outcome.is_err());
}

#[test]
fn the_bodys_error_wins_over_the_closes_and_neither_is_lost() {
    let fixture = Fixture::sample();
    let outcome: Result<()> = with_connection(fixture.path(), |connection| {
        std::mem::forget(connection.prepare("SELECT 1")?);
        Err(rusqlite::Error::InvalidColumnName("on purpose".into()).into())
    });
    let error = outcome.unwrap_err();
    assert!(says(&error, "on purpose"), "{error}");
    // SQLite's own text for a connection that still has a statement.
    assert!(says(&error, "unfinalized"), "{error}");
}

#[test]
fn a_database_that_is_locked_is_an_error_after_a_wait_and_not_a_hang() {
    let fixture = Fixture::sample();
    let other = fixture.connection();
    other.execute_batch("BEGIN EXCLUSIVE").unwrap();
    let error = with_connection(fixture.path(), fetch_users).unwrap_err();
    assert!(says(&error, "users.db"), "{error}");
    other.execute_batch("ROLLBACK").unwrap();
    assert_eq!(with_connection(fixture.path(), fetch_users).unwrap().len(), 12);
}
