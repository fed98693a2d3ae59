//! Runs a program with limits, and tells what became of it.

use std::collections::VecDeque;
use std::io::{self, Read};
use std::mem;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rustix::io::retry_on_intr;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};

use crate::fence::{Fence, Given};

/// What a program may use.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// How long it may run.
    pub time: Duration,
    /// How much memory each of its processes may ask for, in bytes.
    pub memory: u64,
    /// How much of its output is kept, of each of its two streams, in bytes: the first half of that and the last; what is
    /// between is read and thrown away.
    pub output: usize,
}

/// What became of a program.
#[derive(Debug)]
pub struct Ended {
    /// How it ended; `None` when its time was up.
    pub status: Option<ExitStatus>,
    /// Its standard output, the first and the last of it.
    pub stdout: Vec<u8>,
    /// Its standard error, the first and the last of it.
    pub stderr: Vec<u8>,
    /// How long it ran.
    pub took: Duration,
}

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

/// Runs a program to its end or to the end of its time, in a process group of its own, which is gone afterwards.
///
/// # Errors
///
/// When it cannot be started, or somebody called [`stop`].
pub fn run(
    fence: &Fence,
    given: &Given<'_>,
    program: &Path,
    limits: Limits,
    prepare: impl FnOnce(&mut Command),
) -> io::Result<Ended> {
    // Resource limits are set by a shell, for the standard library cannot.
    let mut command = fence.command(Path::new("/bin/sh"), given);
    let kilobytes = limits.memory / 1024;
    command
        .arg("-c")
        .arg(format!("ulimit -c 0; ulimit -v {kilobytes}; exec \"$0\" \"$@\""))
        .arg(program);
    prepare(&mut command);
    let begun = Instant::now();
    let mut running = lock(&RUNNING);
    if running.is_stopped {
        return Err(stopped());
    }
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .spawn()?;
    let group = Pid::from_child(&child);
    running.groups.push(group);
    drop(running);
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let stdout = keep(stdout.expect("a pipe"), limits.output);
    let stderr = keep(stderr.expect("a pipe"), limits.output);

    // The end of the process, told by a thread: the standard library cannot wait with a limit. The process stays in the
    // table, so that until `wait` below nobody else gets its number, which is the group's as well.
    let (tell_end, end) = channel();
    thread::spawn(move || {
        let wait = || waitid(WaitId::Pid(group), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT);
        let _ = tell_end.send(retry_on_intr(wait).is_ok());
    });
    let has_ended = end.recv_timeout(limits.time).is_ok();
    let took = begun.elapsed();
    // Also when it has ended: it may have left others.
    let _ = kill_process_group(group, Signal::KILL);
    // Before its number is free for somebody else's.
    lock(&RUNNING).groups.retain(|running| *running != group);
    let status = child.wait()?;
    if is_stopped() {
        return Err(stopped());
    }
    Ok(Ended {
        status: has_ended.then_some(status),
        stdout: stdout.end(),
        stderr: stderr.end(),
        took,
    })
}

fn stopped() -> io::Error {
    io::Error::new(io::ErrorKind::Interrupted, "it was stopped")
}

impl Ended {
    /// How it ended, in words.
    pub fn how(&self) -> String {
        let Some(status) = self.status else {
            return "its time was up".to_owned();
        };
        let stderr = String::from_utf8_lossy(&self.stderr);
        // The shell behind the fence reports a signal as 128 and its number.
        let signal = status
            .signal()
            .or(status.code().filter(|&code| code > 128).map(|code| code - 128));
        match (signal, status.code()) {
            _ if stderr.contains("has overflowed its stack") => "it overflowed its stack".to_owned(),
            _ if stderr.contains("memory allocation of") => {
                "it asked for more memory than there is".to_owned()
            }
            (Some(signal), _) => format!("it was ended by {}", name_of(signal)),
            (None, Some(code)) => format!("its process ended with status {code}, before the check did"),
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
    }
}

impl Kept {
    /// What there was, when the program has ended; somebody else may still hold the stream open.
    fn end(self) -> Vec<u8> {
        let _ = self.end.recv_timeout(AFTERWARDS);
        let Output { mut first, last } = mem::take(&mut *lock(&self.output));
        first.extend(last);
        first
    }
}

fn lock<T>(value: &Mutex<T>) -> MutexGuard<'_, T> {
    value.lock().unwrap_or_else(PoisonError::into_inner)
}
