//! Cleans text that a submission influenced: shortens it, and removes escape sequences and characters that XML, a terminal
//! or a spreadsheet would misinterpret.

use recorder::timeline::{End, Timeline};
use shared::terminal::printable_lines;

use crate::outcome::{Check, Problem, Submission, Task, Verdict};

/// The maximum length of a text of one line, in bytes.
pub(crate) const LINE: usize = 500;
/// The maximum length of a check's message, in bytes.
const MESSAGE: usize = 4 << 10;
/// The maximum length of output, in bytes. The compiler's output keeps its beginning, the submission's its end.
const OUTPUT: usize = 16 << 10;

/// Returns a copy of a submission in which every text is clean.
pub(super) fn submission(submission: &Submission) -> Submission {
    Submission {
        name: line(&submission.name, LINE),
        tasks: submission.tasks.iter().map(task).collect(),
        problem: submission.problem.as_ref().map(problem),
    }
}

fn task(task: &Task) -> Task {
    Task {
        task: line(&task.task, LINE),
        checks: task.checks.iter().map(check).collect(),
        problem: task.problem.as_ref().map(problem),
        files: task.files.as_ref().map(|files| line(files, LINE)),
        extras_problem: task.extras_problem.as_ref().map(|why| line(why, LINE)),
    }
}

fn problem(problem: &Problem) -> Problem {
    Problem {
        whose: problem.whose,
        message: line(&problem.message, LINE),
        details: beginning(&problem.details, OUTPUT),
        help: line(&problem.help, LINE),
    }
}

fn check(check: &Check) -> Check {
    let verdict = match &check.verdict {
        Verdict::Passed => Verdict::Passed,
        Verdict::Failed {
            message,
            saw,
            hint,
            timeline,
        } => Verdict::Failed {
            message: beginning(message, MESSAGE),
            saw: beginning(saw, MESSAGE),
            hint: beginning(hint, MESSAGE),
            timeline: timeline.as_deref().map(self::timeline).map(Box::new),
        },
        Verdict::TimedOut { output } => Verdict::TimedOut {
            output: end(output, OUTPUT),
        },
        Verdict::Crashed { how, output } => Verdict::Crashed {
            how: line(how, LINE),
            output: end(output, OUTPUT),
        },
    };
    Check {
        name: line(&check.name, LINE),
        is_required: check.is_required,
        verdict,
        took: check.took,
    }
}

/// Returns a timeline in which every text is clean.
fn timeline(timeline: &Timeline) -> Timeline {
    let mut timeline = timeline.clone();
    let statements = timeline
        .connections
        .iter_mut()
        .flat_map(|connection| &mut connection.statements);
    for statement in statements {
        for text in [&mut statement.sql, &mut statement.expanded] {
            *text = beginning(text, MESSAGE);
        }
        if let Some((_, End::Failed(message) | End::Refused(message))) = &mut statement.ended {
            *message = line(message, LINE);
        }
    }
    timeline
}

/// Returns the text as one line: line feeds and tabs become spaces.
pub(crate) fn line(text: &str, most: usize) -> String {
    // The text may be a gigabyte, so text far beyond the limit is cut off first.
    let text = printable(head(text, 8 * most));
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let kept = head(&text, most);
    if kept.len() < text.len() {
        format!("{kept}…")
    } else {
        text
    }
}

/// Returns the beginning of a text.
pub(super) fn beginning(text: &str, most: usize) -> String {
    let clean = printable(head(text, 8 * most));
    let kept = head(&clean, most);
    if kept.len() == clean.len() && text.len() <= 8 * most {
        return clean.trim_end().to_owned();
    }
    format!(
        "{}\n[the rest is left out: it was {} bytes]",
        kept.trim_end(),
        text.len()
    )
}

/// Returns the end of a text.
fn end(text: &str, most: usize) -> String {
    let clean = printable(tail(text, 8 * most));
    let kept = tail(&clean, most);
    if kept.len() == clean.len() && text.len() <= 8 * most {
        return clean.trim_end().to_owned();
    }
    format!(
        "[the beginning is left out: it was {} bytes]\n{}",
        text.len(),
        kept.trim_end()
    )
}

fn head(text: &str, most: usize) -> &str {
    &text[..text.floor_char_boundary(most)]
}

fn tail(text: &str, most: usize) -> &str {
    &text[text.ceil_char_boundary(text.len().saturating_sub(most))..]
}

/// Returns the text without escape sequences, such as the compiler's colours. Other characters that must not reach a
/// terminal are escaped. A carriage return, which a progress bar uses to redraw its line, ends a line.
fn printable(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        match c {
            '\r' if rest.as_str().starts_with('\n') => {}
            '\r' => clean.push('\n'),
            '\x1b' | '\u{90}' | '\u{98}' | '\u{9b}' | '\u{9d}'..='\u{9f}' => {
                skip_sequence(c, &mut rest)
            }
            c => clean.push(c),
        }
    }
    printable_lines(&clean)
}

/// Skips the rest of an escape sequence (ECMA-48) after its first character. An unterminated sequence ends with its line, so
/// that it does not hide the text after it.
fn skip_sequence(first: char, rest: &mut std::str::Chars<'_>) {
    let kind = match first {
        '\x1b' => match take(rest, |c| !c.is_control()) {
            Some(c) => c,
            None => return,
        },
        // The same sequences in one character.
        c => char::from(c as u8 - 0x40),
    };
    match kind {
        // A control sequence: parameters, then a letter.
        '[' => {
            while take(rest, |c| matches!(c, ' '..='?')).is_some() {}
            take(rest, |c| matches!(c, '@'..='~'));
        }
        // A string for the terminal, such as a title or a link.
        'P' | 'X' | ']' | '^' | '_' => {
            while take(rest, |c| !c.is_control()).is_some() {}
            if take(rest, |c| matches!(c, '\x07' | '\u{9c}')).is_none()
                && rest.as_str().starts_with("\x1b\\")
            {
                rest.next();
                rest.next();
            }
        }
        // A selection of a character set, for example.
        ' '..='/' => {
            take(rest, |c| matches!(c, '0'..='~'));
        }
        _ => {}
    }
}

/// Reads the next character if `is_it` accepts it.
fn take(rest: &mut std::str::Chars<'_>, is_it: impl Fn(char) -> bool) -> Option<char> {
    let next = rest.clone().next().filter(|c| is_it(*c))?;
    rest.next();
    Some(next)
}
