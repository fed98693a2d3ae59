//! For tests: runs a task's binary as a person or a script would.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::fixture::Fixture;
use crate::{User, sample_users};

/// A binary, in a folder of its own.
pub struct Program {
    path: &'static str,
    folder: TempDir,
}

/// What a run of a binary left behind.
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
    /// The binary at this path, which is `env!("CARGO_BIN_EXE_…")`.
    pub fn new(path: &'static str) -> Program {
        let folder = tempfile::tempdir().expect("a temporary folder");
        Program { path, folder }
    }

    /// The folder that it runs in.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Runs it to its end.
    pub fn run(&self, arguments: &[&str]) -> Outcome {
        let output = self.command(arguments).output().expect("the binary starts");
        Outcome {
            status: output.status.code(),
            stdout: String::from_utf8(output.stdout).expect("UTF-8"),
            stderr: String::from_utf8(output.stderr).expect("UTF-8"),
        }
    }

    /// The command, to be started in another way.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(self.path);
        command
            .args(arguments)
            .current_dir(self.folder())
            .env_remove("DATABASE_URL")
            .stdin(Stdio::null());
        command
    }

    /// Checks what the options `--help` and `--database`, and a wrong command line, do in every SQLite task.
    ///
    /// # Panics
    ///
    /// When one of them does something else. `expected` is the output for the sample.
    pub fn check_common_behaviour(&self, expected: &str) {
        self.check_default_database(expected);
        self.check_missing_database();
        self.check_wrong_command_lines();
        self.check_closed_pipe();
        self.check_full_disk();
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
            "it says that it made users.db: {:?}",
            first.stderr
        );
        let made = fs::read(self.folder().join("users.db")).expect("users.db");
        let second = self.run(&[]);
        assert_eq!(
            (second.status, second.stdout.as_str(), second.stderr.as_str()),
            (Some(0), expected, "")
        );
        let again = fs::read(self.folder().join("users.db")).expect("users.db");
        assert!(made == again, "reading leaves the database as it was");
        let count = fs::read_dir(self.folder()).expect("the folder").count();
        assert_eq!(count, 1, "nothing but users.db is left behind");
    }

    fn check_missing_database(&self) {
        let missing = self.run(&["--database", "missing.db"]);
        assert_eq!((missing.status, missing.stdout.as_str()), (Some(1), ""));
        assert!(missing.stderr.starts_with("error: "), "{}", missing.stderr);
        assert!(missing.stderr.contains("missing.db"), "{}", missing.stderr);
        assert!(
            missing
                .stderr
                .lines()
                .last()
                .is_some_and(|line| line.starts_with("help: ")),
            "{}",
            missing.stderr
        );
        assert!(
            !self.folder().join("missing.db").exists(),
            "a missing database is not created"
        );
        let passwords = [
            "mysql://root:s3cret@localhost/users",
            "mysql://root:x\ns3cret@localhost/users",
            "mysql:/root:s3cret@localhost/users",
            "root:s3cret@localhost/users",
        ];
        for url in passwords {
            let outcome = self.run(&["--database", url]);
            assert_eq!(outcome.status, Some(1));
            assert!(!outcome.stderr.contains("s3cret"), "{}", outcome.stderr);
        }
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

    /// `| head -1` on more than a pipe holds.
    fn check_closed_pipe(&self) {
        let many = Fixture::with_users((1..=50_000).map(|id| User {
            id,
            email: format!("{id}@example.com"),
            ..sample_users().remove(0)
        }));
        for format in ["table", "json", "csv"] {
            let database = many.path().to_str().expect("UTF-8");
            let mut child = self
                .command(&["--database", database, "--format", format])
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .expect("the binary starts");
            let mut line = String::new();
            BufReader::new(child.stdout.take().expect("a pipe"))
                .read_line(&mut line)
                .expect("a line");
            let mut stderr = String::new();
            child
                .stderr
                .take()
                .expect("a pipe")
                .read_to_string(&mut stderr)
                .expect("UTF-8");
            assert_eq!(
                (child.wait().expect("its end").code(), stderr.as_str()),
                (Some(0), ""),
                "{format}"
            );
        }
    }

    fn check_full_disk(&self) {
        let Ok(full) = fs::File::options().write(true).open("/dev/full") else {
            return; // There is no such device outside Linux.
        };
        let output = self
            .command(&[])
            .stdout(full)
            .output()
            .expect("the binary starts");
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{stderr}");
        assert!(stderr.contains("\nhelp: "), "{stderr}");
    }
}
