//! An error says what was being done, to which database, and what to do about it.

use std::error::Error as _;
use std::path::Path;

use rusqlite::Connection;
use shared::check::Fixture;
use shared::sqlite::{Error, Problem, create, create_sample, open, outcome, read_users};
use shared::{User, sample_users};

/// The text of the error that comes of reading the users of what this SQL makes.
fn text_of(sql: &str) -> String {
    let fixture = Fixture::of(sql);
    let connection = open(fixture.path()).unwrap();
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
fn a_row_that_is_no_user_names_the_column_the_id_and_what_is_there() {
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
            format!("could not read `users.db`: {expected}\nhelp: correct the row, then run this again")
        );
    }
}

#[test]
fn sql_that_does_not_parse_is_shown_with_a_mark_under_the_place() {
    let connection = Connection::open_in_memory().unwrap();
    let error = Error::from(connection.prepare("SELECT 1,\n  'é' FORM users").unwrap_err());
    assert_eq!(
        error.to_string(),
        "could not query the database: near \"users\": syntax error\n\
         \x20     'é' FORM users\n\
         \x20              ^\n\
         help: correct the SQL at the mark"
    );
}

/// Only a password is hidden, and the mark still stands under its place.
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
fn a_password_in_what_should_be_a_path_is_not_shown() {
    let error = open(Path::new("mysql://root:s3cret@localhost/users")).unwrap_err();
    assert!(!error.to_string().contains("s3cret"), "{error}");
}

#[test]
fn the_works_error_wins_and_the_closes_is_not_lost() {
    let work = || Error::from(rusqlite::Error::QueryReturnedNoRows);
    let close = || Error::from(rusqlite::Error::InvalidQuery).doing("close");
    assert_eq!(outcome(Ok(1), Ok(())).unwrap(), 1);
    assert!(matches!(
        outcome::<()>(Err(work()), Ok(())).unwrap_err().problem(),
        Problem::Sqlite(rusqlite::Error::QueryReturnedNoRows)
    ));
    assert!(matches!(
        outcome(Ok(1), Err(close())).unwrap_err().problem(),
        Problem::Sqlite(rusqlite::Error::InvalidQuery)
    ));
    let both = outcome::<()>(Err(work()), Err(close())).unwrap_err();
    assert!(both.source().unwrap().to_string().contains("no rows"));
    let text = both.to_string();
    assert!(
        text.find("no rows") < text.find("could not close it: Query is not read-only"),
        "{text}"
    );
}

#[test]
fn a_sample_is_made_once_whole_and_never_over_a_file_that_is_there() {
    let fixture = Fixture::missing();
    let made: Vec<bool> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8)
            .map(|_| scope.spawn(|| create_sample(fixture.path()).unwrap()))
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(
        made.iter().filter(|made| **made).count(),
        1,
        "one of eight at once makes it"
    );
    assert_eq!(
        std::fs::read_dir(fixture.folder()).unwrap().count(),
        1,
        "nothing else is left"
    );
    assert_eq!(users_in(&fixture), sample_users());
}

/// Every user of the database.
fn users_in(fixture: &Fixture) -> Vec<User> {
    let connection = fixture.connection();
    let mut statement = connection.prepare("SELECT * FROM users").unwrap();
    read_users(&mut statement.query([]).unwrap()).unwrap()
}

/// A file that is empty, and so many users to fill it with.
fn to_be_filled(count: i64) -> (Fixture, Vec<User>) {
    let fixture = Fixture::missing();
    std::fs::File::create(fixture.path()).unwrap();
    let user = |id| User {
        id,
        email: format!("{id}@example.com"),
        ..sample_users().remove(0)
    };
    (fixture, (1..=count).map(user).collect())
}

#[test]
fn any_number_of_users_is_created_whole() {
    for count in 0..=50 {
        let (fixture, users) = to_be_filled(count);
        create(fixture.path(), users.clone()).unwrap();
        assert_eq!(users_in(&fixture), users);
    }
}

#[test]
fn two_users_of_one_id_or_address_are_refused() {
    for (column, spoil) in [
        ("id", (|users| users[20].id = users[19].id) as fn(&mut Vec<User>)),
        ("id", |users| users[20].id = 1),
        ("email", |users| users[40].email = users[3].email.clone()),
    ] {
        let (fixture, mut users) = to_be_filled(50);
        spoil(&mut users);
        let error = create(fixture.path(), users).unwrap_err().to_string();
        assert!(
            error.contains(&format!("UNIQUE constraint failed: users.{column}")),
            "{error}"
        );
    }
}
