//! The scope around an empty body: time and allocations.
//!
//! A separate program, because its allocator counts, which would slow the other candidates down.

#![forbid(unsafe_code)]

use std::alloc::System;
use std::convert::Infallible;
use std::future::ready;
use std::hint::black_box;
use std::time::Instant;

use futures_lite::future::block_on;
use harness::{Figures, Job, Result, figures};
use scope::Scopes;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const TIMES: u32 = 1_000_000;

fn main() -> Result<()> {
    let job = Job::from_command_line()?;
    match job.peer.as_str() {
        "ours" => {
            let scopes = Scopes::new(|release| drop(black_box(release)));
            serve(&job, async || {
                let body = async |number: &mut u64| Ok(black_box(*number));
                let run = scopes.run(ready(Ok::<u64, Infallible>(1)), body, release);
                let _ = black_box(run.await);
            })
        }
        // Releases nothing after an error or a panic, or when the future is dropped.
        "bare awaits" => serve(&job, async || {
            let number = ready(Ok::<u64, Infallible>(1)).await;
            let Ok(number) = black_box(number);
            let _ = black_box(release(number).await);
        }),
        // Its release cannot await.
        "scopeguard" => serve(&job, async || {
            let number = ready(Ok::<u64, Infallible>(1)).await;
            let Ok(number) = black_box(number);
            let guard = scopeguard::guard(number, |number| _ = black_box(number));
            black_box(*guard);
        }),
        _ => Err(job.unknown()),
    }
}

async fn release(number: u64) -> std::result::Result<(), Infallible> {
    ready(black_box(number)).await;
    Ok(())
}

fn serve(job: &Job, work: impl AsyncFn()) -> Result<()> {
    job.serve(|| Ok(block_on(round(&work))))
}

async fn round(work: &impl AsyncFn()) -> Figures {
    let allocations = Region::new(ALLOCATOR);
    let begun = Instant::now();
    for _ in 0..TIMES {
        work().await;
    }
    let took = begun.elapsed();
    let count = allocations.change().allocations as f64;
    figures([
        ("seconds", took.as_secs_f64() / f64::from(TIMES)),
        ("allocations", count / f64::from(TIMES)),
    ])
}
