//! Tests the reports, and how they clean the output of a submission.

#[path = "support/class.rs"]
mod class;
#[path = "support/schema.rs"]
mod schema;

use std::io::{self, Write};
use std::time::Duration;

use checker::outcome::{Submission, Verdict, Whose};
use checker::report::text::Screen;
use checker::report::{self, Error, Format};
use checker::results::Results;
use class::{alice, bob, carol, check, class, dave, failed, problem, submission, task};
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus};
use serde_json::Value;

const FORMATS: [Format; 6] = [
    Format::Text,
    Format::Html,
    Format::Json,
    Format::Csv,
    Format::Junit,
    Format::Gradescope,
];

const COLOURED: Screen = Screen {
    is_coloured: true,
    columns: None,
};

fn results(submissions: &[Submission]) -> report::Report {
    Results::of(submissions.to_vec()).into()
}

fn report(submissions: &[Submission], format: Format) -> String {
    let mut out = Vec::new();
    report::write(&mut out, &results(submissions), format, Screen::default()).unwrap();
    String::from_utf8(out).unwrap()
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

// Text

#[test]
fn text_of_one_submission_shows_the_failing_checks_first_and_the_hint_last() {
    let text = report(&[bob()], Format::Text);
    let expected = "\
2-concurrent: █████░░░░░░░░░░░░░░░ 1 of 4 required checks passed, 0 of 1 extras
  failed     the older are older (1.2 s)
             expected: the users older than 40
             found: one of 40
             saw:
                 open
                 close
  timed out  ends (1.2 s)
             did not end within 1 s
  crashed    stays alive (1.2 s)
             it was ended by SIGSEGV
  failed     ten thousand at once (1.2 s, an extra)
             too few
  passed     reads every user (1.2 s)

3-mysql-pool: could not be checked
  your code: it does not compile

  error[E0425]: cannot find value `x`
   --> src/lib.rs:3:5

  help: fix it

hint: is `>=` older? (2-concurrent: the older are older)
";
    assert_eq!(text, expected);
}

#[test]
fn text_of_one_submission_with_a_problem_says_why_and_what_to_do() {
    let expected = "\
carol: could not be checked
  your code: the archive is encrypted
  help: pack it again without a password
";
    assert_eq!(report(&[carol()], Format::Text), expected);
}

#[test]
fn text_of_several_submissions_is_a_table_and_a_summary() {
    let expected = "\
submission  2-concurrent  3-mysql-pool
alice       passed        -
bob         1 of 4        your code
carol       your code: the archive is encrypted
dave        -             your machine

bob, 3-mysql-pool: it does not compile
your machine: there is no MariaDB
  help: install it

4 submissions: 1 passed, 2 failed, 1 could not be checked in full
";
    assert_eq!(report(&class(), Format::Text), expected);
}

#[test]
fn text_shows_the_end_of_the_output_of_a_check_that_crashed() {
    let output: String = (0..100).map(|line| format!("line {line}\n")).collect();
    let how = "it aborted".to_owned();
    let checks = vec![check("lives", true, Verdict::Crashed { how, output })];

    let text = report(
        &[submission("eve", vec![task("1-execute", checks)])],
        Format::Text,
    );

    let expected: String = (79..100)
        .map(|line| format!("                 line {line}\n"))
        .collect();
    assert!(
        text.ends_with(&format!("the end of its output:\n{expected}")),
        "{text}"
    );
}

#[test]
fn text_is_coloured_only_when_asked_and_says_the_same() {
    for submissions in [class(), vec![bob()]] {
        let mut coloured = Vec::new();
        report::text::write(&mut coloured, &submissions, COLOURED).unwrap();
        let coloured = String::from_utf8(coloured).unwrap();
        let plain = report(&submissions, Format::Text);

        assert!(!plain.contains('\x1b'));
        assert!(coloured.contains("\x1b[31m"));
        let mut stripped = coloured;
        for code in [0, 1, 2, 31, 32, 33] {
            stripped = stripped.replace(&format!("\x1b[{code}m"), "");
        }
        while let Some(link) = stripped.find("\x1b]8;;") {
            let end = stripped[link..].find("\x1b\\").unwrap();
            stripped.replace_range(link..link + end + 2, "");
        }
        // Spaces inside a colour stay at the end of a line.
        let lines = |text: &str| {
            text.lines()
                .map(|line| line.trim_end().to_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(lines(&stripped), lines(&plain));
    }
}

#[test]
fn on_a_terminal_long_lines_are_broken_between_words() {
    let screen = Screen {
        is_coloured: false,
        columns: Some(50),
    };
    let write = |screen: Screen| {
        let mut out = Vec::new();
        report::text::write(&mut out, &[bob()], screen).unwrap();
        String::from_utf8(out).unwrap()
    };
    let (narrow, wide) = (write(screen), write(Screen::default()));
    assert!(narrow.split_whitespace().eq(wide.split_whitespace()));
    assert!(wide.lines().any(|line| line.chars().count() > 50), "{wide}");
    for line in narrow.lines() {
        assert!(line.chars().count() <= 50, "{line}\n{narrow}");
    }
}

#[test]
fn on_a_terminal_what_the_compiler_names_is_a_link_to_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("with a space.rs");
    std::fs::write(&file, "").unwrap();
    let here = format!("{}:14:5", file.display());
    let details = format!("error: no\n  --> {here}\n   |\n  ::: /not/there.rs:1:1");
    let mut carol = submission("carol", Vec::new());
    carol.problem = problem(Whose::YourCode, "it does not compile", &details, "fix it");
    let mut coloured = Vec::new();
    report::text::write(&mut coloured, std::slice::from_ref(&carol), COLOURED).unwrap();
    let coloured = String::from_utf8(coloured).unwrap();
    let address = format!("file://{}", file.display()).replace(' ', "%20");
    let link = format!("--> \x1b]8;;{address}\x1b\\{here}\x1b]8;;\x1b\\\n");
    assert!(coloured.contains(&link), "{coloured:?}");
    assert!(coloured.contains("::: /not/there.rs:1:1\n"), "{coloured:?}");
    assert!(!report(&[carol], Format::Text).contains('\x1b'));
}

#[test]
fn text_keeps_its_columns_with_names_that_are_wide_or_long() {
    let wide = submission("山田太郎", alice().tasks);
    let long = submission(&"é".repeat(100), alice().tasks);

    let text = report(&[wide, long], Format::Text);

    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[1], format!("山田太郎{}  passed", " ".repeat(32)));
    assert_eq!(lines[2], format!("{}…  passed", "é".repeat(39)));
}

#[test]
fn text_of_no_submissions_says_so() {
    assert_eq!(report(&[], Format::Text), "no submissions\n");
}

// JSON

fn schema() -> Value {
    json(include_str!("../../docs/grade.schema.json"))
}

#[test]
fn json_is_as_the_schema_says() {
    for submissions in [class(), Vec::new(), vec![hostile()]] {
        let document = json(&report(&submissions, Format::Json));
        assert_eq!(schema::errors(&schema(), &document), [""; 0]);
    }
}

#[test]
fn any_difference_from_the_schema_is_noticed() {
    let good = json(&report(&[bob()], Format::Json));
    let changes: [(&str, Value); 7] = [
        ("/version", 2.into()),
        ("/submissions", Value::Null),
        ("/submissions/0/passed", "no".into()),
        ("/submissions/0/problem", "none".into()),
        ("/submissions/0/tasks/0/checks/0/verdict", "unknown".into()),
        ("/submissions/0/tasks/0/checks/0/seconds", (-1).into()),
        ("/submissions/0/tasks/1/problem/whose", "nobody".into()),
    ];
    for (pointer, value) in changes {
        let mut wrong = good.clone();
        *wrong.pointer_mut(pointer).unwrap() = value;
        assert_ne!(schema::errors(&schema(), &wrong), [""; 0], "{pointer}");
    }
    let mut more = good.clone();
    more["submissions"][0]["tasks"][0]["checks"][0]["more"] = 1.into();
    assert_eq!(
        schema::errors(&schema(), &more),
        ["/submissions/0/tasks/0/checks/0: has \"more\""]
    );
    let mut less = good;
    less["submissions"][0]
        .as_object_mut()
        .unwrap()
        .remove("name");
    assert_eq!(
        schema::errors(&schema(), &less),
        ["/submissions/0: lacks \"name\""]
    );
}

#[test]
fn json_has_what_a_check_said() {
    let document = json(&report(&[bob()], Format::Json));
    let bob = &document["submissions"][0];
    assert_eq!(bob["passed"], false);
    let checks = bob["tasks"][0]["checks"].as_array().unwrap();
    let verdicts: Vec<&str> = checks
        .iter()
        .map(|check| check["verdict"].as_str().unwrap())
        .collect();
    assert_eq!(
        verdicts,
        ["passed", "failed", "failed", "timed_out", "crashed"]
    );
    assert_eq!(
        checks[2]["message"],
        "expected: the users older than 40\nfound: one of 40"
    );
    assert_eq!(checks[2]["saw"], "open\nclose");
    assert_eq!(checks[2]["hint"], "is `>=` older?");
    assert_eq!(checks[2]["seconds"], 1.234);
    assert_eq!(checks[3]["output"], "one\ntwo");
    assert_eq!(checks[4]["message"], "it was ended by SIGSEGV");
    assert_eq!(bob["tasks"][1]["problem"]["whose"], "your_code");
}

// CSV

fn rows(text: &str) -> Vec<Vec<String>> {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .from_reader(text.as_bytes());
    let rows = reader
        .records()
        .map(|row| row.unwrap().iter().map(str::to_owned).collect());
    rows.collect()
}

#[test]
fn csv_has_a_row_for_each_check_and_for_each_problem() {
    let rows = rows(&report(&class(), Format::Csv));
    let rows: Vec<String> = rows.iter().map(|row| row.join("|")).collect();
    assert_eq!(
        rows,
        [
            "submission|task|check|required|verdict|seconds|message|points|max_points",
            "alice|2-concurrent|reads_every_user|true|passed|1.234||1|1",
            "alice|2-concurrent|ten_thousand_at_once|false|passed|1.234||0|0",
            "bob|2-concurrent|reads_every_user|true|passed|1.234||1|1",
            "bob|2-concurrent|ten_thousand_at_once|false|failed|1.234|too few|0|0",
            "bob|2-concurrent|the_older_are_older|true|failed|1.234|\
             expected: the users older than 40 found: one of 40|0|1",
            "bob|2-concurrent|ends|true|timed_out|1.234|did not end within 1 s|0|1",
            "bob|2-concurrent|stays_alive|true|crashed|1.234|it was ended by SIGSEGV|0|1",
            "bob|3-mysql-pool|||problem||your code: it does not compile|0|0",
            "carol||||problem||your code: the archive is encrypted|0|0",
            "dave|3-mysql-pool|||problem||your machine: there is no MariaDB|0|0",
        ]
    );
}

#[test]
fn csv_follows_rfc_4180_in_line_ends_and_quotes() {
    let checks = vec![check("a", true, failed("a \"word\", and more", "", ""))];
    let text = report(&[submission("x", vec![task("t", checks)])], Format::Csv);
    assert_eq!(
        text,
        "submission,task,check,required,verdict,seconds,message,points,max_points\r\n\
         x,t,a,true,failed,1.234,\"a \"\"word\"\", and more\",0,1\r\n"
    );
}

#[test]
fn csv_of_no_submissions_is_a_header_line() {
    assert_eq!(rows(&report(&[], Format::Csv)).len(), 1);
}

#[test]
fn csv_has_no_cell_that_a_spreadsheet_would_run() {
    for formula in [
        "=cmd|' /C calc'!A0",
        "+1",
        "-2+3",
        "@SUM(A1)",
        " =1",
        "\t=1",
        "\r=1",
        "\n=1",
        "＝1",
        "\x1b[1m=1",
    ] {
        let checks = vec![check(formula, true, failed(formula, "", ""))];
        let text = report(
            &[submission(formula, vec![task(formula, checks)])],
            Format::Csv,
        );
        let row = &rows(&text)[1];
        for cell in [0, 1, 2, 6] {
            assert!(row[cell].starts_with('\''), "{formula:?}: {row:?}");
        }
        assert_eq!(row[4], "failed");
    }
}

// JUnit

/// Reads the XML back, with the names of the cases.
fn junit(text: &str) -> Report {
    // Reads every event, so that XML that is not well-formed is an error.
    let mut reader = quick_xml::Reader::from_str(text);
    while !matches!(reader.read_event().unwrap(), quick_xml::events::Event::Eof) {}
    Report::deserialize_from_str(text).unwrap()
}

fn case<'a>(report: &'a Report, name: &str) -> &'a TestCase {
    let cases = report
        .test_suites
        .iter()
        .flat_map(|suite| &suite.test_cases);
    cases
        .into_iter()
        .find(|case| case.name.as_str() == name)
        .unwrap()
}

