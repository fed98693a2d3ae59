//! The binary, as a person or a script runs it.

use shared::program::Program;
use shared::sample_users;

const BINARY: &str = env!("CARGO_BIN_EXE_0-databaseconnection");

#[test]
fn prints_the_sample_and_behaves_as_a_command_line_tool_should() {
    Program::new(BINARY).check_common_behaviour(include_str!("../expected.txt"));
}

#[test]
fn prints_one_json_object_a_line() {
    let outcome = Program::new(BINARY).run(&["--format", "json"]);
    let expected: String = sample_users()
        .iter()
        .map(|user| format!("{}\n", serde_json::to_string(user).unwrap()))
        .collect();
    assert_eq!((outcome.status, outcome.stdout), (Some(0), expected));
}

#[test]
fn prints_csv_with_a_header_line() {
    let outcome = Program::new(BINARY).run(&["--format", "csv"]);
    let lines: Vec<&str> = outcome.stdout.lines().collect();
    assert_eq!(
        lines[..2],
        ["id,name,email,age", "1,Alice Walker,alice@example.com,30"]
    );
    assert_eq!(lines.len(), 13);
}
