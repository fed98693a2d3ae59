//! The version of a task's checks.

use std::fs::{self, DirEntry};
use std::io;
use std::path::Path;

use sha2::{Digest, Sha256};

use super::{cannot_read, hexadecimal};
use crate::outcome::Problem;
use crate::task::{Task, workspace};

/// Returns the version of a task's checks: a hash of the files that a verdict depends on, apart from the submission. These
/// are the task's tests and its manifest, the packages in `shared`, and the versions of the dependencies. Machines with the
/// same files get the same version, however and when they built them.
pub(super) fn version(task: Task) -> Result<String, Problem> {
    let mut hash = Sha256::new();
    let root = workspace();
    for place in [
        task.path().join("Cargo.toml"),
        task.path().join("tests"),
        root.join("shared"),
        root.join("Cargo.lock"),
    ] {
        add(&mut hash, &place, root).map_err(|error| cannot_read(&place, &error))?;
    }
    Ok(hexadecimal(&hash.finalize())[..16].to_owned())
}

fn add(hash: &mut Sha256, path: &Path, root: &Path) -> io::Result<()> {
    if path.is_dir() {
        let mut entries = fs::read_dir(path)?.collect::<io::Result<Vec<_>>>()?;
        entries.sort_by_key(DirEntry::file_name);
        return entries
            .iter()
            .filter(|entry| counts(&entry.file_name().to_string_lossy()))
            .try_for_each(|entry| add(hash, &entry.path(), root));
    }
    let name = path.strip_prefix(root).unwrap_or(path);
    for part in [name.as_os_str().as_encoded_bytes(), &fs::read(path)?] {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    Ok(())
}

/// Returns whether a file or folder in a package counts. An editor's files and what Cargo has built do not, and of a
/// package in `shared` only what the checks link.
fn counts(name: &str) -> bool {
    const OTHERS: [&str; 5] = ["README.md", "compat", "examples", "target", "tests"];
    !name.starts_with('.') && !name.ends_with('~') && !OTHERS.contains(&name)
}
