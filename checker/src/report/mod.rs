//! What came of checking, in the formats that people and a course's tools read.
//!
//! Whatever a submission printed may stand in a report: megabytes, escape sequences, formulas. Each format cleans it
//! and caps it before anything else.

pub(crate) mod clean;
pub mod csv;
pub mod gradescope;
pub mod json;
pub mod junit;
pub mod text;

use std::borrow::Cow;
use std::fmt;
use std::io::{self, Write};
use std::time::Duration;

use crate::outcome::{Check, Problem, Submission, Task, Verdict, Whose};

/// A format of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// For people.
    Text,
    /// As `docs/grade.schema.json` describes it.
    Json,
    /// A row a check.
    Csv,
    /// JUnit's XML, which services that run tests read.
    Junit,
    /// Gradescope's `results.json`, of one submission.
    Gradescope,
}

/// Writes a report. Only the text has colours.
///
/// # Errors
///
/// When `out` cannot be written to; in Gradescope's format also when there is no grade to be given, see [`gradescope`].
pub fn write(
    out: &mut impl Write,
    submissions: &[Submission],
    format: Format,
    is_coloured: bool,
) -> Result<(), Error> {
    match format {
        Format::Text => text::write(out, submissions, is_coloured)?,
        Format::Json => json::write(out, submissions)?,
        Format::Csv => csv::write(out, submissions)?,
        Format::Junit => junit::write(out, submissions)?,
        Format::Gradescope => {
            let [one] = submissions else {
                return Err(Error::NotOne(submissions.len()));
            };
            gradescope::write(out, one)?;
        }
    }
    Ok(())
}

/// Why a report was not written. Its text is one short message and a line that begins with `help:`.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// It could not be written to where it goes.
    Write(io::Error),
    /// Gradescope's format is of one submission; there were this many.
    NotOne(usize),
    /// There is no grade, for what was not checked is not the submission's fault.
    NoGrade(Problem),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Write(error) => write!(
                f,
                "could not write the report: {error}\nhelp: check where it goes: a full disk, a closed file?"
            ),
            Error::NotOne(count) => write!(
                f,
                "Gradescope's format is for one submission, and there are {count}\n\
                 help: name one submission, or choose another format"
            ),
            Error::NoGrade(problem) => write!(
                f,
                "no grade is given, for this is not the submission's fault: {}\nhelp: {}",
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

/// A verdict as one word.
fn word(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Passed => "passed",
        Verdict::Failed { .. } => "failed",
        Verdict::TimedOut { .. } => "timed_out",
        Verdict::Crashed { .. } => "crashed",
    }
}

/// What there is to say about a verdict; nothing where the check passed.
fn message(check: &Check) -> Cow<'_, str> {
    match &check.verdict {
        Verdict::Passed => "".into(),
        Verdict::Failed { message, .. } => message.into(),
        Verdict::TimedOut { .. } => {
            format!("had not ended after {:.0} s", check.took.as_secs_f64()).into()
        }
        Verdict::Crashed { how, .. } => how.into(),
    }
}

/// All that a check has to say, as paragraphs: the message, what was seen or printed, the hint.
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

/// A check's name as the sentence that it is.
pub fn sentence(check: &Check) -> String {
    check.name.replace("::", ": ").replace('_', " ")
}

/// Whose problem it is, in two words.
fn whose(problem: &Problem) -> &'static str {
    match problem.whose {
        Whose::YourCode => "your code",
        Whose::YourMachine => "your machine",
        Whose::OurBug => "our bug",
    }
}

/// To the millisecond; what is beyond is noise.
fn seconds(took: Duration) -> f64 {
    took.as_millis() as f64 / 1000.0
}

/// How many of a task's checks passed, of how many.
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
