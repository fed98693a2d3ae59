//! `checker grade`: a class.

use std::fs;
use std::io;
use std::num::NonZero;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::available_parallelism;

use checker::bubblewrap;
use checker::grade::Class;
use checker::judge::{Extras, Judge};
use checker::outcome::{Problem, Submission, Whose};
use checker::reference::Tasks;
use checker::sandbox::Sandbox;
use shared::cli::notice;
use tempfile::NamedTempFile;

use super::page::{self, Bar, FormatOption};
use super::{Outcome, stop};

/// The number of checks of a submission that run at a time: several, because those of a wrong one may wait until their limit.
const CHECKS_AT_ONCE: NonZero<usize> = NonZero::new(4).unwrap();

/// Grade a class: any number of submissions, each with one or more tasks
#[derive(clap::Args)]
pub struct Arguments {
    /// Folders, or archives: .tar.gz, .tgz, .zip
    #[arg(required = true)]
    submissions: Vec<PathBuf>,
    /// Format of the report
    #[arg(long, value_enum, default_value_t = FormatOption::Text)]
    format: FormatOption,
    /// The file to write the report to [default: standard output]
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Run the extras as well (optional checks, which never count as failures)
    #[arg(long)]
    extras: bool,
    /// The number of submissions to grade at a time [default: the number of cores]
    #[arg(long, value_name = "N")]
    jobs: Option<NonZero<usize>>,
    /// Grade every submission again, even if it has not changed since the last time
    #[arg(long)]
    fresh: bool,
    /// Run submissions without the sandbox, with your own rights: only if you trust all of them
    #[arg(long, value_name = "WHEN", value_enum, num_args = 0..=1, require_equals = true, default_missing_value = "always")]
    unsandboxed: Option<Unsandboxed>,
}

/// When to run submissions without the sandbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Unsandboxed {
    /// Always
    Always,
    /// Only if bubblewrap does not work here
    IfNeeded,
}

impl Arguments {
    pub fn run(self) -> Outcome {
        self.look_first()?;
        let output = self.output.as_deref().map(draft).transpose()?;
        let sandbox = self.sandbox()?;
        let class = Class {
            judge: Judge {
                sandbox,
                extras: if self.extras {
                    Extras::Always
                } else {
                    Extras::Never
                },
                at_once: CHECKS_AT_ONCE,
                is_quick: false,
                stays: None,
            },
            at_once: match self.jobs {
                Some(jobs) => jobs,
                None => available_parallelism()?,
            },
            submissions: self.submissions,
            is_fresh: self.fresh,
        };
        let count = class.submissions.len();
        let tasks = Tasks::default();
        let bar = Bar::new("grading");
        bar.set(0, count);
        let remembered = AtomicUsize::new(0);
        let graded = class.grade(&|task| tasks.reference(task), &|_, was_graded| {
            remembered.fetch_add(was_graded.into(), Ordering::Relaxed);
            bar.step();
        });
        drop(bar);
        let Some(submissions) = graded else {
            notice("stopped: the same command goes on from here");
            return Ok(stop::asked().unwrap_or(ExitCode::FAILURE));
        };
        let remembered = remembered.into_inner();
        if remembered > 0 {
            notice(&format!(
                "{remembered} of {count} had been graded before, and have not changed since: --fresh grades them again"
            ));
        }
        match (output, &self.output) {
            (Some(draft), Some(path)) => {
                page::write(&submissions, self.format, draft.as_file())?;
                draft.persist(path)?;
            }
            _ => page::print(&submissions, self.format)?,
        }
        Ok(if submissions.iter().all(could_be_graded) {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        })
    }

    /// Finds mistakes in the command line before any work.
    fn look_first(&self) -> Result<(), Problem> {
        if let Some(missing) = self.submissions.iter().find(|path| !path.exists()) {
            return Err(wrong(
                format!("there is no {}", missing.display()),
                "give folders and archives that exist",
            ));
        }
        if self.format == FormatOption::Gradescope && self.submissions.len() != 1 {
            return Err(wrong(
                format!(
                    "Gradescope's format is of one submission, and {} are named",
                    self.submissions.len()
                ),
                "name one, or choose another --format",
            ));
        }
        Ok(())
    }

    fn sandbox(&self) -> Result<Sandbox, Problem> {
        match (bubblewrap::find(), self.unsandboxed) {
            (Ok(bwrap), Some(Unsandboxed::Always)) => Ok(Sandbox::PidNamespace { bwrap }),
            (Ok(bwrap), _) => Ok(Sandbox::Full { bwrap }),
            (Err(unusable), Some(_)) => {
                notice(&format!("not sandboxed: {unusable}"));
                Ok(Sandbox::None)
            }
            (Err(unusable), None) => Err(unusable.into()),
        }
    }
}

fn wrong(message: String, help: &str) -> Problem {
    Problem {
        whose: Whose::YourMachine,
        message,
        details: String::new(),
        help: help.to_owned(),
    }
}

/// A file beside the one to be written, which takes its place when it is whole.
fn draft(path: &Path) -> Result<NamedTempFile, Problem> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let made = if path.is_dir() {
        Err(io::ErrorKind::IsADirectory.into())
    } else if path.exists() && !path.is_file() {
        // Its place is taken, and that of /dev/null must not be.
        Err(io::Error::other("it is no file"))
    } else {
        // With the permissions of any new file: other users could not read a temporary one.
        tempfile::Builder::new()
            .permissions(fs::Permissions::from_mode(0o666))
            .tempfile_in(folder)
    };
    made.map_err(|error| {
        wrong(
            format!(
                "the report cannot be written to {}: {error}",
                path.display()
            ),
            "give a file in a folder that exists and that you may write to",
        )
    })
}

/// Returns whether there is a verdict. Code that does not compile has one.
fn could_be_graded(submission: &Submission) -> bool {
    let problems = submission
        .tasks
        .iter()
        .filter_map(|task| task.problem.as_ref());
    submission
        .problem
        .iter()
        .chain(problems)
        .all(|problem| problem.whose == Whose::YourCode)
}
