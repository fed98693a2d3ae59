//! Tests the program as a person or a script runs it: `src/main.rs` and what it uses from `shared`. From `src/lib.rs` it needs
//! the right users, or an error.

use shared::{User, sample_users};
use testkit::program::Program;
use testkit::{cases, check};

const BINARY: &str = env!("CARGO_BIN_EXE_0-databaseconnection");

fn json(users: &[User]) -> String {
    let lines = users
        .iter()
        .map(|user| serde_json::to_string(user).expect("a user"));
    lines.map(|line| line + "\n").collect()
}

#[test]
fn prints_every_user_of_the_sample() {
    let outcome = Program::new(BINARY).run(&["--format", "json"]);
    assert_eq!(
        (outcome.status, outcome.stdout),
        (Some(0), json(&sample_users())),
        "{}",
        outcome.stderr
    );
}

#[test]
fn prints_every_user_of_a_database_that_it_is_given() {
    let hint = "the program prints what `with_connection` and `fetch_users` return: run `cargo test --test checks` first";
    check(hint, |database| {
        let path = database.path().to_str().expect("UTF-8");
        let outcome = Program::new(BINARY).run(&["--database", path, "--format", "json"]);
        assert_eq!(
            (
                outcome.status,
                outcome.stdout.as_str(),
                outcome.stderr.as_str()
            ),
            (Some(0), json(database.users()).as_str(), "")
        );
    });
}

#[test]
fn exits_with_1_and_prints_nothing_when_it_fails() {
    let hint =
        "the program fails if the library returns an error: run `cargo test --test checks` first";
    check(hint, |database| {
        let bad = cases::rows_that_do_not_fit(&mut database.random());
        for case in cases::unreadable().into_iter().chain(bad) {
            let database = case.database().to_str().expect("UTF-8");
            if database.is_empty() {
                continue; // An option without a value is a wrong command line.
            }
            Program::new(BINARY).expect_failure(&["--database", database, "--format", "json"]);
        }
    });
}

#[test]
fn behaves_as_a_command_line_tool_should() {
    Program::new(BINARY).check_common_behaviour(include_str!("../expected.txt"));
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
