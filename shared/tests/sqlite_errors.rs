//! An error says what was being done, to which database, and what to do about it.

use std::error::Error as _;
use std::path::Path;

use rusqlite::Connection;
use shared::sqlite::{Error, ErrorKind, create, create_sample, open, outcome, read_users};
use shared::{User, sample_users};
use tempfile::NamedTempFile;
use testkit::TempDatabase;

/// Returns the error's text after reading users from a database that this SQL created.
fn text_of(sql: &str) -> String {
    let connection = Connection::open_in_memory().unwrap();
    connection.execute_batch(sql).unwrap();
    let read = connection
        .prepare("SELECT * FROM users")
        .map_err(Error::from)
        .and_then(|mut statement| read_users(&mut statement.query([])?));
    let error = read.unwrap_err().in_database(Path::new("users.db"));
    error.to_string()
}

#[test]
fn a_missing_table_says_how_to_fill_the_database() {
    assert_eq!(
        text_of("CREATE TABLE other (id)"),
        "could not query `users.db`: no such table: users\n\
         help: fill the database with `cargo run --bin seed -- --database users.db`, or check the path"
    );
}

#[test]
fn the_error_of_an_invalid_row_names_the_column_the_id_and_the_value() {
    let table = "CREATE TABLE users (id, name, email, age);";
    for (row, expected) in [
        (
            "7, 'Ada', 'ada@example.com', NULL",
            "the column `age` of the user with id 7 holds NULL",
        ),
        (
            "7, 'Ada', 'ada@example.com', -1",
            "the column `age` of the user with id 7 holds the integer -1",
        ),
        (
            "7, 'Ada', 'ada@example.com', 'old'",
            "the column `age` of the user with id 7 holds the text \"old\"",
        ),
        (
            "7, 'Ada', 'ada@example.com', 0.5",
            "the column `age` of the user with id 7 holds the number 0.5",
        ),
        (
            "7, x'00', 'ada@example.com', 1",
            "the column `name` of the user with id 7 holds a BLOB of 1 bytes",
        ),
        (
            "NULL, 'Ada', 'ada@example.com', 1",
            "the column `id` of a user whose id cannot be read holds NULL",
        ),
        (
            "7, CAST(x'ff' AS TEXT), 'a', 1",
            "the column `name` of the user with id 7 holds text that is not UTF-8",
        ),
    ] {
        let text = text_of(&format!("{table} INSERT INTO users VALUES ({row})"));
        assert_eq!(
            text,
            format!(
                "could not read `users.db`: {expected}\nhelp: correct the row, then run this again"
            )
        );
    }
}

#[test]
fn sql_that_does_not_parse_is_shown_with_a_mark_under_the_place() {
    let connection = Connection::open_in_memory().unwrap();
    let error = Error::from(
        connection
            .prepare("SELECT 1,\n  'é' FORM users")
            .unwrap_err(),
    );
    assert_eq!(
        error.to_string(),
        "could not query the database: near \"users\": syntax error\n\
         \x20     'é' FORM users\n\
         \x20              ^\n\
         help: correct the SQL at the mark"
    );
}

/// Only a password is hidden, and the mark is still under its position.
#[test]
fn sql_with_urls_is_shown_without_their_passwords() {
    let connection = Connection::open_in_memory().unwrap();
    let text = |sql: &str| Error::from(connection.prepare(sql).unwrap_err()).to_string();
    for (sql, shown, indent) in [
        (
            "SELECT 'see http://a.b/c: all rows', nosuch",
            "SELECT 'see http://a.b/c: all rows', nosuch",
            37,
        ),
        (
            "SELECT 'mysql://ada:s3cret@localhost/db', nosuch",
            "SELECT 'mysql://ada:***@localhost/db', nosuch",
            39,
        ),
        (
            "SELECT nosuch, 'mysql://ada:s3cret@localhost/db'",
            "SELECT nosuch, 'mysql://ada:***@localhost/db'",
            7,
        ),
    ] {
        assert_eq!(
            text(sql),
            format!(
                "could not query the database: no such column: nosuch\n    {shown}\n    {}^\n\
                 help: correct the SQL at the mark",
                " ".repeat(indent)
            )
        );
    }
    for sql in [
        "mysql://ada:s3cret@localhost/db",
        "mysql://ada:s3cret and more@localhost/db",
        "mysql://ada:s3cret",
        "root:s3cret@localhost/db",
        "SELECT \"mysql://ada:s3cret@localhost/db\" FROM nowhere WHERE mysql://ada:s3cret@localhost",
    ] {
        assert!(!text(sql).contains("s3cret"), "{}", text(sql));
    }
}

