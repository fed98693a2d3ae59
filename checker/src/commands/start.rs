//! `checker start`: a folder to work in.

use std::path::PathBuf;
use std::process::ExitCode;

use checker::start::start;
use checker::task::{TASKS, Task};

use super::shell::{program, quoted};
use super::{Outcome, page};

/// Make a folder to work in: the task with its solution taken out, which builds alone
#[derive(clap::Args)]
pub struct Arguments {
    /// The task, such as 2-concurrent
    #[arg(value_name = "TASK", value_parser = task)]
    task: Task,
    /// Where the folder is made, under the task's name; nothing that is there is overwritten
    #[arg(value_name = "DIR")]
    folder: PathBuf,
}

fn task(name: &str) -> Result<Task, String> {
    let names = || TASKS.map(|task| task.folder).join(", ");
    Task::find(name).ok_or_else(|| format!("the tasks are {}", names()))
}

impl Arguments {
    pub fn run(self) -> Outcome {
        let made = start(self.task, &self.folder)?;
        let (command, folder) = (program(), quoted(&made));
        page::say(&format!(
            "{} is made: read its README.md, and fill in src/lib.rs\n\n\
             next: {command} watch {folder}    # checks it at each save\n      \
             {command} hint {folder}     # when you are stuck",
            made.display()
        ))?;
        Ok(ExitCode::SUCCESS)
    }
}
