//! The report on a class, for people: a table with a line for each submission, and the problems below it.

use std::io::{self, Write};

use unicode_width::UnicodeWidthStr;

use super::super::{count, whose};
use super::{Page, Style};
use crate::outcome::{Problem, Submission, Task, Whose};

/// The maximum width of a submission's name in the table.
const WIDEST: usize = 40;

impl<W: Write> Page<'_, W> {
    pub(super) fn several(&mut self, submissions: &[Submission]) -> io::Result<()> {
        let mut tasks: Vec<&str> = Vec::new();
        for task in submissions.iter().flat_map(|submission| &submission.tasks) {
            if !tasks.contains(&task.task.as_str()) {
                tasks.push(&task.task);
            }
        }
        tasks.sort_unstable();
        let names: Vec<String> = submissions
            .iter()
            .map(|submission| shortened(&submission.name))
            .collect();
        let width = names
            .iter()
            .map(|name| name.width())
            .max()
            .unwrap_or(0)
            .max("submission".len());
        let widths: Vec<usize> = tasks
            .iter()
            .map(|task| task.width().max("your machine".len()))
            .collect();

        let mut header = padded("submission", width);
        for (task, width) in tasks.iter().zip(&widths) {
            header.push_str("  ");
            header.push_str(&padded(task, *width));
        }
        let header = self.styled(Style::Bold, header.trim_end());
        writeln!(self.out, "{header}")?;

        for (submission, name) in submissions.iter().zip(&names) {
            let mut cells = vec![padded(name, width)];
            if let Some(problem) = &submission.problem {
                let cell = format!("{}: {}", whose(problem), problem.message);
                cells.push(self.styled(Style::Bad, &cell));
            } else {
                for (task, width) in tasks.iter().zip(&widths) {
                    let (style, cell) =
                        cell(submission.tasks.iter().find(|known| known.task == *task));
                    cells.push(self.styled(style, &padded(&cell, *width)));
                }
            }
            writeln!(self.out, "{}", cells.join("  ").trim_end())?;
        }

        let passed = submissions
            .iter()
            .filter(|submission| submission.is_passed())
            .count();
        let unchecked = submissions
            .iter()
            .filter(|submission| !submission.has_a_verdict())
            .count();
        let failed = submissions.len() - passed - unchecked;
        self.reasons(submissions)?;
        writeln!(self.out)?;
        let counts = format!(
            "{} submissions: {passed} passed, {failed} failed, {unchecked} could not be checked in full",
            submissions.len()
        );
        writeln!(self.out, "{}", self.styled(Style::Bold, &counts))
    }

    /// Writes the problems, which do not fit into the table.
    fn reasons(&mut self, submissions: &[Submission]) -> io::Result<()> {
        let mut told: Vec<&Problem> = Vec::new();
        let mut lines = Vec::new();
        for submission in submissions {
            for task in &submission.tasks {
                let why = task.extras_problem.as_ref();
                lines.extend(why.map(|why| {
                    let name = shortened(&submission.name);
                    format!("{name}, {}: the extras did not run: {why}", task.task)
                }));
            }
            for (task, problem) in submission.problems() {
                match task {
                    Some(task) if problem.whose == Whose::YourCode => lines.push(format!(
                        "{}, {}: {}",
                        shortened(&submission.name),
                        task.task,
                        problem.message
                    )),
                    _ if problem.whose == Whose::YourCode || told.contains(&problem) => {}
                    // Many submissions can have the same problem of the machine. It is written once.
                    _ => {
                        told.push(problem);
                        let help = self.styled(Style::Bold, "help:");
                        lines.push(format!(
                            "{}: {}\n  {help} {}",
                            whose(problem),
                            problem.message,
                            problem.help
                        ));
                    }
                }
            }
        }
        if !lines.is_empty() {
            writeln!(self.out, "\n{}", lines.join("\n"))?;
        }
        Ok(())
    }
}

/// Returns the cell of a task in the table.
fn cell(task: Option<&Task>) -> (Style, String) {
    let Some(task) = task else {
        return (Style::Faint, "-".to_owned());
    };
    if let Some(problem) = &task.problem {
        return (Style::Bad, whose(problem).to_owned());
    }
    if task.is_passed() {
        return (Style::Good, "passed".to_owned());
    }
    let required = count(std::slice::from_ref(task), true);
    (
        Style::Bad,
        format!("{} of {}", required.passed, required.of),
    )
}

/// Pads to a width in terminal columns. An ideograph takes two columns.
fn padded(text: &str, width: usize) -> String {
    format!("{text}{}", " ".repeat(width.saturating_sub(text.width())))
}

fn shortened(name: &str) -> String {
    if name.width() <= WIDEST {
        return name.to_owned();
    }
    let mut shortened = String::new();
    for c in name.chars() {
        shortened.push(c);
        if shortened.width() >= WIDEST {
            shortened.pop();
            break;
        }
    }
    shortened + "…"
}
