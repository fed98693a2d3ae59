//! Files that were damaged at random: headers, pages, the text of the schema, the write-ahead log, the journal.
//!
//! Each reader must return the rows that SQLite itself finds, if each row is a user, or else an error, without a panic or a
//! hang. Afterwards the files must be the same as after a plain connection that only reads: the same bytes, except that SQLite
//! rolls a hot journal back and writes a write-ahead log into the file. `seed` must leave the files the same way, or replace
//! them with the whole new database.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex, PoisonError};
use std::{env, panic, thread};

use databaseconnection::{fetch_users, with_connection};
use execute::ExecuteQuery;
use futures_lite::future::block_on;
use robustness::files::{Files, damaged_file};
use robustness::program::{DEADLINE, Outcome, command, run};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags};
use shared::{User, sample_users};
use tempfile::TempDir;

// Its `main` is not called.
#[expect(dead_code)]
#[path = "../../2-concurrent/examples/on_sqlx.rs"]
mod on_sqlx;

const SAMPLE: u64 = 150;

/// Every tenth file is tried with the programs as well, not only with the libraries.
const PROGRAMS: u64 = 10;

#[test]
fn every_reader_gives_the_right_rows_or_an_error_and_changes_nothing() {
    let count = match env::var("DAMAGED_FILES") {
        Ok(count) => count.parse().expect("DAMAGED_FILES is a number"),
        Err(_) => SAMPLE,
    };
    let panics = count_panics();
    let next = Mutex::new(0..count);
    let tally = Mutex::new(Tally::default());
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let place = Place::new();
                loop {
                    let number = next.lock().unwrap_or_else(PoisonError::into_inner).next();
                    let Some(number) = number else { break };
                    let (kind, files) = damaged_file(number);
                    let seen = try_all(&place, number, &files);
                    tally
                        .lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .add(number, kind, seen);
                }
            });
        }
    });
    let tally = tally.into_inner().expect("no panic");
    println!(
        "{count} damaged files, panics: {}",
        panics.load(Ordering::SeqCst)
    );
    for ((reader, came), files) in &tally.counts {
        println!("{files:7}  {reader}: {came}");
    }
    assert!(tally.wrong.is_empty(), "{:#?}", tally.wrong);
    assert_eq!(
        panics.load(Ordering::SeqCst),
        0,
        "a panic on a thread of a library"
    );
}

/// Counts the panics of all threads, including those that a library has started.
fn count_panics() -> Arc<AtomicUsize> {
    let count = Arc::new(AtomicUsize::new(0));
    let (counted, print) = (Arc::clone(&count), panic::take_hook());
    panic::set_hook(Box::new(move |info| {
        counted.fetch_add(1, Ordering::SeqCst);
        print(info);
    }));
    count
}

/// The result of each reader on one file: the reader, the result in a word, and details if that is wrong.
type Seen = Vec<(&'static str, &'static str, Option<String>)>;

#[derive(Default)]
struct Tally {
    counts: BTreeMap<(&'static str, &'static str), usize>,
    wrong: Vec<String>,
}

impl Tally {
    fn add(&mut self, number: u64, kind: &str, seen: Seen) {
        for (reader, came, wrong) in seen {
            *self.counts.entry((reader, came)).or_default() += 1;
            if let Some(wrong) = wrong {
                self.wrong
                    .push(format!("file {number} ({kind}), {reader}: {came}: {wrong}"));
            }
        }
    }
}

/// A folder that holds one database at a time.
struct Place {
    folder: TempDir,
}

impl Place {
    fn new() -> Place {
        // In memory if possible: on a disk, `fsync` takes most of the time.
        let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir());
        Place {
            folder: folder.expect("a temporary folder"),
        }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }
}

