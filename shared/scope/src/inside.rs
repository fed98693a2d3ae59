//! Which scope is inside which, so that the outer one's release waits for the inner one's.
//!
//! Dropping a future drops what it holds from the inside out, all in one call: each guard would hand its release to the
//! spawner, in the right order, and then they would run at the same time. So while a body is polled or dropped, its
//! thread remembers whose it is, and a scope that is dropped part-way meanwhile signs in there. Nothing has to be
//! passed through the code between the two, and nothing is allocated until a scope is dropped.

use std::cell::Cell;
use std::mem::ManuallyDrop;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::thread;

use super::count::{Count, Member};

/// How many of the scopes inside one have been left to the background and have not ended there.
#[derive(Default)]
pub(super) struct Inside(Option<Arc<Count>>);

thread_local! {
    /// Of the scope whose body this thread is in. It is always taken back, and a thread-local value that is never
    /// dropped can be reached also while the others are.
    static HERE: Cell<Option<ManuallyDrop<Inside>>> = const { Cell::new(None) };
}

impl Inside {
    /// Completes when there is none.
    pub async fn released(&self) {
        if let Some(count) = &self.0 {
            count.zero().await;
        }
    }

    /// Does a part of the body's work.
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

/// Signs in with the scope whose body this thread is in, if it is in one.
pub(super) fn sign_in() -> Option<Member<Arc<Count>>> {
    let mut here = HERE.take()?;
    let count = here.0.get_or_insert_default().clone();
    HERE.set(Some(here));
    Some(Member::new(count))
}

/// The body of a scope. It completes with the body's panic, too.
pub(super) struct Body<'a, F> {
    /// The drop takes it out, so that it goes while its thread still remembers whose it is.
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
