//! `checker watch`: checks at every save.

use std::io::{self, IsTerminal, Write};
use std::mem;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{available_parallelism, sleep};
use std::time::{Duration, Instant};

use checker::fingerprint::{Fingerprint, fingerprint};
use checker::judge::{Extras, Judge};
use checker::outcome::{Submission, Task};
use checker::reference::Tasks;
use checker::results::Results;
use notify::{ErrorKind, Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use shared::cli::notice;
use shared::files::private_folder;
use shared::output::OutputError;

use super::check::{again, check, done_with, task_after};
use super::page::{self, FormatOption};
use super::shell::{program, quoted};
use super::subject::{Subject, own_code, subjects};
use super::{Failure, Outcome, stop};

/// The time without an event after which a save is complete: many editors write in several steps.
const QUIET: Duration = Duration::from_millis(20);

/// The interval at which to read the files where the system reports no saves: beyond its limit of watches, on a network drive, on a
/// Windows drive under WSL, in Docker Desktop.
const POLL_INTERVAL: Duration = Duration::from_secs(1);

/// The interval at which to look for Ctrl-C.
const LOOK: Duration = Duration::from_millis(100);

/// Check your code at every save, and show the first check that fails; Ctrl-C ends it
#[derive(clap::Args)]
pub struct Arguments {
    /// Folders with your code, or names of tasks in this repository
    #[arg(value_name = "DIR|TASK", required = true)]
    crates: Vec<PathBuf>,
    /// Run and show every check and extra, not only the first check that fails
    #[arg(long)]
    all: bool,
}

impl Arguments {
    pub fn run(self) -> Outcome {
        let subjects = subjects(&self.crates)?;
        let mut judge = Judge {
            sandbox: own_code(),
            // They take much longer than the required checks: eight seconds in task 0.
            extras: if self.all {
                Extras::Always
            } else {
                Extras::Never
            },
            at_once: available_parallelism()?,
            is_quick: true,
            stays: None,
        };
        let tasks = Tasks::default();
        let mut saves = Saves::new();
        // A folder for each, as long as it is watched.
        let folders = subjects
            .iter()
            .map(|_| private_folder())
            .collect::<io::Result<Vec<_>>>()?;
        // The last checked state of each; the inner `None` is a crate that could not be read.
        let mut seen: Vec<Option<Option<Fingerprint>>> = subjects.iter().map(|_| None).collect();
        let mut next = Next::Look;
        loop {
            saves.watch(&subjects);
            let (mut is_first, mut looking) = (true, Duration::ZERO);
            let (last, is_heard) = match next {
                Next::Saved(saved) => (Some(saved), true),
                Next::Look | Next::Stop => {
                    (seen.iter().any(Option::is_some).then(Instant::now), false)
                }
            };
            for ((subject, folder), seen) in subjects.iter().zip(&folders).zip(&mut seen) {
                let begun = Instant::now();
                let mut now = fingerprint(&subject.folder).ok();
                looking += begun.elapsed();
                if *seen == Some(now) && !(is_heard && now.is_none()) {
                    continue;
                }
                if !is_heard && seen.is_some() {
                    now = settled(subject, now);
                }
                judge.stays = Some(folder.path().to_owned());
                let judged = check(&judge, &tasks, subject);
                if stop::asked().is_none() {
                    self.show(subject, judged, last, is_first)?;
                    is_first = false;
                }
                *seen = Some(now);
            }
            // Even on a slow disk, the files are not read all the time.
            next = saves.next(POLL_INTERVAL.max(10 * looking));
            if let Next::Stop = next {
                return Ok(ExitCode::SUCCESS);
            }
        }
    }

    /// Shows a verdict, on an empty screen if it is the first after a save; `saved` is the time of the save.
    fn show(
        &self,
        subject: &Subject,
        task: Task,
        saved: Option<Instant>,
        is_first: bool,
    ) -> Result<(), Failure> {
        let mut out = io::stdout();
        if is_first && out.is_terminal() {
            // Clears the screen; what was on it stays above.
            write!(out, "\x1b[2J\x1b[H").map_err(OutputError::from)?;
        }
        let again = again(subject, &task).unwrap_or_default();
        let next = if task.is_passed() {
            let after = task_after(subject).map(|after| format!("next: {after}\n"));
            done_with(subject, &task) + &after.unwrap_or_default()
        } else {
            let command = program();
            let name = quoted(Path::new(&subject.name()));
            format!("{again}stuck? ask for a hint, in another terminal:\n  {command} hint {name}\n")
        };
        let submission = Submission {
            name: task.task.clone(),
            tasks: vec![task],
            problem: None,
        };
        if self.all {
            let results = Results::of(vec![submission]);
            page::print(&results.into(), FormatOption::Text)?;
        } else {
            page::print_first(&submission)?;
        }
        let took = match saved {
            Some(saved) => format!("checked in {:.2} s; ", saved.elapsed().as_secs_f64()),
            None => String::new(),
        };
        page::say(&format!(
            "\n{next}\n{took}checking again at each save, until Ctrl-C\n"
        ))
    }
}

/// Waits until a changed file is completely written.
fn settled(subject: &Subject, mut now: Option<Fingerprint>) -> Option<Fingerprint> {
    loop {
        sleep(QUIET);
        let later = fingerprint(&subject.folder).ok();
        if later == now || stop::asked().is_some() {
            return later;
        }
        now = later;
    }
}

/// Returns what to do next.
enum Next {
    /// A file was saved; that began then.
    Saved(Instant),
    /// Nothing was heard: look at the files.
    Look,
    /// The user asked for the end.
    Stop,
}

/// The changes to what the verdicts depend on, as the system reports them.
struct Saves {
    watcher: Option<RecommendedWatcher>,
    events: Receiver<notify::Result<()>>,
    /// Keeps `events` connected where there is no watcher.
    _send: Sender<notify::Result<()>>,
    is_reported: bool,
}

impl Saves {
    fn new() -> Saves {
        let (send, events) = channel();
        let tell = send.clone();
        let watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
            // The compiler's reads are events as well.
            if !matches!(&event, Ok(event) if matches!(event.kind, EventKind::Access(_))) {
                let _ = tell.send(event.map(drop));
            }
        });
        let mut saves = Saves {
            watcher: None,
            events,
            _send: send,
            is_reported: false,
        };
        match watcher {
            Ok(watcher) => saves.watcher = Some(watcher),
            Err(error) => saves.report(&error),
        }
        saves
    }

    /// Watches the folders, again each time: a folder that was removed and created again, as by `git checkout`, is a new
    /// one to the system.
    fn watch(&mut self, subjects: &[Subject]) {
        for Subject { folder, .. } in subjects {
            // The folder for its Cargo.toml, but not the folders inside it, where Cargo writes.
            for (path, mode) in [
                (folder.clone(), RecursiveMode::NonRecursive),
                (folder.join("src"), RecursiveMode::Recursive),
            ] {
                let watched = self
                    .watcher
                    .as_mut()
                    .map_or(Ok(()), |watcher| watcher.watch(&path, mode));
                match watched {
                    // The verdict reports it.
                    Err(_) if !path.exists() => {}
                    Err(error) => self.report(&error),
                    Ok(()) => {}
                }
            }
        }
    }

    /// Says once that the system does not report every save.
    fn report(&mut self, error: &notify::Error) {
        if !mem::replace(&mut self.is_reported, true) {
            let help = match error.kind {
                ErrorKind::MaxFilesWatch => {
                    "raise the limit: `sudo sysctl fs.inotify.max_user_watches=524288`"
                }
                _ => "wait a moment after a save",
            };
            notice(&format!(
                "could not watch the files: {}; reading them every second instead\nhelp: {help}",
                error.to_string().trim_end_matches('.')
            ));
        }
    }

    /// Waits for a save, until it is time to read the files, or for Ctrl-C.
    fn next(&mut self, interval: Duration) -> Next {
        let begun = Instant::now();
        while stop::asked().is_none() {
            match self.events.recv_timeout(LOOK) {
                Ok(Err(error)) => self.report(&error),
                Ok(Ok(())) => {
                    let saved = Instant::now();
                    while self.events.recv_timeout(QUIET).is_ok() {}
                    return Next::Saved(saved);
                }
                Err(_) if begun.elapsed() > interval => return Next::Look,
                Err(_) => {}
            }
        }
        Next::Stop
    }
}