fn try_all(place: &Place, number: u64, files: &Files) -> Seen {
    files.write(place.path());
    let database = place.path().join("users.db");
    let expected = Expected {
        plain: Lists::read(&database, &[]),
        in_transaction: Lists::read(&database, &["BEGIN", "COMMIT"]),
        files: Files::read(place.path()),
    };
    let Expected {
        plain,
        in_transaction,
        ..
    } = &expected;
    let mut seen = Seen::new();
    let mut read =
        |reader, fetch: fn(&Path) -> Result<Vec<User>, String>, right: Option<Vec<User>>| {
            files.write(place.path());
            let (came, wrong) = match (within_the_deadline(&database, fetch), right) {
                (Fetched::Panic, _) => ("A PANIC", Some(String::new())),
                (Fetched::Hang, _) => ("A HANG", Some(String::new())),
                _ if !expected.finds_its_files(place.path()) => ("CHANGED", Some(String::new())),
                (Fetched::Error(_), None) => ("an error", None),
                (Fetched::Error(error), Some(_)) => ("AN ERROR WHERE THERE IS NONE", Some(error)),
                (Fetched::Users(users), right) if Some(&users) == right.as_ref() => {
                    ("the right rows", None)
                }
                (Fetched::Users(users), _) => ("WRONG ROWS", Some(format!("{users:?}"))),
            };
            seen.push((reader, came, wrong));
        };
    read(
        "task 0",
        |path| text(with_connection(path, fetch_users)),
        in_transaction.all.clone(),
    );
    read(
        "task 1",
        |path| {
            text(ExecuteQuery::new(path, "SELECT * FROM users ORDER BY id", [0; 0]).fetch_users())
        },
        plain.all.clone(),
    );
    read(
        "task 2",
        |path| text(block_on(concurrent::fetch_concurrently(path, 40)).map(concat)),
        in_transaction.both(),
    );
    read(
        "task 2 on sqlx",
        |path| text(block_on(on_sqlx::fetch_concurrently(path, 40)).map(concat)),
        plain.both(),
    );
    seen.push(seed(place, files, &expected, number.is_multiple_of(4)));
    if number.is_multiple_of(PROGRAMS) {
        seen.extend(programs(place, files, &expected));
    }
    seen
}

fn concat((all, older): (Vec<User>, Vec<User>)) -> Vec<User> {
    [all, older].concat()
}

/// The rows that a plain connection to SQLite reads, and the files that it leaves.
struct Expected {
    plain: Lists,
    /// The lists, read in a transaction: damaged statistics, for example, make the commit fail.
    in_transaction: Lists,
    files: Files,
}

impl Expected {
    /// Returns whether the files are the same as after a plain connection. If two connections close at the same moment, it
    /// can happen that neither writes the write-ahead log into the file. Then the next connection does.
    fn finds_its_files(&self, folder: &Path) -> bool {
        if Files::read(folder) == self.files {
            return true;
        }
        Lists::read(&folder.join("users.db"), &[]);
        Files::read(folder) == self.files
    }
}

/// The users, if SQLite can read every row and each row is a user.
struct Lists {
    all: Option<Vec<User>>,
    older: Option<Vec<User>>,
}

impl Lists {
    /// Reads both lists with rusqlite alone, each over a separate connection and between the two given statements.
    fn read(database: &Path, around: &[&str]) -> Lists {
        let all = "SELECT id, name, email, age FROM users ORDER BY id";
        let older = "SELECT id, name, email, age FROM users WHERE age > 40 ORDER BY id";
        Lists {
            all: read_users(database, all, around),
            older: read_users(database, older, around),
        }
    }

    fn both(&self) -> Option<Vec<User>> {
        self.all.clone().zip(self.older.clone()).map(concat)
    }
}

enum Fetched {
    Users(Vec<User>),
    Error(String),
    Panic,
    Hang,
}

fn within_the_deadline(database: &Path, fetch: fn(&Path) -> Result<Vec<User>, String>) -> Fetched {
    let (sender, fetched) = channel();
    let database = database.to_owned();
    thread::spawn(move || sender.send(panic::catch_unwind(|| fetch(&database))));
    match fetched.recv_timeout(DEADLINE) {
        Ok(Ok(Ok(users))) => Fetched::Users(users),
        Ok(Ok(Err(error))) => Fetched::Error(error),
        Ok(Err(_)) => Fetched::Panic,
        Err(_) => Fetched::Hang,
    }
}

fn text<T>(fetched: shared::sqlite::Result<T>) -> Result<T, String> {
    fetched.map_err(|error| error.to_string())
}

fn read_users(database: &Path, query: &str, around: &[&str]) -> Option<Vec<User>> {
    let connection =
        Connection::open_with_flags(database, OpenFlags::SQLITE_OPEN_READ_WRITE).ok()?;
    let (before, after) = around.split_at(around.len() / 2);
    connection.execute_batch(&before.concat()).ok()?;
    let mut statement = connection.prepare(query).ok()?;
    let mut rows = statement.query([]).ok()?;
    let mut users = Vec::new();
    while let Some(row) = rows.next().ok()? {
        let integer = |column| match row.get_ref(column) {
            Ok(ValueRef::Integer(value)) => Some(value),
            _ => None,
        };
        let text = |column| match row.get_ref(column) {
            Ok(ValueRef::Text(text)) => String::from_utf8(text.to_vec()).ok(),
            _ => None,
        };
        users.push(User {
            id: integer(0)?,
            name: text(1)?,
            email: text(2)?,
            age: integer(3)?.try_into().ok()?,
        });
    }
    connection.execute_batch(&after.concat()).ok()?;
    Some(users)
}

