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
fn escapes_control_characters_in_errors() {
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
fn the_caret_points_at_the_mistake_in_the_sql() {
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
fn an_error_is_one_message_with_a_help_line() {
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
