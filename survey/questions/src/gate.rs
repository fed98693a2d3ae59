//! A place inside a library's body at which the survey holds it.

use std::sync::Arc;

use tokio::sync::Semaphore;

/// A gate between two steps of a body. The survey sees the body arrive, and opens the gate later.
#[derive(Clone)]
pub struct Gate {
    arrived: Arc<Semaphore>,
    open: Arc<Semaphore>,
    panics: bool,
}

impl Gate {
    /// Creates a gate that is closed.
    pub(crate) fn closed() -> Gate {
        Gate {
            arrived: Arc::new(Semaphore::new(0)),
            open: Arc::new(Semaphore::new(0)),
            panics: false,
        }
    }

    /// Creates a gate that is open.
    pub(crate) fn opened() -> Gate {
        let gate = Gate::closed();
        gate.open();
        gate
    }

    /// Creates a gate at which the body panics.
    pub(crate) fn panicking() -> Gate {
        Gate {
            panics: true,
            ..Gate::closed()
        }
    }

    /// Returns whether the body panics here.
    #[must_use]
    pub fn panics(&self) -> bool {
        self.panics
    }

    /// Passes the gate in asynchronous code.
    pub async fn pass(&self) {
        self.arrived.add_permits(1);
        assert!(!self.panics, "a panic on purpose");
        let _ = self.open.acquire().await;
    }

    /// Passes the gate on a thread that may block.
    pub fn pass_blocking(&self) {
        futures_lite::future::block_on(self.pass());
    }

    /// Waits until a body has arrived.
    pub(crate) async fn arrived(&self) {
        let _ = self.arrived.acquire().await;
    }

    /// Opens the gate.
    pub(crate) fn open(&self) {
        self.open.close();
    }
}
