//! JUnit's XML, for services that run tests.

use std::io::{self, Write};

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use super::{clean, message, paragraphs, sentence, whose, word};
use crate::outcome::{Check, Problem, Submission, Task, Verdict};

/// Writes a test suite for each task of each submission, such as `alice/2-concurrent`.
///
/// A check that did not pass is a failure. An extra that did not pass is skipped, so that it fails no submission. A problem
/// is an error.
///
/// # Errors
///
/// If `out` cannot be written to.
pub fn write(out: &mut impl Write, submissions: &[Submission]) -> io::Result<()> {
    let mut report = Report::new("checker");
    for submission in submissions {
        let submission = clean::submission(submission);
        if let Some(problem) = &submission.problem {
            let mut suite = TestSuite::new(&submission.name);
            suite.add_test_case(problem_case(problem, &submission.name));
            report.add_test_suite(suite);
        }
        for task in &submission.tasks {
            report.add_test_suite(suite(&submission.name, task));
        }
    }
    // Into memory first: the XML library wraps an error of `out` in a way that hides a closed pipe.
    let mut xml = Vec::new();
    report.serialize(&mut xml).map_err(io::Error::other)?;
    out.write_all(&xml)
}

fn suite(submission: &str, task: &Task) -> TestSuite {
    let name = format!("{submission}/{}", task.task);
    let mut suite = TestSuite::new(&name);
    suite.set_time(task.checks.iter().map(|check| check.took).sum());
    if let Some(problem) = &task.problem {
        suite.add_test_case(problem_case(problem, &name));
    }
    suite.add_test_cases(task.checks.iter().map(|check| case(check, &name)));
    suite
}

fn problem_case(problem: &Problem, suite: &str) -> TestCase {
    let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
    status
        .set_type(whose(problem))
        .set_message(&problem.message)
        .set_description(format!("{}\n\nhelp: {}", problem.details, problem.help).trim_start());
    let mut case = TestCase::new("can be checked", status);
    case.set_classname(suite);
    case
}

fn case(check: &Check, suite: &str) -> TestCase {
    let mut status = match (&check.verdict, check.is_required) {
        (Verdict::Passed, _) => TestCaseStatus::success(),
        (_, true) => TestCaseStatus::non_success(NonSuccessKind::Failure),
        (_, false) => TestCaseStatus::skipped(),
    };
    status
        .set_type(word(&check.verdict))
        // In an XML attribute, a line feed is read as a space.
        .set_message(clean::line(&message(check), clean::LINE))
        .set_description(paragraphs(check));
    let mut case = TestCase::new(sentence(check), status);
    case.set_classname(suite).set_time(check.took);
    case
}