#[test]
fn junit_has_a_suite_for_each_task_with_correct_counts() {
    let report = junit(&report(&class(), Format::Junit));
    let suites: Vec<(&str, usize)> = report
        .test_suites
        .iter()
        .map(|suite| (suite.name.as_str(), suite.test_cases.len()))
        .collect();
    assert_eq!(
        suites,
        [
            ("alice/2-concurrent", 2),
            ("bob/2-concurrent", 5),
            ("bob/3-mysql-pool", 1),
            ("carol", 1),
            ("dave/3-mysql-pool", 1),
        ]
    );
    let counts = (report.tests, report.failures, report.errors, report.skipped);
    assert_eq!(counts, (10, 3, 3, 1));
}

#[test]
fn in_junit_a_failed_extra_is_skipped_and_a_problem_is_an_error() {
    let report = junit(&report(&[bob()], Format::Junit));

    let extra = case(&report, "ten thousand at once");
    assert!(
        matches!(extra.status, TestCaseStatus::Skipped { .. }),
        "{extra:?}"
    );
    let broken = case(&report, "can be checked");
    let TestCaseStatus::NonSuccess {
        kind, description, ..
    } = &broken.status
    else {
        panic!("{broken:?}")
    };
    assert_eq!(*kind, NonSuccessKind::Error);
    assert!(
        description.as_ref().unwrap().contains("E0425"),
        "{description:?}"
    );
}

