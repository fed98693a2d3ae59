//! Runs the programs with a time limit.

use std::ffi::OsStr;
use std::io::Read;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

/// Time limit of a program. Only a failure reaches it.
pub const DEADLINE: Duration = Duration::from_secs(60);

/// The exit status and the output of a program.
#[derive(Debug)]
pub struct Outcome {
    /// The exit status; `None` if a signal ended the program.
    pub status: Option<i32>,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Outcome {
    /// Returns whether the program succeeded, or failed with status 1 and one error message.
    pub fn is_orderly(&self) -> bool {
        match self.status {
            Some(0) => !self.stderr.contains("panicked"),
            Some(1) => {
                self.stdout.is_empty()
                    && self.stderr.starts_with("error: ")
                    && self.stderr.contains("\nhelp: ")
            }
            _ => false,
        }
    }
}

/// Returns a command that runs in a folder, without input and without `DATABASE_URL`.
pub fn command(program: impl AsRef<OsStr>, folder: &Path) -> Command {
    let mut command = Command::new(program);
    command
        .current_dir(folder)
        .env_remove("DATABASE_URL")
        .stdin(Stdio::null());
    command
}

/// Runs a program to its end. Returns `None` if it was killed after [`DEADLINE`].
///
/// # Panics
///
/// Panics if the program cannot be started.
pub fn run(command: &mut Command) -> Option<Outcome> {
    let mut child: Child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let read = |stream: Option<Box<dyn Read + Send>>| {
        let (sender, text) = channel();
        thread::spawn(move || {
            let mut bytes = Vec::new();
            let _ = stream.map(|mut stream| stream.read_to_end(&mut bytes));
            sender.send(String::from_utf8_lossy(&bytes).into_owned())
        });
        text
    };
    let stdout = read(child.stdout.take().map(|stream| Box::new(stream) as _));
    let stderr = read(child.stderr.take().map(|stream| Box::new(stream) as _));
    let (Ok(stdout), Ok(stderr)) = (stdout.recv_timeout(DEADLINE), stderr.recv_timeout(DEADLINE))
    else {
        let _ = child.kill();
        let _ = child.wait();
        return None;
    };
    let status = child.wait().expect("it ends").code();
    Some(Outcome {
        status,
        stdout,
        stderr,
    })
}
