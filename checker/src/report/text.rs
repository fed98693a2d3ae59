//! The report for people: for one submission a line for each check, for several a table; and for a student at work the
//! first failing check alone.

mod class;
mod fold;

use std::io::{self, Write};
use std::path;

use self::fold::fold;
use super::{clean, count, message, sentence, whose};
use crate::hint;
use crate::outcome::{Check, Problem, Submission, Task, Verdict};
use crate::task;

/// Number of lines that are shown of a check's message, of what was seen, and of a compiler's errors.
const MESSAGE: usize = 6;
const SAW: usize = 21;
const DETAILS: usize = 60;
/// The indentation of the text below a check's line.
const BELOW: &str = "             ";
const BELOW_THAT: &str = "                 ";
/// Width of a bar.
const BAR: usize = 20;

/// The properties of a terminal that the report is written for. The default is a file.
#[derive(Debug, Clone, Copy, Default)]
pub struct Screen {
    /// True if it shows colours, which are escape sequences.
    pub is_coloured: bool,
    /// The number of columns of a terminal: longer lines are broken between words.
    pub columns: Option<usize>,
}

impl Screen {
    /// Breaks the lines of a text that are longer than the screen is wide. The new lines keep the indentation.
    pub fn fold(&self, text: &str) -> String {
        let Some(columns) = self.columns else {
            return text.to_owned();
        };
        let hanging = |line: &str| line.len() - line.trim_start_matches([' ', '-']).len();
        let lines: Vec<String> = text
            .lines()
            .map(|line| fold(line, hanging(line), columns))
            .collect();
        lines.join("\n")
    }
}

/// Writes the report.
///
/// # Errors
///
/// If `out` cannot be written to.
pub fn write(out: &mut impl Write, submissions: &[Submission], screen: Screen) -> io::Result<()> {
    let mut page = Page { out, screen };
    match submissions {
        [] => writeln!(page.out, "no submissions"),
        [one] => page.one(&clean::submission(one)),
        several => {
            let several: Vec<Submission> = several.iter().map(clean::submission).collect();
            page.several(&several)
        }
    }
}

/// Writes the first thing to fix: what could not be checked, or the first required check that fails, in full. The rest
/// is one line with how many more fail.
///
/// # Errors
///
/// If `out` cannot be written to.
pub fn write_first(
    out: &mut impl Write,
    submission: &Submission,
    screen: Screen,
) -> io::Result<()> {
    Page { out, screen }.first(&clean::submission(submission))
}

#[derive(Clone, Copy)]
enum Style {
    Good,
    Bad,
    /// An extra that did not pass.
    Mild,
    Faint,
    Bold,
}

struct Page<'a, W> {
    out: &'a mut W,
    screen: Screen,
}

