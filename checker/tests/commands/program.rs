//! The program, and crates to give it.

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use checker::solution::Solution;
use checker::task::Task;
use tempfile::TempDir;

/// A command line of the program, without `RUST_BACKTRACE`.
pub fn checker<'a>(arguments: impl IntoIterator<Item = &'a str>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_checker"));
    command
        .args(arguments)
        .stdin(Stdio::null())
        .env_remove("RUST_BACKTRACE");
    command
}

/// Runs it to its end.
pub fn run<'a>(arguments: impl IntoIterator<Item = &'a str>) -> Ran {
    Ran::new(checker(arguments).output().expect("the program starts"))
}

/// The result of a run.
#[derive(Debug)]
pub struct Ran {
    pub status: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Ran {
    pub fn new(output: Output) -> Ran {
        Ran {
            status: output.status.code(),
            stdout: String::from_utf8(output.stdout).expect("UTF-8"),
            stderr: String::from_utf8(output.stderr).expect("UTF-8"),
        }
    }

    /// An error as it should be: status 1, nothing on standard output, one message and what to do about it.
    #[track_caller]
    pub fn expect_error(&self, about: &str) {
        assert_eq!(
            (self.status, self.stdout.as_str()),
            (Some(1), ""),
            "{self:?}"
        );
        assert!(self.stderr.starts_with("error: "), "{self:?}");
        assert!(self.stderr.contains(about), "{self:?}");
        assert!(self.stderr.contains("\nhelp: "), "{self:?}");
    }
}

/// A temporary folder of submissions.
pub struct Class(TempDir);

impl Class {
    pub fn new() -> Class {
        Class(tempfile::tempdir().expect("a temporary folder"))
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// A submission of task 0 with this `src/lib.rs`, which differs from that of every other run: nothing of it was
    /// graded before.
    pub fn add(&self, name: &str, lib: &str) -> String {
        let folder = self.path().join(name).join(task_0().folder);
        fs::create_dir_all(folder.join("src")).expect("a folder");
        let lib = format!("{lib}\n// {}\n", self.path().display());
        fs::write(folder.join("src/lib.rs"), lib).expect("a file");
        fs::copy(
            task_0().path().join("Cargo.toml"),
            folder.join("Cargo.toml"),
        )
        .expect("a file");
        text(&self.path().join(name))
    }

    /// The path of something in the folder.
    pub fn named(&self, name: &str) -> String {
        text(&self.path().join(name))
    }
}

pub fn task_0() -> Task {
    Task::find("0-databaseconnection").expect("a task")
}

/// Our own solution of task 0.
pub fn solution() -> String {
    fs::read_to_string(task_0().path().join("src/lib.rs")).expect("our solution")
}

/// A wrong solution of task 0.
pub fn wrong(name: &str) -> String {
    let solutions = Solution::all(task_0()).expect("solutions that can be read");
    let solution = solutions
        .into_iter()
        .find(|solution| solution.name() == name);
    solution.expect("a wrong solution").program
}

pub fn text(path: &Path) -> String {
    path.to_str().expect("UTF-8").to_owned()
}
