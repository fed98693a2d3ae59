//! The program, from outside. It consists of `src/main.rs`, parts of `shared`, and `fetch_concurrently`.

use shared::{User, sample_users};
use testkit::program::Program;
use testkit::{cases, check};

const BINARY: &str = env!("CARGO_BIN_EXE_2-concurrent");
const EXPECTED: &str = include_str!("../expected.txt");

/// Returns both lists as `--format json` prints them.
fn json(all: &[User], older: &[User]) -> String {
    let lines = |list: &'static str, users: &[User]| -> String {
        let fields = users
            .iter()
            .map(|user| serde_json::to_string(user).expect("a user"));
        fields
            .map(|fields| format!("{{\"list\":{list:?},{}\n", &fields[1..]))
            .collect()
    };
    lines("all", all) + &lines("older", older)
}

#[test]
fn prints_every_user_of_the_sample_and_those_older_than_40() {
    let outcome = Program::new(BINARY).run(&["--format", "json"]);
    let all = sample_users();
    let older: Vec<User> = all.iter().filter(|user| user.age > 40).cloned().collect();
    assert_eq!(
        (outcome.status, outcome.stdout),
        (Some(0), json(&all, &older)),
        "{}",
        outcome.stderr
    );
}

#[test]
fn prints_both_lists_from_a_database_that_it_is_given() {
    let hint = "The program prints the output of `fetch_concurrently`. Make `cargo test --test checks data` pass first.";
    check(hint, |database| {
        let (path, age) = (
            database.path().to_str().expect("UTF-8"),
            database.age().to_string(),
        );
        let arguments = ["--database", path, "--older-than", &age, "--format", "json"];
        let outcome = Program::new(BINARY).run(&arguments);
        let expected = json(database.users(), &database.older_than(database.age()));
        assert_eq!(
            (
                outcome.status,
                outcome.stdout.as_str(),
                outcome.stderr.as_str()
            ),
            (Some(0), expected.as_str(), "")
        );
    });
}

#[test]
fn exits_with_1_and_prints_nothing_when_it_fails() {
    let hint = "The program fails if `fetch_concurrently` returns an error. Make `cargo test --test checks is_an_error` pass first.";
    check(hint, |database| {
        let bad = cases::rows_that_do_not_fit(&mut database.random());
        for case in cases::unreadable().into_iter().chain(bad) {
            let database = case.database().to_str().expect("UTF-8");
            if database.is_empty() {
                continue; // a wrong command line: the option has no value
            }
            Program::new(BINARY).expect_failure(&["--database", database]);
        }
    });
}

#[test]
fn behaves_as_a_command_line_tool_should() {
    Program::new(BINARY).check_common_behaviour(EXPECTED);
}

#[test]
fn prints_csv_with_a_header_line_and_no_user_older_than_the_oldest() {
    let csv = Program::new(BINARY).run(&["--format", "csv", "--older-than", "73"]);
    assert_eq!(csv.stdout.lines().next(), Some("list,id,name,email,age"));
    assert_eq!(csv.stdout.lines().count(), 13);
}
