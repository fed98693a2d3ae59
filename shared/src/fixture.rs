//! For tests: databases of their own, good and bad, and what should come of reading them.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use tempfile::TempDir;

use crate::{User, sample_users, sqlite};

/// A database in a folder of its own, which is removed when this value is dropped.
pub struct Fixture {
    folder: TempDir,
    path: PathBuf,
}

impl Fixture {
    /// The twelve sample users.
    pub fn sample() -> Fixture {
        let fixture = Fixture::missing();
        sqlite::create_sample(&fixture.path).expect("room for a small database");
        fixture
    }

    /// These users.
    pub fn with_users(users: impl IntoIterator<Item = User>) -> Fixture {
        let fixture = Fixture::missing();
        fs::File::create(&fixture.path).expect("room for a database");
        sqlite::create(&fixture.path, users).expect("users who fit together");
        fixture
    }

    /// What this SQL makes of an empty database.
    pub fn of(sql: &str) -> Fixture {
        let fixture = Fixture::missing();
        Connection::open(&fixture.path)
            .and_then(|connection| connection.execute_batch(sql))
            .expect(sql);
        fixture
    }

    /// A folder in which there is no database yet.
    pub fn missing() -> Fixture {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("users.db");
        Fixture { folder, path }
    }

    /// The database.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The folder in which it stands alone.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// A connection to look with, or to make trouble with.
    pub fn connection(&self) -> Connection {
        sqlite::open(&self.path).expect("a database")
    }
}

/// A statement that runs until it is stopped.
pub const ENDLESS: &str =
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n";

/// Makes a view of the table `users`, whose every row takes for ever: a query of it runs until it is stopped.
///
/// # Panics
///
/// When the database has no table `users`.
pub fn make_users_endless(database: &Path) {
    let view = format!(
        "ALTER TABLE users RENAME TO people;
         CREATE VIEW users AS SELECT people.* FROM people, ({ENDLESS}) AS never"
    );
    let connection = sqlite::open(database).expect("a database");
    connection
        .execute_batch(&view)
        .expect("a table `users`, and no `people`");
}

/// A database, and what should come of it when its users are fetched.
pub struct Case {
    what: &'static str,
    fixture: Fixture,
    database: PathBuf,
    expected: Expected,
}

/// Whether an error, or one of those that it came of, says this word.
pub fn says(error: &(dyn Error + 'static), word: &str) -> bool {
    error.to_string().contains(word) || error.source().is_some_and(|source| says(source, word))
}

enum Expected {
    Users(Vec<User>),
    /// The error says these words.
    Error(&'static [&'static str]),
}

impl Case {
    /// Where to fetch from.
    pub fn database(&self) -> &Path {
        &self.database
    }

    /// Compares what came of it, from functions that were given the database, and so should name it in an error.
    ///
    /// # Panics
    ///
    /// When something else should have come; or when there is a file now where there was none.
    pub fn check<E: Error + 'static>(&self, outcome: Result<Vec<User>, E>) {
        if let Err(error) = &outcome {
            let name = self.database.to_string_lossy();
            assert!(
                says(error, &name),
                "{}: the error should name {name}: {error}",
                self.what
            );
        }
        self.check_without_name(outcome);
    }

    /// Compares what came of it.
    ///
    /// # Panics
    ///
    /// As [`check`](Case::check).
    pub fn check_without_name<E: Error + 'static>(&self, outcome: Result<Vec<User>, E>) {
        let what = self.what;
        match (&self.expected, outcome) {
            (Expected::Users(expected), Ok(users)) => assert_eq!(&users, expected, "{what}"),
            (Expected::Error(words), Err(error)) => {
                for word in *words {
                    assert!(
                        says(&error, word),
                        "{what}: the error should say {word:?}: {error}"
                    );
                }
            }
            (Expected::Users(_), Err(error)) => panic!("{what}: {error}"),
            (Expected::Error(_), Ok(users)) => panic!("{what}: should be an error, and gave {users:?}"),
        }
        if what == "a missing file" {
            let count = fs::read_dir(self.fixture.folder()).expect("the folder").count();
            assert_eq!(count, 0, "a missing file was created");
        }
    }
}

