//! Two futures wait at the same time, on one thread.
//!
//! ```python
//! async def greet(name):
//!     print(f"Hello {name}")
//!     await asyncio.sleep(1)
//!     print(f"Goodbye {name}")
//!
//! async def main():
//!     await asyncio.gather(greet("Alice"), greet("Bob"))
//!
//! asyncio.run(main())
//! ```
//!
//! Look at the order of the lines, and at the time: one second and not two. Then look at the second half. In Rust, as in
//! Python, two awaits in a row wait one after the other. A future does nothing until it is polled, so it does not help to
//! create both futures first. (In Python, `asyncio.create_task(greet("Bob"))` starts at the next await. In Rust, `tokio::spawn`
//! does that.)

use std::time::Duration;

use futures_lite::future::zip;
use tokio::time::{Instant, sleep};

#[tokio::main(flavor = "current_thread")]
async fn main() {
    lesson().await;
}

pub async fn lesson() {
    let begun = Instant::now();
    // Polls Alice first each time. (`tokio::join!` takes turns, so Bob would leave first.)
    zip(greet("Alice"), greet("Bob")).await;
    println!("at the same time: {:.1?}\n", begun.elapsed());

    let begun = Instant::now();
    let (alice, bob) = (greet("Alice"), greet("Bob"));
    alice.await;
    bob.await;
    println!("one after the other: {:.1?}", begun.elapsed());
}

async fn greet(name: &str) {
    println!("Hello {name}");
    // Lets the other future run. `std::thread::sleep` would block both.
    sleep(Duration::from_secs(1)).await;
    println!("Goodbye {name}");
}
