//! A lock that is held exactly as long as a value lives; also when the thread that holds it panics.
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
//! In Rust the lock holds the data: there is no way to the balance but through the guard that `lock` returns, and when
//! the guard is dropped, the lock is free. Look at the second worker, which panics half-way. Python's `with` releases
//! the lock, too, and the next thread learns nothing. Rust also marks the mutex as poisoned: every `lock` is an error from
//! then on (which has the guard in it), until somebody has looked at the data and called `clear_poison`.

use std::sync::{Mutex, TryLockError};
use std::thread;

/// 100 in all, whoever looks while nobody holds the lock.
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
        worker.join().expect("this one does not panic");

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
    let mut guard = accounts.lock().expect("nobody has panicked before");
    println!("within the scope: {}", state(accounts));
    guard.alice -= amount;
    if guard.alice < 0 {
        // From here on nothing of this function runs but the drop of the guard.
        panic!("overdrawn");
    }
    guard.bob += amount;
}

/// What another thread would see, without waiting. The guard that this gets is dropped before the function returns.
fn state(accounts: &Mutex<Accounts>) -> String {
    match accounts.try_lock() {
        Ok(accounts) => format!("free, {accounts:?}"),
        Err(TryLockError::Poisoned(_)) => "free, and poisoned".to_owned(),
        Err(TryLockError::WouldBlock) => "locked".to_owned(),
    }
}
