//! `checker check`: the verdict.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::thread::available_parallelism;

use checker::judge::Judge;
use checker::outcome::{Submission, Task};
use checker::reference::Tasks;
use checker::task::TASKS;

use super::page::{self, Bar, FormatOption};
use super::shell::{program, quoted};
use super::subject::{Subject, own_code, subjects};
use super::{Outcome, stop};

/// Check crates: build each with the reference's checks, run them, and say what to do next
#[derive(clap::Args)]
pub struct Arguments {
    /// The folder of a crate, or of several; or a task's name, for that of this workspace [default: all of its tasks]
    #[arg(value_name = "DIR|TASK")]
    crates: Vec<PathBuf>,
    /// Leave out the extras, which are reported and fail nobody
    #[arg(long)]
    required_only: bool,
    /// How the verdict is printed
    #[arg(long, value_enum, default_value_t = FormatOption::Text)]
    format: FormatOption,
}

impl Default for Arguments {
    fn default() -> Arguments {
        Arguments {
            crates: Vec::new(),
            required_only: true,
            format: FormatOption::Text,
        }
    }
}

impl Arguments {
    pub fn run(self) -> Outcome {
        let subjects = subjects(&self.crates)?;
        let judge = Judge {
            sandbox: own_code(),
            with_extras: !self.required_only,
            at_once: available_parallelism()?,
            is_quick: false,
            stays: None,
        };
        let tasks = Tasks::default();
        let mut judged = Vec::new();
        for subject in &subjects {
            judged.push(check(&judge, &tasks, subject));
            if let Some(status) = stop::asked() {
                return Ok(status);
            }
        }
        let is_passed = judged.iter().all(Task::is_passed);
        let submission = Submission {
            name: "check".to_owned(),
            tasks: judged,
            problem: None,
        };
        page::print(std::slice::from_ref(&submission), self.format)?;
        if self.format == FormatOption::Text {
            page::say(&format!("\n{}", next(&subjects, &submission.tasks)))?;
        }
        Ok(if is_passed {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        })
    }
}

/// Judges a crate, with a bar meanwhile.
pub fn check(judge: &Judge, tasks: &Tasks, subject: &Subject) -> Task {
    let waiting = Bar::waiting(&format!("building the checks of {}", subject.task.folder));
    let reference = tasks.reference(subject.task);
    drop(waiting);
    match reference {
        Ok(reference) => {
            let bar = Bar::new(&format!("checking {}", subject.name()));
            judge.judge(reference, &subject.folder, &|done, of| bar.set(done, of))
        }
        Err(problem) => Task {
            task: subject.task.folder.to_owned(),
            checks: Vec::new(),
            problem: Some(problem),
        },
    }
}

/// What to do next.
fn next(subjects: &[Subject], judged: &[Task]) -> String {
    let command = program();
    let failed = subjects
        .iter()
        .zip(judged)
        .find(|(_, task)| !task.is_passed());
    if let Some((subject, task)) = failed {
        let name = quoted(Path::new(&subject.name()));
        return match &task.problem {
            Some(_) => format!("next: mend that, then: {command} check {name}"),
            None => format!(
                "next: {command} hint {name}     # one more hint each time\n      \
                 {command} watch {name}    # checks again at each save"
            ),
        };
    }
    match subjects.last() {
        Some(subject) if !subject.is_ours() => {
            let mut later = TASKS.iter().skip_while(|task| **task != subject.task);
            match later.nth(1) {
                Some(task) => {
                    let beside = beside(&subject.folder);
                    let begun = beside.join(task.folder);
                    if begun.exists() {
                        format!("next: {command} watch {}", quoted(&begun))
                    } else {
                        format!("next: {command} start {} {}", task.folder, quoted(&beside))
                    }
                }
                None => "that was the last task: compare yours with the one of this workspace"
                    .to_owned(),
            }
        }
        _ => format!(
            "next: {command} start {} DIR    # an exercise to do yourself",
            TASKS[0].folder
        ),
    }
}

/// The folder in which a crate's folder lies, also where that is `.` or a name alone.
fn beside(folder: &Path) -> PathBuf {
    match folder.parent() {
        _ if folder.file_name().is_none() => folder.join(".."),
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_task_goes_where_this_one_lies() {
        for (folder, expected) in [
            ("my/0-databaseconnection", "my"),
            ("0-databaseconnection", "."),
            (".", "./.."),
            ("..", "../.."),
        ] {
            assert_eq!(beside(Path::new(folder)), Path::new(expected), "{folder}");
        }
    }
}