#[test]
fn sql_of_the_programs_own_is_not_shown_and_a_missing_column_is_named() {
    let temporary =
        TempDatabase::of("CREATE TABLE users (id INTEGER PRIMARY KEY, username TEXT, mail TEXT)");
    let refused = |sql| Error::from(temporary.connection().prepare(sql).unwrap_err()).in_own_sql();
    for (sql, column) in [
        ("SELECT id, name, email, age FROM users", "name"),
        ("SELECT * FROM users WHERE age > ?", "age"),
    ] {
        assert_eq!(
            refused(sql).in_database(Path::new("users.db")).to_string(),
            format!(
                "could not query `users.db`: the table `users` has no column `{column}`\n\
                 help: use a database whose table `users` has the columns id, name, email and age"
            )
        );
    }
    assert_eq!(
        refused("SELECT nope FROM users").to_string(),
        "could not query the database: no such column: nope\nhelp: check the query and the database"
    );
}

#[test]
fn a_foreign_key_that_refuses_says_that_it_would_not_elsewhere() {
    let temporary = TempDatabase::sample();
    let connection = temporary.connection();
    let orders = "CREATE TABLE orders (user REFERENCES users (id)); INSERT INTO orders VALUES (3)";
    connection.execute_batch(orders).unwrap();
    let text_of = |sql| {
        let error = Error::from(connection.execute(sql, []).unwrap_err());
        error.to_string()
    };
    for sql in [
        "DELETE FROM users WHERE id = 3",
        "INSERT INTO orders VALUES (99)",
    ] {
        let text = text_of(sql);
        assert!(text.contains("FOREIGN KEY constraint failed"), "{text}");
        let help =
            "foreign keys are enforced here, unlike in the sqlite3 shell and in Python's sqlite3";
        assert!(text.contains(help), "{text}");
    }
    let other = text_of("UPDATE users SET email = 'bob@example.com' WHERE id = 1");
    assert!(!other.contains("foreign key"), "{other}");
}

#[test]
fn a_missing_file_that_is_written_like_a_url_is_called_one() {
    for url in [
        "sqlite:users.db",
        "sqlite::memory:",
        "SQLite3:users.db",
        "sqlite:///users.db",
        "sqlite+aiosqlite:///users.db",
        "file:users.db?mode=ro",
        "jdbc:sqlite:users.db",
        "postgres://localhost/users",
    ] {
        let error = open(Path::new(url)).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Url), "{error}");
    }
    assert_eq!(
        open(Path::new("sqlite:users.db")).unwrap_err().to_string(),
        "could not open `sqlite:users.db`: this must be a path, not a URL\n\
         help: give the path of a SQLite file, such as users.db"
    );
    for path in [
        "users.db",
        "C:users.db",
        "notes:users.db",
        "./sqlite/users.db",
    ] {
        let error = open(Path::new(path)).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Missing), "{error}");
    }
    let temporary = TempDatabase::sample();
    let named_like_one = temporary.folder().join("sqlite:users.db");
    std::fs::rename(temporary.path(), &named_like_one).unwrap();
    open(&named_like_one).unwrap();
}

#[test]
fn a_password_in_what_should_be_a_path_is_not_shown() {
    let error = open(Path::new("mysql://root:s3cret@localhost/users")).unwrap_err();
    assert!(!error.to_string().contains("s3cret"), "{error}");
}

