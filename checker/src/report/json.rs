//! JSON, described by `docs/grade.schema.json`.

use std::io::{self, Write};

use serde::Serialize;

use super::{clean, message, seconds, word};
use crate::outcome::{Check, Problem, Submission, Task, Verdict};

/// The version of the format. The schema stays valid as long as the version does not change.
const VERSION: u32 = 1;

/// Writes one JSON document.
///
/// # Errors
///
/// If `out` cannot be written to.
pub fn write(out: &mut impl Write, submissions: &[Submission]) -> io::Result<()> {
    let submissions: Vec<Submission> = submissions.iter().map(clean::submission).collect();
    let document = Document {
        version: VERSION,
        submissions: submissions.iter().map(OneSubmission::new).collect(),
    };
    serde_json::to_writer_pretty(&mut *out, &document)?;
    writeln!(out)
}

// These types repeat the data model, so that it can change without changing the format.

#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    submissions: Vec<OneSubmission<'a>>,
}

#[derive(Serialize)]
struct OneSubmission<'a> {
    name: &'a str,
    passed: bool,
    problem: Option<&'a Problem>,
    tasks: Vec<OneTask<'a>>,
}

#[derive(Serialize)]
struct OneTask<'a> {
    task: &'a str,
    passed: bool,
    problem: Option<&'a Problem>,
    checks: Vec<OneCheck<'a>>,
}

/// A check. Every field is always present. Text that does not apply is empty.
#[derive(Serialize)]
struct OneCheck<'a> {
    name: &'a str,
    required: bool,
    verdict: &'static str,
    seconds: f64,
    message: String,
    saw: &'a str,
    hint: &'a str,
    output: &'a str,
}

impl<'a> OneSubmission<'a> {
    fn new(submission: &'a Submission) -> Self {
        OneSubmission {
            name: &submission.name,
            passed: submission.is_passed(),
            problem: submission.problem.as_ref(),
            tasks: submission.tasks.iter().map(OneTask::new).collect(),
        }
    }
}

impl<'a> OneTask<'a> {
    fn new(task: &'a Task) -> Self {
        OneTask {
            task: &task.task,
            passed: task.is_passed(),
            problem: task.problem.as_ref(),
            checks: task.checks.iter().map(OneCheck::new).collect(),
        }
    }
}

impl<'a> OneCheck<'a> {
    fn new(check: &'a Check) -> Self {
        let (saw, hint, output) = match &check.verdict {
            Verdict::Passed => ("", "", ""),
            Verdict::Failed { saw, hint, .. } => (saw.as_str(), hint.as_str(), ""),
            Verdict::TimedOut { output } | Verdict::Crashed { output, .. } => {
                ("", "", output.as_str())
            }
        };
        OneCheck {
            name: &check.name,
            required: check.is_required,
            verdict: word(&check.verdict),
            seconds: seconds(check.took),
            message: message(check).into_owned(),
            saw,
            hint,
            output,
        }
    }
}
