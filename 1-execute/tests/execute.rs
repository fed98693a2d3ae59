//! `INSERT`, `UPDATE` and `DELETE` say how many rows they changed.

use execute::ExecuteQuery;
use shared::fixture::Fixture;
use shared::recorder::Recording;

const NONE: [i64; 0] = [];

#[test]
fn says_how_many_rows_were_changed_and_has_changed_them() {
    let fixture = Fixture::sample();
    let recording = Recording::start(fixture.path());
    let changed = |sql: &str, id: i64| ExecuteQuery::new(fixture.path(), sql, [id]).execute().unwrap();
    assert_eq!(
        changed("INSERT INTO users VALUES (?, 'Mona', 'mona@example.com', 33)", 13),
        1
    );
    assert_eq!(changed("UPDATE users SET age = age + 1 WHERE id <= ?", 5), 5);
    assert_eq!(changed("DELETE FROM users WHERE id > ?", 10), 3);
    assert_eq!(changed("DELETE FROM users WHERE id > ?", 10), 0);
    assert_eq!(
        (recording.opened_connections(), recording.open_connections()),
        (4, 0),
        "{recording}"
    );
    let left = ExecuteQuery::new(fixture.path(), "SELECT * FROM users ORDER BY id", NONE)
        .fetch_users()
        .unwrap();
    assert_eq!((left.len(), left[0].age), (10, 31));
}

#[test]
fn a_constraint_that_is_broken_is_an_error_and_changes_nothing() {
    let fixture = Fixture::sample();
    let twice = "INSERT INTO users VALUES (?, 'Copy', 'alice@example.com', 1)";
    assert!(ExecuteQuery::new(fixture.path(), twice, [13]).execute().is_err());
    let all = ExecuteQuery::new(fixture.path(), "SELECT * FROM users", NONE).fetch_users();
    assert_eq!(all.unwrap().len(), 12);
}

#[test]
fn a_statement_that_changes_no_rows_of_a_table_changes_none() {
    let fixture = Fixture::sample();
    let create = "CREATE TABLE copies AS SELECT * FROM users";
    assert_eq!(
        ExecuteQuery::new(fixture.path(), create, NONE).execute().unwrap(),
        0
    );
}
