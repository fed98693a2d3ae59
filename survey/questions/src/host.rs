//! The runtime of the library that is asked. The observer has another one, so that a drop that blocks its thread does not
//! hold up the observer.

use std::any::Any;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;
use std::thread;
use std::time::Duration;

use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::oneshot;
use tokio::task::{JoinError, JoinHandle};

use crate::{LIMIT, Result, within};

/// A runtime on a thread of its own.
pub(crate) struct Host {
    handle: Handle,
    end: oneshot::Sender<fn(Runtime)>,
    ended: oneshot::Receiver<()>,
}

impl Host {
    /// Starts a runtime with several threads, as `#[tokio::main]` does.
    pub(crate) fn start() -> Host {
        let mut builder = Builder::new_multi_thread();
        builder.worker_threads(2);
        Host::build(builder)
    }

    /// Starts a runtime with one thread, as `#[tokio::main(flavor = "current_thread")]` and `#[tokio::test]` do.
    pub(crate) fn with_one_thread() -> Host {
        Host::build(Builder::new_current_thread())
    }

    fn build(mut builder: Builder) -> Host {
        let runtime = builder.enable_all().build().expect("a runtime starts");
        let handle = runtime.handle().clone();
        let (end, told) = oneshot::channel::<fn(Runtime)>();
        let (send, ended) = oneshot::channel();
        thread::spawn(move || {
            let end = runtime.block_on(told).unwrap_or(drop);
            end(runtime);
            let _ = send.send(());
        });
        Host { handle, end, ended }
    }

    /// Starts work on the runtime.
    pub(crate) fn spawn<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T>> + Send + 'static,
    ) -> Work<T> {
        let (drop_it, told) = oneshot::channel::<()>();
        let task = self.handle.spawn(async move {
            // Whichever branch ends, the work is dropped before the task ends.
            tokio::select! {
                ended = work => Some(ended),
                _ = told => None,
            }
        });
        Work {
            task,
            drop_it: Some(drop_it),
        }
    }

    /// Runs work on the runtime. Returns `None` at [`LIMIT`].
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T>> + Send + 'static,
    ) -> Option<Outcome<T>> {
        let mut work = self.spawn(work);
        within(LIMIT, work.outcome()).await
    }

    /// Begins to end the runtime, and returns a future that completes when `end` has returned.
    pub(crate) fn end(self, end: fn(Runtime)) -> impl Future<Output = ()> {
        let _ = self.end.send(end);
        let ended = self.ended;
        async {
            let _ = ended.await;
        }
    }
}

/// The end of a future.
pub(crate) enum Outcome<T> {
    Ended(Result<T>),
    Panicked(String),
    Dropped,
}

/// Work that a task of the host polls.
pub(crate) struct Work<T> {
    task: JoinHandle<Option<Result<T>>>,
    drop_it: Option<oneshot::Sender<()>>,
}

impl<T> Work<T> {
    /// Completes when the future has ended, or when its drop has returned.
    pub(crate) async fn outcome(&mut self) -> Outcome<T> {
        match (&mut self.task).await {
            Ok(Some(ended)) => Outcome::Ended(ended),
            Ok(None) => Outcome::Dropped,
            Err(error) => Outcome::Panicked(panic_message(error)),
        }
    }

    /// Waits for an event that should happen while the work runs. Returns the work's end if it comes first.
    pub(crate) async fn until(
        &mut self,
        event: impl Future,
    ) -> std::result::Result<(), Outcome<T>> {
        tokio::select! {
            outcome = self.outcome() => Err(outcome),
            _ = event => Ok(()),
        }
    }

    /// Begins to drop the future, on a thread of its runtime.
    pub(crate) fn begin_to_drop(&mut self) {
        self.drop_it = None;
    }

    /// Waits until the drop has returned, at most as long as `limit`.
    pub(crate) async fn dropped(&mut self, limit: Duration) -> Option<Outcome<T>> {
        self.begin_to_drop();
        within(limit, self.outcome()).await
    }
}

fn panic_message(error: JoinError) -> String {
    let panic: Box<dyn Any + Send> = match error.try_into_panic() {
        Ok(panic) => panic,
        Err(error) => return error.to_string(),
    };
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
    text.unwrap_or_default()
}

/// Polls the work once, then drops it.
pub(crate) async fn poll_once<T>(work: impl Future<Output = Result<T>>) -> Result<()> {
    let mut work = pin!(work);
    poll_fn(|context| {
        let _ = work.as_mut().poll(context);
        Poll::Ready(())
    })
    .await;
    Ok(())
}
