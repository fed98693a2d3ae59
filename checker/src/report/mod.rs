//! Reports of results, in formats for people and for a course's tools.
//!
//! A report can contain anything that a submission printed: megabytes, escape sequences, formulas. So each format first
//! cleans and shortens all text.

pub(crate) mod clean;
pub mod csv;
pub mod gradescope;
pub mod html;
pub mod json;
pub mod junit;
pub mod text;

use std::borrow::Cow;
use std::fmt;
use std::io::{self, Write};
use std::time::Duration;

use self::text::Screen;
use crate::grade::compare::Comparison;
use crate::grade::points::Points;
use crate::outcome::{Check, Problem, Task, Verdict, Whose};
use crate::results::Results;

/// A format of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// For people.
    Text,
    /// A page for a browser, in one file.
    Html,
    /// As `docs/grade.schema.json` describes it.
    Json,
    /// A row for each check.
    Csv,
    /// JUnit's XML, for services that run tests.
    Junit,
    /// Gradescope's `results.json`, for one submission.
    Gradescope,
}

/// The contents of a report.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// The results.
    pub results: Results,
    /// The points of the checks.
    pub points: Points,
    /// The changes since earlier results, if they were asked for.
    pub comparison: Option<Comparison>,
}

impl From<Results> for Report {
    fn from(results: Results) -> Report {
        Report {
            results,
            ..Report::default()
        }
    }
}

/// Writes a report. Only the text depends on the screen. The text and the page contain the comparison.
///
/// # Errors
///
/// If `out` cannot be written to. In Gradescope's format also if there is no grade, see [`gradescope`].
pub fn write(
    out: &mut impl Write,
    report: &Report,
    format: Format,
    screen: Screen,
) -> Result<(), Error> {
    let submissions = &report.results.submissions;
    match format {
        Format::Text => {
            text::write(out, submissions, screen)?;
            if let Some(comparison) = &report.comparison {
                write!(out, "\n{comparison}")?;
            }
        }
        Format::Html => html::write(out, report)?,
        Format::Json => json::write(out, &report.results)?,
        Format::Csv => csv::write(out, report)?,
        Format::Junit => junit::write(out, submissions)?,
        Format::Gradescope => gradescope::write(out, report)?,
    }
    Ok(())
}

/// The error when a report was not written. Its text is one short message and a line that begins with `help:`.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The output could not be written.
    Write(io::Error),
    /// Gradescope's format is for one submission, but there were this many.
    NotOne(usize),
    /// There is no grade because the problem is not in the submission.
    NoGrade(Problem),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Write(error) => write!(
                f,
                "could not write the report: {error}\nhelp: check that the disk is not full and the output is open"
            ),
            Error::NotOne(count) => write!(
                f,
                "Gradescope's format is for one submission, but there are {count}\n\
                 help: name one submission, or choose another format"
            ),
            Error::NoGrade(problem) => write!(
                f,
                "not graded: the problem is not in the submission: {}\nhelp: {}",
                clean::line(&problem.message, clean::LINE),
                clean::line(&problem.help, clean::LINE)
            ),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Error::Write(error) => Some(error),
            _ => None,
        }
    }
}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        Error::Write(error)
    }
}

/// Returns a verdict as one word.
pub(crate) fn word(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Passed => "passed",
        Verdict::Failed { .. } => "failed",
        Verdict::TimedOut { .. } => "timed_out",
        Verdict::Crashed { .. } => "crashed",
    }
}

/// Returns the message of a verdict. It is empty if the check passed.
fn message(check: &Check) -> Cow<'_, str> {
    match &check.verdict {
        Verdict::Passed => "".into(),
        Verdict::Failed { message, .. } => message.into(),
        Verdict::TimedOut { .. } => {
            format!("did not end within {:.0} s", check.took.as_secs_f64()).into()
        }
        Verdict::Crashed { how, .. } => how.into(),
    }
}

/// Returns everything about a check, as paragraphs: the message, what was seen or printed, and the hint.
fn paragraphs(check: &Check) -> String {
    let message = message(check);
    let (saw, output, hint) = match &check.verdict {
        Verdict::Passed => ("", "", ""),
        Verdict::Failed { saw, hint, .. } => (saw.as_str(), "", hint.as_str()),
        Verdict::TimedOut { output } | Verdict::Crashed { output, .. } => ("", output.as_str(), ""),
    };
    let parts = [
        ("", &*message),
        ("saw:\n", saw),
        ("output:\n", output),
        ("hint: ", hint),
    ];
    let parts: Vec<String> = parts
        .into_iter()
        .filter(|(_, text)| !text.is_empty())
        .map(|(heading, text)| format!("{heading}{text}"))
        .collect();
    parts.join("\n\n")
}

/// Returns a check's name as a sentence.
pub fn sentence(check: &Check) -> String {
    check.name.replace("::", ": ").replace('_', " ")
}

/// Returns whose problem it is, in two words.
pub(crate) fn whose(problem: &Problem) -> &'static str {
    match problem.whose {
        Whose::YourCode => "your code",
        Whose::YourMachine => "your machine",
        Whose::OurBug => "our bug",
    }
}

/// Rounds to milliseconds, because smaller units are noise.
fn seconds(took: Duration) -> f64 {
    took.as_millis() as f64 / 1000.0
}

/// The number of checks that passed, and of all checks.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Count {
    passed: usize,
    of: usize,
}

fn count(tasks: &[Task], is_required: bool) -> Count {
    let checks = || {
        let all = tasks.iter().flat_map(|task| &task.checks);
        all.filter(move |check| check.is_required == is_required)
    };
    Count {
        passed: checks()
            .filter(|check| check.verdict == Verdict::Passed)
            .count(),
        of: checks().count(),
    }
}
