//! Looks for processes that were left behind.

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

/// The time that a killed process may take to disappear.
const DEADLINE: Duration = Duration::from_secs(20);

/// Waits until no process has this text in its command line.
#[track_caller]
pub fn expect_none_left(mark: &str) {
    let begun = Instant::now();
    while let Some(left) = command_lines().find(|line| line.contains(mark)) {
        assert!(begun.elapsed() < DEADLINE, "it has left a process: {left}");
        thread::yield_now();
    }
}

fn command_lines() -> impl Iterator<Item = String> {
    let folders = fs::read_dir("/proc").into_iter().flatten().flatten();
    folders.filter_map(|folder| {
        let line = fs::read(folder.path().join("cmdline")).ok()?;
        Some(String::from_utf8_lossy(&line).replace('\0', " "))
    })
}
