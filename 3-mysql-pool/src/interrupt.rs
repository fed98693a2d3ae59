//! Ctrl-C and SIGTERM: drops the work, and waits for what the drop leaves in the background.

use std::time::Duration;

use tokio::runtime::{Handle, Runtime};
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::{sleep, timeout};

use crate::Result;

/// Runs the work to its end on a new runtime. On a signal, drops the work, waits for what that leaves in the background
/// (statements to stop, connections to close, a server to end), and exits with the status that a shell expects.
pub fn run(work: impl Future<Output = Result<()>>) -> Result<()> {
    let runtime = Runtime::new()?;
    let outcome = runtime.block_on(async {
        let interrupt = interrupt()?; // before there is anything to leave behind
        tokio::select! {
            outcome = work => outcome.map(|()| None),
            status = interrupt => Ok::<_, Box<dyn std::error::Error + Send + Sync>>(Some(status)),
        }
    });
    if let Ok(Some(status)) = outcome {
        runtime.block_on(settle());
        // And a server that was just starting ends when it has started.
        runtime.shutdown_timeout(Duration::from_secs(5));
        std::process::exit(status);
    }
    // Do not wait for a thread that is blocked by a name server.
    runtime.shutdown_background();
    outcome.map(drop)
}

/// Catches Ctrl-C and SIGTERM from now on. The future waits for one of them, and is the exit status that a shell gives
/// to a program which they end.
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

/// Waits until the runtime has nothing more to do.
async fn settle() {
    let idle = async {
        while Handle::current().metrics().num_alive_tasks() > 0 {
            sleep(Duration::from_millis(2)).await;
        }
    };
    let _ = timeout(Duration::from_secs(5), idle).await;
}