#[test]
fn the_works_error_wins_and_the_closes_is_not_lost() {
    let work = || Error::from(rusqlite::Error::QueryReturnedNoRows);
    let close = || Error::from(rusqlite::Error::InvalidQuery).could_not("close");
    assert_eq!(outcome(Ok(1), Ok(())).unwrap(), 1);
    assert!(matches!(
        outcome::<()>(Err(work()), Ok(())).unwrap_err().kind(),
        ErrorKind::Sqlite(rusqlite::Error::QueryReturnedNoRows)
    ));
    assert!(matches!(
        outcome(Ok(1), Err(close())).unwrap_err().kind(),
        ErrorKind::Sqlite(rusqlite::Error::InvalidQuery)
    ));
    let both = outcome::<()>(Err(work()), Err(close())).unwrap_err();
    assert!(both.source().unwrap().to_string().contains("no rows"));
    let text = both.to_string();
    assert!(
        text.find("no rows") < text.find("closing it also failed: Query is not read-only"),
        "{text}"
    );
}

#[test]
fn a_sample_is_made_once_whole_and_never_over_an_existing_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("users.db");
    let made: Vec<bool> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8)
            .map(|_| scope.spawn(|| create_sample(&path).unwrap()))
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    });
    assert_eq!(
        made.iter().filter(|made| **made).count(),
        1,
        "one of eight at once makes it"
    );
    assert_eq!(
        std::fs::read_dir(folder.path()).unwrap().count(),
        1,
        "nothing else is left"
    );
    assert_eq!(users_in(&path), sample_users());
}

#[test]
fn a_sample_inherits_nothing_from_a_deleted_database() {
    // Longer rows: the change reaches the root of the table's tree, without which the old rows would not be found.
    let change = "UPDATE users SET name = name || name || name";
    for (how, companion) in [
        (
            "PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0",
            "-wal",
        ),
        // A cache of one page: the change is written at once, after the journal.
        ("PRAGMA cache_size = 1; BEGIN", "-journal"),
    ] {
        let old = TempDatabase::with_users(to_be_filled(2000).1);
        let connection = old.connection();
        connection.execute_batch(how).unwrap();
        connection.execute_batch(change).unwrap();
        let left = |temporary: &TempDatabase, companion| {
            let mut path = temporary.path().as_os_str().to_owned();
            path.push(companion);
            path
        };
        let new = TempDatabase::missing();
        std::fs::copy(left(&old, companion), left(&new, companion)).unwrap();
        assert!(create_sample(new.path()).unwrap());
        assert_eq!(users_in(new.path()), sample_users(), "{companion}");
        assert_eq!(
            std::fs::read_dir(new.folder()).unwrap().count(),
            1,
            "{companion}"
        );
    }
}

/// Every user of the database.
fn users_in(path: &Path) -> Vec<User> {
    let connection = open(path).unwrap();
    let mut statement = connection.prepare("SELECT * FROM users").unwrap();
    read_users(&mut statement.query([]).unwrap()).unwrap()
}

/// Returns an empty file, and this number of users to fill it with.
fn to_be_filled(count: i64) -> (NamedTempFile, Vec<User>) {
    let file = NamedTempFile::new().unwrap();
    let user = |id| User {
        id,
        email: format!("{id}@example.com"),
        ..sample_users().remove(0)
    };
    (file, (1..=count).map(user).collect())
}

#[test]
fn any_number_of_users_is_created_whole() {
    for count in 0..=50 {
        let (file, users) = to_be_filled(count);
        create(file.path(), users.clone()).unwrap();
        assert_eq!(users_in(file.path()), users);
    }
}

#[test]
fn two_users_of_one_id_or_address_are_refused() {
    for (column, spoil) in [
        (
            "id",
            (|users| users[20].id = users[19].id) as fn(&mut Vec<User>),
        ),
        ("id", |users| users[20].id = 1),
        ("email", |users| users[40].email = users[3].email.clone()),
    ] {
        let (file, mut users) = to_be_filled(50);
        spoil(&mut users);
        let error = create(file.path(), users).unwrap_err().to_string();
        assert!(
            error.contains(&format!("UNIQUE constraint failed: users.{column}")),
            "{error}"
        );
    }
}
