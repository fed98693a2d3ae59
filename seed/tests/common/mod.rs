//! Code that the tests share: running the program and inspecting its result.

#![allow(dead_code)] // each test file uses a part of it

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use shared::User;
use shared::sqlite::read_users;
use tempfile::TempDir;

/// The output of the program, and its exit status.
#[derive(Debug)]
pub struct Ended {
    pub status: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Ended {
    /// Fails the test unless the program succeeded.
    #[track_caller]
    pub fn well(self) -> String {
        assert_eq!(
            (self.status, &*self.stdout),
            (Some(0), ""),
            "{}",
            self.stderr
        );
        self.stderr
    }

    /// Fails the test unless the program failed at its work, and said so as an error is said here.
    #[track_caller]
    pub fn badly(self) -> String {
        assert_eq!(
            (self.status, &*self.stdout),
            (Some(1), ""),
            "{}",
            self.stderr
        );
        let lines: Vec<_> = self.stderr.lines().collect();
        assert!(
            matches!(lines[..], [error, help] if error.starts_with("error: ") && help.starts_with("help: ")),
            "{}",
            self.stderr
        );
        self.stderr
    }
}

pub fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_seed"));
    command.stdin(Stdio::null());
    command
}

pub fn run(command: &mut Command) -> Ended {
    let output = command.output().expect("the program starts");
    Ended {
        status: output.status.code(),
        stdout: String::from_utf8(output.stdout).expect("UTF-8"),
        stderr: String::from_utf8(output.stderr).expect("UTF-8"),
    }
}

/// Runs the program on this database.
pub fn seed(database: impl AsRef<OsStr>, options: &[&str]) -> Ended {
    run(command().arg("--database").arg(database).args(options))
}

/// Starts the program on this database, to be ended by a signal.
pub fn start(database: impl AsRef<OsStr>, options: &[&str]) -> Child {
    let mut command = command();
    command
        .arg("--database")
        .arg(database)
        .args(options)
        .stderr(Stdio::piped());
    command.spawn().expect("the program starts")
}

/// Starts it after a line of shell.
pub fn start_after(line: &str, database: impl AsRef<OsStr>, options: &[&str]) -> Child {
    let program = command();
    let mut shell = Command::new("/bin/sh");
    shell
        .args(["-c", &format!("{line}\nexec \"$@\""), "sh"])
        .arg(program.get_program())
        .arg("--database")
        .arg(database)
        .args(options)
        .stderr(Stdio::piped());
    shell.spawn().expect("a shell starts")
}

/// The users that a run makes.
pub fn made_by(options: &[&str]) -> Vec<User> {
    let place = Place::new();
    seed(place.database(), options).well();
    users(place.database())
}

/// A folder for one database.
pub struct Place {
    folder: TempDir,
}

impl Place {
    pub fn new() -> Place {
        Place {
            folder: tempfile::tempdir().expect("a temporary folder"),
        }
    }

    /// With a database that a run made.
    pub fn seeded(options: &[&str]) -> Place {
        let place = Place::new();
        seed(place.database(), options).well();
        place
    }

