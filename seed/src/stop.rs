//! Ctrl-C and SIGTERM.
//!
//! The database stays complete without this: a killed run leaves the old one. This removes the draft. (SIGHUP is not
//! caught: under `nohup` it is ignored, and must stay so.)

use std::{future, io, process, thread};

use tokio::signal::unix::{SignalKind, signal};

/// Runs `clean_up` on a separate thread when the first signal comes. The second signal ends the program at once.
///
/// From now on a signal does nothing else: `clean_up` must end the program.
pub fn on_signal(clean_up: impl FnOnce() + Send + 'static) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .build()?;
    let mut signals = {
        let _context = runtime.enter();
        [
            signal(SignalKind::interrupt())?,
            signal(SignalKind::terminate())?,
        ]
    };
    thread::Builder::new().spawn(move || {
        let mut next = || {
            runtime.block_on(future::poll_fn(|context| {
                match signals
                    .iter_mut()
                    .any(|signal| signal.poll_recv(context).is_ready())
                {
                    true => std::task::Poll::Ready(()),
                    false => std::task::Poll::Pending,
                }
            }));
        };
        next();
        clean_up();
        next();
        process::exit(1);
    })?;
    Ok(())
}
