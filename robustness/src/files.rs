//! Databases of many kinds, and damage to them.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use fastrand::Rng;
use rusqlite::Connection;
use shared::schema::{SQLITE_INDEX, SQLITE_TABLE};
use shared::{User, sample_users};

const DATABASE: &str = "users.db";

/// The files of a database by their names: `users.db`, and the journal or write-ahead log beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Files(BTreeMap<String, Vec<u8>>);

impl Files {
    /// Reads every file of a folder, except the index of a write-ahead log, which SQLite rebuilds.
    ///
    /// # Panics
    ///
    /// Panics if a file cannot be read.
    pub fn read(folder: &Path) -> Files {
        let entries = fs::read_dir(folder).expect("the folder");
        let files = entries.map(|entry| {
            let entry = entry.expect("an entry");
            let name = entry.file_name().into_string().expect("UTF-8");
            (name, fs::read(entry.path()).expect("a file"))
        });
        Files(files.filter(|(name, _)| !name.ends_with("-shm")).collect())
    }

    /// Returns the names of the files, in order.
    pub fn names(&self) -> Vec<&str> {
        self.0.keys().map(String::as_str).collect()
    }

    /// Writes these files into a folder, and removes everything else from it.
    ///
    /// # Panics
    ///
    /// Panics if the folder cannot be written.
    pub fn write(&self, folder: &Path) {
        for entry in fs::read_dir(folder).expect("the folder") {
            fs::remove_file(entry.expect("an entry").path()).expect("a file that can be removed");
        }
        for (name, content) in &self.0 {
            fs::write(folder.join(name), content).expect("room for a small file");
        }
    }
}

/// Returns intact databases: a name for each kind, and its files.
fn originals() -> Vec<(&'static str, Files)> {
    let small = |pragmas: &str| {
        format!("PRAGMA page_size = 512; {pragmas}; {SQLITE_TABLE}; {SQLITE_INDEX}")
    };
    let (few, many): (Vec<User>, Vec<User>) = (sample_users(), many_users(300));
    let untouched = "";
    vec![
        ("the sample", made(&format!("{SQLITE_TABLE}; {SQLITE_INDEX}"), &few, untouched)),
        // `seed` would replace this one if it were intact.
        ("a part of the sample", made(&small(""), &few[..5], "ANALYZE")),
        ("many pages", made(&small(""), &many, untouched)),
        (
            "freed and long pages",
            made(
                &small("PRAGMA auto_vacuum = FULL"),
                &many,
                "UPDATE users SET name = hex(zeroblob(3000)) WHERE id % 50 = 0; DELETE FROM users WHERE id BETWEEN 100 AND 150",
            ),
        ),
        (
            "UTF-16",
            made(&small("PRAGMA encoding = 'UTF-16be'"), &few, untouched),
        ),
        (
            "other tables, a trigger, statistics",
            made(
                &small(""),
                &many,
                "CREATE TABLE orders (id INTEGER PRIMARY KEY AUTOINCREMENT, user REFERENCES users (id), note VARCHAR(20));
                 INSERT INTO orders (user) VALUES (3), (4);
                 CREATE TABLE settings (name TEXT PRIMARY KEY, value) WITHOUT ROWID;
                 CREATE INDEX users_age ON users (age) WHERE age > 10;
                 CREATE TRIGGER birthdays AFTER UPDATE ON users BEGIN INSERT INTO settings VALUES (new.name, new.age); END;
                 ANALYZE",
            ),
        ),
        (
            "a view",
            made(
                &small(""),
                &many,
                "ALTER TABLE users RENAME TO people;
                 CREATE VIEW users AS SELECT age, name, email, id, upper(name) AS shout FROM people",
            ),
        ),
        (
            "a write-ahead log",
            left_open(
                &small(""),
                &many,
                "PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0; UPDATE users SET age = age + 1 WHERE id % 7 = 0",
            ),
        ),
        (
            "a hot journal",
            left_open(
                &small(""),
                &many,
                "PRAGMA cache_size = 1; BEGIN; UPDATE users SET age = age + 1, name = upper(name)",
            ),
        ),
    ]
}

fn many_users(count: i64) -> Vec<User> {
    let user = |id| User {
        id,
        name: format!("Number {id}"),
        email: format!("{id}@example.com"),
        age: (id % 90) as u32,
    };
    (1..=count).map(user).collect()
}

