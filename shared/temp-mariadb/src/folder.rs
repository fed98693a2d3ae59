//! The private folder of a server, and how those that were left behind are found and swept.
//!
//! ```text
//! temp-mariadb-XXXXXX/     mode 0700
//!     log                       locked by the program, the supervisor and the server: by whoever lives
//!     supervisor                     locked by the program and the supervisor only
//!     server/                   all else; removed first, so that a folder without a log is at most empty
//! ```
//!
//! A lock belongs to an open file and not to a process: the children inherit it with the file (as their standard
//! output, say), and the kernel lets go of it when the last of them has ended, by whatever way. So a lock is proof,
//! which a process id in a file is not: that number may be somebody else's by now.

use super::error::{Doing, Error};
use std::{
    env,
    fs::{self, File, OpenOptions, Permissions},
    io,
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

const PREFIX: &str = "temp-mariadb-";

/// A folder of our own, with both its locks held.
#[derive(Debug)]
pub(super) struct Folder {
    pub path: PathBuf,
    pub log: File,
    pub supervisor: File,
    pub owner: u32,
}

impl Folder {
    /// Makes a folder, and sweeps those which nobody uses any more.
    pub fn create() -> Result<Folder, Error> {
        let doing = "create a private folder";
        let folder = loop {
            let path = tempfile::Builder::new()
                .prefix(PREFIX)
                // As it is created, and not later: another user could enter it in between.
                .permissions(Permissions::from_mode(0o700))
                .tempdir()
                .doing(doing)?
                .keep();
            match Folder::lock(path) {
                Ok(folder) => break folder,
                // Between the making of the folder and the lock another program's sweep was faster. So be it.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error).doing(doing),
            }
        };
        fs::create_dir(folder.path.join("server")).doing(doing)?;
        sweep(&env::temp_dir(), folder.owner);
        Ok(folder)
    }

    fn lock(path: PathBuf) -> io::Result<Folder> {
        let create = |name| {
            OpenOptions::new()
                .create(true)
                .append(true)
                .open(path.join(name))
        };
        let log = create("log")?;
        log.lock()?;
        // Whoever sweeps holds this lock until the folder is gone. Is what was locked here still there?
        if fs::metadata(path.join("log"))?.ino() != log.metadata()?.ino() {
            return Err(io::ErrorKind::NotFound.into());
        }
        let supervisor = create("supervisor")?;
        supervisor.lock()?;
        let owner = fs::metadata(&path)?.uid();
        Ok(Folder {
            path,
            log,
            supervisor,
            owner,
        })
    }
}

/// Removes the folders of this user that nobody holds.
///
/// What cannot be removed stays for the next time: this is tidying up, and no reason not to start.
fn sweep(temporary: &Path, owner: u32) {
    for entry in fs::read_dir(temporary).into_iter().flatten().flatten() {
        let ours = entry.file_name().to_string_lossy().starts_with(PREFIX)
            // Not the target's of a symbolic link, which anybody may put here.
            && entry.metadata().is_ok_and(|found| found.is_dir() && found.uid() == owner);
        if ours {
            let _ = sweep_one(&entry.path());
        }
    }
}

pub(super) fn sweep_one(folder: &Path) -> io::Result<()> {
    let log = match File::open(folder.join("log")) {
        // Either just made, or a sweep that was interrupted before its last step. This removes an empty folder only,
        // and who has just made it makes another.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return fs::remove_dir(folder),
        opened => opened?,
    };
    if log.try_lock().is_ok() {
        let _ = fs::remove_dir_all(folder.join("server"));
        return fs::remove_dir_all(folder);
    }
    // Somebody lives. If it is the server alone, because program and supervisor were both killed, nobody will ever end it.
    // Then the server it is that holds the lock, and so the process id is still its own.
    let supervisor = File::open(folder.join("supervisor"))?;
    if supervisor.try_lock().is_ok() {
        let pid = fs::read_to_string(folder.join("server/server.pid"))?;
        let killed = Command::new("/bin/sh")
            .args(["-c", "kill -9 \"$1\"", "sh", pid.trim()])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()?;
        if killed.success() {
            log.lock()?; // granted when the server is really gone
            let _ = fs::remove_dir_all(folder.join("server"));
            return fs::remove_dir_all(folder);
        }
    }
    Ok(())
}
