//! The table `users`, for both databases.
//!
//! The uniqueness of `email` is a separate index and not part of the table: inserting first and indexing afterwards is
//! faster.

use crate::{User, sample_users};

/// Creates the table in SQLite.
pub const SQLITE_TABLE: &str = "\
CREATE TABLE users (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    email TEXT NOT NULL,
    age INTEGER NOT NULL
)";

/// Makes e-mail addresses unique in SQLite. Run it after the rows are inserted.
pub const SQLITE_INDEX: &str = "CREATE UNIQUE INDEX users_email ON users (email)";

/// Creates the table in MySQL or MariaDB, under this name (`seed` fills a second table and renames it).
///
/// The name becomes part of the SQL unchanged: never pass a user's input.
///
/// ```
/// assert!(shared::schema::mysql_table("users").starts_with("CREATE TABLE users ("));
/// ```
pub fn mysql_table(name: &str) -> String {
    // utf8mb4, because MySQL's utf8 stops at three bytes per character. A binary collation, because two addresses that
    // differ in an accent are two addresses, as in SQLite.
    format!(
        "CREATE TABLE {name} (\
         id BIGINT PRIMARY KEY AUTO_INCREMENT, \
         name VARCHAR(255) NOT NULL, \
         email VARCHAR(255) NOT NULL UNIQUE, \
         age INT UNSIGNED NOT NULL\
         ) ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"
    )
}

/// Returns the statements that create the table `users` in MySQL or MariaDB and fill it with the [`sample_users`],
/// before a server accepts connections. None of them contains a line break.
///
/// ```
/// let [table, rows] = shared::schema::mysql_sample();
/// assert!(table.starts_with("CREATE TABLE users") && rows.contains("'Dara O''Brien'"));
/// ```
pub fn mysql_sample() -> [String; 2] {
    [mysql_table("users"), mysql_rows(&sample_users())]
}

/// Returns the statement that inserts these users into the table `users` in MySQL or MariaDB.
pub fn mysql_rows(users: &[User]) -> String {
    let quoted = |text: &str| format!("'{}'", text.replace('\\', r"\\").replace('\'', "''"));
    let row = |user: &User| {
        let (name, email) = (quoted(&user.name), quoted(&user.email));
        format!("({}, {name}, {email}, {})", user.id, user.age)
    };
    let rows: Vec<String> = users.iter().map(row).collect();
    let rows = rows.join(", ");
    format!("INSERT INTO users (id, name, email, age) VALUES {rows}")
}
