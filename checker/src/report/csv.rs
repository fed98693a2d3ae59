//! CSV, with a row for each check.

use std::borrow::Cow;
use std::io::{self, Write};

use csv::{Terminator, WriterBuilder};

use super::{Report, clean, message, seconds, whose, word};
use crate::grade::points::{Score, rounded};
use crate::outcome::{Problem, Verdict};

/// Writes a header line and a row for each check, as RFC 4180 specifies. A problem has one row, with the verdict `problem`
/// and a message that begins with whose problem it is.
///
/// The columns `points` and `max_points` add up to the score of a submission. The row of a task that could not be checked has
/// no points, of all the points of the task.
///
/// If a spreadsheet would treat a text as a formula, an apostrophe is put before it.
///
/// # Errors
///
/// If `out` cannot be written to.
pub fn write(out: &mut impl Write, report: &Report) -> io::Result<()> {
    // Into memory first: the CSV library wraps an error of `out` in a way that hides a closed pipe.
    let mut csv = Vec::new();
    let mut rows = WriterBuilder::new()
        .terminator(Terminator::CRLF)
        .from_writer(&mut csv);
    let header = [
        "submission",
        "task",
        "check",
        "required",
        "verdict",
        "seconds",
        "message",
        "points",
        "max_points",
    ];
    rows.write_record(header)?;
    for submission in &report.results.submissions {
        let submission = clean::submission(submission);
        let name = &*text(&submission.name);
        if let Some(problem) = &submission.problem {
            rows.write_record([name, "", "", "", "problem", "", &said(problem), "0", "0"])?;
        }
        for task in &submission.tasks {
            let task_name = &*text(&task.task);
            if let Some(problem) = &task.problem {
                let checks = report.results.checks(&task.task);
                let Score { of, .. } = report.points.score(task, checks);
                let (said, of) = (said(problem), rounded(of).to_string());
                rows.write_record([name, task_name, "", "", "problem", "", &said, "0", &of])?;
            }
            for check in &task.checks {
                let of = report.points.of(&task.task, &check.name, check.is_required);
                let is_passed = check.verdict == Verdict::Passed;
                let [points, of] = [if is_passed { of } else { 0.0 }, of];
                rows.write_record([
                    name,
                    task_name,
                    &text(&check.name),
                    if check.is_required { "true" } else { "false" },
                    word(&check.verdict),
                    &seconds(check.took).to_string(),
                    &text(&clean::line(&message(check), clean::LINE)),
                    &points.to_string(),
                    &of.to_string(),
                ])?;
            }
        }
    }
    rows.flush()?;
    drop(rows);
    out.write_all(&csv)
}

fn said(problem: &Problem) -> String {
    format!("{}: {}", whose(problem), problem.message)
}

/// Returns a cell of text. Spreadsheets treat text that begins with these characters as a formula, and some of them accept
/// the wide forms.
fn text(cell: &str) -> Cow<'_, str> {
    if cell.starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠']) {
        format!("'{cell}").into()
    } else {
        cell.into()
    }
}
