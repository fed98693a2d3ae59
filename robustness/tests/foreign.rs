//! Databases that other programs made.

use std::fs;
use std::path::Path;

use robustness::program::{Outcome, command, run};
use rusqlite::Connection;

const ON_SQLX: &str = env!("CARGO_BIN_EXE_robust-2-on-sqlx");

/// Every reader: its program and its options.
const READERS: [(&str, &[&str]); 4] = [
    (env!("CARGO_BIN_EXE_robust-0"), &[]),
    (env!("CARGO_BIN_EXE_robust-1"), &[]),
    (env!("CARGO_BIN_EXE_robust-2"), &[]),
    (ON_SQLX, &[]),
];

const USERS: &str =
    "INSERT INTO users (id, name, email, age) VALUES (1, 'Ada', 'ada@example.com', 36)";

/// Runs every reader on a database.
fn read_all(database: &Path) -> Vec<Outcome> {
    let folder = database.parent().expect("a folder");
    let read = |(program, options): (&str, &[&str])| {
        let mut command = command(program, folder);
        command.args(options).arg("--database").arg(database);
        run(&mut command).expect("it ends")
    };
    READERS.into_iter().map(read).collect()
}

/// Makes a database and replaces an ASCII string in it with bytes of the same length that are not UTF-8.
fn database(folder: &Path, sql: &str, text: &str, by: &[u8]) -> std::path::PathBuf {
    let path = folder.join("theirs.db");
    let connection = Connection::open(&path).expect("opens");
    connection.execute_batch(sql).expect(sql);
    drop(connection);
    let mut bytes = fs::read(&path).expect("can be read");
    while let Some(at) = bytes
        .windows(text.len())
        .position(|found| found == text.as_bytes())
    {
        bytes[at..at + by.len()].copy_from_slice(by);
    }
    fs::write(&path, bytes).expect("writes");
    path
}

#[test]
fn a_table_without_the_columns_of_a_user_says_which_are_needed() {
    let folder = tempfile::tempdir().expect("a folder");
    let sql = "CREATE TABLE users (id INTEGER PRIMARY KEY, username TEXT, mail TEXT); INSERT INTO users VALUES (1, 'a', 'b')";
    for outcome in read_all(&database(folder.path(), sql, "theirs", b"theirs")) {
        let text = &outcome.stderr;
        assert!(
            outcome.is_orderly() && outcome.status == Some(1),
            "{outcome:?}"
        );
        assert!(text.contains("the table `users` has no column"), "{text}");
        assert!(
            text.contains("has the columns id, name, email and age"),
            "{text}"
        );
        assert!(!text.contains('^') && !text.contains("SELECT"), "{text}");
    }
}

/// Older programs write names of columns, tables and types in Latin-1.
#[test]
fn names_that_are_not_utf_8_cause_no_panic_and_the_users_are_read() {
    let cases = [
        "CREATE TABLE users (id INTEGER PRIMARY KEY, name t_xt, email TEXT, age INTEGER)",
        "CREATE TABLE p_ople (id INTEGER PRIMARY KEY, n_me TEXT, email TEXT, age INTEGER);
         CREATE VIEW users AS SELECT id, n_me AS name, email, age FROM p_ople;
         CREATE TRIGGER ins INSTEAD OF INSERT ON users BEGIN
             INSERT INTO p_ople VALUES (new.id, new.name, new.email, new.age);
         END",
        "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT, email TEXT, age INTEGER, ann_e INTEGER)",
        "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT, email TEXT, age INTEGER CONSTRAINT _ge CHECK (age >= 0));
         CREATE INDEX _mail ON users (email)",
    ];
    for sql in cases {
        let folder = tempfile::tempdir().expect("a folder");
        let database = database(folder.path(), &format!("{sql}; {USERS}"), "_", b"\xe9");
        for (number, outcome) in read_all(&database).into_iter().enumerate() {
            assert!(outcome.is_orderly(), "{sql}: {outcome:?}");
            // `SELECT *` of task 1 returns the column itself, whose name cannot be printed.
            let cannot_be_named = number == 1 && sql.contains("ann_e");
            match cannot_be_named {
                true => assert!(
                    outcome.stderr.contains("the name of column 5 is not UTF-8"),
                    "{outcome:?}"
                ),
                false => assert!(outcome.stdout.contains("Ada"), "{sql}: {outcome:?}"),
            }
        }
        let seed = run(command(env!("CARGO_BIN_EXE_robust-seed"), folder.path())
            .arg("--database")
            .arg(&database));
        assert!(seed.is_some_and(|outcome| outcome.is_orderly() && outcome.status == Some(1)));
    }
}

#[test]
fn text_that_is_not_utf_8_is_an_error_that_names_the_column() {
    let folder = tempfile::tempdir().expect("a folder");
    let sql = format!(
        "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT, email TEXT, age INTEGER); {}",
        USERS.replace("Ada", "Ad_")
    );
    for outcome in read_all(&database(folder.path(), &sql, "Ad_", b"Ad\xe9")) {
        assert!(
            outcome.is_orderly() && outcome.status == Some(1),
            "{outcome:?}"
        );
    }
}

