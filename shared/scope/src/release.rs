//! The rest of a scope, which its future does, or, when that is dropped, a task in the background.

use std::error::Error;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::thread;

use super::Scopes;
use super::count::{Count, Member};
use super::error::Problem;
use super::inside::{Inside, sign_in};

/// The contents of a scope.
#[derive(Default)]
pub(super) enum Held<R, C, F> {
    /// Nothing yet, or nothing any more.
    #[default]
    Nothing,
    /// The resource, and the closure that releases it.
    Resource(R, C),
    /// The release, which has begun. It is in a box because a future that has been polled cannot be moved, and this
    /// one may have to go on in another task.
    Release(Pin<Box<F>>),
}

/// [`Held`], with the bounds of its parts, so that other types do not repeat them.
pub(super) trait Duty: Default + Send + 'static {
    type Error: Into<Box<dyn Error + Send + Sync>>;

    fn is_done(&self) -> bool;

    /// Begins or continues the release. It completes with the release's result or its panic.
    fn poll_release(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<thread::Result<Result<(), Self::Error>>>;
}

impl<R, C, F, E> Duty for Held<R, C, F>
where
    R: Send + 'static,
    C: FnOnce(R) -> F + Send + 'static,
    F: Future<Output = Result<(), E>> + Send + 'static,
    E: Into<Box<dyn Error + Send + Sync>>,
{
    type Error = E;

    fn is_done(&self) -> bool {
        matches!(self, Held::Nothing)
    }

    fn poll_release(&mut self, context: &mut Context<'_>) -> Poll<thread::Result<Result<(), E>>> {
        let polled = catch_unwind(AssertUnwindSafe(|| {
            *self = match std::mem::take(self) {
                Held::Resource(resource, release) => Held::Release(Box::pin(release(resource))),
                begun => begun,
            };
            let Held::Release(release) = self else {
                unreachable!("it is not polled after its end")
            };
            release.as_mut().poll(context)
        }));
        let ended = match polled {
            Ok(polled) => Ok(ready!(polled)),
            Err(panic) => Err(panic),
        };
        // The drop of the future may also panic.
        let dropped = catch_unwind(AssertUnwindSafe(|| *self = Held::Nothing));
        Poll::Ready(ended.and_then(|released| dropped.map(|()| released)))
    }
}

/// A scope that its future runs.
pub(super) struct Guard<'a, H: Duty> {
    scopes: &'a Scopes,
    pub held: H,
    pub inside: Inside,
    _running: Member<&'a Count>,
}

impl<'a, H: Duty> Guard<'a, H> {
    pub fn new(scopes: &'a Scopes) -> Self {
        Guard {
            scopes,
            held: H::default(),
            inside: Inside::default(),
            _running: Member::new(&*scopes.0.running),
        }
    }

    pub async fn release(&mut self) -> thread::Result<Result<(), H::Error>> {
        self.inside.released().await;
        poll_fn(|context| self.held.poll_release(context)).await
    }
}

impl<H: Duty> Drop for Guard<'_, H> {
    fn drop(&mut self) {
        if self.held.is_done() {
            return;
        }
        let left = Left {
            held: std::mem::take(&mut self.held),
            inside: std::mem::take(&mut self.inside),
            scopes: self.scopes.clone(),
            _outside: sign_in(),
            _running: Member::new(self.scopes.0.running.clone()),
        };
        let spawn = || (self.scopes.0.spawn)(Box::pin(left.release()));
        // This drop may be part of a panic, and a second one that left it would abort the program. It is still noted
        // that the release was dropped.
        let _ = catch_unwind(AssertUnwindSafe(spawn));
    }
}

/// A scope that continues in the background.
struct Left<H: Duty> {
    held: H,
    inside: Inside,
    scopes: Scopes,
    // Fields are dropped from top to bottom: when these two wake a waiter, the rest is gone.
    _outside: Option<Member<Arc<Count>>>,
    _running: Member<Arc<Count>>,
}

impl<H: Duty> Left<H> {
    async fn release(mut self) {
        self.inside.released().await;
        match poll_fn(|context| self.held.poll_release(context)).await {
            Ok(released) => self.scopes.note(released.err()),
            Err(panic) => self.scopes.note(Some(Problem::panicked(&*panic))),
        }
    }
}

impl<H: Duty> Drop for Left<H> {
    fn drop(&mut self) {
        if !self.held.is_done() {
            self.scopes.note(Some(Problem::Dropped));
        }
    }
}
