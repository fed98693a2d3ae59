//! From a save to the verdict: `verdict verdict PEER checker=PROGRAM task=FOLDER`.
//!
//! Starts a folder as a student does, with our solution in it, and watches it. A round saves `src/lib.rs` with another
//! function in it, and waits for the verdict of `checker watch`.

#![forbid(unsafe_code)]

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use harness::{Job, Result, figures};

fn main() -> Result<()> {
    let job = Job::from_command_line()?;
    let (checker, task): (PathBuf, String) = (job.get("checker")?, job.get("task")?);
    let folder = tempfile::tempdir()?;
    let started = Command::new(&checker)
        .args(["start", &task])
        .arg(folder.path())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()?;
    if !started.success() {
        return Err("checker could not start the task".into());
    }
    let exercise = folder.path().join(&task);
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .nth(2)
        .ok_or("no root")?;
    for file in fs::read_dir(root.join(&task).join("src"))? {
        let file = file?;
        fs::copy(file.path(), exercise.join("src").join(file.file_name()))?;
    }
    let lib = exercise.join("src/lib.rs");
    let solution = fs::read_to_string(&lib)?;

    let mut watch = Command::new(&checker);
    watch
        .arg("watch")
        .arg(&exercise)
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    let mut watch = Watch(watch.spawn()?);
    let mut lines = BufReader::new(watch.0.stdout.take().ok_or("no output")?).lines();
    let mut wait_for = |words: &str| -> Result<()> {
        while !lines
            .next()
            .ok_or("checker printed no verdict")??
            .contains(words)
        {}
        Ok(())
    };
    wait_for("until Ctrl-C")?;
    let mut saves = 0;
    job.serve(|| {
        saves += 1;
        let begun = Instant::now();
        fs::write(
            &lib,
            format!("{solution}\n#[doc(hidden)]\npub fn saved() -> usize {{ {saves} }}\n"),
        )?;
        wait_for("from the save")?;
        Ok(figures([("seconds", begun.elapsed().as_secs_f64())]))
    })
}

/// `checker watch`, which runs until it is killed.
struct Watch(Child);

impl Drop for Watch {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