impl<W: Write> Page<'_, W> {
    fn styled(&self, style: Style, text: &str) -> String {
        let code = match style {
            Style::Good => 32,
            Style::Bad => 31,
            Style::Mild => 33,
            Style::Faint => 2,
            Style::Bold => 1,
        };
        if self.screen.is_coloured {
            format!("\x1b[{code}m{text}\x1b[0m")
        } else {
            text.to_owned()
        }
    }

    fn one(&mut self, submission: &Submission) -> io::Result<()> {
        if let Some(problem) = &submission.problem {
            self.heading(&submission.name, Style::Bad, "could not be checked")?;
            self.problem(problem)?;
        }
        for (index, task) in submission.tasks.iter().enumerate() {
            if index > 0 || submission.problem.is_some() {
                writeln!(self.out)?;
            }
            self.task(task)?;
        }
        // Last, where the eye is when all has been printed.
        for task in &submission.tasks {
            self.hint(task)?;
        }
        Ok(())
    }

    fn first(&mut self, submission: &Submission) -> io::Result<()> {
        if let Some(problem) = &submission.problem {
            self.heading(&submission.name, Style::Bad, "could not be checked")?;
            self.problem(problem)?;
        }
        let mut is_shown = submission.problem.is_some();
        for task in &submission.tasks {
            self.summary(task)?;
            if task.is_passed() || is_shown {
                continue;
            }
            is_shown = true;
            let mut failing = task
                .checks
                .iter()
                .filter(|check| check.is_required && check.verdict != Verdict::Passed);
            let Some(first) = failing.next() else {
                continue;
            };
            writeln!(self.out)?;
            let unwritten = match &first.verdict {
                Verdict::Failed { message, .. } => {
                    task::Task::find(&task.task).and_then(|task| hint::unwritten(task, message))
                }
                _ => None,
            };
            let hint = match (unwritten, &first.verdict) {
                (Some(unwritten), _) => {
                    self.line(first, Style::Bad)?;
                    self.indented(BELOW, &message(first), MESSAGE)?;
                    unwritten
                }
                (None, verdict) => {
                    self.failing(first, None)?;
                    match verdict {
                        Verdict::Failed { hint, .. } => hint.clone(),
                        _ => String::new(),
                    }
                }
            };
            if !hint.is_empty() {
                writeln!(self.out)?;
                self.labelled("hint:", &format!("hint: {hint}"))?;
            }
            let more: Vec<&Check> = failing.collect();
            let more = match more[..] {
                [] => continue,
                [other] => format!("1 more required check fails: {}", sentence(other)),
                _ => format!("{} more required checks fail", more.len()),
            };
            let more = format!("{more} (`--all` shows every check)");
            let more = self.styled(Style::Faint, &self.screen.fold(&more));
            writeln!(self.out, "\n{more}")?;
        }
        Ok(())
    }

    fn heading(&mut self, name: &str, style: Style, text: &str) -> io::Result<()> {
        let whole = self.screen.fold(&format!("{name}: {text}"));
        match whole.strip_prefix(&format!("{name}: ")) {
            Some(text) => {
                let name = self.styled(Style::Bold, name);
                writeln!(self.out, "{name}: {}", self.styled(style, text))
            }
            // The name was broken.
            None => writeln!(self.out, "{whole}"),
        }
    }

    /// The number of checks that passed, or why they could not be run.
    fn summary(&mut self, task: &Task) -> io::Result<()> {
        if let Some(problem) = &task.problem {
            self.heading(&task.task, Style::Bad, "could not be checked")?;
            return self.problem(problem);
        }
        let style = if task.is_passed() {
            Style::Good
        } else {
            Style::Bad
        };
        let text = format!("{} {}", bar(task), summary(task));
        self.heading(&task.task, style, &text)?;
        match &task.extras_problem {
            Some(why) => {
                let what = self.styled(Style::Mild, "the extras did not run:");
                writeln!(self.out, "  {what} {why}")
            }
            None => Ok(()),
        }
    }

    fn task(&mut self, task: &Task) -> io::Result<()> {
        self.summary(task)?;
        let (mut failing, passed): (Vec<&Check>, Vec<&Check>) = task
            .checks
            .iter()
            .partition(|check| check.verdict != Verdict::Passed);
        failing.sort_by_key(|check| !check.is_required);
        let mut last = None;
        for check in failing {
            self.failing(check, last.as_deref())?;
            last = Some(message(check));
        }
        for check in passed {
            self.line(check, Style::Good)?;
        }
        Ok(())
    }

    fn line(&mut self, check: &Check, style: Style) -> io::Result<()> {
        let word = match check.verdict {
            Verdict::Passed => "passed",
            Verdict::Failed { .. } => "failed",
            Verdict::TimedOut { .. } => "timed out",
            Verdict::Crashed { .. } => "crashed",
        };
        let word = self.styled(style, &format!("{word:9}"));
        let extra = if check.is_required { "" } else { "an extra" };
        let seconds = check.took.as_secs_f64();
        let took = if seconds < 0.1 {
            String::new()
        } else {
            format!("{seconds:.1} s")
        };
        let notes: Vec<&str> = [took.as_str(), extra]
            .into_iter()
            .filter(|note| !note.is_empty())
            .collect();
        let notes = match notes.as_slice() {
            [] => String::new(),
            notes => format!(" ({})", notes.join(", ")),
        };
        let text = format!("{BELOW}{}{notes}", sentence(check));
        let text = self.screen.fold(&text);
        let text = text.trim_start();
        let (text, notes) = match text.rfind('(').filter(|_| !notes.is_empty()) {
            Some(at) => (&text[..at], self.styled(Style::Faint, &text[at..])),
            None => (text, String::new()),
        };
        writeln!(self.out, "  {word}  {text}{notes}")
    }

    /// A check that did not pass, after one with the message `last`, which is not repeated. What the recorder saw is
    /// shown for the first one only.
    fn failing(&mut self, check: &Check, last: Option<&str>) -> io::Result<()> {
        let style = if check.is_required {
            Style::Bad
        } else {
            Style::Mild
        };
        self.line(check, style)?;
        let is_first = last.is_none();
        let message = message(check);
        if last != Some(&*message) {
            self.indented(BELOW, &message, MESSAGE)?;
        }
        if !is_first {
            return Ok(());
        }
        match &check.verdict {
            Verdict::Failed { saw, .. } if !saw.is_empty() => {
                writeln!(self.out, "{BELOW}saw:")?;
                self.indented(BELOW_THAT, saw, SAW)
            }
            Verdict::TimedOut { output } | Verdict::Crashed { output, .. }
                if !output.is_empty() =>
            {
                writeln!(self.out, "{BELOW}the end of its output:")?;
                self.indented(BELOW_THAT, last_lines(output, SAW), SAW)
            }
            _ => Ok(()),
        }
    }

    fn problem(&mut self, problem: &Problem) -> io::Result<()> {
        let message = format!("  {}: {}", whose(problem), problem.message);
        writeln!(self.out, "{}", self.screen.fold(&message))?;
        if !problem.details.is_empty() {
            writeln!(self.out)?;
            let details = if self.screen.is_coloured {
                let lines: Vec<String> = problem
                    .details
                    .lines()
                    .map(|line| self.compiler(line))
                    .collect();
                lines.join("\n")
            } else {
                problem.details.clone()
            };
            self.indented("  ", &details, DETAILS)?;
            writeln!(self.out)?;
        }
        self.labelled("help:", &format!("  help: {}", problem.help))
    }

    /// Writes a text with its label in bold.
    fn labelled(&mut self, label: &str, text: &str) -> io::Result<()> {
        let bold = self.styled(Style::Bold, label);
        let text = self.screen.fold(text).replacen(label, &bold, 1);
        writeln!(self.out, "{text}")
    }

    /// A line of the compiler's, for a terminal: where it names a place in a file (`--> src/lib.rs:14:5`), that is a link
    /// to the file.
    fn compiler(&self, line: &str) -> String {
        let text = line.trim_start();
        if text.starts_with("error") {
            return self.styled(Style::Bad, line);
        }
        let place = text
            .strip_prefix("--> ")
            .or_else(|| text.strip_prefix("::: "));
        let file = place.and_then(|place| Some(place.rsplitn(3, ':').nth(2)?.to_owned()));
        // One of an archive is gone by now.
        let file = file
            .and_then(|file| path::absolute(file).ok())
            .filter(|file| file.is_file());
        match (place, file) {
            (Some(place), Some(file)) => {
                let before = &line[..line.len() - place.len()];
                let address = address(file.as_os_str().as_encoded_bytes());
                format!("{before}\x1b]8;;{address}\x1b\\{place}\x1b]8;;\x1b\\")
            }
            _ => line.to_owned(),
        }
    }

    /// The hint of the first required check that fails.
    fn hint(&mut self, task: &Task) -> io::Result<()> {
        let hint = task.checks.iter().find_map(|check| match &check.verdict {
            Verdict::Failed { hint, .. } if check.is_required && !hint.is_empty() => {
                Some((check, hint))
            }
            _ => None,
        });
        let Some((check, hint)) = hint else {
            return Ok(());
        };
        let about = format!("({}: {})", task.task, sentence(check));
        writeln!(self.out)?;
        self.labelled("hint:", &format!("hint: {hint} {about}"))
    }

    fn indented(&mut self, indent: &str, text: &str, most: usize) -> io::Result<()> {
        for line in text.lines().take(most) {
            let line = self.screen.fold(&format!("{indent}{line}"));
            writeln!(self.out, "{}", line.trim_end())?;
        }
        match text.lines().count().saturating_sub(most) {
            0 => Ok(()),
            1 => writeln!(self.out, "{indent}… and 1 more line"),
            more => writeln!(self.out, "{indent}… and {more} more lines"),
        }
    }
}

