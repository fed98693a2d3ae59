//! The table `users`, for both databases.
//!
//! The uniqueness of `email` is an index of its own, and not part of the table, so that whoever fills a table can
//! insert first and index after: a million rows go into SQLite in two thirds of the time.

use crate::{User, sample_users};

/// Creates the table in SQLite.
pub const SQLITE_TABLE: &str = "\
CREATE TABLE users (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    email TEXT NOT NULL,
    age INTEGER NOT NULL
)";

/// Makes e-mail addresses unique in SQLite; to be run after the rows are in.
pub const SQLITE_INDEX: &str = "CREATE UNIQUE INDEX users_email ON users (email)";

/// Creates the table in MySQL or MariaDB, under the name that is given (a seeding fills a second table and renames it).
///
/// The name is spliced into the SQL as it is: it is ours, never a user's.
///
/// ```
/// assert!(shared::schema::mysql_table("users").starts_with("CREATE TABLE users ("));
/// ```
pub fn mysql_table(name: &str) -> String {
    // utf8mb4, for what MySQL calls utf8 stops at three bytes; a binary collation, for two addresses that differ
    // in an accent are two addresses, as in SQLite.
    format!(
        "CREATE TABLE {name} (\
         id BIGINT PRIMARY KEY AUTO_INCREMENT, \
         name VARCHAR(255) NOT NULL, \
         email VARCHAR(255) NOT NULL UNIQUE, \
         age INT UNSIGNED NOT NULL\
         ) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"
    )
}

/// Returns the statements that create the table `users` in MySQL or MariaDB and fill it with the [`sample_users`], for a
/// server that has no connection yet. None of them contains a line break.
///
/// ```
/// let [table, rows] = shared::schema::mysql_sample();
/// assert!(table.starts_with("CREATE TABLE users") && rows.contains("'Dara O''Brien'"));
/// ```
pub fn mysql_sample() -> [String; 2] {
    let quoted = |text: &str| format!("'{}'", text.replace('\\', r"\\").replace('\'', "''"));
    let row = |User {
                   id,
                   name,
                   email,
                   age,
               }| format!("({id}, {}, {}, {age})", quoted(&name), quoted(&email));
    let rows: Vec<String> = sample_users().into_iter().map(row).collect();
    let insert = format!(
        "INSERT INTO users (id, name, email, age) VALUES {}",
        rows.join(", ")
    );
    [mysql_table("users"), insert]
}
