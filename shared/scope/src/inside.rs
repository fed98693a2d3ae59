//! Tracks which scope is inside which, so that the outer release waits for the inner one.
//!
//! Dropping a future drops its contents from the inside out, all in one call: each guard would pass its release to the
//! spawner in the right order, and then they would run at the same time. So while a body is polled or dropped, a
//! thread-local value names its scope, and an unfinished scope that is dropped inside registers there. The code between
//! the two does not have to pass anything on, and nothing is allocated until a scope is dropped.

use std::cell::Cell;
use std::mem::ManuallyDrop;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::thread;

use super::count::{Count, Member};

/// The number of inner scopes whose release runs in the background.
#[derive(Default)]
pub(super) struct Inside(Option<Arc<Count>>);

thread_local! {
    /// The scope whose body runs on this thread. It is always reset. A thread-local value without a destructor is
    /// available even while others are dropped.
    static HERE: Cell<Option<ManuallyDrop<Inside>>> = const { Cell::new(None) };
}

impl Inside {
    /// Completes when the number is zero.
    pub async fn released(&self) {
        if let Some(count) = &self.0 {
            count.zero().await;
        }
    }

    /// Runs one poll, or the drop, of the body.
    fn within<T>(&mut self, work: impl FnOnce() -> T) -> T {
        struct Leave<'a> {
            inside: &'a mut Inside,
            around: Option<ManuallyDrop<Inside>>,
        }

        impl Drop for Leave<'_> {
            fn drop(&mut self) {
                if let Some(inside) = HERE.replace(self.around.take()) {
                    *self.inside = ManuallyDrop::into_inner(inside);
                }
            }
        }

        let around = HERE.replace(Some(ManuallyDrop::new(std::mem::take(self))));
        let _leave = Leave {
            inside: self,
            around,
        };
        work()
    }
}

/// Registers with the scope whose body runs on this thread, if there is one.
pub(super) fn sign_in() -> Option<Member<Arc<Count>>> {
    let mut here = HERE.take()?;
    let count = here.0.get_or_insert_default().clone();
    HERE.set(Some(here));
    Some(Member::new(count))
}

/// The body of a scope. It completes with the body's result or its panic.
pub(super) struct Body<'a, F> {
    /// The drop takes it out, so that it is dropped while the thread-local value still names its scope.
    pub future: Pin<&'a mut Option<F>>,
    pub inside: &'a mut Inside,
}

impl<F: Future> Future for Body<'_, F> {
    type Output = thread::Result<F::Output>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let Body { future, inside } = self.get_mut();
        let future = future
            .as_mut()
            .as_pin_mut()
            .expect("only the drop takes it");
        match inside.within(|| catch_unwind(AssertUnwindSafe(|| future.poll(context)))) {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(output)) => Poll::Ready(Ok(output)),
            Err(panic) => Poll::Ready(Err(panic)),
        }
    }
}

impl<F> Drop for Body<'_, F> {
    fn drop(&mut self) {
        self.inside.within(|| self.future.set(None));
    }
}