/// A file's URL.
fn address(path: &[u8]) -> String {
    let mut address = String::from("file://");
    for byte in path {
        if byte.is_ascii_alphanumeric() || b"/-_.~".contains(byte) {
            address.push(char::from(*byte));
        } else {
            address.push_str(&format!("%{byte:02X}"));
        }
    }
    address
}

/// Draws the share of the required checks that passed, as a bar.
fn bar(task: &Task) -> String {
    let required = count(std::slice::from_ref(task), true);
    let full = required.passed * BAR / required.of.max(1);
    "█".repeat(full) + &"░".repeat(BAR - full)
}

fn summary(task: &Task) -> String {
    let tasks = std::slice::from_ref(task);
    let (required, extras) = (count(tasks, true), count(tasks, false));
    let mut summary = format!(
        "{} of {} required checks passed",
        required.passed, required.of
    );
    if extras.of > 0 {
        summary.push_str(&format!(", {} of {} extras", extras.passed, extras.of));
    }
    summary
}

fn last_lines(text: &str, most: usize) -> &str {
    let mut starts = text.rmatch_indices('\n').map(|(index, _)| index + 1);
    // One line feed fewer than lines.
    starts.nth(most - 1).map_or(text, |start| &text[start..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_drawing_below_a_check_fits_on_a_terminal_of_80_columns() {
        assert!(BELOW_THAT.len() + recorder::timeline::text::MESSAGE_WIDTH <= 80);
    }
}