/// Expects that `seed` leaves the files as a reader does, or replaces them with the whole sample.
fn seed(
    place: &Place,
    files: &Files,
    expected: &Expected,
    force: bool,
) -> (&'static str, &'static str, Option<String>) {
    let reader = if force { "seed --force" } else { "seed" };
    files.write(place.path());
    let mut command = command(env!("CARGO_BIN_EXE_robust-seed"), place.path());
    let Some(outcome) = run(command.args(force.then_some("--force"))) else {
        return (reader, "A HANG", Some(String::new()));
    };
    if !outcome.is_orderly() {
        return (reader, "A PANIC", Some(format!("{outcome:?}")));
    }
    let files = Files::read(place.path());
    let was_replaced = outcome.status == Some(0) && !outcome.stderr.contains("nothing was changed");
    if was_replaced {
        let database = place.path().join("users.db");
        let users = Lists::read(&database, &[]).all;
        let is_whole = users == Some(sample_users()) && files.names() == ["users.db"];
        return match is_whole {
            true => (reader, "replaced", None),
            false => (
                reader,
                "REPLACED BY SOMETHING ELSE",
                Some(format!("{outcome:?}")),
            ),
        };
    }
    let came = match outcome.status {
        Some(0) => "the sample already",
        _ => "left alone",
    };
    match expected.finds_its_files(place.path()) {
        true => (reader, came, None),
        false => (reader, "CHANGED", Some(format!("{outcome:?}"))),
    }
}

/// A program to run on a file.
struct Program {
    name: &'static str,
    path: &'static str,
    options: &'static [&'static str],
    /// The users that it must print. `Some(None)` is an error; `None` means that the output is not compared.
    right: Option<Option<Vec<User>>>,
}

/// Runs the programs on the same file, two of them with a timeline.
fn programs(place: &Place, files: &Files, expected: &Expected) -> Seen {
    let programs = [
        Program {
            name: "0-databaseconnection",
            path: env!("CARGO_BIN_EXE_robust-0"),
            options: &["--timeline"],
            right: Some(expected.in_transaction.all.clone()),
        },
        Program {
            name: "1-execute",
            path: env!("CARGO_BIN_EXE_robust-1"),
            options: &["SELECT * FROM users"],
            right: None,
        },
        Program {
            name: "2-concurrent",
            path: env!("CARGO_BIN_EXE_robust-2"),
            options: &[],
            right: Some(expected.in_transaction.both()),
        },
        Program {
            name: "2-concurrent on sqlx",
            path: env!("CARGO_BIN_EXE_robust-2-on-sqlx"),
            options: &["--timeline"],
            right: Some(expected.plain.both()),
        },
    ];
    let mut seen = Seen::new();
    for program in programs {
        files.write(place.path());
        let mut command = command(program.path, place.path());
        command
            .args(program.options)
            .args(["--format", "json", "--database", "users.db"]);
        let Some(outcome) = run(&mut command) else {
            seen.push((program.name, "A HANG", Some(String::new())));
            continue;
        };
        let shown = format!("{outcome:?}");
        let (came, wrong) = match (outcome.status, program.right) {
            _ if outcome.stderr.contains("panicked") => ("A PANIC", Some(shown)),
            _ if !expected.finds_its_files(place.path()) => ("CHANGED", Some(shown)),
            (Some(1), Some(Some(_))) => ("AN ERROR WHERE THERE IS NONE", Some(shown)),
            (Some(1), _) => ("an error", None),
            (Some(0), Some(right)) if printed(&outcome) != right => ("WRONG ROWS", Some(shown)),
            (Some(0), _) => ("rows", None),
            _ => ("ANOTHER STATUS", Some(shown)),
        };
        seen.push((program.name, came, wrong));
    }
    seen
}

/// Returns the users that a program has printed, if it has printed nothing else.
fn printed(outcome: &Outcome) -> Option<Vec<User>> {
    let lines = outcome.stdout.lines().map(|line| {
        let value: serde_json::Value = serde_json::from_str(line).ok()?;
        Some(User {
            id: value["id"].as_i64()?,
            name: value["name"].as_str()?.to_owned(),
            email: value["email"].as_str()?.to_owned(),
            age: value["age"].as_u64()?.try_into().ok()?,
        })
    });
    lines.collect()
}
