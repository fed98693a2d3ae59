//! Measures the time from a save to the verdict, and how many crates are graded in a minute.
//!
//! `cargo build --bin checker && cargo run -p checker --example speed`
//!
//! It runs the program `checker` from the same build. A save changes a function body in `src/lib.rs`, and the time runs
//! until `watch` has printed the verdict. The class consists of the right solutions of tasks 0 to 2, then of the wrong
//! ones, each in a separate crate and without the cache. It prints medians, minima and maxima.

use std::env;
use std::error::Error;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use checker::solution::Solution;
use checker::task::{TASKS, Task};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

const SAVES: usize = 21;

fn main() -> Result<()> {
    let program = env::current_exe()?;
    let program = program
        .ancestors()
        .nth(2)
        .ok_or("no folder")?
        .join("checker");
    println!("from a save to the verdict, {SAVES} saves:");
    for task in TASKS {
        let mut times = watch(&program, task)?;
        times.sort();
        println!(
            "  {:22} median {:.2} s ({:.2} to {:.2})",
            task.folder,
            times[SAVES / 2].as_secs_f64(),
            times[0].as_secs_f64(),
            times[SAVES - 1].as_secs_f64()
        );
    }
    println!("grading, a crate of one task each:");
    for (kind, copies) in [("right", 4), ("wrong", 1)] {
        for tasks in [&TASKS[..1], &TASKS[1..2], &TASKS[2..3], &TASKS[..3]] {
            let (count, took) = grade(&program, tasks, kind, copies)?;
            let names: Vec<&str> = tasks.iter().map(|task| &task.folder[..1]).collect();
            println!(
                "  {count:3} {kind} solutions of tasks {}: {:.0} s, {:.0} in a minute",
                names.join(", "),
                took.as_secs_f64(),
                count as f64 * 60.0 / took.as_secs_f64()
            );
        }
    }
    Ok(())
}

/// Returns the time for each save of the reference solution.
fn watch(program: &Path, task: Task) -> Result<Vec<Duration>> {
    let folder = tempfile::tempdir()?;
    let folder = checker::start::start(task, folder.path())?;
    for file in fs::read_dir(task.path().join("src"))? {
        let file = file?;
        fs::copy(file.path(), folder.join("src").join(file.file_name()))?;
    }
    let lib = folder.join("src/lib.rs");
    let solution = fs::read_to_string(&lib)?;
    let mut child = Command::new(program)
        .arg("watch")
        .arg(&folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    let mut lines = BufReader::new(child.stdout.take().ok_or("no output")?).lines();
    let mut verdict = || -> Result<()> {
        loop {
            if lines.next().ok_or("no verdict")??.contains("from the save") {
                return Ok(());
            }
        }
    };
    verdict()?;
    let mut times = Vec::new();
    for number in 0..SAVES {
        let begun = Instant::now();
        fs::write(
            &lib,
            format!("{solution}\n#[doc(hidden)]\npub fn saved() -> usize {{ {number} }}\n"),
        )?;
        verdict()?;
        times.push(begun.elapsed());
    }
    child.kill()?;
    child.wait()?;
    Ok(times)
}

/// Returns how many crates were graded, and the time that it took.
fn grade(program: &Path, tasks: &[Task], kind: &str, copies: usize) -> Result<(usize, Duration)> {
    let class = tempfile::tempdir()?;
    let mut crates: Vec<PathBuf> = Vec::new();
    for task in tasks {
        let solutions = Solution::all(*task)?;
        for solution in solutions.iter().filter(|one| one.kind.folder() == kind) {
            for _ in 0..copies {
                let folder = class.path().join(format!("{:03}", crates.len()));
                fs::create_dir_all(folder.join("src"))?;
                fs::copy(task.path().join("Cargo.toml"), folder.join("Cargo.toml"))?;
                fs::write(folder.join("src/lib.rs"), &solution.program)?;
                crates.push(folder);
            }
        }
    }
    let begun = Instant::now();
    let status = Command::new(program)
        .args(["grade", "--fresh", "--format", "csv"])
        .args(&crates)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()?;
    match status.code() {
        Some(0) => Ok((crates.len(), begun.elapsed())),
        _ => Err("they could not be graded: is bubblewrap installed?".into()),
    }
}
