//! `checker watch`: the verdict at each save.

use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread::available_parallelism;
use std::time::{Duration, Instant};

use checker::fingerprint::{Fingerprint, fingerprint};
use checker::judge::Judge;
use checker::outcome::{Submission, Task};
use checker::reference::Tasks;
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use shared::output::OutputError;
use tempfile::TempDir;

use super::check::check;
use super::page;
use super::subject::{Subject, own_code, subjects};
use super::{Failure, Outcome, stop};

/// How long nothing may happen before a save counts as over: many an editor writes in several steps.
const QUIET: Duration = Duration::from_millis(20);

/// How often it is looked whether somebody has asked for the end.
const LOOK: Duration = Duration::from_millis(100);

/// Check a crate again at each save, its required checks; Ctrl-C ends it
#[derive(clap::Args)]
pub struct Arguments {
    /// The folder of a crate, or of several; or a task's name, for that of this workspace
    #[arg(value_name = "DIR|TASK", required = true)]
    crates: Vec<PathBuf>,
}

impl Arguments {
    pub fn run(self) -> Outcome {
        let subjects = subjects(&self.crates)?;
        let mut judge = Judge {
            fence: own_code(),
            with_extras: false,
            at_once: available_parallelism()?,
            is_quick: true,
            stays: None,
        };
        let tasks = Tasks::default();
        let (mut watcher, changes) = watch(&subjects)?;
        // A folder for each, as long as it is watched.
        let folders = subjects
            .iter()
            .map(|_| TempDir::new())
            .collect::<io::Result<Vec<_>>>()?;
        // What was judged last of each.
        let mut seen: Vec<Option<Fingerprint>> = subjects.iter().map(|_| None).collect();
        let mut last = None;
        loop {
            let mut is_first = true;
            for ((subject, folder), seen) in subjects.iter().zip(&folders).zip(&mut seen) {
                // One that was moved away or removed, and came back (as when Git changes branches), is another to the
                // system. Where there is none, the verdict says so.
                let _ = watcher.watch(&subject.folder.join("src"), RecursiveMode::Recursive);
                let now = fingerprint(&subject.folder).ok();
                if *seen != now || now.is_none() {
                    judge.stays = Some(folder.path().to_owned());
                    let judged = check(&judge, &tasks, subject);
                    if stop::asked().is_none() {
                        show(judged, last, is_first)?;
                        is_first = false;
                    }
                    *seen = now;
                }
            }
            match next_change(&changes) {
                Some(begun) => last = Some(begun),
                None => return Ok(ExitCode::SUCCESS),
            }
        }
    }
}

/// Tells of each change to what the verdicts depend on.
fn watch(subjects: &[Subject]) -> notify::Result<(RecommendedWatcher, Receiver<()>)> {
    let (send, changes) = channel();
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
        // Reading is no change, and the compiler reads.
        if !event.is_ok_and(|event| matches!(event.kind, EventKind::Access(_))) {
            let _ = send.send(());
        }
    })?;
    for Subject { folder, .. } in subjects {
        // The folder for its Cargo.toml; not what is below, where Cargo writes.
        watcher.watch(folder, RecursiveMode::NonRecursive)?;
    }
    Ok((watcher, changes))
}

/// Waits for a save, and returns when it began; `None` when somebody has asked for the end.
fn next_change(changes: &Receiver<()>) -> Option<Instant> {
    while stop::asked().is_none() {
        match changes.recv_timeout(LOOK) {
            Ok(()) => {
                let begun = Instant::now();
                while changes.recv_timeout(QUIET).is_ok() {}
                return Some(begun);
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return None,
        }
    }
    None
}

/// Shows a verdict, on an empty screen if it is the first after a save; `saved` is when that was.
fn show(task: Task, saved: Option<Instant>, is_first: bool) -> Result<(), Failure> {
    let mut out = io::stdout();
    if is_first && out.is_terminal() {
        // An empty screen, and what was on it above.
        write!(out, "\x1b[2J\x1b[H").map_err(OutputError::from)?;
    }
    let submission = Submission {
        name: task.task.clone(),
        tasks: vec![task],
        problem: None,
    };
    page::print_brief(&submission)?;
    let next = "it is checked again at each save, until Ctrl-C";
    page::say(&match saved {
        Some(saved) => format!(
            "\n{:.2} s from the save to here; {next}\n",
            saved.elapsed().as_secs_f64()
        ),
        None => format!("\n{next}\n"),
    })
}
