//! `checker status`: where the student stands.

use std::env;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use checker::find::find_tasks;
use checker::outcome::{Problem, Whose};
use checker::progress::Progress;
use checker::task::{TASKS, workspace};

use super::check::task_after;
use super::shell::{program, quoted};
use super::subject::started;
use super::{Outcome, page};

/// Show how far you are: each task you started, and the result of its last check
#[derive(clap::Args)]
pub struct Arguments {
    /// The folder that contains the tasks you started
    #[arg(value_name = "DIR", default_value = ".")]
    folder: PathBuf,
}

impl Arguments {
    pub fn run(self) -> Outcome {
        let subjects = started(&self.folder)?;
        if subjects.is_empty() {
            return Err(no_tasks(&self.folder).into());
        }
        let mut next = None;
        for subject in &subjects {
            let progress = Progress::read(&subject.folder);
            let (is_done, text) = match &progress {
                None => (false, "not checked yet".to_owned()),
                Some(Progress {
                    problem: Some(problem),
                    ..
                }) => (false, format!("could not be checked: {problem}")),
                Some(Progress { passed, of, .. }) => {
                    let is_done = passed == of;
                    let done = if is_done { "done: " } else { "" };
                    (
                        is_done,
                        format!("{done}{passed} of {of} required checks passed"),
                    )
                }
            };
            page::say(&format!("{:22}{text}", subject.task.folder))?;
            if !is_done && next.is_none() {
                let folder = quoted(&subject.folder);
                next = Some(format!(
                    "go on with {}:\n  {} watch {folder}",
                    subject.task.folder,
                    program()
                ));
            }
        }
        let after = || subjects.last().and_then(task_after);
        match next.or_else(after) {
            Some(next) => page::say(&format!("\nnext: {next}"))?,
            None => page::say("\nEvery task is done.")?,
        }
        Ok(ExitCode::SUCCESS)
    }

    /// The tasks started in the current folder, unless it is this repository.
    pub fn here() -> Option<Arguments> {
        let here = env::current_dir().ok()?;
        let is_theirs = match find_tasks(&here) {
            Ok(_) => !started(&here).ok()?.is_empty(),
            Err(_) => !here.starts_with(workspace()),
        };
        is_theirs.then(|| Arguments {
            folder: PathBuf::from("."),
        })
    }
}

fn no_tasks(folder: &Path) -> Problem {
    Problem {
        whose: Whose::YourMachine,
        message: format!("{} contains no task that you started", folder.display()),
        details: String::new(),
        help: format!(
            "start one: {} start {} {}",
            program(),
            TASKS[0].folder,
            quoted(folder)
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::super::subject::Subject;
    use super::*;

    #[test]
    fn the_tasks_of_this_repository_are_not_started_ones() {
        let of = |folder: &Path| -> Vec<Subject> { started(folder).unwrap_or_default() };
        assert!(of(workspace()).is_empty());
        assert!(of(&TASKS[0].path()).is_empty());
    }
}
