//! The results of checking.

use std::fmt;
use std::time::Duration;

use recorder::timeline::Timeline;
use serde::{Deserialize, Serialize};

/// A submission, and the results of each task in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Submission {
    /// Its name: the name of its folder or archive.
    pub name: String,
    /// Its tasks, in the order of the tasks.
    pub tasks: Vec<Task>,
    /// Why it could not be opened: an archive that cannot be unpacked, or a folder without a task.
    pub problem: Option<Problem>,
}

/// A task of a submission, and its results.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Task {
    /// The task's folder in the workspace, such as `2-concurrent`.
    pub task: String,
    /// The results of the checks. It is empty if there is a problem.
    pub checks: Vec<Check>,
    /// Why the checks could not run.
    pub problem: Option<Problem>,
    /// The version of its files: a hash of their names and contents. `None` if they could not be read, or the crate is
    /// not graded but checked.
    pub files: Option<String>,
    /// Why the extras did not run although they were wanted, in one line: they do not compile with the submission. It
    /// changes no verdict.
    pub extras_problem: Option<String>,
}

/// Why something could not be checked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// The party whose problem it is.
    pub whose: Whose,
    /// A message of one line.
    pub message: String,
    /// More details, such as the compiler's errors. May be empty.
    pub details: String,
    /// Advice.
    pub help: String,
}

/// The party whose problem something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Whose {
    /// The problem is in the code that is checked, for example it does not compile.
    YourCode,
    /// The problem is in the machine, for example no MariaDB is installed or the disk is full.
    YourMachine,
    /// The problem is in this program.
    OurBug,
}

/// A check, and its result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// Its name, a sentence in snake case.
    pub name: String,
    /// True if the task requires it. Otherwise it is an extra, which is reported and never fails a submission.
    pub is_required: bool,
    /// Its verdict.
    pub verdict: Verdict,
    /// The time that it took.
    pub took: Duration,
}

/// The verdict of a check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "verdict")]
pub enum Verdict {
    /// It ran to its end and printed its token.
    Passed,
    /// It failed.
    Failed {
        /// The expectation, and what was found.
        message: String,
        /// The recorder's timeline, a small one. May be empty.
        saw: String,
        /// The check's hint.
        hint: String,
        /// The recorder's timeline, to draw. `None` if the check records none or it is too long.
        #[serde(default)]
        timeline: Option<Box<Timeline>>,
    },
    /// It did not end within its time limit.
    TimedOut {
        /// The end of its output.
        output: String,
    },
    /// Its process ended before the check printed its token.
    Crashed {
        /// The end of its process: a signal, an exit status, or a limit.
        how: String,
        /// The end of its output.
        output: String,
    },
}

impl Task {
    /// Returns whether every required check passed.
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

/// The maximum length of a text, in bytes. A class of 900 stays in memory until its report is written.
const LONGEST_TEXT: usize = 64 << 10;

impl Task {
    /// Cuts every text that a submission can make long. Output keeps its end, other texts keep their beginning.
    pub(crate) fn cap(&mut self) {
        if let Some(problem) = &mut self.problem {
            cap(&mut problem.details);
        }
        self.extras_problem.iter_mut().for_each(cap);
        for check in &mut self.checks {
            match &mut check.verdict {
                Verdict::Passed => {}
                Verdict::Failed {
                    message,
                    saw,
                    hint,
                    timeline,
                } => {
                    [message, saw, hint].into_iter().for_each(cap);
                    *timeline = timeline.take().filter(|timeline| can_be_drawn(timeline));
                }
                Verdict::TimedOut { output } | Verdict::Crashed { output, .. } => {
                    let from = output.ceil_char_boundary(output.len().saturating_sub(LONGEST_TEXT));
                    output.drain(..from);
                }
            }
        }
    }
}

/// The maximum length of a timeline, in bytes of JSON, and the end of its times.
const LONGEST_TIMELINE: usize = 16 << 10;
const LATEST: Duration = Duration::from_secs(24 * 60 * 60);

/// Returns whether a timeline can be drawn: it is short, and its times follow each other. A check's report comes from the
/// process of a submission, so the timeline may hold anything.
fn can_be_drawn(timeline: &Timeline) -> bool {
    let is_short = serde_json::to_vec(timeline).is_ok_and(|json| json.len() <= LONGEST_TIMELINE);
    is_short
        && timeline.watched <= LATEST
        && timeline.connections.iter().all(|connection| {
            let closing = connection.closing.unwrap_or(connection.opened);
            let closed = connection.closed.unwrap_or(closing);
            let is_ordered = connection.opened <= closing && closing <= closed && closed <= LATEST;
            let mut statements = connection.statements.iter();
            is_ordered
                && connection
                    .statements
                    .is_sorted_by_key(|statement| statement.begun)
                && statements.all(|statement| {
                    statement.begun <= LATEST
                        && statement
                            .ended
                            .as_ref()
                            .is_none_or(|(at, _)| statement.begun <= *at && *at <= LATEST)
                })
        })
}

fn cap(text: &mut String) {
    let length = text.len();
    if length > LONGEST_TEXT {
        text.truncate(text.floor_char_boundary(LONGEST_TEXT));
        text.push_str(&format!("\n[cut here: it was {length} bytes]"));
    }
}

impl Submission {
    /// Returns its problems, and the task of each, if it has one.
    pub fn problems(&self) -> impl Iterator<Item = (Option<&Task>, &Problem)> {
        let of_tasks = self
            .tasks
            .iter()
            .filter_map(|task| Some((Some(task), task.problem.as_ref()?)));
        self.problem
            .iter()
            .map(|problem| (None, problem))
            .chain(of_tasks)
    }

    /// Returns whether every task of it has a verdict. Code that does not compile has one.
    pub fn has_a_verdict(&self) -> bool {
        self.problems()
            .all(|(_, problem)| problem.whose == Whose::YourCode)
    }

    /// Returns whether it has a task, and every required check of each task passed.
    pub fn is_passed(&self) -> bool {
        self.problem.is_none() && !self.tasks.is_empty() && self.tasks.iter().all(Task::is_passed)
    }
}

impl Problem {
    /// Returns the compiler's first error, or else the message.
    pub(crate) fn first_error(&self) -> &str {
        let mut lines = self.details.lines();
        let first = lines.find(|line| line.starts_with("error"));
        first.unwrap_or(&self.message)
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
    /// Returns the problem of a submission with code that would run while it is compiled.
    pub(crate) fn build_script() -> Problem {
        Problem {
            whose: Whose::YourCode,
            message: "it has a build script or is a procedural macro, and neither runs here".to_owned(),
            details: String::new(),
            help: "remove `build.rs`, and remove `build` and `proc-macro` from Cargo.toml: no exercise needs them"
                .to_owned(),
        }
    }

    /// Returns the problem of a submission without a library.
    pub(crate) fn no_library() -> Problem {
        Problem {
            whose: Whose::YourCode,
            message: "there is no src/lib.rs".to_owned(),
            details: String::new(),
            help: "write the solution into src/lib.rs, with the names that the task asks for"
                .to_owned(),
        }
    }

    /// Returns the problem for an error that should be impossible.
    pub(crate) fn our_bug(doing: &str, error: &dyn std::fmt::Display) -> Problem {
        Problem {
            whose: Whose::OurBug,
            message: format!("cannot {doing}: {error}"),
            details: String::new(),
            help: "report it, with the command and this message".to_owned(),
        }
    }
}
