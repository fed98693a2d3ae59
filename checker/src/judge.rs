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

/// The free space that temporary files need, in bytes. The programs of a task's checks take a third of it.
const ROOM: u64 = 256 << 20;

/// Settings for judging crates.
#[derive(Debug, Clone)]
pub struct Judge {
    /// The sandbox for each crate.
    pub sandbox: Sandbox,
    /// True if the extras run.
    pub with_extras: bool,
    /// The number of checks that run at the same time.
    pub at_once: NonZero<usize>,
    /// True if the required checks run in one process first. This is faster, but a check can see what another one left
    /// behind. Checks that give no report there run again, each in a separate process.
    pub is_quick: bool,
    /// A folder for the programs and the compiler's incremental data, which makes judging the same crate again faster.
    pub stays: Option<PathBuf>,
}

impl Judge {
    /// Judges the library of the crate in a folder with the task's checks.
    ///
    /// `progress` is called with the number of checks that have ended and the number of all checks, from several threads.
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
        };
        match self.checks(reference, folder, progress) {
            Ok(checks) => task.checks = checks,
            Err(problem) => task.problem = Some(problem),
        }
        task.cap();
        task
    }

    fn checks(
        &self,
        reference: &Reference,
        folder: &Path,
        progress: &(dyn Fn(usize, usize) + Sync),
    ) -> Result<Vec<Check>, Problem> {
        machine_is_ready(reference)?;
        let reference = reference.for_submission(folder, Downloads::Allowed, &self.sandbox)?;
        let root = folder.join(&reference.plan.root);
        if !root.is_file() {
            return Err(Problem::no_library());
        }
        let required = reference.checks()?;
        let mut checks = Vec::new();
        let stays = self.stays.as_deref();
        let compile = |target: &Target| {
            reference.compile_in(stays, folder, &root, &[&target.name], &self.sandbox)
        };
        let compiled = compile(required)?;
        let names: Vec<&str> = required.names(self.with_extras).collect();
        if self.is_quick {
            checks = compiled.run_required(required, &self.sandbox)?;
            checks.retain(|check| has_reported(&check.verdict));
        }
        let left = names
            .iter()
            .filter(|name| !checks.iter().any(|check| check.name == **name));
        let left: Vec<&str> = left.copied().collect();
        let before = checks.len();
        let progress = |ended: usize| progress(before + ended, names.len());
        progress(0);
        checks.extend(self.each_alone(&compiled, required, &left, &progress)?);
        // The order does not depend on how they ran.
        checks.sort_by_key(|check| names.iter().position(|name| check.name == *name));
        if self.with_extras {
            for target in reference.extras() {
                let compiled = match compile(target) {
                    Ok(compiled) => compiled,
                    // A submission need not have what only extras use.
                    Err(problem) if problem.whose == Whose::YourCode => continue,
                    Err(problem) => return Err(problem),
                };
                let names: Vec<&str> = target.names(true).collect();
                checks.extend(self.each_alone(&compiled, target, &names, &|_| {})?);
            }
        }
        Ok(checks)
    }

    /// Runs each check in a separate process, [`at_once`](Judge::at_once) at the same time, and returns them in the order of
    /// the names.
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
        let mut checks = checks
            .into_iter()
            .collect::<Result<Vec<Check>, Problem>>()?;
        checks.sort_by_key(|check| names.iter().position(|name| check.name == *name));
        Ok(checks)
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
