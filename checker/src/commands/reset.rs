//! `checker reset`: the stub again.

use std::path::PathBuf;
use std::process::ExitCode;

use checker::outcome::{Problem, Whose};
use checker::progress::forget;
use checker::start::reset;

use super::shell::{program, quoted};
use super::subject::started;
use super::{Outcome, page};

/// Put the stub of a task back; your src/lib.rs is kept beside it, as src/lib.rs.1
#[derive(clap::Args)]
pub struct Arguments {
    /// The folder of the task, as `start` made it
    #[arg(value_name = "DIR")]
    folder: PathBuf,
}

impl Arguments {
    pub fn run(self) -> Outcome {
        let subjects = started(&self.folder)?;
        let [subject] = subjects.as_slice() else {
            return Err(Problem {
                whose: Whose::YourMachine,
                message: format!(
                    "{} contains {} tasks that you started; one is needed",
                    self.folder.display(),
                    subjects.len()
                ),
                details: String::new(),
                help: "give the folder of the task whose stub you want back".to_owned(),
            }
            .into());
        };
        let kept = reset(subject.task, &subject.folder)?;
        forget(&subject.folder);
        let lib = subject.folder.join("src/lib.rs");
        page::say(&match kept {
            Some(kept) => format!(
                "{} is the stub again; your code is in {}",
                lib.display(),
                kept.display()
            ),
            None => format!("{} is the stub again", lib.display()),
        })?;
        page::say(&format!(
            "\nnext: change it, and check at every save:\n  {} watch {}",
            program(),
            quoted(&subject.folder)
        ))?;
        Ok(ExitCode::SUCCESS)
    }
}
