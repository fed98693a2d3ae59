//! A contender: a program that does a round when it is asked to, or one whose run is the round.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

/// How often is looked at a running contender's threads, and at the memory of one whose run is the round.
const LOOK: Duration = Duration::from_millis(10);

/// Who takes part, and how it is started.
#[derive(Clone)]
pub struct Entrant {
    pub name: &'static str,
    pub role: Role,
    pub how: How,
}

/// A program and its arguments.
pub type Words = Vec<OsString>;

/// How it takes part.
#[derive(Clone)]
pub enum How {
    /// It is started once, and asked for its rounds.
    Serves(Words),
    /// A round is one run of `timed`, after what is not timed.
    Runs {
        before: Vec<Words>,
        timed: Words,
        /// How much a run does, where speed is counted in a second.
        amount: Option<f64>,
    },
}

/// What an entrant is to the comparison.
#[derive(Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub enum Role {
    /// This project.
    Ours,
    /// What people would use instead.
    Peer,
    /// It does less, and shows how fast it could be.
    Limit,
    /// It keeps its connections open, and is shown apart.
    Kept,
}

/// What one round came to.
pub struct Round {
    pub figures: BTreeMap<String, Option<f64>>,
    /// The most that was resident at a time, in bytes.
    pub memory: Option<u64>,
    /// The most that there were at a time.
    pub threads: Option<u64>,
}

/// An entrant that is ready.
pub enum Contender {
    Serving(Serving),
    Running(How),
}

impl Contender {
    /// Starts it, and waits until it is set up.
    pub fn start(entrant: &Entrant, limit: Duration) -> Result<Contender, String> {
        match &entrant.how {
            How::Serves(words) => Serving::start(words, limit).map(Contender::Serving),
            runs => Ok(Contender::Running(runs.clone())),
        }
    }

    /// Has it do a round.
    pub fn round(&mut self, limit: Duration) -> Result<Round, String> {
        match self {
            Contender::Serving(serving) => serving.round(limit),
            Contender::Running(How::Runs {
                before,
                timed,
                amount,
            }) => {
                for words in before {
                    run(words, limit)?;
                }
                let mut round = run(timed, limit)?;
                if let (Some(amount), Some(Some(seconds))) = (amount, round.figures.get("seconds"))
                {
                    round
                        .figures
                        .insert("per_second".to_owned(), Some(*amount / seconds));
                }
                Ok(round)
            }
            Contender::Running(How::Serves(_)) => unreachable!("it would be serving"),
        }
    }
}

/// Runs a program to its end.
fn run(words: &Words, limit: Duration) -> Result<Round, String> {
    let mut child = command(words)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| could_not_start(words, &error))?;
    let begun = Instant::now();
    let errors = child.stderr.take().expect("it is piped");
    let last_words = thread::spawn(move || last_line(errors));
    let (mut memory, mut threads, mut next_look) = (0, 0, begun);
    let status = loop {
        // Not each time, for it takes the program's own time.
        if Instant::now() >= next_look {
            // What the kernel says of memory is the peak so far.
            memory = status_of(&child, "VmHWM:").unwrap_or(0).max(memory);
            threads = status_of(&child, "Threads:").unwrap_or(0).max(threads);
            next_look += LOOK;
        }
        match child.try_wait() {
            Ok(Some(status)) => break status,
            _ if begun.elapsed() > limit => {
                let _ = child.kill();
                let _ = child.wait();
                return Err(format!("not done within {} s", limit.as_secs()));
            }
            _ => thread::sleep(Duration::from_millis(1)),
        }
    };
    let took = begun.elapsed();
    let last_words = last_words.join().unwrap_or_default();
    if !status.success() {
        return Err(last_words);
    }
    Ok(Round {
        figures: BTreeMap::from([("seconds".to_owned(), Some(took.as_secs_f64()))]),
        memory: Some(memory * 1024),
        threads: Some(threads),
    })
}

fn command(words: &Words) -> Command {
    let mut command = Command::new(&words[0]);
    command.args(&words[1..]);
    command
}

fn could_not_start(words: &Words, error: &std::io::Error) -> String {
    format!("could not start {}: {error}", words[0].display())
}

/// A number of the kernel's page on a process.
fn status_of(child: &Child, name: &str) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{}/status", child.id())).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}

fn last_line(errors: impl std::io::Read) -> String {
    let lines = BufReader::new(errors).lines().map_while(Result::ok);
    lines
        .filter(|line| !line.trim().is_empty())
        .last()
        .unwrap_or_else(|| "it failed without a word".to_owned())
}

/// A program that waits for orders. It ends when this is dropped.
pub struct Serving {
    child: Child,
    orders: Option<ChildStdin>,
    lines: Receiver<String>,
}

impl Serving {
    fn start(words: &Words, limit: Duration) -> Result<Serving, String> {
        let mut child = command(words)
            // Of its own, to be ended with all that it has started.
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| could_not_start(words, &error))?;
        let (sender, lines) = channel();
        let out = child.stdout.take().expect("it is piped");
        thread::spawn(move || {
            for line in BufReader::new(out).lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        let orders = child.stdin.take();
        let mut serving = Serving {
            child,
            orders,
            lines,
        };
        match serving.line(limit, &mut 0)?.as_str() {
            "ready" => Ok(serving),
            other => Err(format!("it said `{other}` and not that it is ready")),
        }
    }

    fn round(&mut self, limit: Duration) -> Result<Round, String> {
        // From here on the kernel counts the peak anew (proc(5)). Without the right to that, it is the peak so far.
        let _ = fs::write(format!("/proc/{}/clear_refs", self.child.id()), "5");
        let orders = self.orders.as_mut().expect("only dropping takes it");
        writeln!(orders, "go").map_err(|_| self.last_words())?;
        let mut threads = 0;
        let line = self.line(limit, &mut threads)?;
        Ok(Round {
            figures: serde_json::from_str(&line)
                .map_err(|error| format!("it said `{line}`: {error}"))?,
            memory: status_of(&self.child, "VmHWM:").map(|kib| kib * 1024),
            // A round that was over before the first look is not counted.
            threads: (threads > 0).then_some(threads),
        })
    }

    fn line(&mut self, limit: Duration, threads: &mut u64) -> Result<String, String> {
        let begun = Instant::now();
        loop {
            match self.lines.recv_timeout(LOOK) {
                Ok(line) => return Ok(line),
                Err(RecvTimeoutError::Timeout) => {
                    *threads = status_of(&self.child, "Threads:")
                        .unwrap_or(0)
                        .max(*threads);
                    if begun.elapsed() > limit {
                        return Err(format!("not done within {} s", limit.as_secs()));
                    }
                }
                Err(RecvTimeoutError::Disconnected) => return Err(self.last_words()),
            }
        }
    }

    /// Ends it and what it has started. (The standard library kills a process, but no group.)
    fn kill(&self) {
        let group = format!("-{}", self.child.id());
        let _ = Command::new("kill").args(["-KILL", "--", &group]).status();
    }

    /// What a contender that has ended wrote on standard error: its last line.
    fn last_words(&mut self) -> String {
        self.kill();
        self.child.stderr.take().map_or_else(String::new, last_line)
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        drop(self.orders.take()); // which asks it to end
        let begun = Instant::now();
        while let Ok(None) = self.child.try_wait() {
            if begun.elapsed() > Duration::from_secs(5) {
                self.kill();
                let _ = self.child.wait();
            }
            thread::sleep(LOOK);
        }
    }
}
