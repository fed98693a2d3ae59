//! Gradescope's `results.json`.
//!
//! Each required check is worth one point, unless there is a file with other points. Extras are shown as passed or failed and are worth no points, so that all
//! correct solutions get the same grade.

use std::io::Write;

use serde::{Serialize, Serializer};

use super::{Error, Report, clean, count, paragraphs, sentence, whose};
use crate::grade::points::{Points, rounded};
use crate::outcome::{Check, Problem, Task, Verdict, Whose};

/// Writes the results of a submission. Its score is the points of the required checks that passed. A task that does not
/// compile scores nothing.
///
/// # Errors
///
/// If `out` cannot be written to, if there is not exactly one submission, or if a task could not be checked for a reason that is not in the submission. Then nothing
/// is written: no grade is better than a wrong one, and Gradescope shows the instructor that it is missing.
pub fn write(out: &mut impl Write, report: &Report) -> Result<(), Error> {
    let [submission] = report.results.submissions.as_slice() else {
        return Err(Error::NotOne(report.results.submissions.len()));
    };
    let submission = clean::submission(submission);
    let machines = |(_, problem): &(_, &Problem)| problem.whose != Whose::YourCode;
    if let Some((_, problem)) = submission.problems().find(machines) {
        return Err(Error::NoGrade(problem.clone()));
    }

    let required = count(&submission.tasks, true);
    let mut output = format!(
        "{} of {} required checks passed",
        required.passed, required.of
    );
    if let Some(problem) = &submission.problem {
        output = said(problem);
    } else if required.of == 0 {
        output = "no check could run".to_owned();
    }
    let score = |task: &Task| report.points.score(task, None).points;
    let results = Results {
        score: Number(submission.tasks.iter().map(score).sum()),
        output,
        output_format: "text",
        test_output_format: "text",
        test_name_format: "text",
        visibility: "visible",
        stdout_visibility: "hidden",
        tests: submission
            .tasks
            .iter()
            .flat_map(|task| tests(task, &report.points))
            .collect(),
    };
    serde_json::to_writer_pretty(&mut *out, &results)
        .map_err(|error| Error::Write(error.into()))?;
    writeln!(out)?;
    Ok(())
}

/// The fields of the format, with its names.
#[derive(Serialize)]
struct Results {
    score: Number,
    output: String,
    // Otherwise Gradescope could treat the output as HTML.
    output_format: &'static str,
    test_output_format: &'static str,
    test_name_format: &'static str,
    visibility: &'static str,
    // This program's output is for the instructor.
    stdout_visibility: &'static str,
    tests: Vec<Test>,
}

/// Points, with two decimals at most. A whole number is written as one.
struct Number(f64);

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let points = rounded(self.0);
        if points.fract() == 0.0 {
            serializer.serialize_u64(points as u64)
        } else {
            serializer.serialize_f64(points)
        }
    }
}

/// One test. Without a score, it is shown but does not count.
#[derive(Serialize)]
struct Test {
    #[serde(skip_serializing_if = "Option::is_none")]
    score: Option<Number>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_score: Option<Number>,
    status: &'static str,
    name: String,
    output: String,
}

fn tests(task: &Task, points: &Points) -> Vec<Test> {
    let problem = task.problem.iter().map(|problem| Test {
        score: None,
        max_score: None,
        status: "failed",
        name: format!("{}: can be checked", task.task),
        output: said(problem),
    });
    problem
        .chain(task.checks.iter().map(|check| test(task, check, points)))
        .collect()
}

fn test(task: &Task, check: &Check, points: &Points) -> Test {
    let is_passed = check.verdict == Verdict::Passed;
    let of = points.of(&task.task, &check.name, true);
    let extra = if check.is_required { "" } else { " (extra)" };
    Test {
        score: check
            .is_required
            .then_some(Number(if is_passed { of } else { 0.0 })),
        max_score: check.is_required.then_some(Number(of)),
        status: if is_passed { "passed" } else { "failed" },
        name: format!("{}: {}{extra}", task.task, sentence(check)),
        output: paragraphs(check),
    }
}

fn said(problem: &Problem) -> String {
    let parts = [
        &*format!("{}: {}", whose(problem), problem.message),
        &problem.details,
        &*format!("help: {}", problem.help),
    ];
    parts
        .into_iter()
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join("\n\n")
}
