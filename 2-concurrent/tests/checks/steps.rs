//! A new database for each step of a check that has many steps.

use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use recorder::Recording;
use recorder::timeline::Timeline;
use shared::sample_users;
use testkit::{Bench, TempDatabase};

/// Recorded databases, one for each step. A check that fails shows the last one.
pub struct Steps {
    original: TempDatabase,
    last: Mutex<Option<Arc<Step>>>,
}

/// One recorded database.
pub struct Step {
    recording: Recording,
    temporary: TempDatabase,
}

impl Steps {
    /// With two users: fewer rows make fewer steps.
    pub fn new(_seed: u64) -> Steps {
        Steps {
            original: TempDatabase::with_users(sample_users().into_iter().take(2)),
            last: Mutex::default(),
        }
    }

    /// Returns the next database.
    pub fn next(&self) -> Arc<Step> {
        // A copy is faster than a new database.
        let temporary = TempDatabase::missing();
        fs::copy(self.original.path(), temporary.path()).expect("room for a small file");
        let recording = Recording::start(temporary.path());
        let step = Arc::new(Step {
            recording,
            temporary,
        });
        *self.last() = Some(step.clone());
        step
    }

    fn last(&self) -> MutexGuard<'_, Option<Arc<Step>>> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Step {
    pub fn database(&self) -> &Path {
        self.temporary.path()
    }

    pub fn recording(&self) -> &Recording {
        &self.recording
    }
}

impl Bench for Steps {
    fn saw(&self) -> String {
        self.last()
            .as_ref()
            .map_or(String::new(), |step| step.recording.to_string())
    }

    fn timeline(&self) -> Option<Timeline> {
        self.last().as_ref().map(|step| step.recording.timeline())
    }
}
