//! Runs a program with limits, and tells what became of it.

use std::collections::VecDeque;
use std::io::{self, Read};
use std::mem;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rustix::io::retry_on_intr;
use rustix::process::{
    Pid, Signal, WaitId, WaitIdOptions, kill_process_group, setpriority_process, waitid,
};

use crate::sandbox::{Mounts, Sandbox};
use crate::usage::Usage;

/// What a program may use.
///
/// The kernel sees to it that no process asks for more than four times the memory; what all of them use together is
/// looked up ten times a second, so that for a moment it can be more. Memory that is in no process, such as that of a file
/// in memory, is not counted.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// How long it may run.
    pub time: Duration,
    /// How much memory it and all that it starts may use together, in bytes.
    pub memory: u64,
    /// How many processes there may be, it and all that it starts.
    pub processes: usize,
    /// How much of its standard output is kept, in bytes; of standard error at most [`MOST_OUTPUT`]. The first half and
    /// the last half are kept. The rest is read and thrown away, so that the program does not block.
    pub output: usize,
}

/// How much of a stream that is read by people is kept, in bytes.
pub const MOST_OUTPUT: usize = 1 << 20;

/// What became of a program.
#[derive(Debug)]
pub struct Ended {
    /// How it ended.
    pub end: End,
    /// The signal that ended it, if one did.
    pub signal: Option<i32>,
    /// Its standard output. If it was cut, a note stands where bytes are missing.
    pub stdout: Vec<u8>,
    /// Its standard error, likewise.
    pub stderr: Vec<u8>,
    /// How long it ran.
    pub took: Duration,
}

/// How a program ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// By itself, or by a signal.
    Exited(ExitStatus),
    /// It was killed because its time was up.
    TimedOut,
    /// It was killed because there were too many processes.
    TooManyProcesses,
    /// It was killed because they used too much memory.
    OutOfMemory,
    /// It was killed because it had written too much.
    TooMuchWritten,
}

/// The largest file that it may write, in bytes.
const LARGEST_FILE: u64 = 2 << 30;

/// How often it is looked up what it uses.
const INTERVAL: Duration = Duration::from_millis(100);

/// How long a stream is read on when its program has ended: somebody else may hold it open.
const AFTERWARDS: Duration = Duration::from_millis(500);

/// The process groups that run now, and whether there shall be no more.
static RUNNING: Mutex<Running> = Mutex::new(Running {
    groups: Vec::new(),
    is_stopped: false,
});

struct Running {
    groups: Vec<Pid>,
    is_stopped: bool,
}

/// Ends every program that [`run`] has started, and lets it start no more: each of its calls returns soon, with an error.
pub fn stop() {
    let mut running = lock(&RUNNING);
    running.is_stopped = true;
    for group in &running.groups {
        let _ = kill_process_group(*group, Signal::KILL);
    }
}

/// Whether [`stop`] was called.
pub fn is_stopped() -> bool {
    lock(&RUNNING).is_stopped
}

/// Runs a program until it ends or goes beyond a limit, in a process group of its own, which is gone afterwards.
///
/// # Errors
///
/// When it cannot be started, or somebody called [`stop`].
pub fn run(
    sandbox: &Sandbox,
    mounts: &Mounts<'_>,
    program: &Path,
    limits: Limits,
    prepare: impl FnOnce(&mut Command),
) -> io::Result<Ended> {
    run_until(sandbox, mounts, program, limits, prepare, &|| false)
}

/// As [`run`]; the program is also ended when `is_too_much`, which is called ten times a second, says that it has written
/// too much.
///
/// # Errors
///
/// As [`run`].
pub fn run_until(
    sandbox: &Sandbox,
    mounts: &Mounts<'_>,
    program: &Path,
    limits: Limits,
    prepare: impl FnOnce(&mut Command),
    is_too_much: &(dyn Fn() -> bool + Sync),
) -> io::Result<Ended> {
    // Resource limits are set by a shell, for the standard library cannot.
    let mut command = sandbox.command(Path::new("/bin/sh"), mounts);
    // More than they use: much of what a process asks for it never touches. (The blocks are of 512 bytes.)
    let (kilobytes, blocks) = (4 * limits.memory / 1024, LARGEST_FILE / 512);
    command
        .arg("-c")
        .arg(format!(
            // Where memory runs out, this goes first. (in a full sandbox it may not say so.)
            "{{ echo 1000 > /proc/self/oom_score_adj; }} 2> /dev/null; \
             ulimit -c 0; ulimit -v {kilobytes}; ulimit -f {blocks}; exec \"$0\" \"$@\""
        ))
        .arg(program);
    command.stdin(Stdio::null());
    prepare(&mut command);
    let begun = Instant::now();
    let mut running = lock(&RUNNING);
    if running.is_stopped {
        return Err(stopped());
    }
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .spawn()?;
    // Closes our copy of the pipe that `prepare` may have chosen as standard input.
    drop(command);
    let group = Pid::from_child(&child);
    running.groups.push(group);
    drop(running);
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let stdout = keep(stdout.expect("a pipe"), limits.output);
    let stderr = keep(stderr.expect("a pipe"), limits.output.min(MOST_OUTPUT));

    // The end of the process, told by a thread: the standard library cannot wait with a limit. The process stays in the
    // table, so that until `wait` below nobody else gets its number, which is the group's as well.
    let (tell_end, end) = channel();
    thread::spawn(move || {
        let wait = || {
            waitid(
                WaitId::Pid(group),
                WaitIdOptions::EXITED | WaitIdOptions::NOWAIT,
            )
        };
        let _ = tell_end.send(retry_on_intr(wait).is_ok());
    });
    let must_stop = watch(group, limits, begun, end, is_too_much);
    let took = begun.elapsed();
    // Also when it has ended: it may have left others.
    let _ = kill_process_group(group, Signal::KILL);
    // Before its number is free for somebody else's.
    lock(&RUNNING).groups.retain(|running| *running != group);
    let status = child.wait()?;
    if is_stopped() {
        return Err(stopped());
    }
    // bubblewrap reports the signal that ended its program as 128 and its number.
    let reported = status
        .code()
        .filter(|&code| code > 128 && *sandbox != Sandbox::None);
    Ok(Ended {
        signal: status.signal().or(reported.map(|code| code - 128)),
        end: must_stop.unwrap_or(End::Exited(status)),
        stdout: stdout.end(),
        stderr: stderr.end(),
        took,
    })
}

