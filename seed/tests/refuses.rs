//! Databases that must not change: the error names the reason, and every byte stays.

mod common;

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use common::{
    Place, command, made_by, names, rows, run, seed, start, start_after, until, users,
    with_a_write_ahead_log,
};
use rusqlite::Connection;
use shared::sample_users;

/// Changes to a database, and a part of the error for each.
const CHANGES: &[(&str, &str)] = &[
    (
        "CREATE TABLE orders (id INTEGER PRIMARY KEY)",
        "the table `orders`",
    ),
    (
        "CREATE VIEW adults AS SELECT * FROM users WHERE age >= 18",
        "the view `adults`",
    ),
    (
        "CREATE INDEX users_age ON users (age)",
        "the index `users_age`",
    ),
    (
        "CREATE TRIGGER t AFTER DELETE ON users BEGIN SELECT 1; END",
        "the trigger `t`",
    ),
    (
        "ALTER TABLE users ADD COLUMN phone TEXT",
        "a table `users` with other columns or indices",
    ),
    (
        "DROP TABLE users; CREATE TABLE users (id INTEGER)",
        "a table `users` with other columns or indices",
    ),
    (
        "DROP TABLE users; CREATE VIEW users AS SELECT 1",
        "the view `users`",
    ),
    (
        "INSERT INTO users VALUES (14, 'Ada', 'ada@example.com', 36)",
        "the user with id 14",
    ),
    (
        "INSERT INTO users VALUES (-1, 'Ada', 'ada@example.com', 36)",
        "the user with id -1",
    ),
    (
        "UPDATE users SET age = age + 1 WHERE id = 4",
        "the user with id 4",
    ),
    (
        "UPDATE users SET name = 'Ada' WHERE id = 13",
        "the user with id 13",
    ),
    (
        "UPDATE users SET age = 'old' WHERE id = 13",
        "the user with id 13",
    ),
    (
        "UPDATE users SET name = CAST(name AS BLOB) WHERE id = 1",
        "the user with id 1",
    ),
];

#[test]
fn a_database_that_holds_anything_else_is_left_alone_unless_forced() {
    for (change, named) in CHANGES {
        let place = Place::changed(&["--users", "13"], change);
        let before = fs::read(place.database()).expect("can be read");
        for users in ["12", "13", "14"] {
            let error = seed(place.database(), &["--users", users]).badly();
            assert!(
                error.contains(named) && error.contains("users.db") && error.contains("--force"),
                "{error}"
            );
        }
        assert!(
            fs::read(place.database()).expect("can be read") == before,
            "{change}"
        );
        place.holds_the_database_alone();

        seed(place.database(), &["--force"]).well();
        assert_eq!(users(place.database()), sample_users(), "{change}");
        place.holds_the_database_alone();
    }
}

#[test]
fn a_foreign_database_is_left_alone() {
    let place = Place::new();
    let connection = Connection::open(place.database()).expect("opens");
    let tables =
        "CREATE TABLE a (x); CREATE TABLE b (x UNIQUE); CREATE TABLE c (x); CREATE TABLE d (x)";
    connection.execute_batch(tables).expect("runs");
    drop(connection);
    let error = seed(place.database(), &[]).badly();
    assert!(
        error.contains("the table `a`, the table `b`, the table `c`, and 1 more"),
        "{error}"
    );
}

#[test]
fn a_name_that_is_not_utf_8_is_shown_as_far_as_it_can_be_read() {
    let place = Place::changed(&[], "CREATE TABLE ann_es (id)");
    let mut bytes = fs::read(place.database()).expect("can be read");
    // In Latin-1, as a program in another language may write it: `années`.
    while let Some(at) = bytes.windows(6).position(|name| name == b"ann_es") {
        bytes[at + 3] = 0xe9;
    }
    fs::write(place.database(), bytes).expect("writes");
    let error = seed(place.database(), &[]).badly();
    assert!(error.contains("the table `ann\u{fffd}es`"), "{error}");
    seed(place.database(), &["--force"]).well();
    assert_eq!(users(place.database()), sample_users());
}

