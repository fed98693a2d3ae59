//! A candidate: a program that does one round for each request, or a program whose whole run is one round.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

/// The interval at which a candidate's threads are counted, and memory is read where the run is the round.
const POLL_INTERVAL: Duration = Duration::from_millis(10);

/// The thing that is measured, and how to start it.
#[derive(Clone)]
pub struct Candidate {
    pub name: &'static str,
    pub role: Role,
    pub how: How,
}

/// A program and its arguments.
pub type Words = Vec<OsString>;

/// The way in which a candidate does its rounds.
#[derive(Clone)]
pub enum How {
    /// Started once, then asked for one round at a time.
    Serves(Words),
    /// A round is one run of `timed`. The programs in `before` run first, and are not timed.
    Runs {
        before: Vec<Words>,
        timed: Words,
        /// The rows of a run, to calculate rows per second.
        amount: Option<f64>,
    },
}

/// The part that a candidate plays in the comparison.
#[derive(Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub enum Role {
    /// This project.
    Ours,
    /// A library or program that people would use instead.
    Peer,
    /// Does less than ours, and shows how fast ours could be.
    Limit,
    /// Keeps its connections open; the charts leave it out.
    Kept,
}

/// The results of one round.
pub struct Round {
    pub figures: BTreeMap<String, Option<f64>>,
    /// Peak of the resident memory, in bytes.
    pub memory: Option<u64>,
    /// Highest number of threads at the same time.
    pub threads: Option<u64>,
}

/// A candidate that is ready for its rounds.
pub enum Started {
    Serving(Serving),
    Running(How),
}

impl Started {
    /// Starts the candidate, and waits until it is ready.
    pub fn start(candidate: &Candidate, limit: Duration) -> Result<Started, String> {
        match &candidate.how {
            How::Serves(words) => Serving::start(words, limit).map(Started::Serving),
            runs => Ok(Started::Running(runs.clone())),
        }
    }

    /// Runs one round.
    pub fn round(&mut self, limit: Duration) -> Result<Round, String> {
        match self {
            Started::Serving(serving) => serving.round(limit),
            Started::Running(How::Runs {
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
            Started::Running(How::Serves(_)) => unreachable!("start makes this Serving"),
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
    let last_error = thread::spawn(move || last_line(errors));
    let (mut memory, mut threads, mut next_poll) = (0, 0, begun);
    let status = loop {
        // Not in every iteration, because reading /proc slows the measured program down.
        if Instant::now() >= next_poll {
            // VmHWM is the peak since the start.
            memory = status_of(&child, "VmHWM:").unwrap_or(0).max(memory);
            threads = status_of(&child, "Threads:").unwrap_or(0).max(threads);
            next_poll += POLL_INTERVAL;
        }
        match child.try_wait() {
            Ok(Some(status)) => break status,
            _ if begun.elapsed() > limit => {
                let _ = child.kill();
                let _ = child.wait();
                return Err(format!("not finished within {} s", limit.as_secs()));
            }
            _ => thread::sleep(Duration::from_millis(1)),
        }
    };
    let took = begun.elapsed();
    let last_error = last_error.join().unwrap_or_default();
    if !status.success() {
        return Err(last_error);
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

/// Reads a number from `/proc/PID/status`.
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
        .unwrap_or_else(|| "it failed and printed no error".to_owned())
}

/// A program that waits for requests. Dropping this value ends it.
pub struct Serving {
    child: Child,
    requests: Option<ChildStdin>,
    lines: Receiver<String>,
}

impl Serving {
    fn start(words: &Words, limit: Duration) -> Result<Serving, String> {
        let mut child = command(words)
            // `kill` ends the whole group, with the processes that it started.
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
        let requests = child.stdin.take();
        let mut serving = Serving {
            child,
            requests,
            lines,
        };
        match serving.line(limit, &mut 0)?.as_str() {
            "ready" => Ok(serving),
            other => Err(format!("expected `ready`, but it printed `{other}`")),
        }
    }

    fn round(&mut self, limit: Duration) -> Result<Round, String> {
        // Resets VmHWM (see proc(5)). Where that is not permitted, the peak includes earlier rounds.
        let _ = fs::write(format!("/proc/{}/clear_refs", self.child.id()), "5");
        let requests = self.requests.as_mut().expect("only dropping takes it");
        writeln!(requests, "go").map_err(|_| self.last_error())?;
        let mut threads = 0;
        let line = self.line(limit, &mut threads)?;
        Ok(Round {
            figures: serde_json::from_str(&line)
                .map_err(|error| format!("it printed `{line}`: {error}"))?,
            memory: status_of(&self.child, "VmHWM:").map(|kib| kib * 1024),
            // Unknown if the round ended before the first poll.
            threads: (threads > 0).then_some(threads),
        })
    }

    fn line(&mut self, limit: Duration, threads: &mut u64) -> Result<String, String> {
        let begun = Instant::now();
        loop {
            match self.lines.recv_timeout(POLL_INTERVAL) {
                Ok(line) => return Ok(line),
                Err(RecvTimeoutError::Timeout) => {
                    *threads = status_of(&self.child, "Threads:")
                        .unwrap_or(0)
                        .max(*threads);
                    if begun.elapsed() > limit {
                        return Err(format!("not finished within {} s", limit.as_secs()));
                    }
                }
                Err(RecvTimeoutError::Disconnected) => return Err(self.last_error()),
            }
        }
    }

    /// Kills the process group. (The standard library can kill only a process.)
    fn kill(&self) {
        let group = format!("-{}", self.child.id());
        let _ = Command::new("kill").args(["-KILL", "--", &group]).status();
    }

    /// Kills the candidate, and returns the last line of its standard error.
    fn last_error(&mut self) -> String {
        self.kill();
        self.child.stderr.take().map_or_else(String::new, last_line)
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        drop(self.requests.take()); // closing standard input asks it to end
        let begun = Instant::now();
        while let Ok(None) = self.child.try_wait() {
            if begun.elapsed() > Duration::from_secs(5) {
                self.kill();
                let _ = self.child.wait();
            }
            thread::sleep(POLL_INTERVAL);
        }
    }
}
