//! A timer around awaits, which is right also when the work is cancelled.
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
//! (The course notes leave out both `async` before the methods, which is a TypeError: 'async with' received an object
//! from `__aenter__` that does not implement `__await__`. And they call `asyncio.run()` with nothing, which is another:
//! it is missing its argument 'main'.)
//!
//! Look at what is not there: nothing of the timer is asynchronous. To print takes no await, and so `Drop` will do, as
//! in the synchronous `timer`. (In Python a plain `with` would, too.) The value lives in the future, across its awaits.
//! When the future is dropped half-way, by a timeout or an abort, nothing more of the function runs, but its values are
//! dropped, and the timer prints what it was up to then.

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
    println!("  abort only tells the task to end");
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
