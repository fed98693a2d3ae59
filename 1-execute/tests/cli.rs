//! Tests the program as a person or a script runs it: `src/main.rs` and what it uses from `shared`. From `src/lib.rs` it needs
//! the rows of the query, or an error.

use shared::{User, sample_users};
use testkit::program::Program;
use testkit::{TempDatabase, cases, check};

const BINARY: &str = env!("CARGO_BIN_EXE_1-execute");

const IDS: &str = "SELECT id FROM users WHERE age > ? ORDER BY id";

/// Returns what the program prints for [`IDS`] as CSV.
fn ids<'u>(users: impl IntoIterator<Item = &'u User>) -> String {
    let lines = users.into_iter().map(|user| format!("{}\n", user.id));
    "id\n".to_owned() + &lines.collect::<String>()
}

#[test]
fn prints_every_user_of_the_sample() {
    let outcome = Program::new(BINARY).run(&[IDS, "-1", "--format", "csv"]);
    assert_eq!(
        (outcome.status, outcome.stdout),
        (Some(0), ids(&sample_users())),
        "{}",
        outcome.stderr
    );
}

#[test]
fn prints_the_users_older_than_25_when_no_query_is_given() {
    let outcome = Program::new(BINARY).run(&["--format", "json"]);
    let older = sample_users().into_iter().filter(|user| user.age > 25);
    let printed: Vec<&str> = outcome.stdout.lines().collect();
    assert_eq!(printed.len(), older.clone().count(), "{outcome:?}");
    for (user, line) in older.zip(printed) {
        assert!(
            line.contains(&format!("{:?}", user.email)),
            "{user:?}: {line}"
        );
    }
}

#[test]
fn prints_every_row_of_a_database_that_it_is_given() {
    let hint =
        "the program prints the rows that `run` passes to it: run `cargo test --test checks` first";
    check(hint, |database| {
        let path = database.path().to_str().expect("UTF-8");
        let age = database.age().to_string();
        let outcome = Program::new(BINARY).run(&[IDS, &age, "--database", path, "--format", "csv"]);
        let older = ids(&database.older_than(database.age()));
        assert_eq!(
            (
                outcome.status,
                outcome.stdout.as_str(),
                outcome.stderr.as_str()
            ),
            (Some(0), older.as_str(), "")
        );
    });
}

#[test]
fn exits_with_1_and_prints_nothing_when_it_fails() {
    for arguments in WRONG {
        Program::new(BINARY).expect_failure(arguments);
    }
    for case in cases::unreadable() {
        let database = case.database().to_str().expect("UTF-8");
        if database.is_empty() {
            continue; // an option without its value, and so a wrong command line
        }
        Program::new(BINARY).expect_failure(&["--database", database]);
    }
}

/// Command lines whose query SQLite does not run.
const WRONG: [&[&str]; 6] = [
    &["SELECT * FORM users"],
    &["SELECT ?"],
    &["SELECT 1", "2"],
    &["SELECT 1; SELECT 2"],
    &["SELECT * FROM nowhere"],
    &["SELECT CAST(x'ff' AS TEXT)"],
];

#[test]
fn behaves_as_a_command_line_tool_should() {
    Program::new(BINARY).check_common_behaviour(include_str!("../expected.txt"));
}

#[test]
fn runs_any_query_with_any_parameters() {
    let program = Program::new(BINARY);
    let query = "SELECT name FROM users WHERE age BETWEEN ? AND ? AND email LIKE ? ORDER BY id";
    let outcome = program.run(&[query, "20", "30.5", "%example%", "--format", "csv"]);
    assert_eq!(
        outcome.stdout, "name\nAlice Walker\nBob Marsh\nGrace Kim\nLena Novak\n",
        "{}",
        outcome.stderr
    );
    let outcome = program.run(&[
        "SELECT id FROM users WHERE name = ?",
        "Dara O'Brien",
        "--format",
        "csv",
    ]);
    assert_eq!(outcome.stdout, "id\n4\n");
}

