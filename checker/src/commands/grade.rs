//! `checker grade`: a class.

use std::collections::HashSet;
use std::num::NonZero;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::available_parallelism;

use checker::bubblewrap;
use checker::grade::{self, Class, Shard};
use checker::judge::{Extras, Judge};
use checker::outcome::{Problem, Submission};
use checker::reference::Tasks;
use checker::sandbox::Sandbox;
use checker::task::CHECKS;
use shared::cli::notice;

use super::grading_bar::GradingBar;
use super::page::FormatOption;
use super::report_options::{ReportOptions, wrong};
use super::{Outcome, stop};

/// The number of checks of a submission that run at a time: several, because those of a wrong one may wait until their limit.
const CHECKS_AT_ONCE: NonZero<usize> = NonZero::new(4).unwrap();

/// Grade a class: any number of submissions, each with one or more tasks
#[derive(clap::Args)]
pub struct Arguments {
    /// Folders, or archives: .tar.gz, .tgz, .zip
    #[arg(required = true)]
    submissions: Vec<PathBuf>,
    #[command(flatten)]
    report: ReportOptions,
    /// Run the extras as well (optional checks, which never count as failures)
    #[arg(long)]
    extras: bool,
    /// The number of submissions to grade at a time [default: the number of cores]
    #[arg(long, value_name = "N")]
    jobs: Option<NonZero<usize>>,
    /// Grade only the K-th of N parts, the same on every machine: `checker merge` joins the results
    #[arg(long, value_name = "K/N")]
    shard: Option<Shard>,
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
        let tasks = Tasks::default();
        let required = |task| {
            let checks = tasks.reference(task)?.target(CHECKS)?;
            Ok(Some(checks.tests.clone()))
        };
        let report = self.report.begin()?;
        let points = self.report.points(&required)?;
        let class = Class {
            judge: Judge {
                sandbox: self.sandbox()?,
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
            submissions: once_each(self.submissions),
            is_fresh: self.fresh,
            shard: self.shard,
        };
        let count = class.count();
        let bar = GradingBar::new(count);
        let known = AtomicUsize::new(0);
        let graded = class.grade(&|task| tasks.reference(task), &|event| {
            if let grade::Event::Graded { was_known, .. } = event {
                known.fetch_add(was_known.into(), Ordering::Relaxed);
            }
            bar.show(event);
        });
        drop(bar);
        let Some(results) = graded? else {
            notice("stopped: the same command goes on from here");
            return Ok(stop::asked().unwrap_or(ExitCode::FAILURE));
        };
        let known = known.into_inner();
        if known > 0 {
            notice(&format!(
                "{known} of {count} had been graded before, and have not changed since: --fresh grades them again"
            ));
        }
        let is_complete = results.submissions.iter().all(Submission::has_a_verdict);
        report.write(results, points)?;
        Ok(if is_complete {
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
        if self.report.format == FormatOption::Gradescope && self.submissions.len() != 1 {
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

/// Returns the paths without repetitions.
fn once_each(paths: Vec<PathBuf>) -> Vec<PathBuf> {
    let mut known = HashSet::new();
    paths
        .into_iter()
        .filter(|path| known.insert(path.clone()))
        .collect()
}
