//! The commands, a file each.

mod check;
mod grade;
mod hint;
mod page;
mod shell;
mod start;
mod stop;
mod subject;
mod watch;

use std::error::Error;
use std::process::ExitCode;

/// What a command ends with: the program's exit status, or an error for it to print.
type Outcome = Result<ExitCode, Failure>;

type Failure = Box<dyn Error + Send + Sync>;

#[derive(clap::Subcommand)]
pub enum Command {
    Start(start::Arguments),
    Check(check::Arguments),
    Watch(watch::Arguments),
    Hint(hint::Arguments),
    Grade(grade::Arguments),
}

impl Default for Command {
    /// Every task of this workspace.
    fn default() -> Command {
        Command::Check(check::Arguments::default())
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
            Command::Grade(arguments) => arguments.run(),
        }
    }
}
