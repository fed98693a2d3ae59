//! A process under a supervisor (`supervisor.sh`), in a private folder, with a log that this package reads.

use super::{
    Error,
    error::Doing,
    folder::{self, Folder},
};
use std::{
    fs,
    io::{self, Write},
    os::unix::process::CommandExt,
    path::Path,
    process::{Child, ChildStdin, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

/// Every step takes less than a second, and joining a cluster some seconds. Only a step that hangs takes this long.
const LIMIT: Duration = Duration::from_secs(60);

/// The line that the supervisor writes if its process ends before it was asked to.
pub(super) const ENDED: &str = "supervisor: the server has ended\n";

/// A supervisor, and the folder of its process. Dropping it ends the process and removes the folder.
#[derive(Debug)]
pub(super) struct Supervised {
    supervisor: Child,
    /// Closing it ends the process. `None` only while dropping.
    orders: Option<ChildStdin>,
    folder: Option<Folder>,
    /// The position up to which the log has been read.
    pub read: usize,
}

impl Supervised {
    /// Starts a supervisor that has no process yet.
    pub fn start(folder: Folder) -> Result<Supervised, Error> {
        let doing = "start the supervisor of the server";
        let mut command = Command::new("/bin/sh");
        command
            .args(["-c", include_str!("supervisor.sh"), "supervisor"])
            .arg(&folder.path)
            .current_dir(folder.path.join("server"))
            // Messages in English, because this package reads them.
            .env("LC_ALL", "C")
            // Times in UTC, because this package reads them.
            .env("TZ", "UTC0")
            .stdin(Stdio::piped())
            // Not the program's output: a reader of it through a pipe would wait until the server ends.
            .stdout(folder.log.try_clone().doing(doing)?)
            .stderr(folder.supervisor.try_clone().doing(doing)?)
            // Ctrl-C at the terminal goes to the process group in the foreground, which the supervisor must survive.
            .process_group(0);
        let mut supervisor = match command.spawn() {
            Ok(supervisor) => supervisor,
            Err(error) => {
                let _ = fs::remove_dir_all(&folder.path);
                return Err(error).doing(doing);
            }
        };
        Ok(Supervised {
            orders: supervisor.stdin.take(),
            supervisor,
            folder: Some(folder),
            read: 0,
        })
    }

    pub fn folder(&self) -> &Path {
        &self.folder.as_ref().expect("only dropping takes it").path
    }

    /// Sends the supervisor an order; its words are quoted for the shell.
    pub fn order(&mut self, order: &str, words: &[String]) -> io::Result<()> {
        let mut line = order.to_owned();
        for word in words {
            line += &format!(" '{}'", word.replace('\'', r"'\''"));
        }
        if line.contains('\n') {
            return Err(io::Error::other(
                "a line break in the name of a folder or in an argument",
            ));
        }
        line.push('\n');
        let orders = self.orders.as_mut().expect("only dropping takes it");
        orders.write_all(line.as_bytes())
    }

    /// Waits until the log contains one of these, and returns which. Earlier lines are not read again.
    pub fn wait_for(&mut self, doing: &'static str, words: &[&str]) -> Result<usize, Error> {
        let begun = Instant::now();
        loop {
            let log = fs::read(self.folder().join("log")).doing(doing)?;
            // The server writes ASCII, so lossy text is as long as the bytes before the match.
            let new = String::from_utf8_lossy(&log[self.read.min(log.len())..]);
            let found = words
                .iter()
                .enumerate()
                .find_map(|(which, words)| Some((which, new.find(words)? + words.len())));
            if let Some((which, end)) = found {
                // Only up to here: the log may already contain what the next call waits for.
                self.read += end;
                return Ok(which);
            }
            if self.supervisor.try_wait().doing(doing)?.is_some() {
                return Err(self.ended(doing));
            }
            if begun.elapsed() > LIMIT {
                let log = self.last_lines();
                return Err(Error::TooSlow { waited: LIMIT, log });
            }
            thread::sleep(Duration::from_millis(2));
        }
    }

    /// Kills the process with SIGKILL, and waits until it is gone.
    pub fn kill(&mut self, doing: &'static str) -> Result<(), Error> {
        self.order("kill", &[]).doing(doing)?;
        self.wait_for(doing, &["supervisor: killed\n"]).map(drop)
    }

    pub fn ended(&self, doing: &'static str) -> Error {
        let log = self.last_lines();
        Error::Ended { doing, log }
    }

    fn last_lines(&self) -> String {
        let log = fs::read(self.folder().join("log")).unwrap_or_default();
        let log = String::from_utf8_lossy(&log);
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(10)..].join("\n")
    }
}

impl Drop for Supervised {
    fn drop(&mut self) {
        drop(self.orders.take()); // the supervisor waits for this
        let _ = self.supervisor.wait();
        // Normally the supervisor does the rest. If it was killed, do what the next start would do.
        if let Some(Folder {
            path,
            log,
            supervisor,
            ..
        }) = self.folder.take()
        {
            drop((log, supervisor));
            let _ = folder::sweep_one(&path);
        }
    }
}
