//! Causes faults in a database, for any SQLite library. The database must be recorded, because the SQL functions
//! `barrier()`, `fail()` and `rest()` belong to the recorder.
//!
//! Two more faults need no function here: [`Recording::forbid_growth`](recorder::Recording::forbid_growth) makes the
//! database full, and `BEGIN EXCLUSIVE` on another connection locks it.

use rusqlite::Connection;

/// A statement that runs until it is cancelled. It mostly rests, so that a check whose wait for its end is never over finds the
/// process idle (see [`Deadline`](crate::Deadline)).
pub const ENDLESS: &str = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i % 100 OR rest()) SELECT count(*) FROM n";

/// Values that do not fit into a user: a description, the column, and the value in SQL.
pub const MISFITS: [(&str, &str, &str); 7] = [
    ("an age that is NULL", "age", "NULL"),
    ("a negative age", "age", "-1"),
    ("an age that is a string", "age", "'old'"),
    ("an age that is not whole", "age", "1.5"),
    ("an age that does not fit into 32 bits", "age", "4294967296"),
    ("a name that is NULL", "name", "NULL"),
    ("an email that is NULL", "email", "NULL"),
];

/// Replaces the table `users` with a view that calls `barrier()` before it returns its rows.
///
/// # Panics
///
/// When the database has no table `users`, or is locked; as all functions of this module.
pub fn make_users_wait_at_barrier(outside: &Connection) {
    make_view(outside, "SELECT * FROM people WHERE barrier()");
}

/// Replaces the table `users` with a view at which two queries wait for each other. Then the first to arrive fails, and
/// the other runs until it is cancelled.
pub fn make_one_fail_and_one_run_on(outside: &Connection) {
    // SQLite evaluates only the branch of a CASE that is taken.
    let condition =
        format!("CASE WHEN barrier() AND arrived_first() THEN fail() ELSE ({ENDLESS}) > 0 END");
    make_view(outside, &format!("SELECT * FROM people WHERE {condition}"));
}

/// Replaces the table `users` with a view whose rows never end: a query of it runs until it is cancelled.
pub fn make_users_endless(outside: &Connection) {
    make_view(
        outside,
        &format!("SELECT people.* FROM people, ({ENDLESS}) AS never"),
    );
}

/// Replaces the table `users` with a view that returns its rows in the order of their ids and fails at this id.
pub fn make_users_fail_at(outside: &Connection, id: i64) {
    make_view(
        outside,
        &format!("SELECT * FROM people WHERE CASE id WHEN {id} THEN fail() ELSE 1 END"),
    );
}

/// Replaces the table `users` with a view in which a column of one user holds another value, written in SQL, such as
/// `NULL`.
pub fn make_one_user_hold(outside: &Connection, id: i64, column: &str, value: &str) {
    let columns = ["id", "name", "email", "age"].map(|name| match name == column {
        true => format!("CASE id WHEN {id} THEN {value} ELSE {name} END AS {name}"),
        false => name.to_owned(),
    });
    make_view(
        outside,
        &format!("SELECT {} FROM people", columns.join(", ")),
    );
}

/// Replaces the table `users` with a view that has its columns in another order, and one more.
pub fn make_users_columns_change_places(outside: &Connection) {
    make_view(
        outside,
        "SELECT age, 'a note' AS note, email, name, id FROM people",
    );
}

/// Replaces the table, or the view, `users` with a view.
fn make_view(outside: &Connection, query: &str) {
    let kind: String = outside
        .query_one(
            "SELECT type FROM sqlite_schema WHERE name = 'users'",
            [],
            |row| row.get(0),
        )
        .expect("a table `users`");
    let make_room = match kind.as_str() {
        "view" => "DROP VIEW users",
        _ => "ALTER TABLE users RENAME TO people",
    };
    outside
        .execute_batch(&format!("{make_room}; CREATE VIEW users AS {query}"))
        .expect("no lock, and no table `people`");
}
