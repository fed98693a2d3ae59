//! Gradescope's `results.json`.
//!
//! Each required check is worth one point. Extras are shown as passed or failed and are worth no points, so that all
//! correct solutions get the same grade.

use std::io::Write;

use serde::Serialize;

use super::{Error, clean, count, paragraphs, sentence, whose};
use crate::outcome::{Check, Problem, Submission, Task, Verdict, Whose};

/// Writes the results of a submission. Its score is the number of required checks that passed. A task that does not compile
/// scores nothing.
///
/// # Errors
///
/// If `out` cannot be written to, or if a task could not be checked for a reason that is not in the submission. Then nothing
/// is written: no grade is better than a wrong one, and Gradescope shows the instructor that it is missing.
pub fn write(out: &mut impl Write, submission: &Submission) -> Result<(), Error> {
    let submission = clean::submission(submission);
    let problems = || {
        let of_tasks = submission
            .tasks
            .iter()
            .filter_map(|task| task.problem.as_ref());
        submission.problem.iter().chain(of_tasks)
    };
    if let Some(problem) = problems().find(|problem| problem.whose != Whose::YourCode) {
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
    let results = Results {
        score: required.passed,
        output,
        output_format: "text",
        test_output_format: "text",
        test_name_format: "text",
        visibility: "visible",
        stdout_visibility: "hidden",
        tests: submission.tasks.iter().flat_map(tests).collect(),
    };
    serde_json::to_writer_pretty(&mut *out, &results)
        .map_err(|error| Error::Write(error.into()))?;
    writeln!(out)?;
    Ok(())
}

/// The fields of the format, with its names.
#[derive(Serialize)]
struct Results {
    score: usize,
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

/// One test. Without a score, it is shown but does not count.
#[derive(Serialize)]
struct Test {
    #[serde(skip_serializing_if = "Option::is_none")]
    score: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_score: Option<usize>,
    status: &'static str,
    name: String,
    output: String,
}

fn tests(task: &Task) -> Vec<Test> {
    let problem = task.problem.iter().map(|problem| Test {
        score: None,
        max_score: None,
        status: "failed",
        name: format!("{}: can be checked", task.task),
        output: said(problem),
    });
    problem
        .chain(task.checks.iter().map(|check| test(task, check)))
        .collect()
}

fn test(task: &Task, check: &Check) -> Test {
    let is_passed = check.verdict == Verdict::Passed;
    let extra = if check.is_required { "" } else { " (extra)" };
    Test {
        score: check.is_required.then_some(is_passed.into()),
        max_score: check.is_required.then_some(1),
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