fn stopped() -> io::Error {
    io::Error::new(io::ErrorKind::Interrupted, "it was stopped")
}

/// Waits for the end of a program, and returns why it must be stopped, if it must.
fn watch(
    group: Pid,
    limits: Limits,
    begun: Instant,
    end: Receiver<bool>,
    is_too_much: &(dyn Fn() -> bool + Sync),
) -> Option<End> {
    let look = move || loop {
        let left = limits.time.saturating_sub(begun.elapsed());
        if end.recv_timeout(left.min(INTERVAL)) != Err(RecvTimeoutError::Timeout) {
            return None;
        }
        // Before thousands of processes that want to run as well, where this user may do so.
        let _ = setpriority_process(None, -20);
        let usage = Usage::of(group);
        if usage.processes > limits.processes {
            return Some(End::TooManyProcesses);
        } else if usage.memory > limits.memory {
            return Some(End::OutOfMemory);
        } else if is_too_much() {
            return Some(End::TooMuchWritten);
        } else if begun.elapsed() >= limits.time {
            return Some(End::TimedOut);
        }
    };
    // On a thread of its own, for on Linux the priority is the thread's.
    thread::scope(|scope| scope.spawn(look).join().unwrap_or(Some(End::TimedOut)))
}

impl Ended {
    /// How it ended, in words, as the second half of a sentence.
    pub fn how(&self) -> String {
        let status = match self.end {
            End::Exited(status) => status,
            End::TimedOut => return "its time was up".to_owned(),
            End::TooManyProcesses => {
                return "it was stopped, for it started too many processes".to_owned();
            }
            End::OutOfMemory => return "it was stopped, for it used too much memory".to_owned(),
            End::TooMuchWritten => {
                return "it was stopped, because it had written too much".to_owned();
            }
        };
        let stderr = String::from_utf8_lossy(&self.stderr);
        match (self.signal, status.code()) {
            _ if stderr.contains("has overflowed its stack") => {
                "it overflowed its stack: does something call itself without an end?".to_owned()
            }
            _ if stderr.contains("memory allocation of") => {
                "it asked for too much memory".to_owned()
            }
            (Some(signal), _) => format!("it was ended by {}", name_of(signal)),
            (None, Some(101)) => {
                "it panicked outside of what is checked; its output says why".to_owned()
            }
            (None, Some(code)) => format!(
                "its process ended with exit status {code} before the check did: does something call \
                 `std::process::exit`, or close standard output?"
            ),
            (None, None) => "its process ended".to_owned(),
        }
    }
}

fn name_of(signal: i32) -> String {
    let name = match signal {
        4 => "SIGILL, an illegal instruction",
        6 => "SIGABRT: it aborted",
        7 => "SIGBUS, a bad access to memory",
        8 => "SIGFPE, an arithmetic error",
        9 => "SIGKILL: it was killed, by lack of memory perhaps",
        11 => "SIGSEGV, a bad access to memory",
        25 => "SIGXFSZ: it wrote a file that is too large",
        _ => return format!("signal {signal}"),
    };
    name.to_owned()
}

/// A stream that is being read by a thread, so that its program never waits.
struct Kept {
    output: Arc<Mutex<Output>>,
    end: Receiver<()>,
}

/// The first and the last of what was read: the beginning shows what happened, and a check's word stands at the end.
#[derive(Default)]
struct Output {
    first: Vec<u8>,
    /// How many bytes between the two were thrown away.
    cut: u64,
    last: VecDeque<u8>,
}

fn keep(mut stream: impl Read + Send + 'static, most: usize) -> Kept {
    let (output, (tell_end, end)) = (Arc::<Mutex<Output>>::default(), channel());
    let kept = output.clone();
    thread::spawn(move || {
        let mut buffer = vec![0; 1 << 16];
        while let Ok(count @ 1..) = stream.read(&mut buffer) {
            lock(&kept).add(&buffer[..count], most / 2);
        }
        let _ = tell_end.send(());
    });
    Kept { output, end }
}

impl Output {
    /// Keeps that many bytes of each.
    fn add(&mut self, piece: &[u8], most: usize) {
        let (first, rest) = piece.split_at(piece.len().min(most - self.first.len()));
        self.first.extend_from_slice(first);
        self.last.extend(rest);
        let too_many = self.last.len().saturating_sub(most);
        self.last.drain(..too_many);
        self.cut += too_many as u64;
    }
}

impl Kept {
    /// What there was, when the program has ended; somebody else may still hold the stream open.
    fn end(self) -> Vec<u8> {
        let _ = self.end.recv_timeout(AFTERWARDS);
        let Output {
            mut first,
            cut,
            last,
        } = mem::take(&mut *lock(&self.output));
        if cut > 0 {
            first.extend(format!("\n[{cut} bytes of output were cut here]\n").into_bytes());
        }
        first.extend(last);
        first
    }
}

fn lock<T>(value: &Mutex<T>) -> MutexGuard<'_, T> {
    value.lock().unwrap_or_else(PoisonError::into_inner)
}
