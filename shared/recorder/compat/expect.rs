//! The expectation for every library: two connections were opened, a query was recorded with its parameter and its
//! rows, an error with its reason, and both connections are closed.

use recorder::Recording;
use recorder::timeline::End;

pub const SETUP: &str = "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
    INSERT INTO users (name) VALUES ('Ada'), ('Kwame')";
pub const QUERY: &str = "SELECT name FROM users WHERE id > ?";
pub const FAILS: &str = "INSERT INTO users (id, name) VALUES (1, 'Eve [] Adams; [x')";

pub fn check(recording: &Recording) {
    recording.wait_until_closed();
    let timeline = recording.timeline();
    assert_eq!(timeline.connections.len(), 2, "{recording}");
    let find = |sql: &str| {
        let mut statements = timeline.statements();
        statements
            .find(|statement| statement.sql.trim() == sql)
            .expect(sql)
    };
    let query = find(QUERY);
    assert_eq!(query.expanded.trim(), "SELECT name FROM users WHERE id > 1");
    assert_eq!(query.rows, 1);
    let (_, end) = find(FAILS).ended.clone().expect("an end");
    assert_eq!(
        end,
        End::Failed("UNIQUE constraint failed: users.id".to_owned())
    );
}
