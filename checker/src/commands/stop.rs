//! Ctrl-C: ends what runs, so that the program comes to its end on the usual way, and removes what is temporary.

use std::io;
use std::process::{self, ExitCode};
use std::thread;

use checker::process::stop;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

/// What a shell shows for a program that a Ctrl-C has ended.
pub const STATUS: u8 = 130;

/// From now on a Ctrl-C stops the work; a second one ends the program at once.
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

/// The status to end with, if somebody has asked for the end.
pub fn asked() -> Option<ExitCode> {
    checker::process::is_stopped().then(|| ExitCode::from(STATUS))
}
