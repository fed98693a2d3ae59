//! What a command is about: the crates that are named on the command line, and the tasks that they are of.

use std::path::{Path, PathBuf};

use checker::bubblewrap;
use checker::find::{Found, find_tasks};
use checker::outcome::{Problem, Whose};
use checker::sandbox::Sandbox;
use checker::task::{TASKS, Task};

/// A crate, and the task that it is of.
pub struct Subject {
    pub task: Task,
    pub folder: PathBuf,
}

/// The crates in these folders, or of this workspace where a task's name is given; where nothing is given, all of its
/// tasks.
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

fn missing(name: &Path) -> Problem {
    Problem {
        whose: Whose::YourMachine,
        message: format!(
            "there is no folder {}, and no task of that name",
            name.display()
        ),
        details: String::new(),
        help: format!(
            "name the folder of a crate, or a task: {}",
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

    /// The name that stands for it on the command line.
    pub fn name(&self) -> String {
        if self.folder == self.task.path() {
            return self.task.folder.to_owned();
        }
        self.folder.display().to_string()
    }

    /// Whether it is the task as this workspace has it.
    pub fn is_ours(&self) -> bool {
        let real = |path: &Path| path.canonicalize().ok();
        real(&self.folder) == real(&self.task.path())
    }
}

/// The sandbox around one's own code: it may see all, and leaves no process behind where that can be had.
pub fn own_code() -> Sandbox {
    bubblewrap::find().map_or(Sandbox::None, |bwrap| Sandbox::PidNamespace { bwrap })
}
