//! `checker hint`: the next hint for the first check that fails.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::slice;
use std::thread::available_parallelism;

use checker::hint::{hints, hints_to_compile};
use checker::judge::{Extras, Judge};
use checker::outcome::{Submission, Verdict, Whose};
use checker::progress::file_of;
use checker::reference::Tasks;
use checker::report;
use serde::{Deserialize, Serialize};

use super::check::check;
use super::page;
use super::shell::{program, quoted};
use super::subject::{Subject, own_code, subjects};
use super::{Failure, Outcome, stop};

/// Show a hint for the first check that fails, or for code that does not compile; a more direct one each time
#[derive(clap::Args)]
pub struct Arguments {
    /// The folder with your code, or the name of a task in this repository
    #[arg(value_name = "DIR|TASK")]
    folder: PathBuf,
    /// Start again from the first hint
    #[arg(long)]
    again: bool,
}

/// The number of hints that were given, and for which check or which problem.
#[derive(Default, Serialize, Deserialize)]
struct Given {
    check: String,
    hints: usize,
}

impl Arguments {
    pub fn run(self) -> Outcome {
        let judge = Judge {
            sandbox: own_code(),
            extras: Extras::Never,
            at_once: available_parallelism()?,
            is_quick: true,
            stays: None,
        };
        let tasks = Tasks::default();
        for subject in subjects(slice::from_ref(&self.folder))? {
            let mut judged = check(&judge, &tasks, &subject);
            if let Some(status) = stop::asked() {
                return Ok(status);
            }
            if let Some(problem) = &judged.problem {
                if problem.whose == Whose::YourCode && problem.details.contains(".rs:") {
                    let name = quoted(Path::new(&subject.name()));
                    let about = format!(
                        "{} (`{} check {name}` shows the errors)",
                        problem.message,
                        program()
                    );
                    let hints = hints_to_compile(subject.task, &subject.folder);
                    self.give(&subject, &problem.message, &about, &hints)?;
                } else {
                    let name = judged.task.clone();
                    page::print_first(&Submission {
                        name,
                        tasks: vec![judged],
                        problem: None,
                    })?;
                }
                return Ok(ExitCode::FAILURE);
            }
            judged
                .checks
                .retain(|check| check.verdict != Verdict::Passed);
            if let Some(first) = judged.checks.first() {
                let about = report::sentence(first);
                self.give(&subject, &first.name, &about, &hints(subject.task, first))?;
                return Ok(ExitCode::FAILURE);
            }
        }
        page::say("every required check passes: no hint is needed")?;
        Ok(ExitCode::SUCCESS)
    }

    /// Prints the hint after the last one that was given for `what`, and saves which one it was.
    fn give(
        &self,
        subject: &Subject,
        what: &str,
        about: &str,
        hints: &[String],
    ) -> Result<(), Failure> {
        let state = file_of("hints", &subject.folder)?;
        let given = fs::read(&state)
            .ok()
            .and_then(|text| serde_json::from_slice(&text).ok());
        let given = given.filter(|given: &Given| given.check == what && !self.again);
        let number = given.map_or(0, |given| given.hints).min(hints.len() - 1);
        page::explain(&format!(
            "{}: {about}\n\nhint {} of {}: {}",
            subject.task.folder,
            number + 1,
            hints.len(),
            hints[number]
        ))?;
        let given = Given {
            check: what.to_owned(),
            hints: number + 1,
        };
        fs::write(state, serde_json::to_vec(&given)?)?;
        Ok(())
    }
}
