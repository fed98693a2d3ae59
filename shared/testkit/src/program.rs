//! Runs a task's binary as a person or a script would.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;

use tempfile::TempDir;

use shared::files::private_folder;
use shared::terminal::is_harmful;
use shared::{User, sample_users};

use crate::{Deadline, TempDatabase};

/// A binary, with a separate folder to run in.
pub struct Program {
    path: &'static str,
    folder: TempDir,
}

/// The result of running a binary.
#[derive(Debug)]
pub struct Outcome {
    /// The exit status; `None` when a signal ended it.
    pub status: Option<i32>,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Program {
    /// Prepares to run the binary at this path, which is `env!("CARGO_BIN_EXE_…")`.
    pub fn new(path: &'static str) -> Program {
        let folder = private_folder().expect("a temporary folder");
        Program { path, folder }
    }

    /// Returns the folder that it runs in.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Runs it to its end.
    ///
    /// # Panics
    ///
    /// When it has not ended when twice the time of a [`Deadline`] has passed.
    pub fn run(&self, arguments: &[&str]) -> Outcome {
        finish(self.command(arguments).stdout(Stdio::piped()))
    }

    /// Returns the command, for a test that starts it in another way.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(self.path);
        command
            .args(arguments)
            .current_dir(self.folder())
            .env_remove("DATABASE_URL")
            .stdin(Stdio::null());
        command
    }

    /// Checks the behaviour that all SQLite tasks have in common: `--help`, `--database` and a wrong command line. The
    /// texts of errors are not compared.
    ///
    /// # Panics
    ///
    /// When one of them behaves differently. `expected` is the output for the sample users.
    pub fn check_common_behaviour(&self, expected: &str) {
        self.check_default_database(expected);
        self.check_missing_database();
        self.check_wrong_command_lines();
        self.check_closed_pipe();
        self.check_full_disk();
        self.check_timeline_that_cannot_be_written();
    }

    /// Runs it, and expects that it fails as a program should: with status 1, and nothing on standard output.
    ///
    /// # Panics
    ///
    /// When it does not.
    #[track_caller]
    pub fn expect_failure(&self, arguments: &[&str]) -> Outcome {
        let outcome = self.run(arguments);
        assert!(
            outcome.status == Some(1) && outcome.stdout.is_empty() && !outcome.stderr.is_empty(),
            "expected: status 1, nothing on standard output and an error on standard error, for {arguments:?}\n\
             found: {outcome:?}"
        );
        outcome
    }

    /// Checks the error for a missing database: it names the database and has a line with the help. It shows no
    /// password, even if the path contains one, and no control characters.
    ///
    /// # Panics
    ///
    /// When the error is different.
    pub fn check_error_texts(&self) {
        let Outcome { stderr, .. } = self.expect_failure(&["--database", "missing.db"]);
        assert!(stderr.starts_with("error: "), "{stderr}");
        assert!(stderr.contains("missing.db"), "{stderr}");
        let last = stderr.lines().last();
        assert!(
            last.is_some_and(|line| line.starts_with("help: ")),
            "{stderr}"
        );
        let passwords = [
            "mysql://root:s3cret@localhost/users",
            "mysql://root:x\ns3cret@localhost/users",
            "mysql:/root:s3cret@localhost/users",
            "root:s3cret@localhost/users",
        ];
        for url in passwords {
            let Outcome { stderr, .. } = self.expect_failure(&["--database", url]);
            assert!(!stderr.contains("s3cret"), "{stderr}");
        }
        let name = "\x1b]0;title\x07\u{9b}2J\u{202e}bd.sresu";
        let Outcome { stderr, .. } = self.expect_failure(&["--database", name]);
        let escaped: String = name.chars().flat_map(char::escape_default).collect();
        assert!(stderr.contains(&escaped), "{stderr:?}");
        assert!(
            !stderr.chars().any(|c| is_harmful(c) && c != '\n'),
            "{stderr:?}"
        );
        // There is no password, so nothing is hidden.
        let Outcome { stderr, .. } = self.expect_failure(&["--database", "sqlite://users.db"]);
        assert!(stderr.contains("`sqlite://users.db`"), "{stderr}");
        assert!(!stderr.contains("***"), "{stderr}");
    }

    fn check_default_database(&self, expected: &str) {
        let first = self.run(&[]);
        assert_eq!(
            (first.status, first.stdout.as_str()),
            (Some(0), expected),
            "{}",
            first.stderr
        );
        assert!(
            first.stderr.contains("users.db"),
            "it says that it created users.db: {:?}",
            first.stderr
        );
        let made = fs::read(self.folder().join("users.db")).expect("users.db");
        let second = self.run(&[]);
        assert_eq!(
            (
                second.status,
                second.stdout.as_str(),
                second.stderr.as_str()
            ),
            (Some(0), expected, "")
        );
        let again = fs::read(self.folder().join("users.db")).expect("users.db");
        assert!(made == again, "reading leaves the database as it was");
        let count = fs::read_dir(self.folder()).expect("the folder").count();
        assert_eq!(count, 1, "nothing but users.db is left behind");
    }

    fn check_missing_database(&self) {
        self.expect_failure(&["--database", "missing.db"]);
        assert!(
            !self.folder().join("missing.db").exists(),
            "a missing database is not created"
        );
    }