    /// Runs a test on a database that was changed by SQL.
    pub fn changed(options: &[&str], sql: &str) -> Place {
        let place = Place::seeded(options);
        let connection = Connection::open(place.database()).expect("opens");
        connection.execute_batch(sql).expect("runs");
        connection.close().expect("closes");
        place
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub fn database(&self) -> PathBuf {
        self.folder().join("users.db")
    }

    /// The database's journal (`-journal`), write-ahead log (`-wal`), and the index of that log (`-shm`).
    pub fn companion(&self, suffix: &str) -> PathBuf {
        self.folder().join(format!("users.db{suffix}"))
    }

    pub fn names(&self) -> BTreeSet<String> {
        names(self.folder())
    }

    /// Fails the test unless the database is the only thing in the folder.
    #[track_caller]
    pub fn holds_the_database_alone(&self) {
        assert_eq!(self.names(), BTreeSet::from(["users.db".to_owned()]));
    }

    pub fn copy_from(&self, other: &Place) {
        for name in other.names() {
            fs::copy(other.folder().join(&name), self.folder().join(&name)).expect("copies");
        }
    }

    /// The file that a running program fills, as soon as there is one.
    pub fn draft(&self) -> Option<PathBuf> {
        let folder = self
            .names()
            .into_iter()
            .find(|name| name.ends_with(".seeding"))?;
        Some(self.folder().join(folder).join("draft.db"))
    }

    pub fn size_of_draft(&self) -> u64 {
        self.draft()
            .and_then(|draft| fs::metadata(draft).ok())
            .map_or(0, |metadata| metadata.len())
    }
}

pub fn names(folder: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(folder).expect("the folder can be read");
    entries
        .map(|entry| {
            entry
                .expect("an entry")
                .file_name()
                .to_string_lossy()
                .into_owned()
        })
        .collect()
}

/// The users of a database that must be whole: sound, and of exactly the shape that a seeding makes.
#[track_caller]
pub fn users(database: impl AsRef<Path>) -> Vec<User> {
    let connection = shared::sqlite::open(database.as_ref()).expect("opens");
    let sound: String = connection
        .query_row("PRAGMA integrity_check", [], |row| row.get(0))
        .expect("can be read");
    assert_eq!(sound, "ok");
    let schema =
        "SELECT group_concat(sql, ';') FROM (SELECT sql FROM sqlite_schema ORDER BY type DESC)";
    let schema: String = connection
        .query_row(schema, [], |row| row.get(0))
        .expect("has a schema");
    assert_eq!(
        schema,
        [shared::schema::SQLITE_TABLE, shared::schema::SQLITE_INDEX].join(";")
    );
    rows(&connection)
}

pub fn rows(connection: &Connection) -> Vec<User> {
    let mut statement = connection
        .prepare("SELECT * FROM users ORDER BY id")
        .expect("has a table");
    read_users(&mut statement.query([]).expect("runs")).expect("has users")
}

/// A database and the journal of a transaction that was never committed, because the writer died: copied in
/// the middle of it. The file holds pages of both; only with the journal is it what it was.
pub fn with_a_hot_journal(options: &[&str], change: &str) -> Place {
    let original = Place::seeded(options);
    let before = users(original.database());
    let connection = Connection::open(original.database()).expect("opens");
    // A cache of one page: what is changed is written at once, after the journal.
    connection
        .execute_batch("PRAGMA cache_size = 1; BEGIN IMMEDIATE")
        .expect("runs");
    connection.execute_batch(change).expect("runs");
    let copy = Place::new();
    copy.copy_from(&original);
    drop(connection);
    assert!(copy.companion("-journal").exists());

    // It is what it should be: without its journal the file is another.
    let without = Place::new();
    fs::copy(copy.database(), without.database()).expect("copies");
    let connection = Connection::open(without.database()).expect("opens");
    let same = connection
        .prepare("SELECT * FROM users ORDER BY id")
        .and_then(|mut statement| {
            Ok(read_users(&mut statement.query([])?).is_ok_and(|users| users == before))
        });
    assert_ne!(same.ok(), Some(true), "the change has not reached the file");
    copy
}

/// A database with a write-ahead log in which changes are committed that have not reached the file.
pub fn with_a_write_ahead_log(options: &[&str], change: &str) -> Place {
    let original = Place::seeded(options);
    let connection = Connection::open(original.database()).expect("opens");
    connection
        .execute_batch("PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0")
        .expect("runs");
    connection.execute_batch(change).expect("runs");
    let copy = Place::new();
    copy.copy_from(&original);
    drop(connection);
    assert!(fs::metadata(copy.companion("-wal")).expect("a log").len() > 0);
    copy
}

/// Waits for an event. Only a failure reaches the deadline.
#[track_caller]
pub fn until(what: &str, mut happened: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !happened() {
        assert!(Instant::now() < deadline, "gave up waiting: {what}");
        thread::yield_now();
    }
}

pub fn send(signal: &str, child: &Child) {
    let sent = Command::new("kill")
        .arg(signal)
        .arg(child.id().to_string())
        .status()
        .expect("kill runs");
    assert!(sent.success());
}

/// Different at every run, so that a test tries random moments.
pub struct Random(u64);

impl Random {
    pub fn new() -> Random {
        use std::hash::{BuildHasher, RandomState};
        Random(RandomState::new().hash_one(0))
    }

    pub fn below(&mut self, limit: u64) -> u64 {
        // xorshift64
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit.max(1)
    }

    pub fn share_below(&mut self, limit: f64) -> f64 {
        self.below(1000) as f64 / 1000.0 * limit
    }
}
