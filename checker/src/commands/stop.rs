//! Ctrl-C: ends the running work, so that the program ends normally and removes its temporary files.

use std::io;
use std::process::{self, ExitCode};
use std::thread;

use checker::process::stop;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

/// The exit status that shells show for a program ended by Ctrl-C.
pub const STATUS: u8 = 130;

/// Makes Ctrl-C stop the work; a second Ctrl-C ends the program immediately.
pub fn on_ctrl_c() -> io::Result<()> {
    let mut signals = Signals::new([SIGHUP, SIGINT, SIGTERM])?;
    thread::spawn(move || {
        let mut signals = signals.forever();
        signals.next();
        stop();
        signals.next();
        process::exit(STATUS.into());
    });
    Ok(())
}

/// Returns the exit status, if the user has asked to stop.
pub fn asked() -> Option<ExitCode> {
    checker::process::is_stopped().then(|| ExitCode::from(STATUS))
}
