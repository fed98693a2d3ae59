//! The crates that a command line names, and their tasks.

use std::path::{Path, PathBuf};

use checker::bubblewrap;
use checker::find::{Found, find_tasks};
use checker::outcome::{Problem, Whose};
use checker::sandbox::Sandbox;
use checker::task::{TASKS, Task};

/// A crate, and its task.
pub struct Subject {
    pub task: Task,
    pub folder: PathBuf,
}

/// Returns the crates in these folders. A task's name stands for the crate in this repository; without names, the result
/// is every task of this repository.
pub fn subjects(names: &[PathBuf]) -> Result<Vec<Subject>, Problem> {
    if names.is_empty() {
        return Ok(TASKS.map(Subject::of_this_workspace).into());
    }
    let mut subjects = Vec::new();
    for name in names {
        match name.to_str().and_then(Task::find) {
            Some(task) if !name.exists() => subjects.push(Subject::of_this_workspace(task)),
            None if !name.exists() => return Err(missing(name)),
            _ => {
                for Found { task, folder } in find_tasks(name)? {
                    subjects.push(Subject {
                        task,
                        folder: folder?,
                    });
                }
            }
        }
    }
    Ok(subjects)
}

/// The tasks in a folder, apart from those of this repository.
pub fn started(folder: &Path) -> Result<Vec<Subject>, Problem> {
    if !folder.is_dir() {
        return Err(missing(folder));
    }
    let found = find_tasks(folder).unwrap_or_default();
    let subjects = found.into_iter().filter_map(|Found { task, folder }| {
        Some(Subject {
            task,
            folder: folder.ok()?,
        })
    });
    Ok(subjects.filter(|subject| !subject.is_ours()).collect())
}

fn missing(name: &Path) -> Problem {
    Problem {
        whose: Whose::YourMachine,
        message: format!(
            "{} is neither a folder nor the name of a task",
            name.display()
        ),
        details: String::new(),
        help: format!(
            "give the folder with your code, or a task of this repository: {}",
            TASKS.map(|task| task.folder).join(", ")
        ),
    }
}

impl Subject {
    fn of_this_workspace(task: Task) -> Subject {
        Subject {
            task,
            folder: task.path(),
        }
    }

    /// Its name on the command line.
    pub fn name(&self) -> String {
        if self.folder == self.task.path() {
            return self.task.folder.to_owned();
        }
        self.folder.display().to_string()
    }

    /// Returns whether it is a crate of this repository.
    pub fn is_ours(&self) -> bool {
        let real = |path: &Path| path.canonicalize().ok();
        real(&self.folder) == real(&self.task.path())
    }
}

/// Returns the sandbox for a student's code on their machine: it sees every file, and leaves no process behind if bubblewrap is
/// installed.
pub fn own_code() -> Sandbox {
    bubblewrap::find().map_or(Sandbox::None, |bwrap| Sandbox::PidNamespace { bwrap })
}
