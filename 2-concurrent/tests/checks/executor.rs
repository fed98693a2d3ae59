//! An executor for the checks: Tokio, on a thread of its own, so that work that blocks it blocks no check.

use std::any::Any;
use std::panic::{AssertUnwindSafe, resume_unwind};
use std::pin::{Pin, pin};
use std::thread::{self, ThreadId};

use futures_lite::future::{self, FutureExt};
use testkit::{DEADLINE, attempt};
use tokio::runtime::Builder;
use tokio::sync::oneshot;

/// A future on an executor. The executor runs on until this value is dropped; then the future is dropped, too.
pub struct Running<T> {
    /// The executor's thread.
    pub thread: ThreadId,
    outcome: oneshot::Receiver<Result<T, Box<dyn Any + Send>>>,
    cancel: Option<oneshot::Sender<()>>,
    dropped: oneshot::Receiver<()>,
    _until: oneshot::Sender<()>,
}

/// Runs a future on an executor of its own.
pub fn start<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> Running<T> {
    // In a box, so that an executor is compiled once for each type of outcome, and not for every check.
    start_boxed(Box::pin(work))
}

fn start_boxed<T: Send + 'static>(work: Pin<Box<dyn Future<Output = T> + Send>>) -> Running<T> {
    let (tell_outcome, outcome) = oneshot::channel();
    let (cancel, cancelled) = oneshot::channel::<()>();
    let (tell_dropped, dropped) = oneshot::channel();
    let (until, ended) = oneshot::channel::<()>();
    let executor = thread::spawn(move || {
        let runtime = Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        runtime.block_on(async {
            let told = async {
                let _ = cancelled.await;
                None
            };
            let work = AssertUnwindSafe(work).catch_unwind();
            // The work is dropped at the end of this line.
            let outcome = future::or(async { Some(work.await) }, told).await;
            let _ = tell_dropped.send(());
            if let Some(outcome) = outcome {
                let _ = tell_outcome.send(outcome);
            }
            // What the work has left to the executor goes on.
            let _ = ended.await;
        });
        // An ordinary drop would wait for statements that nobody stops.
        runtime.shutdown_background();
    });
    Running {
        thread: executor.thread().id(),
        outcome,
        cancel: Some(cancel),
        dropped,
        _until: until,
    }
}

/// Runs a future to its end.
///
/// # Panics
///
/// As [`Running::outcome`].
pub fn run<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> T {
    start(work).outcome()
}

impl<T> Running<T> {
    /// Waits until the future has ended, and returns what came of it.
    ///
    /// # Panics
    ///
    /// When nothing comes of it before the deadline, and when the future panicked.
    pub fn outcome(&mut self) -> T {
        self.outcome_or_panic()
            .unwrap_or_else(|panic| resume_unwind(panic))
    }

    /// As [`outcome`](Running::outcome), where a panic is as good.
    pub fn outcome_or_panic(&mut self) -> thread::Result<T> {
        let Some(outcome) = wait(&mut self.outcome) else {
            panic!("expected: an outcome within {} seconds", DEADLINE.as_secs());
        };
        outcome.expect("the executor's thread ends after this one")
    }

    /// Waits until the future has ended, whatever came of it.
    ///
    /// # Panics
    ///
    /// When nothing comes of it before the deadline; and as [`attempt`].
    pub fn ended(&mut self) {
        let outcome = self.outcome_or_panic();
        attempt(|| outcome.unwrap_or_else(|panic| resume_unwind(panic)));
    }

    /// Waits until something happens. `false`: the future has ended without that, or it has not happened before the
    /// deadline.
    ///
    /// # Panics
    ///
    /// When the future panicked.
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

    /// Drops the future, if it has not ended. Returns whether the executor could do that: one that is blocked cannot.
    pub fn cancel(&mut self) -> bool {
        let _ = self.cancel.take().map(|cancel| cancel.send(()));
        wait(&mut self.dropped).is_some_and(|dropped| dropped.is_ok())
    }
}

/// Waits for something that should come at once. `None`: it has not come before the deadline.
pub fn wait<T>(future: impl Future<Output = T>) -> Option<T> {
    let mut outcome = None;
    wait_for(pin!(async { outcome = Some(future.await) }));
    outcome
}

/// Without the future's type, so that it is compiled once.
fn wait_for(future: Pin<&mut dyn Future<Output = ()>>) {
    let runtime = Builder::new_current_thread()
        .enable_time()
        .build()
        .expect("a runtime");
    let _ = runtime.block_on(async { tokio::time::timeout(*DEADLINE, future).await });
}
