//! Trouble on demand, for whatever library meets it. The database must be recorded: the functions of SQL that this
//! takes, `barrier()` and `fail()`, are the recorder's.
//!
//! Two more faults stand elsewhere: [`Recording::forbid_growth`](recorder::Recording::forbid_growth) makes a
//! database that is full, and `BEGIN EXCLUSIVE` on another connection one that is locked.

use rusqlite::Connection;

/// A statement that runs until it is stopped.
pub const ENDLESS: &str =
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n";

/// Makes a view of the table `users`, which calls `barrier()` before it gives its rows.
///
/// # Panics
///
/// When the database has no table `users`, or is locked; as all functions of this module.
pub fn make_users_wait_at_barrier(outside: &Connection) {
    make_view(outside, "SELECT * FROM people WHERE barrier()");
}

/// Makes a view of the table `users` on which two queries meet; the first to come fails, and the other runs until it is
/// stopped.
pub fn make_one_fail_and_one_run_on(outside: &Connection) {
    // SQLite evaluates only the branch of a CASE that is taken.
    let condition =
        format!("CASE WHEN barrier() AND arrived_first() THEN fail() ELSE ({ENDLESS}) > 0 END");
    make_view(outside, &format!("SELECT * FROM people WHERE {condition}"));
}

/// Makes a view of the table `users`, whose every row takes for ever: a query of it runs until it is stopped.
pub fn make_users_endless(outside: &Connection) {
    make_view(
        outside,
        &format!("SELECT people.* FROM people, ({ENDLESS}) AS never"),
    );
}

/// Makes a view of the table `users`, which gives its rows in the order of their ids, and fails when it comes to this
/// one.
pub fn make_users_fail_at(outside: &Connection, id: i64) {
    make_view(
        outside,
        &format!("SELECT * FROM people WHERE CASE id WHEN {id} THEN fail() ELSE 1 END"),
    );
}

/// Makes a view of the table `users`, in which a column of one user holds something else: a value in SQL, such as
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

/// Makes a view of the table `users`, with its columns in another order, and one more.
pub fn make_users_columns_change_places(outside: &Connection) {
    make_view(
        outside,
        "SELECT age, 'a note' AS note, email, name, id FROM people",
    );
}

/// Makes the table `users` a view. It may be one already, which is replaced.
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