fn made(table: &str, users: &[User], change: &str) -> Files {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let connection = changed(folder.path(), table, users, change);
    drop(connection);
    Files::read(folder.path())
}

/// Returns the files as a program leaves them that is killed now.
fn left_open(table: &str, users: &[User], change: &str) -> Files {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let connection = changed(folder.path(), table, users, change);
    let files = Files::read(folder.path());
    drop(connection);
    assert_eq!(files.0.len(), 2, "the database and what is beside it");
    files
}

fn changed(folder: &Path, table: &str, users: &[User], change: &str) -> Connection {
    let connection = Connection::open(folder.join(DATABASE)).expect("opens");
    connection.execute_batch(table).expect(table);
    for User {
        id,
        name,
        email,
        age,
    } in users
    {
        let insert = "INSERT INTO users (id, name, email, age) VALUES (?1, ?2, ?3, ?4)";
        connection
            .execute(insert, (id, name, email, age))
            .expect("inserts");
    }
    connection.execute_batch(change).expect(change);
    connection
}

/// Returns the damaged database of this number: the kind of the original, and the files. The same number gives the same
/// damage.
///
/// Damages one to three places, and often those that SQLite depends on most.
pub fn damaged_file(number: u64) -> (&'static str, Files) {
    static ORIGINALS: LazyLock<Vec<(&str, Files)>> = LazyLock::new(originals);
    let mut random = Rng::with_seed(number);
    let (kind, original) = &ORIGINALS[random.usize(..ORIGINALS.len())];
    let mut files = original.clone();
    for _ in 0..random.usize(1..=3) {
        strike(&mut files, &mut random);
    }
    (kind, files)
}

fn strike(files: &mut Files, random: &mut Rng) {
    // The database itself more often than its journal or log.
    let beside: Vec<String> = files
        .0
        .keys()
        .filter(|name| *name != DATABASE)
        .cloned()
        .collect();
    let name = match random.usize(0..3) {
        0 if !beside.is_empty() => beside[random.usize(..beside.len())].clone(),
        _ => DATABASE.to_owned(),
    };
    let is_database = name == DATABASE;
    let Some(bytes) = files.0.get_mut(&name).filter(|bytes| !bytes.is_empty()) else {
        return;
    };
    let size = bytes.len();
    let page = if size > 18 {
        usize::from(bytes[16]) << 8 | usize::from(bytes[17])
    } else {
        0
    };
    let page = if is_database && page >= 512 {
        page
    } else {
        512
    };
    let any = random.usize(..size);
    let first_of_a_page = random.usize(..size.div_ceil(page)) * page;
    let value = *random
        .choice([0, 1, 0x7f, 0x80, 0xe9, 0xff, b'"', b'\'', b'('].iter())
        .expect("one");
    let value = if random.bool() { value } else { random.u8(..) };
    match random.usize(0..10) {
        // The header of the file, the header of a page, the offsets of its cells.
        0 => set(bytes, random.usize(..100), value),
        1 => set(bytes, first_of_a_page + random.usize(..12), value),
        2 => set(bytes, first_of_a_page + random.usize(8..60), value),
        // The text of the schema.
        3 | 4 => {
            let places: Vec<usize> = bytes
                .windows(4)
                .enumerate()
                .filter(|(_, text)| *text == b"CREA" || *text == b"C\0R\0" || *text == b"\0C\0R")
                .map(|(place, _)| place)
                .collect();
            let place = random.choice(places).unwrap_or(any);
            for _ in 0..random.usize(1..=4) {
                set(bytes, place + random.usize(..160), value);
            }
        }
        5 => bytes.truncate(any),
        6 => bytes.extend(std::iter::repeat_with(|| random.u8(..)).take(700)),
        7 => {
            let end = (any + random.usize(1..600)).min(size);
            bytes[any..end].fill_with(|| if value < 0x80 { random.u8(..) } else { value });
        }
        8 => {
            let from = random.usize(..size.div_ceil(page)) * page;
            let length = page.min(size - from).min(size - first_of_a_page);
            bytes.copy_within(from..from + length, first_of_a_page);
        }
        _ => {
            for _ in 0..random.usize(1..=8) {
                let place = random.usize(..size);
                bytes[place] ^= 1 << random.u8(..8);
            }
        }
    }
}

fn set(bytes: &mut [u8], place: usize, value: u8) {
    if let Some(byte) = bytes.get_mut(place) {
        *byte = value;
    }
}
