//! Runs a program with limits and reports how it ended.

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

/// Limits of a program.
///
/// The kernel limits the address space of each process to four times `memory`. The memory and the number of all processes
/// together are measured every 100 ms, so that a program can exceed these limits for a moment. Memory that belongs to no
/// process, such as that of a file in memory, does not count.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// The time that the program may run.
    pub time: Duration,
    /// The memory that the program and its descendants may use together, in bytes.
    pub memory: u64,
    /// The maximum number of processes: the program and its descendants.
    pub processes: usize,
    /// The bytes of standard output to keep. The limit for standard error is the same, but at most
    /// [`MOST_OUTPUT`]. The beginning and the end are kept. The rest is read and discarded, so that the program does not
    /// block.
    pub output: usize,
}

/// The bytes to keep of output that people read.
pub const MOST_OUTPUT: usize = 1 << 20;

/// The result of running a program.
#[derive(Debug)]
pub struct Ended {
    /// The end of the program.
    pub end: End,
    /// The signal that ended it, if one did.
    pub signal: Option<i32>,
    /// Its standard output. A note replaces bytes that were cut.
    pub stdout: Vec<u8>,
    /// Its standard error. A note replaces bytes that were cut.
    pub stderr: Vec<u8>,
    /// The time that it ran.
    pub took: Duration,
}

/// The end of a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// It exited, or a signal ended it.
    Exited(ExitStatus),
    /// It was killed because it ran too long.
    TimedOut,
    /// It was killed because it had too many processes.
    TooManyProcesses,
    /// It was killed because it used too much memory.
    OutOfMemory,
    /// It was killed because it wrote too much.
    TooMuchWritten,
}

/// The largest file that a program may write, in bytes.
/// Linux has no signal with a greater number.
const LAST_SIGNAL: i32 = 64;

const LARGEST_FILE: u64 = 2 << 30;

/// The time between two measurements of what a program uses.
const POLL_INTERVAL: Duration = Duration::from_millis(100);

/// The time limit for reading a stream after its program has ended. Another process may hold the stream open.
const DRAIN_TIMEOUT: Duration = Duration::from_millis(500);

/// The process groups that are running, and whether [`stop`] was called.
static RUNNING: Mutex<Running> = Mutex::new(Running {
    groups: Vec::new(),
    is_stopped: false,
});

struct Running {
    groups: Vec<Pid>,
    is_stopped: bool,
}

/// Kills every program that [`run`] has started. Every call of `run`, current or later, returns an error.
pub fn stop() {
    let mut running = lock(&RUNNING);
    running.is_stopped = true;
    for group in &running.groups {
        let _ = kill_process_group(*group, Signal::KILL);
    }
}

/// Returns whether [`stop`] was called.
pub fn is_stopped() -> bool {
    lock(&RUNNING).is_stopped
}

/// Runs a program until it ends or exceeds a limit. It runs in a new process group, which is killed before this returns.
///
/// # Errors
///
/// If the program cannot be started, or [`stop`] was called.
pub fn run(
    sandbox: &Sandbox,
    mounts: &Mounts<'_>,
    program: &Path,
    limits: Limits,
    prepare: impl FnOnce(&mut Command),
) -> io::Result<Ended> {
    run_until(sandbox, mounts, program, limits, prepare, &|| false)
}

