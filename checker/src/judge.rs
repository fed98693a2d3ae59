//! Gives the crate of a task its verdict: compiles it, and runs the reference's checks on it.

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

/// What has to be free where temporary files are made, in bytes: the programs of a task's checks take a third of it.
const ROOM: u64 = 256 << 20;

/// How crates are judged.
#[derive(Debug, Clone)]
pub struct Judge {
    /// What a crate may see and do.
    pub sandbox: Sandbox,
    /// Whether the extras are run, too.
    pub with_extras: bool,
    /// How many checks run at a time.
    pub at_once: NonZero<usize>,
    /// Whether the required checks share a process at first: faster, and what one of them leaves behind the others see.
    /// Those that give no report there run again, each alone.
    pub is_quick: bool,
    /// A folder in which crates are compiled, and the compiler keeps what it may use the next time: for one's own crate,
    /// which is judged again and again.
    pub stays: Option<PathBuf>,
}

impl Judge {
    /// Judges the crate in a folder: its `src/lib.rs` against the task's checks.
    ///
    /// `tell` hears how many checks have ended, of how many; from several threads.
    pub fn judge(
        &self,
        reference: &Reference,
        folder: &Path,
        tell: &(dyn Fn(usize, usize) + Sync),
    ) -> outcome::Task {
        let mut task = outcome::Task {
            task: reference.task.folder.to_owned(),
            checks: Vec::new(),
            problem: None,
        };
        match self.checks(reference, folder, tell) {
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
        tell: &(dyn Fn(usize, usize) + Sync),
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
        let tell = |ended: usize| tell(before + ended, names.len());
        tell(0);
        checks.extend(self.each_alone(&compiled, required, &left, &tell)?);
        // In the same order, however they were run.
        checks.sort_by_key(|check| names.iter().position(|name| check.name == *name));
        if self.with_extras {
            for target in reference.extras() {
                let compiled = match compile(target) {
                    Ok(compiled) => compiled,
                    // What only extras look at need not be there.
                    Err(problem) if problem.whose == Whose::YourCode => continue,
                    Err(problem) => return Err(problem),
                };
                let names: Vec<&str> = target.names(true).collect();
                checks.extend(self.each_alone(&compiled, target, &names, &|_| {})?);
            }
        }
        Ok(checks)
    }

    /// Runs checks each in a process of its own, some at a time, and returns them in the order of the names.
    fn each_alone(
        &self,
        compiled: &Compiled,
        target: &Target,
        names: &[&str],
        tell: &(dyn Fn(usize) + Sync),
    ) -> Result<Vec<Check>, Problem> {
        let (next, ended) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let (send, checks) = channel();
        thread::scope(|scope| {
            for _ in 0..self.at_once.get().min(names.len()) {
                let (next, ended, send) = (&next, &ended, send.clone());
                scope.spawn(move || {
                    while let Some(name) = names.get(next.fetch_add(1, Ordering::Relaxed)) {
                        let check = compiled.run(target, name, &self.sandbox);
                        tell(ended.fetch_add(1, Ordering::Relaxed) + 1);
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

/// Whether the checks can run here at all: what they lack is not the fault of the code.
fn machine_is_ready(reference: &Reference) -> Result<(), Problem> {
    let lacking = |message: String, help: &str| Problem {
        whose: Whose::YourMachine,
        message,
        details: String::new(),
        help: help.to_owned(),
    };
    if reference.task.needs_mariadb && TempServer::program().is_err() {
        return Err(lacking(
            "there is no MariaDB server, which this task's checks need".to_owned(),
            "install one: `apt install mariadb-server` (Debian, Ubuntu), `dnf install mariadb-server` (Fedora), \
             `brew install mariadb` (macOS)",
        ));
    }
    let temporary = env::temp_dir();
    match rustix::fs::statvfs(&temporary) {
        Ok(disk) if disk.f_bavail.saturating_mul(disk.f_frsize) < ROOM => Err(lacking(
            format!("there is no room left in {}", temporary.display()),
            "free 256 MiB there, or name another folder in TMPDIR",
        )),
        _ => Ok(()),
    }
}
