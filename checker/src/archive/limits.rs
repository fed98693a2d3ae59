//! Limits on the content of an archive and on the time to unpack it.

use std::time::{Duration, Instant};

use super::error::Reason;
use crate::process::is_stopped;

/// Limits on the content of an archive and on the time to unpack it. The output is counted while it is unpacked, because the
/// sizes in the headers can be wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// The maximum number of bytes to write. The default is 100 MiB; the sources of all four tasks take less than one.
    pub bytes: u64,
    /// The maximum number of entries and of folders on the way to them. The default is 10,000. Entries in `target`, `.git` or
    /// `__MACOSX` do not count.
    pub entries: u64,
    /// The maximum uncompressed length of a `.tar.gz`. The default is 8 GiB. It is a stream, so even a `target` of gigabytes
    /// must be uncompressed to skip it.
    pub stream: u64,
    /// The time limit for unpacking. The default is 2 minutes.
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

/// Ends work that takes too long or that the user has stopped.
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

    /// Checks whether the work may continue. Call it between any two steps.
    ///
    /// # Errors
    ///
    /// If the time is up, or [`stop`](crate::process::stop) was called.
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

/// Returns a number of bytes in a unit that people read.
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
