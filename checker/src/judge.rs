//! Judges the crate of a task: compiles it and runs the reference's checks on it.

use std::env;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::thread;

use temp_mariadb::TempServer;

use crate::compile::Compiled;
use crate::download::Downloads;
use crate::outcome::{self, Check, Problem, Verdict, Whose};
use crate::reference::{Reference, Target};
use crate::sandbox::Sandbox;
use crate::task::{CHECKS, EXTRAS};

/// The free space that temporary files need, in bytes. The programs of a task's checks take a third of it.
const ROOM: u64 = 256 << 20;

/// Settings for judging crates.
#[derive(Debug, Clone)]
pub struct Judge {
    /// The sandbox for each crate.
    pub sandbox: Sandbox,
    /// When the extras run.
    pub extras: Extras,
    /// The number of checks that run at the same time.
    pub at_once: NonZero<usize>,
    /// True if the checks run in one process first. This is faster, but a check can see what another one left behind. Checks
    /// that give no report there run again, each in a separate process.
    pub is_quick: bool,
    /// A folder for the programs and the compiler's incremental data, which makes judging the same crate again faster.
    pub stays: Option<PathBuf>,
}

/// When the extras are compiled and run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extras {
    /// Never.
    Never,
    /// When every required check has passed.
    AfterRequired,
    /// Even if a required check has failed.
    Always,
}

impl Judge {
    /// Judges the library of the crate in a folder with the task's checks.
    ///
    /// `progress` is called with the number of checks that have ended and the number of all checks, from several threads:
    /// first for the required checks, then for the extras.
    pub fn judge(
        &self,
        reference: &Reference,
        folder: &Path,
        progress: &(dyn Fn(usize, usize) + Sync),
    ) -> outcome::Task {
        let mut task = outcome::Task {
            task: reference.task.folder.to_owned(),
            checks: Vec::new(),
            problem: None,
            files: None,
            extras_problem: None,
        };
        match self.checks(reference, folder, progress) {
            Ok((checks, extras_problem)) => {
                task.checks = checks;
                task.extras_problem = extras_problem;
            }
            Err(problem) => task.problem = Some(problem),
        }
        task.cap();
        task
    }

    /// Returns the checks, and why the extras did not run although they were wanted.
    fn checks(
        &self,
        reference: &Reference,
        folder: &Path,
        progress: &(dyn Fn(usize, usize) + Sync),
    ) -> Result<(Vec<Check>, Option<String>), Problem> {
        machine_is_ready(reference)?;
        let reference = reference.for_submission(folder, Downloads::Allowed, &self.sandbox)?;
        let root = folder.join(&reference.plan.root);
        if !root.is_file() {
            return Err(Problem::no_library());
        }
        let required = reference.target(CHECKS)?;
        let stays = self.stays.as_deref();
        let mut compiled = reference.compile_in(stays, folder, &root, &[CHECKS], &self.sandbox)?;
        let mut checks = self.run(&compiled, required, progress)?;
        let mut extras_problem = None;
        let is_done = || checks.iter().all(|check| check.verdict == Verdict::Passed);
        if self.extras == Extras::Always || (self.extras == Extras::AfterRequired && is_done()) {
            let extras = reference.target(EXTRAS)?;
            match reference.compile_more(&mut compiled, extras, &self.sandbox) {
                Ok(()) => checks.extend(self.run(&compiled, extras, progress)?),
                // A submission need not have what only extras use.
                Err(problem) if problem.whose == Whose::YourCode => {
                    extras_problem = Some(format!(
                        "they do not compile with this code: {}",
                        problem.first_error()
                    ));
                }
                Err(problem) => return Err(problem),
            }
        }
        Ok((checks, extras_problem))
    }

    /// Runs the checks of a target, and returns them in their order.
    fn run(
        &self,
        compiled: &Compiled,
        target: &Target,
        progress: &(dyn Fn(usize, usize) + Sync),
    ) -> Result<Vec<Check>, Problem> {
        let mut checks = Vec::new();
        if self.is_quick {
            checks = compiled.run_together(target, &self.sandbox)?;
            checks.retain(|check| has_reported(&check.verdict));
        }
        let names = target.tests.iter().map(String::as_str);
        let left: Vec<&str> = names
            .filter(|name| !checks.iter().any(|check| check.name == *name))
            .collect();
        let before = checks.len();
        let progress = |ended: usize| progress(before + ended, target.tests.len());
        progress(0);
        checks.extend(self.each_alone(compiled, target, &left, &progress)?);
        // The order does not depend on how they ran.
        checks.sort_by_key(|check| target.tests.iter().position(|name| check.name == *name));
        Ok(checks)
    }

    /// Runs each check in a separate process, [`at_once`](Judge::at_once) at the same time.
    fn each_alone(
        &self,
        compiled: &Compiled,
        target: &Target,
        names: &[&str],
        progress: &(dyn Fn(usize) + Sync),
    ) -> Result<Vec<Check>, Problem> {
        let (next, ended) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let (send, checks) = channel();
        thread::scope(|scope| {
            for _ in 0..self.at_once.get().min(names.len()) {
                let (next, ended, send) = (&next, &ended, send.clone());
                scope.spawn(move || {
                    while let Some(name) = names.get(next.fetch_add(1, Ordering::Relaxed)) {
                        let check = compiled.run(target, name, &self.sandbox);
                        progress(ended.fetch_add(1, Ordering::Relaxed) + 1);
                        if send.send(check).is_err() {
                            break;
                        }
                    }
                });
            }
        });
        drop(send);
        checks.into_iter().collect()
    }
}

fn has_reported(verdict: &Verdict) -> bool {
    matches!(verdict, Verdict::Passed | Verdict::Failed { .. })
}

/// Returns a problem if this machine cannot run the checks.
fn machine_is_ready(reference: &Reference) -> Result<(), Problem> {
    let lacking = |message: String, help: &str| Problem {
        whose: Whose::YourMachine,
        message,
        details: String::new(),
        help: help.to_owned(),
    };
    if reference.task.needs_mariadb && TempServer::program().is_err() {
        return Err(lacking(
            "this task's checks need a MariaDB server, and none is installed".to_owned(),
            "install one: `apt install mariadb-server` (Debian, Ubuntu), `dnf install mariadb-server` (Fedora), \
             `brew install mariadb` (macOS)",
        ));
    }
    let temporary = env::temp_dir();
    match rustix::fs::statvfs(&temporary) {
        Ok(disk) if disk.f_bavail.saturating_mul(disk.f_frsize) < ROOM => Err(lacking(
            format!("{} is full", temporary.display()),
            "free 256 MiB there, or set TMPDIR to another folder",
        )),
        _ => Ok(()),
    }
}
