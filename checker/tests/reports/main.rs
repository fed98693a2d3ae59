//! Tests the reports, and how they clean the output of a submission.

#[path = "../support/class.rs"]
mod class;
#[path = "../support/schema.rs"]
mod schema;

mod csv;
mod gradescope;
mod hostile;
mod json;
mod junit;
mod text;

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

const NASTY: &str = "a\x00b\x07c\x1b[31mred\x1b[0m\x1b]0;title\x07d\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\\
                     \u{9b}2Je\u{fffe}f\u{ffff}g\u{202e}h<i>&amp;\"]]>\r\nj\rk\u{7f}l\u{85}m";

fn rows(text: &str) -> Vec<Vec<String>> {
    let mut reader = ::csv::ReaderBuilder::new()
        .has_headers(false)
        .from_reader(text.as_bytes());
    let rows = reader
        .records()
        .map(|row| row.unwrap().iter().map(str::to_owned).collect());
    rows.collect()
}

/// Reads the XML back, with the names of the cases.
fn junit(text: &str) -> Report {
    // Reads every event, so that XML that is not well-formed is an error.
    let mut reader = quick_xml::Reader::from_str(text);
    while !matches!(reader.read_event().unwrap(), quick_xml::events::Event::Eof) {}
    Report::deserialize_from_str(text).unwrap()
}

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
