//! Grades a class: many submissions, several at the same time, each in a sandbox.

mod cache;
mod source;

use std::io;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use crate::find::Found;
use crate::judge::Judge;
use crate::outcome::{Problem, Submission, Task, Whose};
use crate::process::is_stopped;
use crate::reference::Reference;
use crate::task;

use cache::Entry;

/// The submissions to grade, and how to grade them.
#[derive(Debug, Clone)]
pub struct Class {
    /// Folders and archives, each a submission.
    pub submissions: Vec<PathBuf>,
    /// Settings for judging each crate.
    pub judge: Judge,
    /// The number of submissions that are graded at the same time.
    pub at_once: NonZero<usize>,
    /// True if verdicts in the cache are ignored.
    pub is_fresh: bool,
}

impl Class {
    /// Grades all submissions and returns the results in their order, or `None` if [`stop`](crate::process::stop) was
    /// called first.
    ///
    /// Verdicts are written to a cache, by the fingerprint of the crate and of the checks. After a stop, the next call
    /// continues from there. A submission that has changed is graded again.
    ///
    /// `reference` returns a task's reference. `progress` is called for each finished submission, with true if all its
    /// verdicts were in the cache. Both are called from several threads.
    pub fn grade<'o>(
        &self,
        reference: &(dyn Fn(task::Task) -> Result<&'o Reference, Problem> + Sync),
        progress: &(dyn Fn(&Submission, bool) + Sync),
    ) -> Option<Vec<Submission>> {
        let names = names(&self.submissions);
        let next = AtomicUsize::new(0);
        let graded = Mutex::new(Vec::new());
        thread::scope(|scope| {
            for _ in 0..self.at_once.get().min(self.submissions.len()) {
                scope.spawn(|| {
                    loop {
                        let index = next.fetch_add(1, Ordering::Relaxed);
                        let Some(path) = self.submissions.get(index) else {
                            break;
                        };
                        let (submission, was_graded) = self.one(&names[index], path, reference);
                        if is_stopped() {
                            break;
                        }
                        progress(&submission, was_graded);
                        graded
                            .lock()
                            .unwrap_or_else(PoisonError::into_inner)
                            .push((index, submission));
                    }
                });
            }
        });
        let mut graded = graded.into_inner().unwrap_or_else(PoisonError::into_inner);
        graded.sort_by_key(|(index, _)| *index);
        (graded.len() == self.submissions.len()).then(|| {
            graded
                .into_iter()
                .map(|(_, submission)| submission)
                .collect()
        })
    }

    /// Grades one submission. Also returns whether all its verdicts were in the cache.
    fn one<'o>(
        &self,
        name: &str,
        path: &Path,
        reference: &dyn Fn(task::Task) -> Result<&'o Reference, Problem>,
    ) -> (Submission, bool) {
        let mut submission = Submission {
            name: name.to_owned(),
            tasks: Vec::new(),
            problem: None,
        };
        let (mut known_before, mut judged_now) = (false, false);
        match source::open(path) {
            Err(problem) => submission.problem = Some(problem),
            // An unpacked archive is removed at the end of this arm.
            Ok((found, _unpacked)) => {
                for Found { task, folder } in found {
                    let judged = folder.and_then(|folder| {
                        let reference = reference(task)?;
                        let entry = Entry::of(&self.judge, reference, &folder)?;
                        if let Some(known) = entry.read().filter(|_| !self.is_fresh) {
                            known_before = true;
                            return Ok(known);
                        }
                        judged_now = true;
                        let judged = self.judge.judge(reference, &folder, &|_, _| {});
                        if !is_stopped() {
                            entry.write(&judged);
                        }
                        Ok(judged)
                    });
                    submission.tasks.push(judged.unwrap_or_else(|problem| Task {
                        task: task.folder.to_owned(),
                        checks: Vec::new(),
                        problem: Some(problem),
                    }));
                }
            }
        }
        (submission, known_before && !judged_now)
    }
}

fn cannot_read(path: &Path, error: &io::Error) -> Problem {
    Problem {
        whose: Whose::YourMachine,
        message: format!("cannot read {}: {error}", path.display()),
        details: String::new(),
        help: "check the path and its permissions".to_owned(),
    }
}

/// Returns a name for each submission: the name of its folder or archive, or the path if two have the same name.
fn names(submissions: &[PathBuf]) -> Vec<String> {
    let short = |path: &PathBuf| {
        // `.` and `..` have no name. A link keeps its name.
        let path = match path.file_name() {
            Some(_) => path.clone(),
            None => path.canonicalize().unwrap_or_else(|_| path.clone()),
        };
        let name = path
            .file_name()
            .map(|name| name.to_string_lossy().into_owned());
        let name = name.unwrap_or_else(|| path.display().to_string());
        let name = [".tar.gz", ".tgz", ".zip"]
            .iter()
            .find_map(|end| name.strip_suffix(end))
            .unwrap_or(&name);
        name.to_owned()
    };
    let names: Vec<String> = submissions.iter().map(short).collect();
    let is_unique = |name: &String| names.iter().filter(|other| *other == name).count() == 1;
    names
        .iter()
        .zip(submissions)
        .map(|(name, path)| {
            if is_unique(name) {
                name.clone()
            } else {
                path.display().to_string()
            }
        })
        .collect()
}