#[test]
fn junit_has_what_a_failing_check_said() {
    let report = junit(&report(&[bob()], Format::Junit));
    let failing = case(&report, "the older are older");
    let TestCaseStatus::NonSuccess {
        kind,
        message,
        ty,
        description,
        ..
    } = &failing.status
    else {
        panic!("{failing:?}")
    };
    assert_eq!(*kind, NonSuccessKind::Failure);
    assert_eq!(ty.as_deref(), Some("failed"));
    assert_eq!(
        message.as_deref(),
        Some("expected: the users older than 40 found: one of 40")
    );
    assert_eq!(
        description.as_deref(),
        Some(
            "expected: the users older than 40\nfound: one of 40\n\nsaw:\nopen\nclose\n\nhint: is `>=` older?"
        )
    );
    assert_eq!(failing.time, Some(Duration::from_millis(1234)));
    assert_eq!(failing.classname.as_deref(), Some("bob/2-concurrent"));
}

// Gradescope

#[test]
fn gradescope_scores_required_checks_and_shows_extras_without_a_score() {
    let results = json(&report(&[bob()], Format::Gradescope));

    assert_eq!(results["score"], 1);
    assert_eq!(results["output"], "1 of 4 required checks passed");
    assert_eq!(results["visibility"], "visible");
    let tests = results["tests"].as_array().unwrap();
    let of = |name: &str| tests.iter().find(|test| test["name"] == name).unwrap();
    let passed = of("2-concurrent: reads every user");
    assert_eq!(
        (&passed["score"], &passed["max_score"], &passed["status"]),
        (&1.into(), &1.into(), &"passed".into())
    );
    let failed = of("2-concurrent: the older are older");
    assert_eq!(
        (&failed["score"], &failed["max_score"], &failed["status"]),
        (&0.into(), &1.into(), &"failed".into())
    );
    assert!(
        failed["output"]
            .as_str()
            .unwrap()
            .contains("hint: is `>=` older?")
    );
    let extra = of("2-concurrent: ten thousand at once (extra)");
    assert_eq!(extra["status"], "failed");
    assert!(
        extra.get("score").is_none() && extra.get("max_score").is_none(),
        "{extra}"
    );
    let broken = of("3-mysql-pool: can be checked");
    assert!(
        broken["output"].as_str().unwrap().contains("error[E0425]"),
        "{broken}"
    );
}

