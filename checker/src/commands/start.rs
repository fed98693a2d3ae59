//! `checker start`: a folder to work in.

use std::path::PathBuf;
use std::process::ExitCode;

use checker::progress::forget;
use checker::start::start;
use checker::task::{TASKS, Task};

use super::shell::{program, quoted};
use super::{Outcome, page};

/// Create a folder to work in: the task without its solution, which builds on its own
#[derive(clap::Args)]
pub struct Arguments {
    /// The task, for example 0-databaseconnection
    #[arg(value_name = "TASK", value_parser = task)]
    task: Task,
    /// Where to create the folder, which gets the task's name; existing files are never overwritten
    #[arg(value_name = "DIR")]
    folder: PathBuf,
}

fn task(name: &str) -> Result<Task, String> {
    let names = || TASKS.map(|task| task.folder).join(", ");
    Task::find(name).ok_or_else(|| format!("the tasks are: {}", names()))
}

impl Arguments {
    pub fn run(self) -> Outcome {
        let made = start(self.task, &self.folder)?;
        // An earlier folder may have had the same path.
        forget(&made);
        let (command, folder) = (program(), quoted(&made));
        let shown = made.display();
        page::say(&format!(
            "created {shown}\n\n\
             next: open these two files in your editor, and read the first one:\n  \
             {shown}/README.md     the lesson\n  \
             {shown}/src/lib.rs    your code goes here\n\
             then check at every save, and write one function at a time:\n  \
             {command} watch {folder}\n\
             stuck? ask for a hint:\n  \
             {command} hint {folder}"
        ))?;
        Ok(ExitCode::SUCCESS)
    }
}
