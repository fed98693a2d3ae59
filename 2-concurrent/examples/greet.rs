//! Two that wait at the same time, on one thread.
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
//! Python, two awaits in a row wait one after the other. A future does nothing until it is polled, so that to have made
//! both futures first changes nothing. (In Python it would not either, but for `asyncio.create_task(greet("Bob"))`,
//! which begins at the next await; in Rust that is `tokio::spawn`.)

use std::time::Duration;

use futures_lite::future::zip;
use tokio::time::{Instant, sleep};

#[tokio::main(flavor = "current_thread")]
async fn main() {
    lesson().await;
}

pub async fn lesson() {
    let begun = Instant::now();
    // Polls Alice first each time. (`tokio::join!` takes turns, so that Bob would be the first to leave.)
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
    // Gives way to the other. `std::thread::sleep` would stop both.
    sleep(Duration::from_secs(1)).await;
    println!("Goodbye {name}");
}