#[test]
fn a_parameter_that_reads_as_a_number_is_bound_as_one_and_all_else_as_text() {
    let program = Program::new(BINARY);
    for (parameter, expected) in [
        ("25", "integer"),
        ("-5", "integer"),
        ("2.5", "real"),
        ("-1e3", "real"),
        ("0", "integer"),
        ("-0.5", "real"),
        ("9223372036854775807", "integer"),
        // As numbers these would change: 007 would become 7.
        ("007", "text"),
        ("-00.5", "text"),
        ("9223372036854775808", "text"),
        ("18446744073709551615", "text"),
        ("1e400", "text"),
        ("inf", "text"),
        ("nan", "text"),
        ("0x10", "text"),
        ("", "text"),
        ("25 years", "text"),
    ] {
        let outcome = program.run(&["SELECT typeof(?) AS t", parameter, "--format", "csv"]);
        assert_eq!(
            outcome.stdout,
            format!("t\n{expected}\n"),
            "{parameter:?} {}",
            outcome.stderr
        );
    }
    for same in ["007", "18446744073709551615", "-9223372036854775808"] {
        let outcome = program.run(&["SELECT ? AS same", same, "--format", "csv"]);
        assert_eq!(outcome.stdout, format!("same\n{same}\n"));
    }
}

#[test]
fn shows_every_type_that_sqlite_has_in_every_format() {
    let program = Program::new(BINARY);
    let query = "SELECT NULL AS missing, 1 AS n, 2.0 AS n, 1e999 AS inf, -1e999 AS minus, \
                 'a,\"b\"\n\x1b[1m' AS text, x'00ffA0' AS blob";
    let json = program.run(&[query, "--format", "json"]);
    assert_eq!(
        json.stdout,
        "{\"missing\":null,\"n\":1,\"n:2\":2.0,\"inf\":\"Infinity\",\"minus\":\"-Infinity\",\
         \"text\":\"a,\\\"b\\\"\\n\\u001b[1m\",\"blob\":\"00FFA0\"}\n"
    );
    let csv = program.run(&[query, "--format", "csv"]);
    assert_eq!(
        csv.stdout,
        "missing,n,n:2,inf,minus,text,blob\n,1,2.0,Infinity,-Infinity,\"a,\"\"b\"\"\n\x1b[1m\",00FFA0\n"
    );
    let table = program.run(&[query]);
    let row = table.stdout.lines().nth(2).expect("a row");
    assert!(
        row.starts_with("NULL ") && row.contains("\\n\\u{1b}[1m"),
        "{row}"
    );
}

#[test]
fn no_result_is_a_command_to_the_terminal() {
    let program = Program::new(BINARY);
    let query = "SELECT 'ada' || char(8238) || 'nimda' AS \"\u{202e}eman\"";
    let table = program.run(&[query]);
    assert_eq!(
        table.stdout, "\\u{202e}eman\n----------------\nada\\u{202e}nimda\n",
        "{}",
        table.stderr
    );
    // JSON escapes these characters; CSV has no escapes.
    let json = program.run(&[query, "--format", "json"]);
    assert_eq!(json.stdout, "{\"\\u202eeman\":\"ada\\u202enimda\"}\n");
    let csv = program.run(&[query, "--format", "csv"]);
    assert_eq!(csv.stdout, "\u{202e}eman\nada\u{202e}nimda\n");

    // Ordinary text stays as it is, including right-to-left scripts and signs that consist of several characters.
    let ordinary = "SELECT 'José e\u{301}, שרה, عمر, 李, 👩\u{200d}🚀' AS name";
    assert!(
        program
            .run(&[ordinary])
            .stdout
            .contains("José e\u{301}, שרה, عمر, 李, 👩\u{200d}🚀")
    );
}

/// Root may write every file, so under root the program runs as another user.
#[cfg(unix)]
#[test]
fn a_read_only_file_can_be_read_and_not_written() {
    use std::fs::{Permissions, set_permissions};
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    use std::os::unix::process::CommandExt;
    use std::process::Command;

    // In /tmp, because only root may be able to enter the folder that TMPDIR names.
    let folder = tempfile::tempdir_in("/tmp").unwrap();
    set_permissions(&folder, Permissions::from_mode(0o755)).unwrap();
    let database = folder.path().join("users.db");
    std::fs::copy(TempDatabase::sample().path(), &database).unwrap();
    set_permissions(&database, Permissions::from_mode(0o444)).unwrap();
    // A copy, because only root may be able to read the folder of the original. Another process makes it: a file that this
    // process had open for writing cannot be started while a child of another test has inherited it.
    let binary = folder.path().join("program");
    assert!(
        Command::new("cp")
            .args([BINARY.as_ref(), binary.as_os_str()])
            .status()
            .unwrap()
            .success()
    );
    let run = |arguments: &[&str]| {
        let mut command = Command::new(&binary);
        command.args(arguments).current_dir(&folder);
        if database.metadata().unwrap().uid() == 0 {
            command.uid(65534);
        }
        command.output().unwrap()
    };
    assert_eq!(run(&[]).stdout, include_bytes!("../expected.txt"));
    let refused = run(&["DELETE FROM users"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(refused.stderr.starts_with(b"error: "), "{refused:?}");
}