#[test]
fn gradescope_uses_only_documented_fields_and_values() {
    let top = [
        "score",
        "output",
        "output_format",
        "test_output_format",
        "test_name_format",
        "visibility",
        "stdout_visibility",
        "tests",
    ];
    let of_test = ["score", "max_score", "status", "name", "output"];
    for submission in [alice(), bob(), carol()] {
        let results = json(&report(&[submission], Format::Gradescope));
        let fields = |value: &Value| {
            value
                .as_object()
                .unwrap()
                .keys()
                .cloned()
                .collect::<Vec<_>>()
        };
        assert!(
            fields(&results)
                .iter()
                .all(|field| top.contains(&field.as_str())),
            "{results}"
        );
        for test in results["tests"].as_array().unwrap() {
            assert!(
                fields(test)
                    .iter()
                    .all(|field| of_test.contains(&field.as_str())),
                "{test}"
            );
            assert!(
                ["passed", "failed"].contains(&test["status"].as_str().unwrap()),
                "{test}"
            );
        }
        // HTML would be rendered, and the output is the submission's.
        for format in ["output_format", "test_output_format", "test_name_format"] {
            assert_eq!(results[format], "text");
        }
    }
}

#[test]
fn gradescope_gives_no_points_for_an_archive_that_cannot_be_unpacked_and_says_why() {
    let results = json(&report(&[carol()], Format::Gradescope));
    assert_eq!(results["score"], 0);
    assert_eq!(results["tests"], Value::Array(Vec::new()));
    let output = results["output"].as_str().unwrap();
    assert!(
        output.contains("encrypted") && output.contains("without a password"),
        "{output}"
    );
}

