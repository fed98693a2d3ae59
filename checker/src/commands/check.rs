//! `checker check`: checks once, and says what to do next.

use std::env;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::thread::available_parallelism;

use checker::hint::changed_signatures;
use checker::judge::{Extras, Judge};
use checker::outcome::{Submission, Task, Verdict};
use checker::progress::Progress;
use checker::reference::Tasks;
use checker::results::Results;
use checker::task::TASKS;

use super::page::{self, Bar, FormatOption};
use super::shell::{program, quoted};
use super::subject::{Subject, own_code, subjects};
use super::{Outcome, stop};

/// Check your code once, show the first check that fails, and say what to do next
#[derive(clap::Args)]
pub struct Arguments {
    /// Folders with your code, or names of tasks in this repository [default: all tasks in this repository]
    #[arg(value_name = "DIR|TASK")]
    crates: Vec<PathBuf>,
    /// Run and show every check and extra, not only the first check that fails
    #[arg(long)]
    all: bool,
    /// Do not run the extras (optional checks, which run when every required check passes and never count as failures)
    #[arg(long)]
    required_only: bool,
    /// Format of the result
    #[arg(long, value_enum, default_value_t = FormatOption::Text)]
    format: FormatOption,
}

impl Default for Arguments {
    fn default() -> Arguments {
        Arguments {
            crates: Vec::new(),
            all: false,
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
            extras: extras(self.all, self.required_only),
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
        if self.format != FormatOption::Text || self.all {
            let results = Results::of(vec![submission.clone()]);
            page::print(&results.into(), self.format)?;
        } else {
            page::print_first(&submission)?;
        }
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

/// Checks a crate with a progress bar, and saves how many checks passed.
pub fn check(judge: &Judge, tasks: &Tasks, subject: &Subject) -> Task {
    let task = judged(judge, tasks, subject);
    if stop::asked().is_none() && !subject.is_ours() {
        // Without it, `checker status` says that the task was not checked yet.
        let _ = Progress::of(&task).save(&subject.folder);
    }
    task
}

fn judged(judge: &Judge, tasks: &Tasks, subject: &Subject) -> Task {
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
            files: None,
            extras_problem: None,
        },
    }
}

/// Returns when the extras run.
fn extras(all: bool, required_only: bool) -> Extras {
    match (all, required_only) {
        (_, true) => Extras::Never,
        (true, false) => Extras::Always,
        (false, false) => Extras::AfterRequired,
    }
}

/// Says what to do next.
fn next(subjects: &[Subject], judged: &[Task]) -> String {
    let command = program();
    let failed = subjects
        .iter()
        .zip(judged)
        .find(|(_, task)| !task.is_passed());
    if let Some((subject, task)) = failed {
        let name = quoted(Path::new(&subject.name()));
        if task.problem.is_some() {
            let changed = changed_signatures(subject.task, &subject.folder);
            let changed = match changed.as_str() {
                "" => String::new(),
                changed => format!(
                    "the checks call these functions as the task declares them:{changed}\n\n"
                ),
            };
            return format!(
                "{changed}next: fix this, then check again:\n  {command} check {name}\n\
                 stuck? ask for a hint:\n  {command} hint {name}"
            );
        }
        let again = again(subject, task).unwrap_or_default();
        return format!(
            "{again}next: change src/lib.rs, then check again, or at every save:\n  {command} check {name}\n  \
             {command} watch {name}\n\
             more hints:\n  {command} hint {name}"
        );
    }
    let done = subjects.iter().zip(judged);
    let done: String = done
        .map(|(subject, task)| done_with(subject, task))
        .collect();
    let next = match subjects.last() {
        Some(subject) if !subject.is_ours() => match task_after(subject) {
            Some(next) => next,
            None => {
                "that was the last task. Compare your code with the solution in this repository."
                    .to_owned()
            }
        },
        _ => format!(
            "start a task yourself:\n  {command} start {} DIR",
            TASKS[0].folder
        ),
    };
    format!("{done}next: {next}")
}

/// Says that a task is done, and how many of its extras pass.
pub fn done_with(subject: &Subject, judged: &Task) -> String {
    let count = |is_required: bool| {
        let checks = judged.checks.iter();
        let checks = checks.filter(|check| check.is_required == is_required);
        checks.fold((0, 0), |(passed, of), check| {
            (
                passed + usize::from(check.verdict == Verdict::Passed),
                of + 1,
            )
        })
    };
    let (_, required) = count(true);
    let mut text = format!(
        "{} is done: all {required} required checks pass.\n",
        judged.task
    );
    match count(false) {
        // The report says why they did not run.
        (_, 0) if subject.is_ours() || judged.extras_problem.is_some() => {}
        (_, 0) => {
            let name = subject.name();
            let name = quoted(Path::new(&name));
            text += &format!(
                "To run its extras (optional checks):\n  {} check {name}\n",
                program()
            );
        }
        (passed, of) if passed == of => text += &format!("All {of} extras pass as well.\n"),
        (passed, of) => {
            let name = subject.name();
            let name = quoted(Path::new(&name));
            text += &format!(
                "{passed} of {of} extras (optional checks) pass; to see the others:\n  {} check {name} --all\n",
                program()
            );
        }
    }
    text
}

/// Returns how to start or continue the task after this one.
pub fn task_after(subject: &Subject) -> Option<String> {
    let mut later = TASKS.iter().skip_while(|task| **task != subject.task);
    let task = later.nth(1)?;
    let (command, beside) = (program(), beside(&subject.folder));
    let started = beside.join(task.folder);
    Some(if started.exists() {
        format!(
            "go on with {}:\n  {command} watch {}",
            task.folder,
            quoted(&started)
        )
    } else {
        format!(
            "start the next task:\n  {command} start {} {}",
            task.folder,
            quoted(&beside)
        )
    })
}

/// Returns how to run the first failing check alone, in a folder that has the checks.
pub fn again(subject: &Subject, judged: &Task) -> Option<String> {
    let mut checks = judged.checks.iter();
    let first = checks.find(|check| check.is_required && check.verdict != Verdict::Passed)?;
    if !subject.folder.join("tests/checks/main.rs").is_file() {
        return None;
    }
    let is_here = env::current_dir()
        .and_then(|here| Ok(here.canonicalize()? == subject.folder.canonicalize()?))
        .unwrap_or(false);
    let place = if is_here {
        String::new()
    } else {
        format!(", in {}", subject.folder.display())
    };
    Some(format!(
        "to run only this check{place}:\n  cargo test --test checks {}\n",
        first.name
    ))
}

/// The folder that contains a crate's folder, for `.` and a bare name as well.
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
    fn the_next_task_starts_beside_this_one() {
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
