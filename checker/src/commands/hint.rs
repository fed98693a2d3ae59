//! `checker hint`: one more hint for the first check that fails.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::slice;
use std::thread::available_parallelism;

use checker::hint::hints;
use checker::judge::Judge;
use checker::outcome::{Check, Submission, Verdict};
use checker::reference::{Tasks, state_folder};
use checker::report;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::check::check;
use super::page;
use super::subject::{Subject, own_code, subjects};
use super::{Failure, Outcome, stop};

/// Give the next hint for the first check that fails, one more each time
#[derive(clap::Args)]
pub struct Arguments {
    /// The folder of a crate; or a task's name, for that of this workspace
    #[arg(value_name = "DIR|TASK")]
    folder: PathBuf,
    /// Begin again with the first hint
    #[arg(long)]
    again: bool,
}

/// How many hints were given, and for which check.
#[derive(Default, Serialize, Deserialize)]
struct Given {
    check: String,
    hints: usize,
}

impl Arguments {
    pub fn run(self) -> Outcome {
        let judge = Judge {
            sandbox: own_code(),
            with_extras: false,
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
            if judged.problem.is_some() {
                let name = judged.task.clone();
                page::print_brief(&Submission {
                    name,
                    tasks: vec![judged],
                    problem: None,
                })?;
                return Ok(ExitCode::FAILURE);
            }
            judged
                .checks
                .retain(|check| check.verdict != Verdict::Passed);
            if let Some(first) = judged.checks.first() {
                self.give(&subject, first)?;
                return Ok(ExitCode::FAILURE);
            }
        }
        page::say("every required check passes: there is nothing left to hint at")?;
        Ok(ExitCode::SUCCESS)
    }

    fn give(&self, subject: &Subject, check: &Check) -> Result<(), Failure> {
        let state = state_of(&subject.folder)?;
        let given = fs::read(&state)
            .ok()
            .and_then(|text| serde_json::from_slice(&text).ok());
        let given = given.filter(|given: &Given| given.check == check.name && !self.again);
        let hints = hints(subject.task, check);
        let number = given.map_or(0, |given| given.hints).min(hints.len() - 1);
        page::say(&format!(
            "{}: {}\nhint {} of {}: {}",
            subject.task.folder,
            report::sentence(check),
            number + 1,
            hints.len(),
            hints[number]
        ))?;
        let given = Given {
            check: check.name.clone(),
            hints: number + 1,
        };
        fs::write(state, serde_json::to_vec(&given)?)?;
        Ok(())
    }
}

/// The file that remembers what was given for a crate.
fn state_of(folder: &Path) -> Result<PathBuf, Failure> {
    let folder = folder.canonicalize()?;
    let name = Sha256::digest(folder.as_os_str().as_encoded_bytes());
    let hints = state_folder()?.join("hints");
    fs::create_dir_all(&hints)?;
    Ok(hints.join(format!("{name:x}.json")))
}