#[test]
fn rows_of_two_random_seeds_are_not_one_seeding() {
    let place = Place::seeded(&["--users", "30"]);
    let other = Place::seeded(&["--users", "40", "--random-seed", "2"]);
    let connection = Connection::open(place.database()).expect("opens");
    connection
        .execute("ATTACH ?1 AS other", [other.database().to_str()])
        .expect("attaches");
    connection
        .execute_batch("INSERT INTO users SELECT * FROM other.users WHERE id > 30")
        .expect("runs");
    drop(connection);
    assert!(
        seed(place.database(), &[])
            .badly()
            .contains("the user with id 31")
    );
}

#[test]
fn a_row_that_only_the_write_ahead_log_has_counts() {
    let row = "INSERT INTO users VALUES (99, 'Ada', 'ada@example.com', 36)";
    let place = with_a_write_ahead_log(&[], row);
    assert!(
        seed(place.database(), &[])
            .badly()
            .contains("the user with id 99")
    );
    let connection = Connection::open(place.database()).expect("opens");
    assert_eq!(rows(&connection).last().map(|user| user.id), Some(99));
    drop(connection);

    let place = with_a_write_ahead_log(&[], row);
    seed(place.database(), &["--force"]).well();
    place.holds_the_database_alone();
    assert_eq!(users(place.database()), sample_users());
}

#[test]
fn a_row_that_a_dead_program_was_deleting_counts() {
    let place = Place::changed(
        &["--users", "2000"],
        "UPDATE users SET age = 99 WHERE id = 2000",
    );
    let foreign = with_a_hot_journal_over(&place, "DELETE FROM users WHERE id > 10");
    assert!(
        seed(foreign.database(), &[])
            .badly()
            .contains("the user with id 2000")
    );
    assert_eq!(users(foreign.database()).len(), 2000);

    let foreign = with_a_hot_journal_over(&place, "DELETE FROM users WHERE id > 10");
    seed(foreign.database(), &["--force"]).well();
    assert_eq!(users(foreign.database()), sample_users());
    foreign.holds_the_database_alone();
}

fn with_a_hot_journal_over(original: &Place, change: &str) -> Place {
    let connection = Connection::open(original.database()).expect("opens");
    connection
        .execute_batch("PRAGMA cache_size = 1; BEGIN IMMEDIATE")
        .expect("runs");
    connection.execute_batch(change).expect("runs");
    let copy = Place::new();
    copy.copy_from(original);
    assert!(copy.companion("-journal").exists());
    copy
}

#[test]
fn a_row_that_is_written_while_the_new_file_is_filled_is_not_lost() {
    let place = Place::seeded(&[]);
    let program = start(place.database(), &["--users", "100000"]);
    until("the draft grows", || place.size_of_draft() > 100_000);
    let connection = Connection::open(place.database()).expect("opens");
    let row = "INSERT INTO users VALUES (99, 'Ada', 'ada@example.com', 36)";
    connection.execute(row, []).expect("writes");
    let output = program.wait_with_output().expect("ends");
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(error.contains("the user with id 99"), "{error}");
    drop(connection);
    place.holds_the_database_alone();
    assert_eq!(users(place.database()).len(), 13);
}

#[test]
fn a_file_that_is_no_database_is_left_alone_even_when_forced() {
    for content in ["my notes\n", &"many notes\n".repeat(1000)] {
        for force in [&[][..], &["--force"]] {
            let place = Place::new();
            fs::write(place.database(), content).expect("writes");
            let error = seed(place.database(), force).badly();
            assert!(
                error.contains("the file is not a SQLite database"),
                "{error}"
            );
            assert_eq!(
                fs::read_to_string(place.database()).expect("can be read"),
                *content
            );
            place.holds_the_database_alone();
        }
    }
}

