//! The time limit of every wait.
//!
//! A wait in vain should end soon, but on a busy machine the event may still come, late. So a wait does not only measure
//! time. It also counts the time in which the process is *idle*: every thread of it and of the processes that it started
//! sleeps. None runs, or waits for a core or a disk. Then only a timer can make it go on, and a timer takes no longer on a busy
//! machine than on one that does nothing else.

use std::collections::HashMap;
use std::env;
use std::ffi::OsStr;
use std::fs;
use std::future::poll_fn;
use std::io;
use std::iter;
use std::mem;
use std::path::Path;
use std::pin::pin;
use std::process;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Arc, LazyLock, Mutex, Weak};
use std::task::{Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};

use crate::lock;

/// How long a process is idle in all before a wait ends.
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
    clock: Arc<Clock>,
}

impl Deadline {
    /// Starts the time limit of a wait for one event.
    pub fn start() -> Deadline {
        Deadline::start_times(1)
    }

    /// Starts a limit of twice the time, for work that waits with limits of its own: they pass first, and their messages
    /// say what did not happen.
    pub fn start_outer() -> Deadline {
        Deadline::start_times(2)
    }

    fn start_times(factor: u32) -> Deadline {
        let clock = Clock::running();
        Deadline {
            begun: Instant::now(),
            limit: factor * Deadline::limit(),
            idle_before: clock.idle(),
            idle_limit: factor * IDLE_LIMIT,
            clock,
        }
    }

    /// Returns the longest time that a wait for one event takes: 30 seconds, or as many as the environment variable
    /// `CHECK_DEADLINE` says.
    pub fn limit() -> Duration {
        static LIMIT: LazyLock<Duration> = LazyLock::new(|| {
            let given = env::var("CHECK_DEADLINE").ok();
            let seconds = given.map_or(30, |text| {
                text.parse().expect("CHECK_DEADLINE is a number of seconds")
            });
            Duration::from_secs(seconds)
        });
        *LIMIT
    }

    /// Returns how long the process has been idle since the start, in all.
    pub fn idle(&self) -> Duration {
        self.clock.idle() - self.idle_before
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
            self.clock.wake_later(context.waker());
            Poll::Pending
        })
        .await
    }
}

/// Counts the time in which the process is idle, on a thread that lives as long as a [`Deadline`] does.
#[derive(Default)]
struct Clock {
    /// How often the process was idle, once in each [`INTERVAL`].
    idle: AtomicU32,
    wakers: Mutex<Vec<Waker>>,
}

impl Clock {
    /// Returns the clock that is running, or starts one.
    fn running() -> Arc<Clock> {
        static RUNNING: Mutex<Weak<Clock>> = Mutex::new(Weak::new());
        let mut running = lock(&RUNNING);
        if let Some(clock) = running.upgrade() {
            return clock;
        }
        let clock = Arc::new(Clock::default());
        *running = Arc::downgrade(&clock);
        let weak = running.clone();
        let tick = move || {
            while let Some(clock) = weak.upgrade() {
                clock.tick();
                drop(clock);
                // If this thread itself has to wait for a core, the clock is slow, and no wait ends too early.
                thread::sleep(INTERVAL);
            }
        };
        let thread = thread::Builder::new().name("deadline".to_owned());
        thread.spawn(tick).expect("room for a thread");
        clock
    }

    fn idle(&self) -> Duration {
        self.idle.load(Ordering::Relaxed) * INTERVAL
    }

    fn tick(&self) {
        // What cannot be seen is not idle.
        if is_idle().unwrap_or(false) {
            self.idle.fetch_add(1, Ordering::Relaxed);
        }
        let wakers = mem::take(&mut *lock(&self.wakers));
        wakers.into_iter().for_each(Waker::wake);
    }

    /// Wakes a task at the next tick.
    fn wake_later(&self, waker: &Waker) {
        let mut wakers = lock(&self.wakers);
        if !wakers.iter().any(|known| known.will_wake(waker)) {
            wakers.push(waker.clone());
        }
    }
}

/// Returns whether every thread but this one sleeps, in this process and in those that it started.
fn is_idle() -> io::Result<bool> {
    let this_thread = fs::read_link("/proc/thread-self")?;
    let this = process::id();
    if !all_sleep(this, this_thread.file_name())? {
        return Ok(false);
    }
    let mut parents = HashMap::new();
    for entry in fs::read_dir("/proc")? {
        let entry = entry?;
        let Some(id) = entry
            .file_name()
            .to_str()
            .and_then(|name| name.parse::<u32>().ok())
        else {
            continue; // not a process
        };
        // A stranger may end meanwhile.
        if let Ok((_, parent)) = read_stat(&entry.path()) {
            parents.insert(id, parent);
        }
    }
    for id in parents.keys() {
        let ancestors = iter::successors(parents.get(id), |id| parents.get(*id));
        // Limited, because an id that is used again meanwhile could make a circle.
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
        if Some(&*thread.file_name()) == except {
            continue;
        }
        let (state, _) = read_stat(&thread.path())?;
        // Sleeping or ended. Not, for example, running or ready to run (R), or waiting for a disk (D).
        if !matches!(state, 'S' | 'Z') {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Reads the state of a process or thread, and the id of its parent.
fn read_stat(folder: &Path) -> io::Result<(char, u32)> {
    let stat = fs::read(folder.join("stat"))?;
    let stat = String::from_utf8_lossy(&stat);
    // They follow the program's name, which stands in parentheses and can contain any character.
    let mut fields = stat
        .rsplit(')')
        .next()
        .unwrap_or_default()
        .split_whitespace();
    let state = fields.next().and_then(|field| field.chars().next());
    let parent = fields.next().and_then(|field| field.parse().ok());
    state.zip(parent).ok_or(io::ErrorKind::InvalidData.into())
}
