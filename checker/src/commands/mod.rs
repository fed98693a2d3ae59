//! The commands, one file each.

mod check;
mod grade;
mod grading_bar;
mod hint;
mod merge;
mod page;
mod report_options;
mod reset;
mod shell;
mod start;
mod status;
mod stop;
mod subject;
mod watch;

use std::error::Error;
use std::process::ExitCode;

/// The result of a command: the program's exit status, or the error to print.
type Outcome = Result<ExitCode, Failure>;

type Failure = Box<dyn Error + Send + Sync>;

#[derive(clap::Subcommand)]
pub enum Command {
    Start(start::Arguments),
    Check(check::Arguments),
    Watch(watch::Arguments),
    Hint(hint::Arguments),
    Reset(reset::Arguments),
    Status(status::Arguments),
    Grade(grade::Arguments),
    Merge(merge::Arguments),
}

impl Default for Command {
    /// Shows the student's progress, in a folder of theirs; in this repository, the verdict on each reference solution.
    fn default() -> Command {
        match status::Arguments::here() {
            Some(arguments) => Command::Status(arguments),
            None => Command::Check(check::Arguments::default()),
        }
    }
}

impl Command {
    pub fn run(self) -> Outcome {
        stop::on_ctrl_c()?;
        match self {
            Command::Start(arguments) => arguments.run(),
            Command::Check(arguments) => arguments.run(),
            Command::Watch(arguments) => arguments.run(),
            Command::Hint(arguments) => arguments.run(),
            Command::Reset(arguments) => arguments.run(),
            Command::Status(arguments) => arguments.run(),
            Command::Grade(arguments) => arguments.run(),
            Command::Merge(arguments) => arguments.run(),
        }
    }
}
