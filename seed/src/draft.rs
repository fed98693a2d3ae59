//! A draft: the new database file, until it replaces the old one.

use std::fs::{self, File, Permissions, TryLockError};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

/// A file in a separate folder next to the database: on the same file system, so that it can be renamed to the
/// database.
///
/// Both are removed when this is dropped. `kill -9` leaves them, and the next run's [`sweep`] removes them.
#[must_use = "the draft is removed when this is dropped"]
pub struct Draft {
    file: PathBuf,
    folder: TempDir,
    /// Held while this process lives, so a sweep knows that a draft without a lock is abandoned. The lock is on the
    /// folder and not on the file, because on some systems (macOS) it would exclude SQLite's locks.
    _lock: File,
}

const FILE: &str = "draft.db";
const RANDOM_LETTERS: usize = 6;
const SUFFIX: &str = ".seeding";

impl Draft {
    /// Creates an empty file, with the permissions of any new file.
    pub fn beside(database: &Path) -> io::Result<Draft> {
        let (parent, name) = (
            folder_of(database),
            database.file_name().unwrap_or_default(),
        );
        let mut prefix = name.to_owned();
        prefix.push(".");
        loop {
            let folder = tempfile::Builder::new()
                .prefix(&prefix)
                .rand_bytes(RANDOM_LETTERS)
                .suffix(SUFFIX)
                // The file is opened by its name later, so no other user may be able to replace it.
                .permissions(Permissions::from_mode(0o700))
                .tempdir_in(parent)
                // The temporary name does not help the user.
                .map_err(|error| io::Error::from(error.kind()))?;
            // Between creating the folder and locking it, another program's sweep may remove it. Then create another.
            let lock = match File::open(folder.path()) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                opened => opened?,
            };
            match lock.try_lock() {
                Ok(()) if folder.path().exists() => {}
                Ok(()) | Err(TryLockError::WouldBlock) => continue,
                // A file system without locks. A sweep cannot lock it either, and leaves the draft.
                Err(TryLockError::Error(_)) => {}
            }
            let file = folder.path().join(FILE);
            File::create_new(&file)?;
            return Ok(Draft {
                file,
                folder,
                _lock: lock,
            });
        }
    }

    /// The file to fill.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// Returns the folder to remove when the program ends without running destructors.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }
}

/// Removes the drafts of this database whose programs have died. One that cannot be removed is left.
pub fn sweep(database: &Path) {
    let name = database.file_name().unwrap_or_default().as_encoded_bytes();
    let Ok(entries) = fs::read_dir(folder_of(database)) else {
        return;
    };
    for entry in entries.flatten() {
        let found = entry.file_name();
        let middle = (found.as_encoded_bytes().strip_prefix(name))
            .and_then(|rest| rest.strip_prefix(b"."))
            .and_then(|rest| rest.strip_suffix(SUFFIX.as_bytes()));
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        if is_folder && middle.is_some_and(|middle| middle.len() == RANDOM_LETTERS) {
            let _ = remove_if_dead(&entry.path());
        }
    }
}

fn remove_if_dead(folder: &Path) -> io::Result<()> {
    let lock = File::open(folder)?;
    lock.try_lock()?;
    // Not `remove_dir_all`: a folder that contains more than a draft belongs to the user, and stays.
    match fs::remove_file(folder.join(FILE)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    fs::remove_dir(folder)
}

/// Returns the folder of a file.
pub fn folder_of(file: &Path) -> &Path {
    match file.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft_of_the_dead(database: &Path) -> PathBuf {
        let draft = Draft::beside(database).expect("a draft");
        let folder = draft.folder().to_owned();
        // A process that is killed by `kill -9` releases the lock and removes nothing.
        let Draft { folder: kept, .. } = draft;
        let _ = kept.keep();
        folder
    }

    #[test]
    fn a_sweep_takes_the_drafts_of_the_dead_and_no_others() {
        let temporary = tempfile::tempdir().expect("a folder");
        let database = temporary.path().join("users.db");
        let dead = draft_of_the_dead(&database);
        let of_another_database = draft_of_the_dead(&temporary.path().join("other.db"));
        let with_something_in_it = draft_of_the_dead(&database);
        fs::write(with_something_in_it.join("notes.txt"), "mine").expect("a file");
        let alive = Draft::beside(&database).expect("a draft");

        sweep(&database);

        assert!(!dead.exists());
        assert!(of_another_database.exists());
        assert!(with_something_in_it.join("notes.txt").exists());
        assert!(alive.file().exists());
        let folder = alive.folder().to_owned();
        drop(alive);
        assert!(!folder.exists());
    }
}