#[test]
fn a_damaged_database_is_left_alone_unless_forced() {
    let place = Place::seeded(&["--users", "2000"]);
    let whole = fs::read(place.database()).expect("can be read");
    // Cut off; and whole, but rubbish from the second page on.
    let scrambled: Vec<u8> = whole[..4096]
        .iter()
        .copied()
        .chain(whole[4096..].iter().map(|byte| !byte))
        .collect();
    for damaged in [&whole[..whole.len() / 2], &whole[..5000], &scrambled] {
        fs::write(place.database(), damaged).expect("writes");
        let error = seed(place.database(), &[]).badly();
        assert!(
            error.contains("it is damaged") && error.contains("--force"),
            "{error}"
        );
        assert!(fs::read(place.database()).expect("can be read") == damaged);

        seed(place.database(), &["--force"]).well();
        assert_eq!(users(place.database()), sample_users());
        place.holds_the_database_alone();
    }
}

#[test]
fn a_folder_and_what_sqlite_would_make_a_passing_database_of_are_refused() {
    let place = Place::new();
    fs::create_dir(place.database()).expect("makes");
    assert!(
        seed(place.database(), &["--force"])
            .badly()
            .contains("it is a folder")
    );
    assert!(place.database().is_dir());
    for (nothing, reason) in [
        ("", "not a file"),
        (":memory:", "not a file"),
        ("sqlite:new.db", "a path, not a URL"),
        ("file:new.db?mode=rwc", "a path, not a URL"),
    ] {
        let error =
            run(command()
                .current_dir(place.folder())
                .args(["--database", nothing, "--force"]))
            .badly();
        assert!(error.contains(reason), "{error}");
    }
    assert!(
        seed("/dev/null", &["--force"])
            .badly()
            .contains("not a regular file")
    );
    place.holds_the_database_alone();
}

#[test]
fn an_error_is_no_command_to_the_terminal() {
    let place = Place::changed(&[], "CREATE TABLE \"t\x1b[2J\u{202e}\" (x)");
    let table = seed(place.database(), &[]).badly();
    assert!(
        table.contains("the table `t\\u{1b}[2J\\u{202e}`"),
        "{table:?}"
    );
    let path = seed(place.folder().join("missing\x1b[2J/users.db"), &[]).badly();
    assert!(path.contains("missing\\u{1b}[2J/users.db"), "{path:?}");
    let url = seed("mysql://ada\x1b[2J@127.0.0.1:1/school", &[]).badly();
    for error in [table, path, url] {
        assert!(!error.contains(['\x1b', '\u{202e}']), "{error:?}");
    }
}

/// In a folder that others may write to: what fills the file opens it by its name.
#[test]
fn no_other_user_can_enter_the_folder_of_the_new_file_whatever_the_umask_is() {
    let place = Place::new();
    let mut program = start_after("umask 000", place.database(), &["--users", "3000000"]);
    let mut modes = Vec::new();
    until("its folder is there", || {
        let entries = fs::read_dir(place.folder()).expect("a folder").flatten();
        modes = entries
            .map(|entry| entry.metadata().expect("an entry").permissions().mode())
            .collect();
        !modes.is_empty()
    });
    program.kill().expect("may");
    program.wait().expect("it ends");
    assert_eq!(modes[0] & 0o777, 0o700);
}

#[test]
fn a_missing_folder_is_not_made() {
    let place = Place::new();
    let error = seed(place.folder().join("missing/users.db"), &[]).badly();
    assert!(error.contains("missing/users.db"), "{error}");
    assert!(place.names().is_empty());
}

