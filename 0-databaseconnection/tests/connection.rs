//! A connection is open exactly as long as its value lives, and opens nothing that was not there.

use std::panic::{AssertUnwindSafe, catch_unwind};

use databaseconnection::{DatabaseConnection, Error, Result, fetch_users};
use shared::fixture::{Fixture, cases, says};
use shared::recorder::Recording;
use shared::sample_users;

#[test]
fn fetches_every_user_by_the_names_of_the_columns_or_says_what_is_wrong() {
    for case in cases() {
        let outcome =
            DatabaseConnection::open(case.database()).and_then(|connection| fetch_users(&connection));
        case.check_without_name(outcome);
    }
}

#[test]
fn opens_nothing_before_it_is_asked_to_and_closes_at_the_end_of_the_scope() {
    let fixture = Fixture::sample();
    let recording = Recording::start(fixture.path());
    assert_eq!(recording.opened_connections(), 0);
    {
        let connection = DatabaseConnection::open(fixture.path()).unwrap();
        assert_eq!(recording.open_connections(), 1);
        assert_eq!(fetch_users(&connection).unwrap(), sample_users());
    }
    assert_eq!(
        (recording.opened_connections(), recording.open_connections()),
        (1, 0),
        "{recording}"
    );
}

#[test]
fn closes_when_asked_and_says_that_it_did() {
    let fixture = Fixture::sample();
    let recording = Recording::start(fixture.path());
    DatabaseConnection::open(fixture.path()).unwrap().close().unwrap();
    assert_eq!(
        (recording.opened_connections(), recording.open_connections()),
        (1, 0),
        "{recording}"
    );
}

#[test]
fn closes_the_connection_when_the_query_fails_and_the_error_is_passed_on() {
    fn use_it(fixture: &Fixture) -> Result<()> {
        let connection = DatabaseConnection::open(fixture.path())?;
        connection.execute_batch("SELECT * FROM nowhere")?;
        unreachable!("there is no such table");
    }
    let fixture = Fixture::sample();
    let recording = Recording::start(fixture.path());
    let error = use_it(&fixture).unwrap_err();
    assert!(says(&error, "nowhere"), "{error}");
    assert_eq!(
        (recording.opened_connections(), recording.open_connections()),
        (1, 0),
        "{recording}"
    );
}

#[test]
fn closes_the_connection_on_a_panic() {
    let fixture = Fixture::sample();
    let recording = Recording::start(fixture.path());
    let panic = catch_unwind(AssertUnwindSafe(|| {
        let _connection = DatabaseConnection::open(fixture.path()).unwrap();
        panic!("on purpose");
    }));
    assert!(panic.is_err());
    assert_eq!(
        (recording.opened_connections(), recording.open_connections()),
        (1, 0),
        "{recording}"
    );
}

#[test]
fn close_reports_a_statement_that_was_forgotten() {
    let fixture = Fixture::sample();
    let recording = Recording::start(fixture.path());
    let connection = DatabaseConnection::open(fixture.path()).unwrap();
    std::mem::forget(connection.prepare("SELECT 1").unwrap());
    assert!(connection.close().is_err());
    // The recorder is not fooled by the attempt.
    assert_eq!(recording.open_connections(), 1, "{recording}");
}

#[test]
fn an_error_can_cross_threads_and_be_boxed() {
    fn check<E: Send + 'static + Into<Box<dyn std::error::Error + Send + Sync>> + From<rusqlite::Error>>() {}
    check::<Error>();
}

#[test]
fn a_name_that_looks_like_a_uri_is_the_name_of_a_file() {
    let fixture = Fixture::sample();
    let odd = fixture.folder().join("file:users.db?mode=memory");
    assert!(DatabaseConnection::open(&odd).is_err());
    std::fs::rename(fixture.path(), &odd).unwrap();
    let connection = DatabaseConnection::open(&odd).unwrap();
    assert_eq!(fetch_users(&connection).unwrap().len(), 12);
}
