//! A lock that is held exactly as long as a value lives, even if the thread that holds it panics.
//!
//! ```python
//! lock = threading.Lock()
//! balance = 100
//!
//! def worker():
//!     global balance
//!     with lock:
//!         balance -= 30
//!
//! thread = threading.Thread(target=worker)
//! thread.start()
//! thread.join()
//! ```
//!
//! In Rust the lock holds the data. The only way to the balance is through the guard that `lock` returns, and
//! dropping the guard releases the lock. Look at the second worker, which panics between its two changes. Python's
//! `with` releases the lock as well, but the next thread does not learn that the change is incomplete. Rust marks the
//! mutex as poisoned: from then on `lock` returns an error (which contains the guard), until a thread has repaired
//! the data and called `clear_poison`.

use std::sync::{Mutex, TryLockError};
use std::thread;

/// The sum is 100 whenever the lock is free.
#[derive(Debug)]
struct Accounts {
    alice: i32,
    bob: i32,
}

fn main() {
    lesson();
}

pub fn lesson() {
    let accounts = Mutex::new(Accounts { alice: 100, bob: 0 });
    thread::scope(|scope| {
        let worker = scope.spawn(|| {
            transfer(&accounts, 30);
            println!("after the scope: {}", state(&accounts));
        });
        worker.join().expect("this worker does not panic");

        let worker = scope.spawn(|| transfer(&accounts, 1000));
        let panic = worker.join().unwrap_err();
        println!(
            "the worker has panicked: {:?}",
            panic.downcast_ref::<&str>()
        );
        println!("after the panic: {}", state(&accounts));
    });

    let mut guard = accounts
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner());
    println!("what it has left: {guard:?}");
    guard.bob = 100 - guard.alice;
    drop(guard);
    accounts.clear_poison();
    println!("after the repair: {}", state(&accounts));
}

fn transfer(accounts: &Mutex<Accounts>, amount: i32) {
    let mut guard = accounts.lock().expect("no thread has panicked before");
    println!("within the scope: {}", state(accounts));
    guard.alice -= amount;
    if guard.alice < 0 {
        // After this line only the drop of the guard runs.
        panic!("overdrawn");
    }
    guard.bob += amount;
}

/// Returns what another thread would see, without waiting. The guard is dropped before the function returns.
fn state(accounts: &Mutex<Accounts>) -> String {
    match accounts.try_lock() {
        Ok(accounts) => format!("free, {accounts:?}"),
        Err(TryLockError::Poisoned(_)) => "free, and poisoned".to_owned(),
        Err(TryLockError::WouldBlock) => "locked".to_owned(),
    }
}