/// Runs the program as a user other than root, because root ignores the permissions of files.
fn as_nobody(place: &Place) -> Command {
    const NOBODY: u32 = 65534;
    let program = place.folder().join("seed");
    // By another process: a program cannot start while a process has it open for writing, and a child that another thread
    // starts at that moment inherits the open file.
    let copied = Command::new("cp")
        .arg(env!("CARGO_BIN_EXE_seed"))
        .arg(&program)
        .status();
    assert!(copied.expect("`cp` starts").success());
    let mut command = Command::new(&program);
    let is_root = chown(&program, Some(NOBODY), Some(NOBODY)).is_ok();
    if is_root {
        command.uid(NOBODY).gid(NOBODY);
    }
    command
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("may");
}

#[test]
fn a_folder_that_must_not_be_written_to_is_an_error() {
    let programs = Place::new();
    set_mode(programs.folder(), 0o755);
    let mut program = as_nobody(&programs);
    for old_users in [None, Some("0")] {
        let place = Place::new();
        if let Some(users) = old_users {
            seed(place.database(), &["--users", users]).well();
            set_mode(&place.database(), 0o666);
        }
        set_mode(place.folder(), 0o555);
        let before = place.names();
        let error = run(program.current_dir(place.folder())).badly();
        assert!(
            error.contains("users.db") && error.contains("ermission denied"),
            "{error}"
        );
        assert_eq!(place.names(), before);
        set_mode(place.folder(), 0o755);
    }
}

#[test]
fn a_read_only_database_is_left_alone_even_where_its_folder_is_not() {
    let programs = Place::new();
    set_mode(programs.folder(), 0o755);
    let place = Place::seeded(&[]);
    set_mode(place.folder(), 0o777);
    set_mode(&place.database(), 0o444);
    let before = fs::read(place.database()).expect("can be read");
    let error = run(as_nobody(&programs)
        .current_dir(place.folder())
        .args(["--users", "20"]))
    .badly();
    assert!(
        error.contains("readonly") && error.contains("users.db"),
        "{error}"
    );
    assert!(fs::read(place.database()).expect("can be read") == before);
    place.holds_the_database_alone();
}

#[test]
fn a_database_that_another_process_uses_is_an_error_after_a_wait_and_left_alone() {
    // A writer; a reader in a transaction; and in WAL mode any open connection.
    let uses: &[&str] = &[
        "BEGIN IMMEDIATE; UPDATE users SET age = 1",
        "BEGIN EXCLUSIVE",
        "BEGIN; SELECT * FROM users",
        "PRAGMA journal_mode = WAL; SELECT * FROM users",
    ];
    std::thread::scope(|scope| {
        for used in uses {
            for force in [&["--users", "20"][..], &["--users", "20", "--force"]] {
                scope.spawn(move || {
                    let place = Place::seeded(&[]);
                    let connection = Connection::open(place.database()).expect("opens");
                    connection.execute_batch(used).expect("runs");
                    let error = seed(place.database(), force).badly();
                    assert!(
                        error.contains("users.db") && error.contains("for more than 5 seconds"),
                        "{used}: {error}"
                    );
                    drop(connection);
                    place.holds_the_database_alone();
                    assert_eq!(users(place.database()), sample_users());
                });
            }
        }
    });
}

#[test]
fn a_full_disk_leaves_the_old_database() {
    let place = Place::seeded(&["--users", "100"]);
    let full = |options: &str| {
        // A limit on the size of files, in blocks of 512 bytes, stands in for the disk. Its signal is ignored, so
        // that writing fails as it does on a full disk.
        let script =
            format!("trap '' XFSZ; ulimit -f 512; exec \"$0\" --database \"$1\" {options}");
        let mut shell = Command::new("sh");
        run(shell
            .args(["-c", &script, env!("CARGO_BIN_EXE_seed")])
            .arg(place.database()))
    };
    for options in ["--users 100000", "--users 100000 --force"] {
        let error = full(options).badly();
        assert!(error.contains("users.db`"), "{error}");
        place.holds_the_database_alone();
        assert_eq!(users(place.database()), made_by(&["--users", "100"]));
    }
    fs::remove_file(place.database()).expect("removes");
    full("--users 100000").badly();
    assert!(names(place.folder()).is_empty());
}