/// Runs a program like [`run`], and kills it when `is_too_much` returns true because it wrote too much. `is_too_much` is
/// called every 100 ms.
///
/// # Errors
///
/// Like [`run`].
pub fn run_until(
    sandbox: &Sandbox,
    mounts: &Mounts<'_>,
    program: &Path,
    limits: Limits,
    prepare: impl FnOnce(&mut Command),
    is_too_much: &(dyn Fn() -> bool + Sync),
) -> io::Result<Ended> {
    // A shell sets resource limits because the standard library cannot.
    let mut command = sandbox.command(Path::new("/bin/sh"), mounts);
    // Four times the memory: a process reserves more than it uses. A block has 512 bytes.
    let (kilobytes, blocks) = (4 * limits.memory / 1024, LARGEST_FILE / 512);
    command
        .arg("-c")
        .arg(format!(
            // The kernel kills this process first if memory runs out. A full sandbox does not allow the setting.
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
    // Closes our copy of the pipe that may be its standard input.
    drop(command);
    let group = Pid::from_child(&child);
    running.groups.push(group);
    drop(running);
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let stdout = keep(stdout.expect("a pipe"), limits.output);
    let stderr = keep(stderr.expect("a pipe"), limits.output.min(MOST_OUTPUT));

    // A thread waits because the standard library cannot wait with a time limit. `NOWAIT` leaves a zombie, so that no other
    // process gets this id, which is also the group's, before `wait` below.
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
    // Even if it has ended: it may have left other processes.
    let _ = kill_process_group(group, Signal::KILL);
    // Before `wait` frees the id for another process.
    lock(&RUNNING).groups.retain(|running| *running != group);
    let status = child.wait()?;
    if is_stopped() {
        return Err(stopped());
    }
    // If a signal ended the program, bubblewrap exits with 128 plus the signal's number.
    let reported = status
        .code()
        .filter(|code| (129..=128 + LAST_SIGNAL).contains(code) && *sandbox != Sandbox::None);
    Ok(Ended {
        signal: status.signal().or(reported.map(|code| code - 128)),
        end: must_stop.unwrap_or(End::Exited(status)),
        stdout: stdout.end(),
        stderr: stderr.end(),
        took,
    })
}

fn stopped() -> io::Error {
    io::Error::new(io::ErrorKind::Interrupted, "stopped")
}

/// Waits until a program ends. Returns why it must be killed, if it exceeds a limit.
fn watch(
    group: Pid,
    limits: Limits,
    begun: Instant,
    end: Receiver<bool>,
    is_too_much: &(dyn Fn() -> bool + Sync),
) -> Option<End> {
    let look = move || loop {
        let left = limits.time.saturating_sub(begun.elapsed());
        if end.recv_timeout(left.min(POLL_INTERVAL)) != Err(RecvTimeoutError::Timeout) {
            return None;
        }
        // This thread must run even if thousands of processes want to. Only root may raise the priority.
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
    // On a separate thread because on Linux the priority belongs to the thread.
    thread::scope(|scope| scope.spawn(look).join().unwrap_or(Some(End::TimedOut)))
}

impl Ended {
    /// Describes how it ended, as the second half of a sentence.
    pub fn how(&self) -> String {
        let status = match self.end {
            End::Exited(status) => status,
            End::TimedOut => return "killed: it ran too long".to_owned(),
            End::TooManyProcesses => {
                return "killed: it started too many processes".to_owned();
            }
            End::OutOfMemory => return "killed: it used too much memory".to_owned(),
            End::TooMuchWritten => return "killed: it wrote too much".to_owned(),
        };
        let stderr = String::from_utf8_lossy(&self.stderr);
        match (self.signal, status.code()) {
            _ if stderr.contains("has overflowed its stack") => {
                "it overflowed its stack: does a function call itself without end?".to_owned()
            }
            _ if stderr.contains("memory allocation of") => {
                "it asked for too much memory".to_owned()
            }
            (Some(signal), _) => format!("it was ended by {}", name_of(signal)),
            (None, Some(101)) => "it panicked outside the check; see its output".to_owned(),
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
        9 => "SIGKILL: it was killed, perhaps because memory ran out",
        11 => "SIGSEGV, a bad access to memory",
        25 => "SIGXFSZ: it wrote a file that is too large",
        _ => return format!("signal {signal}"),
    };
    name.to_owned()
}

/// A stream that a thread reads, so that its program never blocks.
struct Kept {
    output: Arc<Mutex<Output>>,
    end: Receiver<()>,
}

/// The beginning and the end of a stream: the beginning shows what happened, and a check's token comes at the end.
#[derive(Default)]
struct Output {
    first: Vec<u8>,
    /// The number of bytes between the two that were discarded.
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
    /// Adds a piece, and keeps at most `most` bytes of the beginning and of the end.
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
    /// Returns what was kept. Call it when the program has ended; another process may still hold the stream open.
    fn end(self) -> Vec<u8> {
        let _ = self.end.recv_timeout(DRAIN_TIMEOUT);
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
