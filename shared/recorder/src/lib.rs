#![doc = include_str!("../README.md")]
#![deny(unsafe_code)]
#![warn(missing_docs)]

#[cfg(feature = "sqlite")]
mod assertions;
#[cfg(feature = "sqlite")]
mod barrier;
#[cfg(feature = "sqlite")]
mod breakpoint;
#[cfg(feature = "sqlite")]
mod connection;
mod deadline;
#[cfg(feature = "sqlite")]
mod error_log;
#[cfg(feature = "sqlite")]
mod ffi;
#[cfg(feature = "clap")]
mod files;
#[cfg(feature = "sqlite")]
mod recording;
mod terminal;
pub mod timeline;

#[cfg(feature = "sqlite")]
pub use breakpoint::Breakpoint;
pub use deadline::Deadline;
#[cfg(feature = "sqlite")]
pub use recording::Recording;

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks a mutex, poisoned or not: a test that fails while it holds a lock must not make others fail.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
