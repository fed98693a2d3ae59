//! Grades a class: many submissions, several at the same time, each in a sandbox.

mod cache;
pub mod compare;
pub mod merge;
pub mod points;
mod shard;
mod source;
mod version;

use std::collections::{HashMap, HashSet};
use std::io;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use crate::find::Found;
use crate::fingerprint::fingerprint;
use crate::judge::{Extras, Judge};
use crate::lock;
use crate::outcome::{Problem, Submission, Task, Whose};
use crate::process::is_stopped;
use crate::reference::Reference;
use crate::report::clean;
use crate::results::{Checks, Results};
use crate::task::{self, CHECKS, EXTRAS, TASKS};

use cache::Entry;
pub use shard::Shard;
use shared::terminal::printable;

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
    /// The part of the submissions to grade. `None` for all of them.
    pub shard: Option<Shard>,
}

/// Something that happens while a class is graded.
#[derive(Debug, Clone, Copy)]
pub enum Event<'a> {
    /// The submission with this name is next.
    Begun(&'a str),
    /// A submission is graded. `was_known` is true if all its verdicts were in the cache.
    Graded {
        /// The submission.
        submission: &'a Submission,
        /// True if all its verdicts were in the cache.
        was_known: bool,
    },
}

impl Class {
    /// Returns the number of submissions to grade.
    pub fn count(&self) -> usize {
        self.places(&names(&self.submissions)).len()
    }

    /// Returns the places of the submissions to grade.
    fn places(&self, names: &[String]) -> Vec<usize> {
        match self.shard {
            Some(shard) => shard.places(names, &self.submissions),
            None => (0..names.len()).collect(),
        }
    }

    /// Grades the submissions and returns the results in their order, or `None` if [`stop`](crate::process::stop) was
    /// called first.
    ///
    /// Verdicts are written to a cache, by the fingerprint of the crate and of the checks. After a stop, the next call
    /// continues from there. A submission that has changed is graded again.
    ///
    /// `reference` returns a task's reference. It and `progress` are called from several threads.
    ///
    /// # Errors
    ///
    /// If the files of the checks cannot be read.
    pub fn grade<'o>(
        &self,
        reference: &(dyn Fn(task::Task) -> Result<&'o Reference, Problem> + Sync),
        progress: &(dyn Fn(Event<'_>) + Sync),
    ) -> Result<Option<Results>, Problem> {
        let names = names(&self.submissions);
        let places = self.places(&names);
        let next = AtomicUsize::new(0);
        let graded = Mutex::new(Vec::new());
        thread::scope(|scope| {
            for _ in 0..self.at_once.get().min(places.len()) {
                scope.spawn(|| {
                    while let Some(place) = places.get(next.fetch_add(1, Ordering::Relaxed)) {
                        let (name, path) = (&names[*place], &self.submissions[*place]);
                        progress(Event::Begun(name));
                        let (submission, was_known) = self.one(name, path, reference);
                        if is_stopped() {
                            break;
                        }
                        progress(Event::Graded {
                            submission: &submission,
                            was_known,
                        });
                        lock(&graded).push((*place, submission));
                    }
                });
            }
        });
        let mut graded = graded.into_inner().unwrap_or_else(PoisonError::into_inner);
        if graded.len() < places.len() {
            return Ok(None);
        }
        graded.sort_by_key(|(place, _)| *place);
        let graded = graded.into_iter().map(|(_, submission)| submission);
        let submissions: Vec<Submission> = graded.collect();
        Ok(Some(Results {
            checks: self.checks(&submissions, reference)?,
            class: names,
            submissions,
        }))
    }

    /// Returns the checks of the tasks in the submissions.
    fn checks<'o>(
        &self,
        submissions: &[Submission],
        reference: &dyn Fn(task::Task) -> Result<&'o Reference, Problem>,
    ) -> Result<Vec<Checks>, Problem> {
        let is_used = |task: &task::Task| {
            let mut tasks = submissions.iter().flat_map(|submission| &submission.tasks);
            tasks.any(|known| known.task == task.folder)
        };
        let checks = |task: task::Task| {
            // A task that does not build has no checks. Its submissions say why.
            let (required, extras) = match reference(task) {
                Ok(reference) => names_of_checks(reference, self.judge.extras != Extras::Never),
                Err(_) => Default::default(),
            };
            Ok(Checks {
                task: task.folder.to_owned(),
                version: version::version(task)?,
                required,
                extras,
            })
        };
        TASKS.into_iter().filter(is_used).map(checks).collect()
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
                        let files =
                            fingerprint(&folder).map_err(|error| cannot_read(&folder, &error))?;
                        let reference = reference(task)?;
                        let entry = Entry::of(&self.judge, reference, files)?;
                        let files = Some(hexadecimal(&files));
                        if let Some(known) = entry.read().filter(|_| !self.is_fresh) {
                            known_before = true;
                            return Ok(Task { files, ..known });
                        }
                        judged_now = true;
                        let judged = self.judge.judge(reference, &folder, &|_, _| {});
                        if !is_stopped() {
                            entry.write(&judged);
                        }
                        Ok(Task { files, ..judged })
                    });
                    submission.tasks.push(judged.unwrap_or_else(|problem| Task {
                        task: task.folder.to_owned(),
                        checks: Vec::new(),
                        problem: Some(problem),
                        files: None,
                        extras_problem: None,
                    }));
                }
            }
        }
        (submission, known_before && !judged_now)
    }
}

/// Returns the names of a task's required checks, and of its extras if they run.
fn names_of_checks(reference: &Reference, with_extras: bool) -> (Vec<String>, Vec<String>) {
    let names = |target: &str| match reference.target(target) {
        Ok(target) => target.tests.clone(),
        Err(_) => Vec::new(),
    };
    let extras = if with_extras {
        names(EXTRAS)
    } else {
        Vec::new()
    };
    (names(CHECKS), extras)
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn cannot_read(path: &Path, error: &io::Error) -> Problem {
    Problem {
        whose: Whose::YourMachine,
        message: format!("cannot read {}: {error}", path.display()),
        details: String::new(),
        help: "check the path and its permissions".to_owned(),
    }
}

/// Returns a name for each submission, of one clean line and different from all others: the name of its folder or archive,
/// or the path if two have the same name. Where two look the same on one line, a number is added in the order of the paths,
/// which is the same on every machine.
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
    let mut counts: HashMap<&String, usize> = HashMap::new();
    for name in &names {
        *counts.entry(name).or_default() += 1;
    }
    let mut names: Vec<String> = (names.iter().zip(submissions))
        .map(|(name, path)| {
            let name = match counts[name] {
                1 => name.clone(),
                _ => path.display().to_string(),
            };
            match clean::line(&name, clean::LINE) {
                // It was an escape sequence.
                empty if empty.is_empty() => printable(&name),
                clean => clean,
            }
        })
        .collect();
    let mut places: Vec<usize> = (0..names.len()).collect();
    places.sort_by_key(|place| (&names[*place], &submissions[*place]));
    let mut taken = HashSet::new();
    for place in places {
        let (mut name, mut number) = (names[place].clone(), 1);
        while !taken.insert(name.clone()) {
            number += 1;
            name = format!("{} ({number})", names[place]);
        }
        names[place] = name;
    }
    names
}
