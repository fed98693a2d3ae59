//! What was graded before: kept, so that the work can be stopped and gone on with.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use sha2::{Digest, Sha256};

use crate::fingerprint::fingerprint;
use crate::judge::Judge;
use crate::outcome::{Problem, Task, Verdict, Whose};
use crate::reference::{Reference, state_folder};

use super::cannot_read;

/// The file that keeps what came of a crate, under a name that is made of all that the verdict depends on.
pub(super) struct Graded(PathBuf);

impl Graded {
    pub(super) fn of(
        judge: &Judge,
        reference: &Reference,
        folder: &Path,
    ) -> Result<Graded, Problem> {
        let mut hash = Sha256::new();
        hash.update(fingerprint(folder).map_err(|error| cannot_read(folder, &error))?);
        hash.update(format!(
            "{:?} {} {:?}",
            reference.task, judge.with_extras, judge.sandbox
        ));
        for target in &reference.targets {
            // Cargo writes the program anew whenever the checks or what they stand on change.
            let (length, made) = fs::metadata(&target.program)
                .and_then(|program| Ok((program.len(), program.modified()?)))
                .map_err(|error| cannot_read(&target.program, &error))?;
            let made = made
                .duration_since(SystemTime::UNIX_EPOCH)
                .unwrap_or_default();
            hash.update(format!("{} {} {}", target.name, length, made.as_nanos()));
        }
        Ok(Graded(
            state_folder()?
                .join("graded")
                .join(format!("{:x}.json", hash.finalize())),
        ))
    }

    /// What came of it, if it was kept.
    pub(super) fn read(&self) -> Option<Task> {
        serde_json::from_slice(&fs::read(&self.0).ok()?).ok()
    }

    /// Keeps it, unless it says more of this machine than of the crate. That it cannot be kept costs time only.
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
