//! The private folder of a server, and the sweep that removes folders of dead servers.
//!
//! ```text
//! temp-mariadb-XXXXXX/     mode 0700
//!     log                       locked by the program, the supervisor and the server while they live
//!     supervisor                     locked by the program and the supervisor only
//!     server/                   everything else; removed first, so a folder without a log is empty
//! ```
//!
//! A lock belongs to an open file and not to a process: the children inherit it with the file (as their standard
//! output, say), and the kernel releases it when the last of them has ended. So a lock proves that one of them lives. A
//! process id in a file does not: another process may have that number now.

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

/// A folder with both its locks held.
#[derive(Debug)]
pub(super) struct Folder {
    pub path: PathBuf,
    pub log: File,
    pub supervisor: File,
    pub owner: u32,
}

impl Folder {
    /// Creates a folder, and removes the folders that no process uses any more.
    pub fn create() -> Result<Folder, Error> {
        let doing = "create a private folder";
        let folder = loop {
            let path = tempfile::Builder::new()
                .prefix(PREFIX)
                // The mode is set when the folder is created: later would let another user enter in between.
                .permissions(Permissions::from_mode(0o700))
                .tempdir()
                .doing(doing)?
                .keep();
            match Folder::lock(path) {
                Ok(folder) => break folder,
                // Another program's sweep removed the folder before it was locked: create another one.
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
        // A sweep holds this lock until the folder is gone. Check that the locked file still exists.
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

/// Removes the folders of this user that no process has locked.
///
/// A folder that cannot be removed stays for the next sweep and does not prevent the start.
fn sweep(temporary: &Path, owner: u32) {
    for entry in fs::read_dir(temporary).into_iter().flatten().flatten() {
        let ours = entry.file_name().to_string_lossy().starts_with(PREFIX)
            // Not the target of a symbolic link, which any user may create here.
            && entry.metadata().is_ok_and(|found| found.is_dir() && found.uid() == owner);
        if ours {
            let _ = sweep_one(&entry.path());
        }
    }
}

pub(super) fn sweep_one(folder: &Path) -> io::Result<()> {
    let log = match File::open(folder.join("log")) {
        // Just created, or left by a sweep that was interrupted before its last step. This removes only an empty
        // folder, and a program that has just created it creates another.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return fs::remove_dir(folder),
        opened => opened?,
    };
    if log.try_lock().is_ok() {
        let _ = fs::remove_dir_all(folder.join("server"));
        return fs::remove_dir_all(folder);
    }
    // A process lives. If program and supervisor were both killed, it is the server, which nothing else would end. The
    // server holds the lock, so the process id is still the server's.
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
            log.lock()?; // granted when the server is gone
            let _ = fs::remove_dir_all(folder.join("server"));
            return fs::remove_dir_all(folder);
        }
    }
    Ok(())
}
