//! A query is reusable, lazy, and closes its connection on every way out.

use std::panic::{AssertUnwindSafe, catch_unwind};

use execute::{Error, ExecuteQuery, Result};
use rusqlite::ToSql;
use shared::fixture::{Fixture, cases, says};
use shared::recorder::{Recording, What};
use shared::{User, sample_users};

const ALL: &str = "SELECT * FROM users";
const OLDER: &str = "SELECT * FROM users WHERE age > ? ORDER BY id";
const NONE: [i64; 0] = [];

fn older_than(age: u32) -> Vec<User> {
    sample_users().into_iter().filter(|user| user.age > age).collect()
}

fn assert_closed(recording: &Recording, opened: usize) {
    assert_eq!(
        (recording.opened_connections(), recording.open_connections()),
        (opened, 0),
        "{recording}"
    );
}

#[test]
fn reads_or_refuses_each_kind_of_database_and_names_it() {
    for case in cases() {
        let query = "SELECT id, name, email, age FROM users ORDER BY id";
        case.check(ExecuteQuery::new(case.database(), query, NONE).fetch_users());
    }
}

#[test]
fn opens_nothing_until_it_is_run_and_can_be_run_again_and_again() {
    let fixture = Fixture::sample();
    let recording = Recording::start(fixture.path());
    let query = ExecuteQuery::new(fixture.path(), OLDER, [25]);
    assert_closed(&recording, 0);
    for times in 1..=3 {
        assert_eq!(query.fetch_users().unwrap(), older_than(25));
        assert_closed(&recording, times);
    }
}

#[test]
fn both_the_query_and_the_parameter_are_obeyed() {
    let fixture = Fixture::sample();
    for age in [0, 18, 25, 26, 40, 72, 73] {
        let older = ExecuteQuery::new(fixture.path(), OLDER, [age])
            .fetch_users()
            .unwrap();
        assert_eq!(older, older_than(age), "older than {age}");
        let query = "SELECT * FROM users WHERE age <= ? ORDER BY id";
        let others = ExecuteQuery::new(fixture.path(), query, [age])
            .fetch_users()
            .unwrap();
        assert_eq!(older.len() + others.len(), 12);
    }
}

#[test]
fn parameters_of_several_types_are_bound_and_not_spliced_into_the_sql() {
    let fixture = Fixture::sample();
    let recording = Recording::start(fixture.path());
    let sql = "SELECT * FROM users WHERE name = ? AND age = ?";
    let parameters: [&dyn ToSql; 2] = [&"Dara O'Brien", &40];
    let found = ExecuteQuery::new(fixture.path(), sql, parameters)
        .fetch_users()
        .unwrap();
    assert_eq!(found, [sample_users()[3].clone()]);

    let hostile = "x' OR '1' = '1";
    let found =
        ExecuteQuery::new(fixture.path(), "SELECT * FROM users WHERE name = ?", [hostile]).fetch_users();
    assert_eq!(found.unwrap(), []);
    let begun = recording.events().into_iter().filter(|event| match &event.what {
        What::Begun { sql, .. } => sql.contains("name = ?"),
        _ => false,
    });
    assert_eq!(begun.count(), 2, "SQLite sees the placeholder\n{recording}");
}

#[test]
fn a_body_that_stops_after_one_row_costs_one_row() {
    let users = (1..=10_000).map(|id| User {
        id,
        name: format!("Number {id}"),
        email: format!("{id}@example.com"),
        age: 30,
    });
    let fixture = Fixture::with_users(users);
    let recording = Recording::start(fixture.path());
    let first: String = ExecuteQuery::new(fixture.path(), ALL, NONE)
        .run(|rows| Ok(rows.next()?.expect("a row").get("name")?))
        .unwrap();
    assert_eq!(first, "Number 1");
    let stepped = recording
        .events()
        .iter()
        .filter(|event| matches!(event.what, What::Row { .. }))
        .count();
    assert_eq!(stepped, 1);
    assert_closed(&recording, 1);
}

