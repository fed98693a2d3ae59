//! The cache of verdicts, so that grading can be stopped and continued.

use std::fs;
use std::io;
use std::path::PathBuf;
use std::time::SystemTime;

use sha2::{Digest, Sha256};

use crate::fingerprint::Fingerprint;
use crate::judge::Judge;
use crate::outcome::{Problem, Task, Verdict, Whose};
use crate::reference::{Reference, state_folder};

use super::cannot_read;

/// Increases when verdicts contain more than before: an older one is not read again.
const CONTENTS: u32 = 2;

/// A file with the verdict on a crate. Its name is a hash of everything that the verdict depends on.
pub(super) struct Entry(PathBuf);

impl Entry {
    pub(super) fn of(
        judge: &Judge,
        reference: &Reference,
        files: Fingerprint,
    ) -> Result<Entry, Problem> {
        let mut hash = Sha256::new();
        hash.update(files);
        hash.update(format!(
            "{CONTENTS} {:?} {:?} {:?}",
            reference.task, judge.extras, judge.sandbox
        ));
        for target in &reference.targets {
            // Cargo writes the program again when the checks or their dependencies change.
            let (length, made) = fs::metadata(&target.program)
                .and_then(|program| Ok((program.len(), program.modified()?)))
                .map_err(|error| cannot_read(&target.program, &error))?;
            let made = made
                .duration_since(SystemTime::UNIX_EPOCH)
                .unwrap_or_default();
            hash.update(format!("{} {} {}", target.name, length, made.as_nanos()));
        }
        Ok(Entry(
            state_folder()?
                .join("cache")
                .join(format!("{:x}.json", hash.finalize())),
        ))
    }

    /// Reads the verdict, if it is in the cache.
    pub(super) fn read(&self) -> Option<Task> {
        serde_json::from_slice(&fs::read(&self.0).ok()?).ok()
    }

    /// Writes the verdict to the cache, unless it depends on this machine. Errors are ignored: they only cost time.
    pub(super) fn write(&self, task: &Task) {
        let is_the_machines = task
            .problem
            .as_ref()
            .is_some_and(|problem| problem.whose != Whose::YourCode);
        let has_timed_out = |verdict: &Verdict| matches!(verdict, Verdict::TimedOut { .. });
        if is_the_machines
            || task
                .checks
                .iter()
                .any(|check| has_timed_out(&check.verdict))
        {
            return;
        }
        let (Some(folder), Ok(text)) = (self.0.parent(), serde_json::to_vec(task)) else {
            return;
        };
        let written = fs::create_dir_all(folder)
            .and_then(|()| tempfile::NamedTempFile::new_in(folder))
            .and_then(|mut file| {
                io::Write::write_all(&mut file, &text)?;
                Ok(file)
            });
        if let Ok(file) = written {
            let _ = file.persist(&self.0);
        }
    }
}
