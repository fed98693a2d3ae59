//! The binary, as a person or a script runs it.

use shared::program::Program;

const BINARY: &str = env!("CARGO_BIN_EXE_1-execute");

#[test]
fn prints_the_users_older_than_25_and_behaves_as_a_command_line_tool_should() {
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
        ("9223372036854775808", "real"),
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
    assert!(row.starts_with("NULL ") && row.contains("\\n\\u{1b}[1m"), "{row}");
}

#[test]
fn says_how_many_rows_were_changed() {
    let program = Program::new(BINARY);
    let sql = "UPDATE users SET age = age + 1 WHERE id <= ?";
    let outcome = program.run(&[sql, "3", "--format", "json"]);
    assert_eq!(outcome.stdout, "{\"rows changed\":3}\n", "{}", outcome.stderr);
    let outcome = program.run(&["SELECT age FROM users WHERE id = 1", "--format", "csv"]);
    assert_eq!(outcome.stdout, "age\n31\n", "changed once, and not twice");
    let outcome = program.run(&["DELETE FROM users RETURNING id", "--format", "csv"]);
    assert_eq!(outcome.stdout.lines().count(), 13);
}

#[test]
fn what_sqlite_refuses_is_one_message_with_a_way_out() {
    let program = Program::new(BINARY);
    for arguments in [
        &["SELECT * FORM users"][..],
        &["SELECT ?"],
        &["SELECT 1", "2"],
        &["SELECT 1; SELECT 2"],
        &["SELECT * FROM nowhere"],
        &["SELECT CAST(x'ff' AS TEXT)"],
        &[""],
    ] {
        let outcome = program.run(arguments);
        assert_eq!(
            (outcome.status, outcome.stdout.as_str()),
            (Some(1), ""),
            "{arguments:?}"
        );
        assert!(
            outcome.stderr.contains("error: ") && outcome.stderr.contains("\nhelp: "),
            "{}",
            outcome.stderr
        );
    }
}

/// Root may write whatever it likes, so under root the program runs as somebody who may not.
#[cfg(unix)]
#[test]
fn a_read_only_file_can_be_read_and_says_that_it_cannot_be_written() {
    use std::fs::{Permissions, set_permissions};
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    use std::os::unix::process::CommandExt;
    use std::process::Command;

    let program = Program::new(BINARY);
    program.run(&[]);
    let database = program.folder().join("users.db");
    set_permissions(&database, Permissions::from_mode(0o444)).unwrap();
    set_permissions(program.folder(), Permissions::from_mode(0o755)).unwrap();
    // A copy, for the original may lie in a folder that is root's alone.
    let binary = program.folder().join("program");
    std::fs::copy(BINARY, &binary).unwrap();
    let run = |arguments: &[&str]| {
        let mut command = Command::new(&binary);
        command.args(arguments).current_dir(program.folder());
        if database.metadata().unwrap().uid() == 0 {
            command.uid(65534);
        }
        command.output().unwrap()
    };
    assert_eq!(run(&[]).stdout, include_bytes!("../expected.txt"));
    let refused = run(&["DELETE FROM users"]);
    let stderr = String::from_utf8_lossy(&refused.stderr);
    assert_eq!(refused.status.code(), Some(1));
    assert!(
        stderr.contains("users.db") && stderr.contains("readonly") && stderr.contains("\nhelp: "),
        "{stderr}"
    );
}
