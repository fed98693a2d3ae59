//! A student's progress with a task: the numbers of the last verdict, saved for each folder.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::outcome::{Task, Verdict};
use crate::reference::state_folder;

/// The numbers of a verdict.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// The number of required checks that passed.
    pub passed: usize,
    /// The number of required checks that ran.
    pub of: usize,
    /// Why the checks could not run.
    pub problem: Option<String>,
}

impl Progress {
    /// Returns the numbers of a verdict.
    pub fn of(task: &Task) -> Progress {
        let required = || task.checks.iter().filter(|check| check.is_required);
        Progress {
            passed: required()
                .filter(|check| check.verdict == Verdict::Passed)
                .count(),
            of: required().count(),
            problem: task.problem.as_ref().map(|problem| problem.message.clone()),
        }
    }

    /// Saves the numbers for a folder.
    ///
    /// # Errors
    ///
    /// If the folder does not exist, or the file cannot be written.
    pub fn save(&self, folder: &Path) -> io::Result<()> {
        fs::write(file_of("progress", folder)?, serde_json::to_vec(self)?)
    }

    /// Reads the numbers that were saved last for a folder.
    pub fn read(folder: &Path) -> Option<Progress> {
        let text = fs::read(file_of("progress", folder).ok()?).ok()?;
        serde_json::from_slice(&text).ok()
    }
}

/// Forgets the last verdict of a folder and the hints that were given, because the code in it is a new stub.
pub fn forget(folder: &Path) {
    for kind in ["progress", "hints"] {
        // Without the file there is nothing to forget.
        let _ = file_of(kind, folder).and_then(fs::remove_file);
    }
}

/// Returns the file in which something about a folder is saved.
///
/// # Errors
///
/// If the folder does not exist, or there is no place for such files.
pub fn file_of(kind: &str, folder: &Path) -> io::Result<PathBuf> {
    let state = state_folder().map_err(io::Error::other)?.join(kind);
    let folder = folder.canonicalize()?;
    let name = Sha256::digest(folder.as_os_str().as_encoded_bytes());
    fs::create_dir_all(&state)?;
    Ok(state.join(format!("{name:x}.json")))
}
