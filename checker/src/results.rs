//! The results of grading a class: the verdicts, and what is needed to join or compare them.

use std::collections::HashSet;
use std::fs;
use std::path::Path;

use crate::outcome::{Problem, Submission, Whose};
use crate::report::json;
use shared::terminal::printable;

/// The results of grading a class, or a part of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Results {
    /// The checks that ran, for each task in the submissions, in the order of the tasks.
    pub checks: Vec<Checks>,
    /// The names of all submissions of the class, in its order: also of those that another machine grades.
    pub class: Vec<String>,
    /// The submissions that were graded, in the order of the class.
    pub submissions: Vec<Submission>,
}

/// The checks of a task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checks {
    /// The task's folder in the workspace, such as `2-concurrent`.
    pub task: String,
    /// A hash of everything that the verdicts depend on, apart from the submission and the machine.
    pub version: String,
    /// The names of the required checks, in the order of the lesson.
    pub required: Vec<String>,
    /// The names of the extras that ran.
    pub extras: Vec<String>,
}

impl Results {
    /// Returns results of which nothing is known but the verdicts.
    pub fn of(submissions: Vec<Submission>) -> Results {
        Results {
            checks: Vec::new(),
            class: submissions.iter().map(|one| one.name.clone()).collect(),
            submissions,
        }
    }

    /// Returns the checks of a task. `None` if no submission has it.
    pub fn checks(&self, task: &str) -> Option<&Checks> {
        self.checks.iter().find(|checks| checks.task == task)
    }

    /// Returns the names of the submissions in the class that were not graded.
    pub fn missing(&self) -> Vec<&str> {
        let graded: HashSet<&str> = self
            .submissions
            .iter()
            .map(|submission| submission.name.as_str())
            .collect();
        let names = self.class.iter().map(String::as_str);
        names.filter(|name| !graded.contains(name)).collect()
    }

    /// Reads a file that `grade --format json` has written.
    ///
    /// # Errors
    ///
    /// If the file cannot be read, is cut off, is not such a file, or was written by another version of this program.
    pub fn read(path: &Path) -> Result<Results, Problem> {
        let text = fs::read(path).map_err(|error| {
            unreadable(
                path,
                &error.to_string(),
                "check the path and its permissions",
            )
        })?;
        json::read(&text).map_err(|(what, help)| unreadable(path, &what, help))
    }
}

fn unreadable(path: &Path, what: &str, help: &str) -> Problem {
    Problem {
        whose: Whose::YourMachine,
        message: format!(
            "cannot read the results in {}: {what}",
            printable(&path.display().to_string())
        ),
        details: String::new(),
        help: help.to_owned(),
    }
}
