//! The program that students and instructors run. It prepares a crate, runs the task's checks on it in a sandbox, and says
//! what to do next. The checks are in each task's `tests/`.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

pub mod archive;
pub mod bubblewrap;
pub mod build_plan;
pub mod check;
pub mod compile;
pub mod download;
mod early_code;
pub mod extra;
mod fault;
pub mod find;
pub mod fingerprint;
pub mod grade;
pub mod hint;
pub mod judge;
pub mod manifest;
pub mod outcome;
pub mod process;
pub mod progress;
pub mod reference;
pub mod report;
pub mod results;
pub mod sandbox;
pub mod solution;
pub mod start;
pub mod task;
mod usage;

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks a mutex, poisoned or not: a panic while one submission is graded must not make the others fail.
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
