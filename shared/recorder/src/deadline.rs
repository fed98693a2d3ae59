//! The time limit of every wait.
//!
//! A wait for an event that never comes should end soon, but on a busy machine the event may still come, late. So a wait does not only measure
//! time. It also counts the time in which the process is *idle*: every thread of it and of the processes that it started
//! sleeps. None runs, or waits for a core or a disk. Then only a timer can make it go on, and a timer takes no longer on a
//! busy machine than on one that does nothing else.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::future::poll_fn;
use std::path::Path;
use std::pin::pin;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Mutex, Once};
use std::task::{Poll, Waker};
use std::time::{Duration, Instant};
use std::{env, fs, io, iter, mem, process, thread};

use crate::lock;

/// The time that a process is idle in all before a wait ends.
const IDLE_LIMIT: Duration = Duration::from_secs(4);

/// The time between two looks at the threads.
pub(crate) const INTERVAL: Duration = Duration::from_millis(100);

/// The time limit of a wait that is running.
///
/// It passes when the process has been idle for 4 seconds in all since the start, and at the latest at
/// [`Deadline::limit`]. Idle means that every thread of the process and of the processes that it started sleeps. Only Linux
/// shows that; on other systems nothing but the limit counts.
///
/// ```
/// # use std::sync::mpsc::channel;
/// # use recorder::Deadline;
/// let (send, receive) = channel();
/// std::thread::spawn(move || send.send("done"));
/// assert_eq!(Deadline::start().recv(&receive), Some("done"));
/// ```
pub struct Deadline {
    begun: Instant,
    limit: Duration,
    idle_before: Duration,
    idle_limit: Duration,
}

impl Deadline {
    /// Starts the time limit of a wait for one event.
    pub fn start() -> Deadline {
        Deadline::start_times(1)
    }

    /// Starts a limit of twice the time, for work that waits with separate limits: they pass first, and their messages
    /// say what did not happen.
    pub fn start_outer() -> Deadline {
        Deadline::start_times(2)
    }

    fn start_times(factor: u32) -> Deadline {
        start_clock();
        Deadline {
            begun: Instant::now(),
            limit: factor * Deadline::limit(),
            idle_before: idle_so_far(),
            idle_limit: factor * IDLE_LIMIT,
        }
    }

    /// Returns the longest time that a wait for one event takes: 30 seconds, or as many as the environment variable
    /// `CHECK_DEADLINE` says.
    pub fn limit() -> Duration {
        let given = env::var("CHECK_DEADLINE").map(|text| text.parse());
        let seconds = given.unwrap_or(Ok(30));
        Duration::from_secs(seconds.expect("CHECK_DEADLINE is a number of seconds"))
    }

    /// Returns how long the process has been idle since the start, in all.
    pub fn idle(&self) -> Duration {
        idle_so_far() - self.idle_before
    }

    /// Returns whether the wait should end. Does not block.
    pub fn has_passed(&self) -> bool {
        self.idle() >= self.idle_limit || self.begun.elapsed() >= self.limit
    }

    /// Receives a value. Blocks the thread. Returns `None` if the deadline passes first, or if nothing can send any more.
    pub fn recv<T>(&self, receiver: &Receiver<T>) -> Option<T> {
        loop {
            match receiver.recv_timeout(INTERVAL) {
                Ok(value) => return Some(value),
                Err(RecvTimeoutError::Timeout) if !self.has_passed() => {}
                Err(_) => return None,
            }
        }
    }

    /// Awaits a future, on any executor. Returns `None` if the deadline passes first. The future is also polled when
    /// nothing has woken it.
    ///
    /// # Cancel safety
    ///
    /// As that of the future.
    pub async fn timeout<T>(&self, future: impl Future<Output = T>) -> Option<T> {
        let mut future = pin!(future);
        poll_fn(|context| {
            if let Poll::Ready(output) = future.as_mut().poll(context) {
                return Poll::Ready(Some(output));
            }
            if self.has_passed() {
                return Poll::Ready(None);
            }
            let mut wakers = lock(&WAKERS);
            if !wakers.iter().any(|known| known.will_wake(context.waker())) {
                wakers.push(context.waker().clone());
            }
            Poll::Pending
        })
        .await
    }
}

/// The number of looks that have found the process idle.
static IDLE: AtomicU32 = AtomicU32::new(0);
/// The tasks to wake at the next look.
static WAKERS: Mutex<Vec<Waker>> = Mutex::new(Vec::new());

fn idle_so_far() -> Duration {
    IDLE.load(Ordering::Relaxed) * INTERVAL
}

/// Starts to count, on a thread that lives as long as the process.
fn start_clock() {
    static ONCE: Once = Once::new();
    let count = || loop {
        // What cannot be seen is not idle.
        if is_idle().unwrap_or(false) {
            IDLE.fetch_add(1, Ordering::Relaxed);
        }
        let wakers = mem::take(&mut *lock(&WAKERS));
        wakers.into_iter().for_each(Waker::wake);
        // If this thread itself has to wait for a core, it counts less, and no wait ends too early.
        thread::sleep(INTERVAL);
    };
    ONCE.call_once(|| drop(thread::spawn(count)));
}

/// Returns whether every thread but this one sleeps, in this process and in those that it started.
fn is_idle() -> io::Result<bool> {
    let this_thread = fs::read_link("/proc/thread-self")?;
    let this = process::id();
    if !all_sleep(this, this_thread.file_name())? {
        return Ok(false);
    }
    let mut parents = HashMap::new();
    for folder in fs::read_dir("/proc")? {
        // Not every folder is a process, and another process may end in between.
        if let Ok((id, _, parent)) = read_stat(&folder?.path()) {
            parents.insert(id, parent);
        }
    }
    for id in parents.keys() {
        let ancestors = iter::successors(parents.get(id), |id| parents.get(*id));
        // Limited, because an id that is used again could make a circle.
        let is_ours = ancestors.take(parents.len()).any(|id| *id == this);
        if is_ours && !all_sleep(*id, None)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Returns whether every thread of a process sleeps, except this one.
fn all_sleep(process: u32, except: Option<&OsStr>) -> io::Result<bool> {
    for thread in fs::read_dir(format!("/proc/{process}/task"))? {
        let thread = thread?;
        // Sleeping or ended. Not, for example, running or ready to run (R), or waiting for a disk (D).
        let sleeps = |state| matches!(state, 'S' | 'Z');
        if Some(&*thread.file_name()) != except && !sleeps(read_stat(&thread.path())?.1) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Reads the id of a process or thread, its state, and the id of the process's parent.
fn read_stat(folder: &Path) -> io::Result<(u32, char, u32)> {
    let stat = fs::read(folder.join("stat"))?;
    let stat = String::from_utf8_lossy(&stat);
    let parse = || {
        // The name, in parentheses, can contain any character.
        let ((id, _), (_, rest)) = (stat.split_once(' ')?, stat.rsplit_once(") ")?);
        let (state, rest) = rest.split_once(' ')?;
        let parent = rest.split(' ').next()?.parse().ok()?;
        Some((id.parse().ok()?, state.parse().ok()?, parent))
    };
    parse().ok_or(io::ErrorKind::InvalidData.into())
}
