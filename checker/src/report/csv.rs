//! CSV, a row a check.

use std::borrow::Cow;
use std::io::{self, Write};

use csv::{Terminator, WriterBuilder};

use super::{clean, message, seconds, whose, word};
use crate::outcome::{Problem, Submission};

/// Writes a header line, then a row for each check, as RFC 4180 has it. What could not be checked has one row, with
/// `problem` for a verdict and whose it is before the message.
///
/// A text that a spreadsheet would take for a formula has an apostrophe before it.
///
/// # Errors
///
/// When `out` cannot be written to.
pub fn write(out: &mut impl Write, submissions: &[Submission]) -> io::Result<()> {
    let mut rows = WriterBuilder::new()
        .terminator(Terminator::CRLF)
        .from_writer(out);
    let header = [
        "submission",
        "task",
        "check",
        "required",
        "verdict",
        "seconds",
        "message",
    ];
    rows.write_record(header)?;
    for submission in submissions {
        let submission = clean::submission(submission);
        let name = &*text(&submission.name);
        if let Some(problem) = &submission.problem {
            rows.write_record([name, "", "", "", "problem", "", &said(problem)])?;
        }
        for task in &submission.tasks {
            let task_name = &*text(&task.task);
            if let Some(problem) = &task.problem {
                rows.write_record([name, task_name, "", "", "problem", "", &said(problem)])?;
            }
            for check in &task.checks {
                rows.write_record([
                    name,
                    task_name,
                    &text(&check.name),
                    if check.is_required { "true" } else { "false" },
                    word(&check.verdict),
                    &seconds(check.took).to_string(),
                    &text(&clean::line(&message(check), clean::LINE)),
                ])?;
            }
        }
    }
    rows.flush()
}

fn said(problem: &Problem) -> String {
    format!("{}: {}", whose(problem), problem.message)
}

/// A cell of text. Spreadsheets run what begins so, some of them also in wide characters.
fn text(cell: &str) -> Cow<'_, str> {
    if cell.starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠']) {
        format!("'{cell}").into()
    } else {
        cell.into()
    }
}
