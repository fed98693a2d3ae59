//! An executor for the checks: Tokio on a new thread, so that work which blocks it does not block the check.

use std::any::Any;
use std::panic::{AssertUnwindSafe, resume_unwind};
use std::pin::{Pin, pin};
use std::thread::{self, ThreadId};

use futures_lite::future::{self, FutureExt};
use testkit::{Deadline, attempt};
use tokio::runtime::Builder;
use tokio::sync::oneshot;

/// A future on an executor. Dropping this value ends the executor and drops the future.
pub struct Running<T> {
    /// The executor's thread.
    pub thread: ThreadId,
    outcome: oneshot::Receiver<Result<T, Box<dyn Any + Send>>>,
    cancel: Option<oneshot::Sender<()>>,
    dropped: oneshot::Receiver<()>,
    _until: oneshot::Sender<()>,
}

/// Starts a future on a new executor.
pub fn start<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> Running<T> {
    // Boxed, so that what follows is compiled once for each outcome type and not for each check.
    start_boxed(Box::pin(work))
}

fn start_boxed<T: Send + 'static>(work: Pin<Box<dyn Future<Output = T> + Send>>) -> Running<T> {
    let (tell_outcome, outcome) = oneshot::channel();
    let (cancel, cancelled) = oneshot::channel();
    let (tell_dropped, dropped) = oneshot::channel();
    let (until, ended) = oneshot::channel();
    let work = async {
        let outcome = AssertUnwindSafe(work).catch_unwind().await;
        let tell: Tell = Box::new(|| drop(tell_outcome.send(outcome)));
        tell
    };
    Running {
        thread: execute(Box::pin(work), cancelled, tell_dropped, ended),
        outcome,
        cancel: Some(cancel),
        dropped,
        _until: until,
    }
}

/// Tells the check how its future ended.
type Tell = Box<dyn FnOnce() + Send>;

/// Runs work on a new thread. Knows no outcome type, so that Tokio's executor is compiled once.
fn execute(
    work: Pin<Box<dyn Future<Output = Tell> + Send>>,
    cancelled: oneshot::Receiver<()>,
    tell_dropped: oneshot::Sender<()>,
    ended: oneshot::Receiver<()>,
) -> ThreadId {
    let executor = thread::spawn(move || {
        let runtime = Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        runtime.block_on(async {
            let cancelled = async {
                let _ = cancelled.await;
                None
            };
            // This line drops the work.
            let tell_outcome = future::or(async { Some(work.await) }, cancelled).await;
            let _ = tell_dropped.send(());
            if let Some(tell_outcome) = tell_outcome {
                tell_outcome();
            }
            // Tokio tasks that the work has spawned continue.
            let _ = ended.await;
        });
        // A plain drop would wait for statements that are not cancelled.
        runtime.shutdown_background();
    });
    executor.thread().id()
}

/// Runs a future to its end.
///
/// # Panics
///
/// Panics as [`Running::outcome`] does.
pub fn run<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> T {
    start(work).outcome()
}

impl<T> Running<T> {
    /// Waits until the future has ended, and returns its output.
    ///
    /// # Panics
    ///
    /// Panics after the deadline, and if the future panicked.
    pub fn outcome(&mut self) -> T {
        self.outcome_or_panic()
            .unwrap_or_else(|panic| resume_unwind(panic))
    }

    /// Waits until the future has ended, and returns its output or its panic.
    pub fn outcome_or_panic(&mut self) -> thread::Result<T> {
        let Some(outcome) = wait(&mut self.outcome) else {
            panic!("expected: an outcome\nfound: none");
        };
        outcome.expect("the executor's thread ends after this one")
    }

    /// Waits until the future has ended, with any output or a panic.
    ///
    /// # Panics
    ///
    /// Panics after the deadline, and as [`attempt`] does.
    pub fn ended(&mut self) {
        let outcome = self.outcome_or_panic();
        attempt(|| outcome.unwrap_or_else(|panic| resume_unwind(panic)));
    }

    /// Waits until the event happens. Returns `false` if the future ends first, and after the deadline.
    ///
    /// # Panics
    ///
    /// Panics if the future panicked.
    pub fn comes_to(&mut self, event: impl Future<Output = ()>) -> bool {
        let happened = async {
            event.await;
            None
        };
        let ended = async { Some((&mut self.outcome).await) };
        match wait(future::or(happened, ended)) {
            Some(None) => true,
            Some(Some(Ok(Err(panic)))) => resume_unwind(panic),
            Some(Some(_)) | None => false,
        }
    }

    /// Drops the future if it has not ended. Returns `false` if its executor is blocked.
    pub fn cancel(&mut self) -> bool {
        let _ = self.cancel.take().map(|cancel| cancel.send(()));
        wait(&mut self.dropped).is_some_and(|dropped| dropped.is_ok())
    }
}

/// Waits for a future. Returns `None` after the deadline.
pub fn wait<T>(future: impl Future<Output = T>) -> Option<T> {
    // As a trait object, so that the executor is compiled once for each type of result.
    let future: Pin<&mut dyn Future<Output = T>> = pin!(future);
    future::block_on(Deadline::start().timeout(future))
}