#[test]
fn gradescope_gives_no_grade_when_the_machine_is_at_fault() {
    let mut out = Vec::new();
    let error = report::write(
        &mut out,
        &results(&[dave()]),
        Format::Gradescope,
        Screen::default(),
    )
    .unwrap_err();

    assert!(matches!(error, Error::NoGrade(_)), "{error}");
    assert!(
        error
            .to_string()
            .contains("there is no MariaDB\nhelp: install it"),
        "{error}"
    );
    assert!(out.is_empty());
}

#[test]
fn gradescope_takes_one_submission() {
    for submissions in [vec![], class()] {
        let mut out = Vec::new();
        let error = report::write(
            &mut out,
            &results(&submissions),
            Format::Gradescope,
            Screen::default(),
        )
        .unwrap_err();
        assert!(matches!(error, Error::NotOne(_)), "{error}");
        assert!(error.to_string().contains("\nhelp: "), "{error}");
        assert!(out.is_empty());
    }
}

// A submission that prints hostile text.

const NASTY: &str = "a\x00b\x07c\x1b[31mred\x1b[0m\x1b]0;title\x07d\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\\
                     \u{9b}2Je\u{fffe}f\u{ffff}g\u{202e}h<i>&amp;\"]]>\r\nj\rk\u{7f}l\u{85}m";

/// A submission in which every text is hostile.
fn hostile() -> Submission {
    let nasty = NASTY.to_owned();
    let checks = vec![
        check(NASTY, true, failed(NASTY, NASTY, NASTY)),
        check(
            NASTY,
            true,
            Verdict::TimedOut {
                output: nasty.clone(),
            },
        ),
        check(
            NASTY,
            false,
            Verdict::Crashed {
                how: nasty.clone(),
                output: nasty,
            },
        ),
    ];
    let mut broken = task(NASTY, Vec::new());
    broken.problem = problem(Whose::YourCode, NASTY, NASTY, NASTY);
    let mut submission = submission(NASTY, vec![task(NASTY, checks), broken]);
    submission.problem = problem(Whose::YourCode, NASTY, NASTY, NASTY);
    submission
}

/// Returns whether a character is allowed in XML and does nothing to a terminal.
fn is_harmless(c: char) -> bool {
    let may_stand_in_xml = matches!(
        c,
        '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..
    );
    let turns = matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    may_stand_in_xml && !turns && (!c.is_control() || "\t\r\n".contains(c))
}

/// Returns all strings of a JSON document.
fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) => vec![text],
        Value::Array(values) => values.iter().flat_map(texts).collect(),
        Value::Object(fields) => fields.values().flat_map(texts).collect(),
        _ => Vec::new(),
    }
}

