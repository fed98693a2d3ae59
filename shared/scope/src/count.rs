//! Counts running things, and wakes the tasks that wait until the count is zero.

use std::collections::BTreeMap;
use std::ops::Deref;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

#[derive(Default)]
pub(super) struct Count {
    number: AtomicUsize,
    /// The number of waiting tasks. Only for these does the last decrement take the lock.
    waiting: AtomicUsize,
    // A lock of the standard library: it is held for a few instructions, never across an await, and never while a waker
    // wakes or is dropped, because that may run any code, even this.
    wakers: Mutex<Wakers>,
}

#[derive(Default)]
struct Wakers {
    last_id: u64,
    by_id: BTreeMap<u64, Waker>,
}

impl Count {
    pub fn get(&self) -> usize {
        self.number.load(Ordering::SeqCst)
    }

    /// Completes at a moment when the number is zero.
    pub fn zero(&self) -> Zero<'_> {
        Zero {
            count: self,
            id: None,
        }
    }

    fn wakers(&self) -> MutexGuard<'_, Wakers> {
        // No code that holds the lock can leave the map inconsistent, so a poisoned one is fine.
        self.wakers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A counted thing. Dropping it decrements the count.
pub(super) struct Member<C: Deref<Target = Count>>(C);

impl<C: Deref<Target = Count>> Member<C> {
    pub fn new(count: C) -> Member<C> {
        count.number.fetch_add(1, Ordering::SeqCst);
        Member(count)
    }
}

impl<C: Deref<Target = Count>> Drop for Member<C> {
    fn drop(&mut self) {
        // First the count and then the waiters; a waiter does it in the reverse order. So one of the two sees the
        // other.
        if self.0.number.fetch_sub(1, Ordering::SeqCst) == 1
            && self.0.waiting.load(Ordering::SeqCst) > 0
        {
            let woken = std::mem::take(&mut self.0.wakers().by_id);
            woken.into_values().for_each(Waker::wake);
        }
    }
}

/// The future of [`Count::zero`].
pub(super) struct Zero<'a> {
    count: &'a Count,
    id: Option<u64>,
}

impl Future for Zero<'_> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let Zero { count, id } = self.get_mut();
        if count.get() == 0 {
            return Poll::Ready(());
        }
        let waker = context.waker().clone();
        let _replaced = {
            let mut wakers = count.wakers();
            let id = *id.get_or_insert_with(|| {
                count.waiting.fetch_add(1, Ordering::SeqCst);
                wakers.last_id += 1;
                wakers.last_id
            });
            wakers.by_id.insert(id, waker)
        };
        if count.get() == 0 {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }
}

impl Drop for Zero<'_> {
    fn drop(&mut self) {
        // Otherwise a program that often stops waiting would collect wakers.
        if let Some(id) = self.id {
            self.count.waiting.fetch_sub(1, Ordering::SeqCst);
            let _removed = self.count.wakers().by_id.remove(&id);
        }
    }
}
