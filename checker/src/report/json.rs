//! JSON, described by `docs/grade.schema.json`.

use std::collections::HashSet;
use std::hash::Hash;
use std::io::{self, Write};
use std::time::Duration;

use recorder::timeline::Timeline;
use serde::{Deserialize, Serialize};

use super::{clean, message, seconds};
use crate::outcome::{Check, Problem, Submission, Task, Verdict};
use crate::results::{Checks, Results};

/// The version of the format. The schema stays valid as long as the version does not change.
const VERSION: u32 = 1;

/// Writes one JSON document.
///
/// # Errors
///
/// If `out` cannot be written to.
pub fn write(out: &mut impl Write, results: &Results) -> io::Result<()> {
    let name = |name: &String| clean::line(name, clean::LINE);
    let document = Document {
        version: VERSION,
        checks: results.checks.iter().map(OneTasksChecks::from).collect(),
        class: results.class.iter().map(name).collect(),
        submissions: results
            .submissions
            .iter()
            .map(|submission| clean::submission(submission).into())
            .collect(),
    };
    serde_json::to_writer_pretty(&mut *out, &document)?;
    writeln!(out)
}

/// Reads a document back. Nothing of a report is lost in it but fractions of a millisecond.
///
/// # Errors
///
/// What is wrong with it, and what to do.
pub(crate) fn read(text: &[u8]) -> Result<Results, (String, &'static str)> {
    const AGAIN: &str = "grade these submissions again with `--format json`";
    #[derive(Deserialize)]
    struct Version {
        version: u32,
    }
    let version: Version = serde_json::from_slice(text).map_err(|error| {
        if text.trim_ascii().is_empty() {
            ("it is empty".to_owned(), AGAIN)
        } else if error.is_eof() || (error.is_syntax() && is_at_the_end(&error, text)) {
            let place = format!("it ends in the middle, at line {}", error.line());
            (place, AGAIN)
        } else {
            (
                format!("it is not what `grade --format json` writes: {error}"),
                AGAIN,
            )
        }
    })?;
    if version.version != VERSION {
        let what = format!(
            "its format has version {}, and this program reads version {VERSION}",
            version.version
        );
        return Err((what, "use the same version of this program for all results"));
    }
    let mut document: Document = serde_json::from_slice(text).map_err(|error| {
        let what = format!("another version of this program wrote it: {error}");
        (what, AGAIN)
    })?;
    // This program writes clean names. Another one's go to a terminal as well.
    let names = document.submissions.iter_mut().map(|one| &mut one.name);
    for name in names.chain(&mut document.class) {
        *name = clean::line(name, clean::LINE);
    }
    if let Some(what) = document.repeated() {
        return Err((format!("it contains {what} twice"), AGAIN));
    }
    Ok(Results {
        checks: document.checks.into_iter().map(Checks::from).collect(),
        class: document.class,
        submissions: document
            .submissions
            .into_iter()
            .map(Submission::from)
            .collect(),
    })
}

/// Returns whether the reader came to the end of the text. To it, a number that is cut off is a wrong one.
fn is_at_the_end(error: &serde_json::Error, text: &[u8]) -> bool {
    let last_line = text
        .rsplit(|byte| *byte == b'\n')
        .next()
        .unwrap_or_default();
    let lines = 1 + text.iter().filter(|byte| **byte == b'\n').count();
    error.line() == lines && error.column() >= last_line.len()
}

// These types repeat the data model, so that it can change without changing the format.

#[derive(Serialize, Deserialize)]
struct Document {
    version: u32,
    checks: Vec<OneTasksChecks>,
    class: Vec<String>,
    submissions: Vec<OneSubmission>,
}

impl Document {
    /// Returns what is in the document twice, if anything is. This program never writes such a document, and it would count
    /// points and failures twice.
    fn repeated(&self) -> Option<String> {
        let tasks = self.checks.iter().map(|checks| &checks.task);
        if let Some(task) = first_repeated(tasks) {
            return Some(format!("the checks of {}", clean::line(task, clean::LINE)));
        }
        if let Some(name) = first_repeated(self.submissions.iter().map(|one| &one.name)) {
            return Some(format!("the submission {name}"));
        }
        self.submissions.iter().find_map(|submission| {
            let name = &submission.name;
            if let Some(task) = first_repeated(submission.tasks.iter().map(|one| &one.task)) {
                let task = clean::line(task, clean::LINE);
                return Some(format!("the task {task} of {name}"));
            }
            submission.tasks.iter().find_map(|task| {
                // A check and an extra may have the same name.
                let checks = task.checks.iter();
                let checks = checks.map(|check| (check.required, &check.name));
                let (_, check) = first_repeated(checks)?;
                let (check, task) = (
                    clean::line(check, clean::LINE),
                    clean::line(&task.task, clean::LINE),
                );
                Some(format!("the check {check} of {name}, {task}"))
            })
        })
    }
}

