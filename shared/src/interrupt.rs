//! Ctrl-C and SIGTERM: drop the work, and wait for the Tokio tasks that the drop spawns.

use std::error::Error;
use std::num::NonZeroUsize;
use std::thread::available_parallelism;
use std::time::Duration;

use tokio::runtime::{Handle, Runtime};
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::{sleep, timeout};

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// Runs the work on a new runtime. On a signal, drops the work, waits for the Tokio tasks that still run (they stop statements,
/// close connections and end a server), and exits with the status that a shell expects.
///
/// # Errors
///
/// - The work fails.
/// - The runtime's threads or the signals' handlers cannot be created.
pub fn run(work: impl Future<Output = Result<()>>) -> Result<()> {
    // One for each core, and some for host names and the output.
    let threads = available_parallelism().map_or(1, NonZeroUsize::get) + 3;
    crate::threads::try_threads(threads)?;
    let runtime = Runtime::new()?;
    let outcome = runtime.block_on(async {
        let interrupt = interrupt()?; // before the work starts
        tokio::select! {
            outcome = work => outcome.map(|()| None),
            status = interrupt => Ok::<_, Box<dyn Error + Send + Sync>>(Some(status)),
        }
    });
    if let Ok(Some(status)) = outcome {
        runtime.block_on(settle());
        // A server that is still starting ends after it has started.
        runtime.shutdown_timeout(Duration::from_secs(5));
        std::process::exit(status);
    }
    // Do not wait for a thread that still looks up a host name.
    runtime.shutdown_background();
    outcome.map(drop)
}

/// Handles Ctrl-C and SIGTERM from now on. The future waits for one of them, and returns the exit status that a shell gives
/// a program that was ended by it.
fn interrupt() -> Result<impl Future<Output = i32>> {
    let (mut ctrl_c, mut term) = (
        signal(SignalKind::interrupt())?,
        signal(SignalKind::terminate())?,
    );
    Ok(async move {
        tokio::select! {
            _ = ctrl_c.recv() => 130,
            _ = term.recv() => 143,
        }
    })
}

/// Waits until no Tokio task is left on the runtime, up to 5 seconds.
async fn settle() {
    let idle = async {
        while Handle::current().metrics().num_alive_tasks() > 0 {
            sleep(Duration::from_millis(2)).await;
        }
    };
    let _ = timeout(Duration::from_secs(5), idle).await;
}
