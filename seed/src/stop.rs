//! Ctrl-C and SIGTERM.
//!
//! Nothing here is needed for a database to stay whole: whoever is killed in the middle leaves the old one. It is for
//! leaving no rubbish beside it. (SIGHUP is not caught: under `nohup` it is ignored, and that is to stay so.)

use std::{future, io, process, thread};

use tokio::signal::unix::{SignalKind, signal};

/// Runs `clean_up` in a thread of its own when the first signal comes. The second ends the program on the spot.
///
/// From now on a signal does nothing else: `clean_up` is to see to it that the program ends.
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