    fn check_wrong_command_lines(&self) {
        let wrong: [&[&str]; 5] = [
            &["--databse=mysql://root:s3cret@localhost/users"],
            &["--format", "mysql://root:s3cret@localhost/users"],
            &["--s3cret"],
            &["--database"],
            &["--database", "a.db", "--database", "s3cret"],
        ];
        for arguments in wrong {
            let outcome = self.run(arguments);
            assert_eq!(
                (outcome.status, outcome.stdout.as_str()),
                (Some(2), ""),
                "{arguments:?}"
            );
            assert!(!outcome.stderr.contains("s3cret"), "{}", outcome.stderr);
            assert!(outcome.stderr.contains("\nhelp: "), "{}", outcome.stderr);
        }
        let help = self.run(&["--help"]);
        assert_eq!((help.status, help.stderr.as_str()), (Some(0), ""));
        for word in ["--database", "--format", "[default: table]", "users.db"] {
            assert!(
                help.stdout.contains(word),
                "--help explains {word}: {}",
                help.stdout
            );
        }
    }

    /// Checks `| head -1` on more data than a pipe holds.
    fn check_closed_pipe(&self) {
        let many = TempDatabase::with_users((1..=50_000).map(|id| User {
            id,
            email: format!("{id}@example.com"),
            ..sample_users().remove(0)
        }));
        for format in ["table", "json", "csv"] {
            let database = many.path().to_str().expect("UTF-8");
            let mut command = self.command(&["--database", database, "--format", format]);
            let outcome = finish_reading(command.stdout(Stdio::piped()), |stdout| {
                let mut line = String::new();
                BufReader::new(stdout).read_line(&mut line).expect("a line");
                line
            });
            assert!(!outcome.stdout.is_empty(), "{format}: {}", outcome.stderr);
            assert_eq!(
                (outcome.status, outcome.stderr.as_str()),
                (Some(0), ""),
                "{format}"
            );
        }
    }

    fn check_full_disk(&self) {
        let Ok(full) = fs::File::options().write(true).open("/dev/full") else {
            return; // There is no such device outside Linux.
        };
        let outcome = finish(self.command(&[]).stdout(full));
        assert_eq!(outcome.status, Some(1), "{}", outcome.stderr);
        assert!(outcome.stderr.contains("\nhelp: "), "{}", outcome.stderr);
    }

    /// The program finds out before the work, so it prints nothing.
    fn check_timeline_that_cannot_be_written(&self) {
        let program = Program::new(self.path);
        let names = |folder: &Path| -> BTreeSet<OsString> {
            let entries = fs::read_dir(folder).expect("the folder");
            entries
                .map(|entry| entry.expect("a file").file_name())
                .collect()
        };
        let users = TempDatabase::with_users(sample_users());
        let database = users.path().to_str().expect("UTF-8");
        fs::create_dir(program.folder().join("folder.svg")).expect("a folder");
        fs::write(program.folder().join("older.svg"), "an older one").expect("a file");
        let before = names(program.folder());
        for file in ["missing/a.svg", "folder.svg", "older.svg/a.json"] {
            let option = format!("--timeline={file}");
            let Outcome { stderr, .. } = program.expect_failure(&["--database", database, &option]);
            let error = format!("error: could not write the timeline to {file}: ");
            assert!(
                stderr.starts_with(&error) && stderr.contains("\nhelp: "),
                "{stderr}"
            );
        }
        // If the work fails and has no timeline, no file is created, and an existing one stays.
        for option in ["--timeline=a.svg", "--timeline=older.svg"] {
            program.expect_failure(&["--database", "missing.db", option]);
        }
        assert_eq!(names(program.folder()), before);
        let older = fs::read_to_string(program.folder().join("older.svg"));
        assert_eq!(older.expect("a file"), "an older one");
    }
}

/// Runs a command until it closes its streams. A command that hangs is killed, and the test fails.
fn finish(command: &mut Command) -> Outcome {
    finish_reading(command, text_of)
}

/// Runs a command like [`finish`], but `read` reads standard output, and closes it when it has read enough.
fn finish_reading(command: &mut Command, read: fn(ChildStdout) -> String) -> Outcome {
    let mut child = command
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    let stdout = child
        .stdout
        .take()
        .map(|stream| meanwhile(move || read(stream)));
    let stderr = child
        .stderr
        .take()
        .map(|stream| meanwhile(move || text_of(stream)));
    let deadline = Deadline::start_outer();
    let mut wait = |text: Option<Receiver<String>>| match text.map(|text| deadline.recv(&text)) {
        Some(Some(text)) => text,
        None => String::new(),
        Some(None) => {
            let _ = child.kill();
            let _ = child.wait();
            panic!("expected: the program ends\nfound: it still runs");
        }
    };
    let (stdout, stderr) = (wait(stdout), wait(stderr));
    Outcome {
        status: child.wait().expect("its end").code(),
        stdout,
        stderr,
    }
}

/// Reads a stream to its end.
fn text_of(mut stream: impl Read) -> String {
    let mut text = String::new();
    stream.read_to_string(&mut text).expect("UTF-8");
    text
}

/// Reads on another thread, so that the caller can wait with a time limit.
fn meanwhile(read: impl FnOnce() -> String + Send + 'static) -> Receiver<String> {
    let (send, text) = channel();
    thread::spawn(move || send.send(read()));
    text
}
