//! The binary, as a person or a script runs it.

use shared::program::Program;

const BINARY: &str = env!("CARGO_BIN_EXE_2-concurrent");
const EXPECTED: &str = include_str!("../expected.txt");

#[test]
fn prints_both_lists_and_behaves_as_a_command_line_tool_should() {
    Program::new(BINARY).check_common_behaviour(EXPECTED);
}

#[test]
fn every_driver_on_every_runtime_gives_the_same() {
    let program = Program::new(BINARY);
    for driver in ["rusqlite", "sqlx"] {
        for runtime in ["tokio", "async-std", "smol"] {
            let outcome = program.run(&["--driver", driver, "--runtime", runtime]);
            let got = (outcome.status, outcome.stdout.as_str());
            assert_eq!(got, (Some(0), EXPECTED), "{driver} {runtime} {}", outcome.stderr);
        }
    }
}

#[test]
fn each_row_of_json_and_csv_says_which_list_it_is_in() {
    let program = Program::new(BINARY);
    let json = program.run(&["--format", "json", "--older-than", "72"]).stdout;
    let lines: Vec<&str> = json.lines().collect();
    assert_eq!(lines.len(), 13);
    assert_eq!(
        lines[0],
        r#"{"list":"all","id":1,"name":"Alice Walker","email":"alice@example.com","age":30}"#
    );
    assert_eq!(
        lines[12],
        r#"{"list":"older","id":11,"name":"Kwame Boateng","email":"kwame@example.com","age":73}"#
    );

    let csv = program.run(&["--format", "csv", "--older-than", "73"]).stdout;
    assert_eq!(csv.lines().next(), Some("list,id,name,email,age"));
    assert_eq!(csv.lines().count(), 13, "nobody is older than the oldest");
}
