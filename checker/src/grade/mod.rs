//! Grades a class: many submissions, several at a time, each in the sandbox.

mod graded;
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

use graded::Graded;

/// What is graded, and how.
#[derive(Debug, Clone)]
pub struct Class {
    /// Folders and archives, each a submission.
    pub submissions: Vec<PathBuf>,
    /// What they may do, and whether their extras are run.
    pub judge: Judge,
    /// How many submissions are graded at a time.
    pub at_once: NonZero<usize>,
    /// Whether what was graded before is graded again.
    pub is_fresh: bool,
}

impl Class {
    /// Grades all of them, and returns what came of each, in their order; `None` when [`stop`](crate::process::stop)
    /// was called first.
    ///
    /// What came of each task is kept, with the fingerprint of its files and of the checks: when the work is stopped,
    /// the next call goes on from there, and a submission that has changed is graded anew.
    ///
    /// `reference` gives the tasks' checks; `tell` hears of each submission that is done, and whether nothing of it had to
    /// be run because it was graded before. Both are called from several threads.
    pub fn grade<'o>(
        &self,
        reference: &(dyn Fn(task::Task) -> Result<&'o Reference, Problem> + Sync),
        tell: &(dyn Fn(&Submission, bool) + Sync),
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
                        tell(&submission, was_graded);
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

    /// Grades one, and says whether nothing had to be run.
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
            // An unpacked archive is gone at the end.
            Ok((found, _unpacked)) => {
                for Found { task, folder } in found {
                    let judged = folder.and_then(|folder| {
                        let reference = reference(task)?;
                        let graded = Graded::of(&self.judge, reference, &folder)?;
                        if let Some(known) = graded.read().filter(|_| !self.is_fresh) {
                            known_before = true;
                            return Ok(known);
                        }
                        judged_now = true;
                        let judged = self.judge.judge(reference, &folder, &|_, _| {});
                        if !is_stopped() {
                            graded.write(&judged);
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
        message: format!("{} cannot be read: {error}", path.display()),
        details: String::new(),
        help: "check the path, and what you may read there".to_owned(),
    }
}

/// A name for each submission: that of its folder or archive; where two have the same, the path.
fn names(submissions: &[PathBuf]) -> Vec<String> {
    let short = |path: &PathBuf| {
        // `.` and `..` have none; a link has one of its own.
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