#[test]
fn refuses_what_it_cannot_run_and_closes_the_connection() {
    let fixture = Fixture::sample();
    let recording = Recording::start(fixture.path());
    let two: &[i64] = &[1, 2];
    let queries: [(&str, &str, &[i64]); 8] = [
        ("too few parameters", OLDER, &[]),
        ("too many parameters", OLDER, two),
        ("parameters for a query without placeholders", ALL, two),
        ("SQL that does not parse", "SELECT * FORM users", &[]),
        ("two statements", "SELECT 1; SELECT 2", &[]),
        (
            "a second statement that destroys",
            "SELECT 1; DROP TABLE users",
            &[],
        ),
        ("an unknown table", "SELECT * FROM nowhere", &[]),
        ("an empty query", "  -- nothing", &[]),
    ];
    for (opened, (what, sql, parameters)) in (1..).zip(queries) {
        let error = ExecuteQuery::new(fixture.path(), sql, parameters).run(|rows| Ok(rows.next()?.is_some()));
        let error = error.expect_err(what);
        assert!(says(&error, "users.db"), "{what}: {error}");
        assert_closed(&recording, opened);
    }
    drop(recording);
    assert_eq!(
        ExecuteQuery::new(fixture.path(), ALL, NONE)
            .fetch_users()
            .unwrap()
            .len(),
        12
    );
}

#[test]
fn one_statement_with_a_semicolon_and_a_comment_after_it_is_one_statement() {
    let fixture = Fixture::sample();
    let query = ExecuteQuery::new(fixture.path(), "SELECT * FROM users; -- all of them", NONE);
    assert_eq!(query.fetch_users().unwrap().len(), 12);
}

#[test]
fn an_error_shows_where_the_sql_does_not_parse() {
    let fixture = Fixture::sample();
    for (sql, place) in [
        ("SELECT *\nFORM users", "FORM users"),
        ("SELECT max(", "SELECT max("),
        ("SELECT nope", "nope"),
    ] {
        let error = ExecuteQuery::new(fixture.path(), sql, NONE)
            .fetch_users()
            .unwrap_err();
        assert!(says(&error, place), "{error}");
    }
}

#[test]
fn a_parameter_that_cannot_be_converted_is_an_error_when_the_query_is_run() {
    struct Unbindable;
    impl ToSql for Unbindable {
        fn to_sql(&self) -> rusqlite::Result<rusqlite::types::ToSqlOutput<'_>> {
            Err(rusqlite::Error::ToSqlConversionFailure("no such thing".into()))
        }
    }
    let fixture = Fixture::sample();
    let recording = Recording::start(fixture.path());
    let query = ExecuteQuery::new(fixture.path(), OLDER, [Unbindable]);
    assert!(query.fetch_users().is_err());
    assert_eq!(recording.open_connections(), 0);
}

#[test]
fn closes_the_connection_when_the_body_fails_and_when_it_panics() {
    let fixture = Fixture::sample();
    let recording = Recording::start(fixture.path());
    let query = ExecuteQuery::new(fixture.path(), ALL, NONE);

    let outcome: Result<()> =
        query.run(|_| Err(rusqlite::Error::InvalidColumnName("on purpose".into()).into()));
    assert!(says(&outcome.unwrap_err(), "on purpose"));
    assert_closed(&recording, 1);

    let panic = catch_unwind(AssertUnwindSafe(|| {
        query.run(|_| -> Result<()> { panic!("on purpose") })
    }));
    assert_eq!(panic.unwrap_err().downcast_ref(), Some(&"on purpose"));
    assert_closed(&recording, 2);
}

#[test]
fn a_database_that_is_locked_is_an_error_after_a_wait_and_not_a_hang() {
    let fixture = Fixture::sample();
    let other = fixture.connection();
    other.execute_batch("BEGIN EXCLUSIVE").unwrap();
    let error = ExecuteQuery::new(fixture.path(), ALL, NONE)
        .fetch_users()
        .unwrap_err();
    assert!(says(&error, "users.db"), "{error}");
}

#[test]
fn an_error_can_cross_threads_and_be_boxed() {
    fn check<E: Send + 'static + Into<Box<dyn std::error::Error + Send + Sync>> + From<rusqlite::Error>>() {}
    check::<Error>();
}
