//! What came of checking.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A submission, and what came of each task in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Submission {
    /// Its name: that of its folder or archive.
    pub name: String,
    /// What it has of each task, in the order of the tasks.
    pub tasks: Vec<Task>,
    /// Why it could not be looked into at all: an archive that cannot be unpacked, a folder without a task.
    pub problem: Option<Problem>,
}

/// A task, and what came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Task {
    /// The task's folder in the workspace, such as `2-concurrent`.
    pub task: String,
    /// What became of each check; empty where there is a problem.
    pub checks: Vec<Check>,
    /// Why the checks could not be run.
    pub problem: Option<Problem>,
}

/// Why something could not be checked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// Whose problem it is.
    pub whose: Whose,
    /// One line that says what happened.
    pub message: String,
    /// The rest: the compiler's errors, for example. May be empty.
    pub details: String,
    /// What to do about it.
    pub help: String,
}

/// Whose problem something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Whose {
    /// The code that is checked: it does not compile, it has no such task.
    YourCode,
    /// The machine: no MariaDB, no room on the disk, no crate in the cache.
    YourMachine,
    /// This program.
    OurBug,
}

/// A check, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// Its name, a sentence in snake case.
    pub name: String,
    /// Whether the task asks for it; else it is an extra, which is reported and fails nobody.
    pub is_required: bool,
    /// What became of it.
    pub verdict: Verdict,
    /// How long it took.
    pub took: Duration,
}

/// What became of a check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "verdict")]
pub enum Verdict {
    /// It ran to its end, and printed its token.
    Passed,
    /// It failed.
    Failed {
        /// What was expected and found.
        message: String,
        /// What the recorder saw, a small timeline; may be empty.
        saw: String,
        /// The check's hint.
        hint: String,
    },
    /// It did not end within its time.
    TimedOut {
        /// What it had printed, its end.
        output: String,
    },
    /// Its process ended, and the check did not print its token.
    Crashed {
        /// How: by which signal, with which status, or out of memory.
        how: String,
        /// What it had printed, its end.
        output: String,
    },
}

impl Task {
    /// Whether every required check passed.
    pub fn is_passed(&self) -> bool {
        let mut required = self
            .checks
            .iter()
            .filter(|check| check.is_required)
            .peekable();
        self.problem.is_none()
            && required.peek().is_some()
            && required.all(|check| check.verdict == Verdict::Passed)
    }
}

/// The most of a text that is kept, in bytes: a class of 900 stays in memory until its report is written.
const LONGEST_TEXT: usize = 64 << 10;

impl Task {
    /// Cuts every text that a submission can make long: of what was printed the end stays, of all others the beginning.
    pub(crate) fn cap(&mut self) {
        if let Some(problem) = &mut self.problem {
            cap(&mut problem.details);
        }
        for check in &mut self.checks {
            match &mut check.verdict {
                Verdict::Passed => {}
                Verdict::Failed { message, saw, hint } => {
                    [message, saw, hint].into_iter().for_each(cap)
                }
                Verdict::TimedOut { output } | Verdict::Crashed { output, .. } => {
                    let from = output.ceil_char_boundary(output.len().saturating_sub(LONGEST_TEXT));
                    output.drain(..from);
                }
            }
        }
    }
}

fn cap(text: &mut String) {
    let length = text.len();
    if length > LONGEST_TEXT {
        text.truncate(text.floor_char_boundary(LONGEST_TEXT));
        text.push_str(&format!("\n[cut here: it was {length} bytes]"));
    }
}

impl Submission {
    /// Whether it has a task, and every required check of each passed.
    pub fn is_passed(&self) -> bool {
        self.problem.is_none() && !self.tasks.is_empty() && self.tasks.iter().all(Task::is_passed)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.message)?;
        if !self.details.is_empty() {
            write!(f, "\n{}", self.details.trim_end())?;
        }
        write!(f, "\nhelp: {}", self.help)
    }
}

impl std::error::Error for Problem {}

impl Problem {
    /// Code of the submission's that would run while it is compiled.
    pub(crate) fn build_script() -> Problem {
        Problem {
            whose: Whose::YourCode,
            message: "it has a build script or is a procedural macro, which is not run here".to_owned(),
            details: String::new(),
            help: "remove `build.rs`, and `build` and `proc-macro` from Cargo.toml: no exercise needs them"
                .to_owned(),
        }
    }

    /// No library, whatever its manifest says.
    pub(crate) fn no_library() -> Problem {
        Problem {
            whose: Whose::YourCode,
            message: "there is no src/lib.rs".to_owned(),
            details: String::new(),
            help: "write the solution into src/lib.rs, under the names that the task asks for"
                .to_owned(),
        }
    }

    /// Something that cannot happen, and has.
    pub(crate) fn our_bug(doing: &str, error: &dyn std::fmt::Display) -> Problem {
        Problem {
            whose: Whose::OurBug,
            message: format!("cannot {doing}: {error}"),
            details: String::new(),
            help: "report it, with the command and this message".to_owned(),
        }
    }
}