#[test]
fn no_format_contains_characters_that_harm_a_terminal_or_an_xml_reader() {
    for format in FORMATS {
        let text = report(&[hostile()], format);
        let strange = |text: &str| text.chars().find(|c| !is_harmless(*c));
        assert_eq!(strange(&text), None, "{format:?}");
        assert!(
            !text.contains("[31m") && !text.contains("0;title"),
            "{format:?}: {text}"
        );
        match format {
            Format::Json | Format::Gradescope => {
                for text in texts(&json(&text)) {
                    assert_eq!(strange(text), None, "{format:?}: {text:?}");
                }
            }
            Format::Csv => assert!(rows(&text).iter().all(|row| row.len() == 9)),
            Format::Junit => {
                junit(&text);
            }
            Format::Text | Format::Html => {}
        }
    }
    let table = report(&[hostile(), hostile()], Format::Text);
    assert_eq!(table.chars().find(|c| !is_harmless(*c)), None, "{table}");
}

#[test]
fn harmless_text_stays_and_other_text_stays_readable() {
    let document = json(&report(&[hostile()], Format::Json));
    let message = document["submissions"][0]["tasks"][0]["checks"][0]["message"]
        .as_str()
        .unwrap();
    assert_eq!(
        message,
        "a\\u{0}b\\u{7}credd\
         linke\\u{fffe}f\\u{ffff}g\\u{202e}h<i>&amp;\"]]>\nj\nk\\u{7f}l\\u{85}m"
    );
    let report = junit(&report(&[hostile()], Format::Junit));
    let case = &report.test_suites[1].test_cases[0];
    let TestCaseStatus::NonSuccess { description, .. } = &case.status else {
        panic!("{case:?}")
    };
    assert!(
        description.as_ref().unwrap().starts_with(message),
        "{description:?}"
    );
}

#[test]
fn an_escape_sequence_that_does_not_end_hides_only_its_line() {
    for begin in ["\x1b]0;", "\x1b[12", "\x1bP", "\u{9d}", "\x1b"] {
        let message = format!("one{begin}hidden\nfailed honestly");
        let checks = vec![check("a", true, failed(&message, "", ""))];
        let text = report(&[submission("x", vec![task("t", checks)])], Format::Text);
        assert!(text.contains("failed honestly"), "{begin:?}: {text}");
    }
}

#[test]
fn megabytes_are_shortened_and_each_format_says_so() {
    let long = "0123456789".repeat(1 << 20);
    let lines = "a line\n".repeat(1 << 20);
    let checks = vec![
        check(&long, true, failed(&long, &lines, &long)),
        check(
            "t",
            true,
            Verdict::TimedOut {
                output: long.clone(),
            },
        ),
        check(
            "é",
            true,
            Verdict::TimedOut {
                output: "€".repeat(1 << 20),
            },
        ),
        check(
            "c",
            true,
            Verdict::Crashed {
                how: long.clone(),
                output: format!("{lines}the end"),
            },
        ),
    ];
    let mut one = submission(&long, vec![task("t", checks)]);
    one.problem = problem(Whose::YourCode, &long, &long, &lines);
    for format in FORMATS {
        let text = report(std::slice::from_ref(&one), format);
        assert!(text.len() < 200 << 10, "{format:?}: {} bytes", text.len());
        assert!(
            text.contains('…') || text.contains("is left out"),
            "{format:?}"
        );
    }
    let document = json(&report(&[one], Format::Json));
    let output = document["submissions"][0]["tasks"][0]["checks"][3]["output"]
        .as_str()
        .unwrap();
    assert!(
        output.starts_with("[the beginning is left out: it was 7340039 bytes]"),
        "{output}"
    );
    assert!(output.ends_with("a line\nthe end"));
}

// Errors of the output.

/// A pipe whose reader is closed.
struct ClosedPipe;

impl Write for ClosedPipe {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::BrokenPipe.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_closed_pipe_is_distinguished_from_other_errors_in_each_format() {
    for format in FORMATS {
        let error = report::write(
            &mut ClosedPipe,
            &results(&[alice()]),
            format,
            Screen::default(),
        )
        .unwrap_err();
        let Error::Write(reason) = &error else {
            panic!("{error}")
        };
        assert_eq!(reason.kind(), io::ErrorKind::BrokenPipe, "{format:?}");
        assert!(error.to_string().contains("\nhelp: "), "{error}");
    }
}