/// Databases that a fetch of all users should read, or refuse, each for its own reason.
pub fn cases() -> Vec<Case> {
    let case = |what, fixture: Fixture, expected| Case {
        what,
        database: fixture.path.clone(),
        fixture,
        expected,
    };
    let ada = || User {
        id: 7007,
        name: "Ada".to_owned(),
        email: "ada@example.com".to_owned(),
        age: 36,
    };
    let age = |value: &str| {
        Fixture::of(&format!(
            "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT, email TEXT, age INTEGER);
             INSERT INTO users VALUES (6, 'Bea', 'bea@example.com', 20), (7007, 'Ada', 'ada@example.com', {value})"
        ))
    };
    let many: Vec<User> = (1..=100_000)
        .map(|id| User {
            id,
            name: format!("Number {id}"),
            email: format!("{id}@example.com"),
            age: (id % 100) as u32,
        })
        .collect();

    let mut cases = vec![
        case("the sample", Fixture::sample(), Expected::Users(sample_users())),
        case(
            "100,000 rows",
            Fixture::with_users(many.clone()),
            Expected::Users(many),
        ),
        case(
            "an empty table",
            Fixture::with_users([]),
            Expected::Users(Vec::new()),
        ),
        case(
            "names of columns in other letters",
            Fixture::of(
                "CREATE TABLE users (Id INTEGER PRIMARY KEY, Name TEXT, EMAIL TEXT, Age INTEGER);
                 INSERT INTO users VALUES (7007, 'Ada', 'ada@example.com', 36)",
            ),
            Expected::Users(vec![ada()]),
        ),
        case(
            "columns in another order, and more of them",
            Fixture::of(
                "CREATE TABLE users (age, extra, email, name, id);
                 INSERT INTO users VALUES (36, 'x', 'ada@example.com', 'Ada', 7007)",
            ),
            Expected::Users(vec![ada()]),
        ),
        case(
            "an age that is NULL",
            age("NULL"),
            Expected::Error(&["age", "7007"]),
        ),
        case("a negative age", age("-1"), Expected::Error(&["age", "7007"])),
        case(
            "an age that is a text",
            age("'old'"),
            Expected::Error(&["age", "7007"]),
        ),
        case(
            "an age that is not whole",
            age("1.5"),
            Expected::Error(&["age", "7007"]),
        ),
        case(
            "an age too great for 32 bits",
            age("4294967296"),
            Expected::Error(&["age", "7007"]),
        ),
        case(
            "a name that is NULL",
            Fixture::of(
                "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT, email TEXT, age INTEGER);
                 INSERT INTO users VALUES (7007, NULL, 'ada@example.com', 36)",
            ),
            Expected::Error(&["name", "7007"]),
        ),
        case(
            "no table",
            Fixture::of("CREATE TABLE other (id)"),
            Expected::Error(&[]),
        ),
        case(
            "a missing column",
            Fixture::of("CREATE TABLE users (id, name, email)"),
            Expected::Error(&[]),
        ),
        case("a missing file", Fixture::missing(), Expected::Error(&[])),
        case("a file that is no database", text_file(), Expected::Error(&[])),
        case("a truncated database", truncated(), Expected::Error(&[])),
    ];
    let mut folder = case("a folder", Fixture::missing(), Expected::Error(&[]));
    folder.database = folder.fixture.folder().to_owned();
    cases.push(folder);
    for what in [":memory:", ""] {
        let mut case = case(what, Fixture::missing(), Expected::Error(&[]));
        case.database = PathBuf::from(what);
        cases.push(case);
    }
    cases
}

fn text_file() -> Fixture {
    let fixture = Fixture::missing();
    fs::write(fixture.path(), "id,name,email,age\n".repeat(100)).expect("room for a text");
    fixture
}

fn truncated() -> Fixture {
    let users = (1..=1000).map(|id| User {
        id,
        name: "N".repeat(50),
        email: format!("{id}@example.com"),
        age: 1,
    });
    let fixture = Fixture::with_users(users);
    let file = fs::File::options()
        .write(true)
        .open(fixture.path())
        .expect("the database");
    let length = file.metadata().expect("its length").len();
    file.set_len(length / 2).expect("a shorter file");
    fixture
}
