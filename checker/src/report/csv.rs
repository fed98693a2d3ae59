//! CSV, with a row for each check.

use std::borrow::Cow;
use std::io::{self, Write};

use csv::{Terminator, WriterBuilder};

use super::{clean, message, seconds, whose, word};
use crate::outcome::{Problem, Submission};

/// Writes a header line and a row for each check, as RFC 4180 specifies. A problem has one row, with the verdict `problem`
/// and a message that begins with whose problem it is.
///
/// If a spreadsheet would treat a text as a formula, an apostrophe is put before it.
///
/// # Errors
///
/// If `out` cannot be written to.
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

/// Returns a cell of text. Spreadsheets treat text that begins with these characters as a formula, and some of them accept
/// the wide forms.
fn text(cell: &str) -> Cow<'_, str> {
    if cell.starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠']) {
        format!("'{cell}").into()
    } else {
        cell.into()
    }
}
