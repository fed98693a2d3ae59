//! What a scope has still to do, and who does it: its own future, or, when that is dropped, a task in the background.

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

/// What a scope holds.
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

/// [`Held`], with what its parts must be capable of. (Said once here, and not at each type that holds one.)
pub(super) trait Duty: Default + Send + 'static {
    type Error: Into<Box<dyn Error + Send + Sync>>;

    fn is_done(&self) -> bool;

    /// Begins the release, or goes on with it. It completes with the release's panic, too.
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
        // The future's own drop may panic, too.
        let dropped = catch_unwind(AssertUnwindSafe(|| *self = Held::Nothing));
        Poll::Ready(ended.and_then(|released| dropped.map(|()| released)))
    }
}

/// A scope in the hands of its own future.
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
        // This drop may be part of a panic, and a second one that left it would abort the program. That the release
        // was dropped is noted all the same.
        let _ = catch_unwind(AssertUnwindSafe(spawn));
    }
}

/// A scope that has been left to the background.
struct Left<H: Duty> {
    held: H,
    inside: Inside,
    scopes: Scopes,
    // Fields are dropped from the top down: who waits for these two may count on it that the rest is gone.
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
