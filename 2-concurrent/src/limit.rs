//! How many connections there may be.

use async_lock::Semaphore;

/// How many connections may be open at a time, in the whole process and on both drivers.
///
/// The `blocking` crate's own limit, 500 threads, is too high: a database in WAL mode takes three file descriptors a
/// connection, and a process has 1,024 of them by default. More threads than cores help only while some of them wait:
/// for the disk, or for a lock.
pub(crate) static CONNECTIONS: Semaphore = Semaphore::new(64);
