//! A timer around awaits. It is right even when the work is cancelled.
//!
//! ```python
//! class AsyncTimer:
//!     async def __aenter__(self):
//!         self.begun = time.perf_counter()
//!     async def __aexit__(self, *exception):
//!         print(f"{time.perf_counter() - self.begun:.1f} s")
//!
//! async def main():
//!     async with AsyncTimer():
//!         await asyncio.sleep(1)
//!
//! asyncio.run(main())
//! ```
//!
//! (The course notes omit both `async` before the methods, which is a TypeError: 'async with' received an object from
//! `__aenter__` that does not implement `__await__`. And they call `asyncio.run()` without its argument `main`, which is
//! another TypeError.)
//!
//! The timer itself is not asynchronous. Printing needs no await, so a `Drop` is enough, as in the synchronous `timer`. (In
//! Python a plain `with` is enough.) The future owns the timer across its awaits. When a timeout or an abort drops the
//! future, the rest of the function does not run, but the timer is dropped and prints the time until then.

use std::time::Duration;

use futures_lite::future::zip;
use tokio::task::yield_now;
use tokio::time::{Instant, sleep, timeout};

#[tokio::main(flavor = "current_thread")]
async fn main() {
    lesson().await;
}

struct Timer {
    what: &'static str,
    begun: Instant,
}

impl Timer {
    fn start(what: &'static str) -> Timer {
        let begun = Instant::now();
        Timer { what, begun }
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        println!("{}: {:.1?}", self.what, self.begun.elapsed());
    }
}

pub async fn lesson() {
    work("two awaits").await;

    let timer = Timer::start("both together");
    zip(work("Alice's two"), work("Bob's two")).await;
    drop(timer);

    let limit = Duration::from_millis(700);
    let in_time = timeout(limit, work("cut by a timeout")).await;
    println!("  ended in time: {}", in_time.is_ok());

    let task = tokio::spawn(work("cut by an abort"));
    sleep(limit).await;
    task.abort();
    println!("  abort only asks the task to end");
    let outcome = task.await;
    println!(
        "  cancelled: {}",
        outcome.is_err_and(|error| error.is_cancelled())
    );

    let never_polled = work("never begun");
    drop(never_polled);
    yield_now().await;
    println!("a future that was never polled has no timer to drop");
}

async fn work(what: &'static str) {
    let _timer = Timer::start(what);
    sleep(Duration::from_millis(500)).await;
    sleep(Duration::from_millis(500)).await;
}