#[test]
fn an_address_for_another_library_is_called_a_url_and_makes_no_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let urls = [
        "sqlite:users.db",
        "sqlite::memory:",
        "file:users.db?mode=ro",
    ];
    for url in urls {
        let seed: (&str, &[&str]) = (env!("CARGO_BIN_EXE_robust-seed"), &[]);
        for (program, options) in READERS.into_iter().chain([seed]) {
            let mut command = command(program, folder.path());
            let outcome = run(command.args(options).args(["--database", url])).expect("it ends");
            assert!(
                outcome.is_orderly() && outcome.status == Some(1),
                "{outcome:?}"
            );
            assert!(outcome.stderr.contains("a path, not a URL"), "{outcome:?}");
            assert!(!outcome.stderr.contains("cargo run"), "{outcome:?}");
        }
    }
    assert_eq!(fs::read_dir(folder.path()).expect("the folder").count(), 0);
}

#[test]
fn columns_with_the_same_name_are_printed_under_different_names() {
    let folder = tempfile::tempdir().expect("a folder");
    // As many columns as SQLite allows.
    let query = format!("SELECT {}", ["1 AS n"; 2000].join(", "));
    let mut command = command(env!("CARGO_BIN_EXE_robust-1"), folder.path());
    let outcome = run(command.args([&query, "--format", "csv"])).expect("it ends");
    let header = outcome.stdout.lines().next().expect("a header");
    assert!(
        header.starts_with("n,n:2,n:3,") && header.ends_with(",n:2000"),
        "{outcome:?}"
    );
}

/// Names that the operating system allows: SQLite reads some of them as URIs, and a `%` in a message may be an escape.
#[cfg(target_os = "linux")]
#[test]
fn a_path_of_any_bytes_is_read_or_refused() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    let names: [&[u8]; 10] = [
        b"users with spaces.db",
        b"a\nb.db",
        b"%41%00?mode=memory#x.db",
        b"file:users.db?mode=memory",
        b"-users.db",
        b"'quoted\"`.db",
        b"ann\xe9e.db",
        b"\xff\xfe",
        b"\x1b[31m.db",
        &[b'x'; 200],
    ];
    for name in names {
        let folder = tempfile::tempdir().expect("a folder");
        let database = folder.path().join(OsStr::from_bytes(name));
        shared::sqlite::create_sample(&database).expect("creates");
        for (program, options) in READERS {
            for timeline in [None, Some("--timeline"), Some("--timeline=timeline.svg")] {
                let mut option = std::ffi::OsString::from("--database=");
                option.push(OsStr::from_bytes(name));
                let mut command = command(program, folder.path());
                let outcome =
                    run(command.args(options).args(timeline).arg(option)).expect("it ends");
                // sqlx accepts only paths that are UTF-8.
                let is_refused = program == ON_SQLX && std::str::from_utf8(name).is_err();
                assert_eq!(outcome.status, Some(i32::from(is_refused)), "{outcome:?}");
                assert!(!outcome.stderr.contains("panicked"), "{outcome:?}");
            }
        }
    }
}

/// Arguments with typing errors, and SQL from random pieces.
#[test]
fn arguments_of_any_kind_cause_no_panic() {
    let mut random = fastrand::Rng::with_seed(1);
    let pieces = [
        "SELECT",
        "*",
        "FROM users",
        "WHERE",
        "id",
        "=",
        "?",
        "?2",
        ":n",
        "'",
        "\"",
        "(",
        ")",
        ",",
        ";",
        "--",
        "/*",
        "é",
        "日本",
        "\u{202e}",
        "\t",
        "\n",
        "1e999",
        "x'ff'",
        "CAST(x'ff' AS TEXT)",
        "AS",
        "LIMIT",
        "WITH t(a, b) AS",
        "UNION",
        "PRAGMA",
        "VALUES",
        "zeroblob(1000)",
        "DELETE FROM users",
        "EXPLAIN",
        "BEGIN",
        "printf('%c', 0)",
        "[",
        "]",
        "",
        "\\",
    ];
    let timelines = [
        None,
        Some("--timeline"),
        Some("--timeline=a.svg"),
        Some("--timeline=a.json"),
    ];
    let folder = tempfile::tempdir().expect("a folder");
    for _ in 0..300 {
        let mut command = command(env!("CARGO_BIN_EXE_robust-1"), folder.path());
        let count = random.usize(1..10);
        let query: Vec<&str> = (0..count)
            .map(|_| *random.choice(&pieces).expect("one"))
            .collect();
        command
            .arg("--format")
            .arg(*random.choice(["table", "json", "csv"].iter()).expect("one"));
        command
            .args(*random.choice(&timelines).expect("one"))
            .arg("--")
            .arg(query.join(" "));
        for _ in 0..random.usize(..4) {
            command.arg(random.choice(&pieces).expect("one"));
        }
        let outcome = run(&mut command).expect("it ends");
        let is_orderly =
            matches!(outcome.status, Some(0..=2)) && !outcome.stderr.contains("panicked");
        assert!(is_orderly, "{command:?}: {outcome:?}");
    }
}