fn first_repeated<T: Eq + Hash + Copy>(mut all: impl Iterator<Item = T>) -> Option<T> {
    let mut known = HashSet::new();
    all.find(|one| !known.insert(*one))
}

#[derive(Serialize, Deserialize)]
struct OneTasksChecks {
    task: String,
    version: String,
    required: Vec<String>,
    extras: Vec<String>,
}

#[derive(Serialize, Deserialize)]
struct OneSubmission {
    name: String,
    passed: bool,
    problem: Option<Problem>,
    tasks: Vec<OneTask>,
}

#[derive(Serialize, Deserialize)]
struct OneTask {
    task: String,
    passed: bool,
    files: Option<String>,
    problem: Option<Problem>,
    // A file from before this field has none.
    extras_problem: Option<String>,
    checks: Vec<OneCheck>,
}

/// A check. Every field is always present. Text that does not apply is empty.
#[derive(Serialize, Deserialize)]
struct OneCheck {
    name: String,
    required: bool,
    verdict: Word,
    seconds: f64,
    message: String,
    saw: String,
    hint: String,
    output: String,
    timeline: Option<Box<Timeline>>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Word {
    Passed,
    Failed,
    TimedOut,
    Crashed,
}

impl From<&Checks> for OneTasksChecks {
    fn from(checks: &Checks) -> Self {
        OneTasksChecks {
            task: checks.task.clone(),
            version: checks.version.clone(),
            required: checks.required.clone(),
            extras: checks.extras.clone(),
        }
    }
}

impl From<OneTasksChecks> for Checks {
    fn from(checks: OneTasksChecks) -> Self {
        Checks {
            task: checks.task,
            version: checks.version,
            required: checks.required,
            extras: checks.extras,
        }
    }
}

impl From<Submission> for OneSubmission {
    fn from(submission: Submission) -> Self {
        OneSubmission {
            passed: submission.is_passed(),
            name: submission.name,
            problem: submission.problem,
            tasks: submission.tasks.into_iter().map(OneTask::from).collect(),
        }
    }
}

impl From<OneSubmission> for Submission {
    fn from(submission: OneSubmission) -> Self {
        Submission {
            name: submission.name,
            tasks: submission.tasks.into_iter().map(Task::from).collect(),
            problem: submission.problem,
        }
    }
}

impl From<Task> for OneTask {
    fn from(task: Task) -> Self {
        OneTask {
            passed: task.is_passed(),
            task: task.task,
            files: task.files,
            problem: task.problem,
            extras_problem: task.extras_problem,
            checks: task.checks.into_iter().map(OneCheck::from).collect(),
        }
    }
}

impl From<OneTask> for Task {
    fn from(task: OneTask) -> Self {
        let mut task = Task {
            task: task.task,
            files: task.files,
            problem: task.problem,
            extras_problem: task.extras_problem,
            checks: task.checks.into_iter().map(Check::from).collect(),
        };
        task.cap();
        task
    }
}

impl From<Check> for OneCheck {
    fn from(check: Check) -> Self {
        let message = message(&check).into_owned();
        let word = match check.verdict {
            Verdict::Passed => Word::Passed,
            Verdict::Failed { .. } => Word::Failed,
            Verdict::TimedOut { .. } => Word::TimedOut,
            Verdict::Crashed { .. } => Word::Crashed,
        };
        let (saw, hint, output, timeline) = match check.verdict {
            Verdict::Passed => Default::default(),
            Verdict::Failed {
                saw,
                hint,
                timeline,
                ..
            } => (saw, hint, String::new(), timeline),
            Verdict::TimedOut { output } | Verdict::Crashed { output, .. } => {
                (String::new(), String::new(), output, None)
            }
        };
        OneCheck {
            name: check.name,
            required: check.is_required,
            verdict: word,
            seconds: seconds(check.took),
            message,
            saw,
            hint,
            output,
            timeline,
        }
    }
}

impl From<OneCheck> for Check {
    fn from(check: OneCheck) -> Self {
        let verdict = match check.verdict {
            Word::Passed => Verdict::Passed,
            Word::Failed => Verdict::Failed {
                message: check.message,
                saw: check.saw,
                hint: check.hint,
                timeline: check.timeline,
            },
            Word::TimedOut => Verdict::TimedOut {
                output: check.output,
            },
            Word::Crashed => Verdict::Crashed {
                how: check.message,
                output: check.output,
            },
        };
        // A file can hold any number.
        let took = Duration::try_from_secs_f64(check.seconds).unwrap_or_default();
        Check {
            name: check.name,
            is_required: check.required,
            verdict,
            took: Duration::from_millis((took.as_secs_f64() * 1000.0).round() as u64),
        }
    }
}
