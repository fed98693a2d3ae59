//! The program's messages, and what it says about changed rows. It prints the errors that the library returns.

use testkit::check;
use testkit::program::Program;

const BINARY: &str = env!("CARGO_BIN_EXE_1-execute");

/// Command lines whose query SQLite does not run.
const WRONG: [&[&str]; 7] = [
    &["SELECT * FORM users"],
    &["SELECT ?"],
    &["SELECT 1", "2"],
    &["SELECT 1; SELECT 2"],
    &["SELECT * FROM nowhere"],
    &["SELECT CAST(x'ff' AS TEXT)"],
    &[""],
];

#[test]
fn no_error_is_a_command_to_the_terminal() {
    let hint = "put the SQL or SQLite's message into the error as it is: the program escapes control characters";
    check(hint, |_| {
        let program = Program::new(BINARY);
        program.run(&["CREATE VIEW \"v\x1b[2J\" (a, b) AS SELECT 1"]);
        for query in [
            "SELECT * FROM \"t\x1b[2J\"",
            "SELECT * FROM \"v\x1b[2J\"",
            "SELECT \"c\x1b[2J\".n",
        ] {
            let stderr = program.expect_failure(&[query]).stderr;
            assert!(
                !stderr.contains('\x1b') && stderr.contains("\\u{1b}[2J"),
                "{stderr:?}"
            );
        }
    });
}

/// The caret points at the place of the error, even if escaped characters precede it.
#[test]
fn the_mark_of_an_error_stands_below_its_place() {
    let hint = "`rusqlite::Error::SqlInputError` has the place: `offset` in `sql`, in bytes";
    check(hint, |_| {
        let stderr = Program::new(BINARY)
            .expect_failure(&["SELECT '\x1b', nosuch FROM users"])
            .stderr;
        let mut lines = stderr.lines().skip_while(|line| !line.starts_with("    "));
        let place = lines.next().and_then(|sql| sql.find("nosuch"));
        let mark = lines.next().and_then(|line| line.find('^'));
        assert!(place.is_some() && place == mark, "{stderr}");
    });
}

#[test]
fn says_how_many_rows_were_changed() {
    let hint = "the program calls `execute` if `run` finds no columns: does `execute` return the number of changed rows?";
    check(hint, |_| {
        let program = Program::new(BINARY);
        let sql = "UPDATE users SET age = age + 1 WHERE id <= ?";
        let outcome = program.run(&[sql, "3", "--format", "json"]);
        assert_eq!(
            outcome.stdout, "{\"rows changed\":3}\n",
            "{}",
            outcome.stderr
        );
        let outcome = program.run(&["SELECT age FROM users WHERE id = 1", "--format", "csv"]);
        assert_eq!(outcome.stdout, "age\n31\n", "changed once, and not twice");
        let outcome = program.run(&["DELETE FROM users RETURNING id", "--format", "csv"]);
        assert_eq!(outcome.stdout.lines().count(), 13);
    });
}

#[test]
fn what_sqlite_refuses_is_one_message_with_a_way_out() {
    let hint =
        "the program prints the `Display` of the library's error: it ends with a line `help: …`";
    check(hint, |_| {
        let program = Program::new(BINARY);
        for arguments in WRONG {
            let outcome = program.expect_failure(arguments);
            assert!(
                outcome.stderr.contains("error: ") && outcome.stderr.contains("\nhelp: "),
                "{}",
                outcome.stderr
            );
        }
        program.check_error_texts();
    });
}

/// Root may write every file, so under root the program runs as another user.
#[cfg(unix)]
#[test]
fn a_read_only_file_can_be_read_and_says_that_it_cannot_be_written() {
    let hint = "open for reading and writing: SQLite then opens a read-only file for reading";
    check(hint, |_| {
        use std::fs::{Permissions, set_permissions};
        use std::os::unix::fs::{MetadataExt, PermissionsExt};
        use std::os::unix::process::CommandExt;
        use std::process::Command;

        let program = Program::new(BINARY);
        program.run(&[]);
        let database = program.folder().join("users.db");
        set_permissions(&database, Permissions::from_mode(0o444)).unwrap();
        set_permissions(program.folder(), Permissions::from_mode(0o755)).unwrap();
        // A copy, because only root may be able to read the folder of the original. Another process makes it: a file that this
        // process had open for writing cannot be started while a child of another test has inherited it.
        let binary = program.folder().join("program");
        assert!(
            Command::new("cp")
                .args([BINARY.as_ref(), binary.as_os_str()])
                .status()
                .unwrap()
                .success()
        );
        let run = |arguments: &[&str]| {
            let mut command = Command::new(&binary);
            command.args(arguments).current_dir(program.folder());
            if database.metadata().unwrap().uid() == 0 {
                command.uid(65534);
            }
            command.output().unwrap()
        };
        assert_eq!(run(&[]).stdout, include_bytes!("../../expected.txt"));
        let refused = run(&["DELETE FROM users"]);
        let stderr = String::from_utf8_lossy(&refused.stderr);
        assert_eq!(refused.status.code(), Some(1));
        assert!(
            stderr.contains("users.db")
                && stderr.contains("readonly")
                && stderr.contains("\nhelp: "),
            "{stderr}"
        );
    });
}
