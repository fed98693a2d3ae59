//! How much an archive may hold, and how long unpacking may take.

use std::time::{Duration, Instant};

use super::error::Reason;
use crate::process::is_stopped;

/// How much an archive may hold, and how long unpacking may take. What is counted is what comes out of it, while it comes out: the sizes that its headers
/// claim are not believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// How many bytes may be written in all; default 100 MiB. The sources of all four tasks take less than one.
    pub bytes: u64,
    /// How many entries there may be, and folders on the way to them; default 10 000. What lies in `target`, `.git` or
    /// `__MACOSX` does not count.
    pub entries: u64,
    /// How many bytes of a `.tar.gz` may be read past, uncompressed; default 8 GiB. It is a stream: to get past a
    /// `target` of gigabytes, all of it must be uncompressed.
    pub stream: u64,
    /// How long unpacking may take; default 2 minutes.
    pub time: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            bytes: 100 << 20,
            entries: 10_000,
            stream: 8 << 30,
            time: Duration::from_secs(120),
        }
    }
}

/// Ends work that takes too long, and work that the user has stopped.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clock {
    begun: Instant,
    limit: Duration,
}

impl Clock {
    pub(super) fn start(limits: &Limits) -> Clock {
        Clock {
            begun: Instant::now(),
            limit: limits.time,
        }
    }

    /// Must be called between any two steps of the work.
    ///
    /// # Errors
    ///
    /// When the time is up, or [`stop`](crate::process::stop) was called.
    pub(super) fn check(&self) -> Result<(), Reason> {
        if is_stopped() {
            Err(Reason::Stopped)
        } else if self.begun.elapsed() > self.limit {
            Err(Reason::TooSlow(self.limit))
        } else {
            Ok(())
        }
    }
}

/// A number of bytes as people say it.
pub(super) fn size(bytes: u64) -> String {
    let units = [
        (1 << 30, "GiB"),
        (1 << 20, "MiB"),
        (1 << 10, "KiB"),
        (1, "bytes"),
    ];
    let whole = units
        .into_iter()
        .find(|(unit, _)| bytes >= *unit && bytes.is_multiple_of(*unit));
    let (unit, name) = whole.unwrap_or((1, "bytes"));
    format!("{} {name}", bytes / unit)
}
