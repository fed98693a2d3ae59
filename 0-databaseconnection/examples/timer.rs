//! A value that prints how long it lived, on every way out of its scope.
//!
//! ```python
//! class Timer:
//!     def __enter__(self):
//!         self.begun = time.perf_counter()
//!     def __exit__(self, *exception):
//!         print(f"{time.perf_counter() - self.begun:.3f} s")
//!
//! with Timer():
//!     sum(range(1_000_000))
//! ```
//!
//! Look at the function `work`: it has four ways out, but only one line mentions the timer. The variable is called
//! `_timer` and not `_`, because `let _ = Timer::start(...)` keeps nothing and would measure nothing.
//!
//! The clock is an argument: `main` passes the real clock, and the test passes one that it sets.

use std::num::ParseIntError;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

fn main() {
    let begun = Instant::now();
    lesson(&|| begun.elapsed());
}

/// Returns the time since some fixed moment.
type Clock<'a> = &'a dyn Fn() -> Duration;

struct Timer<'a> {
    what: &'a str,
    clock: Clock<'a>,
    begun: Duration,
}

impl<'a> Timer<'a> {
    fn start(what: &'a str, clock: Clock<'a>) -> Timer<'a> {
        let begun = clock();
        Timer { what, clock, begun }
    }
}

impl Drop for Timer<'_> {
    fn drop(&mut self) {
        println!("{}: {:?}", self.what, (self.clock)() - self.begun);
    }
}

pub fn lesson(clock: Clock) {
    let _all = Timer::start("all of it", clock);
    for numbers in ["1000000", "0", "many", "13"] {
        let what = format!("the sum of {numbers} numbers");
        // A panic of `work` is caught here, after its values were dropped.
        match catch_unwind(AssertUnwindSafe(|| work(&what, numbers, clock))) {
            Ok(Ok(sum)) => println!("  the sum is {sum:?}"),
            Ok(Err(error)) => println!("  an error: {error}"),
            Err(_) => println!("  a panic"),
        }
    }
    println!("values are dropped in reverse order of creation, so the outermost timer comes last");
}

fn work(what: &str, numbers: &str, clock: Clock) -> Result<Option<u64>, ParseIntError> {
    let _timer = Timer::start(what, clock);
    println!("  at work");
    let numbers: u64 = numbers.parse()?;
    if numbers == 0 {
        return Ok(None);
    }
    assert!(numbers != 13, "an unlucky number");
    Ok(Some((0..numbers).sum()))
}
