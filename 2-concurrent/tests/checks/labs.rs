//! A fresh database for each step of a check that has many.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use shared::check::{Bench, Lab};

/// Databases, the last of which is shown when the check fails.
pub struct Labs {
    seed: u64,
    last: Mutex<Arc<Lab>>,
}

impl Labs {
    pub fn new(seed: u64) -> Labs {
        let last = Mutex::new(Arc::new(Lab::new(seed)));
        Labs { seed, last }
    }

    /// A new one, with two users, so that there are few steps.
    pub fn next(&self) -> Arc<Lab> {
        let lab = Arc::new(Lab::new(self.seed));
        lab.sql("DELETE FROM users WHERE id NOT IN (SELECT id FROM users ORDER BY age DESC LIMIT 2)");
        *self.last() = lab.clone();
        lab
    }

    fn last(&self) -> MutexGuard<'_, Arc<Lab>> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Bench for Labs {
    fn saw(&self) -> String {
        self.last().saw()
    }
}
