//! A test for the threads that a program needs.

use std::error::Error;
use std::sync::Mutex;
use std::thread;

/// Tries whether the operating system lets this program start `count` threads at the same time. An asynchronous runtime panics
/// or hangs if it does not.
///
/// # Errors
///
/// If it does not.
pub fn try_threads(count: usize) -> Result<(), Box<dyn Error + Send + Sync>> {
    let held = Mutex::new(());
    thread::scope(|scope| {
        let _guard = held.lock();
        for _ in 0..count {
            thread::Builder::new()
                .spawn_scoped(scope, || drop(held.lock()))
                .map_err(|error| {
                    format!(
                        "could not start a thread: {error}\n\
                         help: end other programs, or raise the limit on processes and threads (`ulimit -u`)"
                    )
                })?;
        }
        Ok(())
    })
}
