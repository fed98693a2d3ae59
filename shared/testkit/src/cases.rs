//! Good and bad databases, and the expected result of fetching their users.

use std::error::Error;
use std::fmt::Display;
use std::fs;
use std::path::{Path, PathBuf};

use fastrand::Rng;

use shared::User;

use crate::faults::MISFITS;
use crate::users::difference;
use crate::{TempDatabase, says, users};

/// A database, and the expected result of fetching its users.
pub struct Case {
    what: &'static str,
    temporary: TempDatabase,
    database: PathBuf,
    expected: Expected,
}

enum Expected {
    Users(Vec<User>),
    /// An error, which should say these words.
    Error(Vec<String>),
}

impl Case {
    /// Returns what is special about it.
    pub fn what(&self) -> &'static str {
        self.what
    }

    /// Returns the path to fetch from.
    pub fn database(&self) -> &Path {
        &self.database
    }

    /// Compares the outcome with the expected one.
    ///
    /// # Panics
    ///
    /// When there are other users, no error where there should be one, or a file now where there was none.
    #[track_caller]
    pub fn expect<E: Display>(&self, outcome: &Result<Vec<User>, E>) {
        let what = self.what;
        match (&self.expected, outcome) {
            (Expected::Users(expected), Ok(users)) => {
                if let Some(difference) = difference(users, expected) {
                    panic!("expected: every user of a database with {what}\nfound: {difference}");
                }
            }
            (Expected::Users(_), Err(error)) => {
                panic!("expected: every user of a database with {what}\nfound: the error {error}")
            }
            (Expected::Error(_), Ok(users)) => {
                panic!(
                    "expected: an error for {what}\nfound: {} users",
                    users.len()
                )
            }
            (Expected::Error(_), Err(_)) => {}
        }
        let created =
            matches!(what, MISSING | MEMORY | EMPTY) && self.temporary.folder_holds_something();
        assert!(
            !created,
            "expected: no file is created for {what}\nfound: a new file"
        );
    }

    /// Checks that an error names the column and the row that do not fit and, if the function knows it, the database.
    ///
    /// # Panics
    ///
    /// When it does not.
    #[track_caller]
    pub fn expect_words<E: Into<Box<dyn Error + Send + Sync>>>(
        &self,
        outcome: Result<Vec<User>, E>,
        was_given_the_database: bool,
    ) {
        let (Expected::Error(words), Err(error)) = (&self.expected, outcome) else {
            return;
        };
        let error = error.into();
        let name = self.database.to_string_lossy().into_owned();
        for word in words.iter().chain(was_given_the_database.then_some(&name)) {
            assert!(
                says(&*error, word),
                "expected: an error whose message contains {word:?}, for {}\nfound: {error}",
                self.what
            );
        }
    }
}

const MISSING: &str = "a file that does not exist";
const MEMORY: &str = "the path `:memory:`";
const EMPTY: &str = "an empty path";

/// Returns databases with an unusual table `users` that must still be readable.
pub fn readable(random: &mut Rng) -> Vec<Case> {
    let mut case = |what, table: &str, columns: &str| {
        let users = users::random(random, 30);
        let temporary = TempDatabase::of(table);
        let connection = temporary.connection();
        for User {
            id,
            name,
            email,
            age,
        } in &users
        {
            let insert = format!("INSERT INTO users ({columns}) VALUES (?1, ?2, ?3, ?4)");
            connection
                .execute(&insert, (id, name, email, age))
                .expect("a table with these columns");
        }
        let mut expected = users;
        expected.sort_by_key(|user| user.id);
        new(what, temporary, Expected::Users(expected))
    };
    let mut cases = vec![
        case(
            "its columns in a different order",
            "CREATE TABLE users (age INTEGER, email TEXT, name TEXT, id INTEGER PRIMARY KEY)",
            "id, name, email, age",
        ),
        case(
            "additional columns",
            "CREATE TABLE users (note TEXT DEFAULT 'x', id INTEGER PRIMARY KEY, name TEXT, phone TEXT, email TEXT, \
             age INTEGER)",
            "id, name, email, age",
        ),
        case(
            "upper-case letters in its column names",
            "CREATE TABLE users (Id INTEGER PRIMARY KEY, Name TEXT, EMAIL TEXT, Age INTEGER)",
            "id, name, email, age",
        ),
    ];
    let empty = "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT, email TEXT, age INTEGER)";
    cases.push(new(
        "an empty table",
        TempDatabase::of(empty),
        Expected::Users(Vec::new()),
    ));
    cases
}

/// Returns databases in which one row cannot be read as a user.
pub fn rows_that_do_not_fit(random: &mut Rng) -> Vec<Case> {
    let mut case = |what, column: &str, value: &str| {
        // One row that fits, then the one that does not.
        let (first, second) = (random.i64(1..1000), random.i64(1000..10_000));
        let value =
            |other: &str, usual: &str| if column == other { value } else { usual }.to_owned();
        let temporary = TempDatabase::of(&format!(
            "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT, email TEXT, age INTEGER);
             INSERT INTO users VALUES ({first}, 'Bea', 'bea@example.com', 20), ({second}, {}, {}, {})",
            value("name", "'Ada'"),
            value("email", "'ada@example.com'"),
            value("age", "36"),
        ));
        new(
            what,
            temporary,
            Expected::Error(vec![column.to_owned(), second.to_string()]),
        )
    };
    MISFITS
        .map(|(what, column, value)| case(what, column, value))
        .into()
}

/// Returns paths that do not lead to a database of users.
pub fn unreadable() -> Vec<Case> {
    let error = || Expected::Error(Vec::new());
    let mut cases = vec![
        new(
            "a database without a table `users`",
            TempDatabase::of("CREATE TABLE other (id)"),
            error(),
        ),
        new(
            "a table `users` without the column `age`",
            TempDatabase::of(
                "CREATE TABLE users (id, name, email); INSERT INTO users VALUES (1, 'Ada', 'ada@example.com')",
            ),
            error(),
        ),
        new("a file that is not a database", text_file(), error()),
        new("a database file that was cut off", truncated(), error()),
    ];
    for (what, path) in [
        (MISSING, None),
        (MEMORY, Some(":memory:")),
        (EMPTY, Some("")),
    ] {
        let mut case = new(what, TempDatabase::missing(), error());
        case.database = path.map_or(case.database, PathBuf::from);
        cases.push(case);
    }
    let mut folder = new("a folder", TempDatabase::missing(), error());
    folder.database = folder.temporary.folder().to_owned();
    cases.push(folder);
    cases
}

fn new(what: &'static str, temporary: TempDatabase, expected: Expected) -> Case {
    Case {
        what,
        database: temporary.path().to_owned(),
        temporary,
        expected,
    }
}

fn text_file() -> TempDatabase {
    let temporary = TempDatabase::missing();
    fs::write(temporary.path(), "id,name,email,age\n".repeat(100)).expect("room for a text");
    temporary
}

fn truncated() -> TempDatabase {
    let users = (1..=1000).map(|id| User {
        id,
        name: "N".repeat(50),
        email: format!("{id}@example.com"),
        age: 1,
    });
    let temporary = TempDatabase::with_users(users);
    let file = fs::File::options()
        .write(true)
        .open(temporary.path())
        .expect("the database");
    let length = file.metadata().expect("its length").len();
    file.set_len(length / 2).expect("a shorter file");
    temporary
}
