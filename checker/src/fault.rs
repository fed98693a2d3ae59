//! Tells the machine's faults from those of the code: a program that was killed from outside, or that could not get what
//! it needs, says nothing about the code that it was given.

use std::io;

use crate::outcome::{Problem, Whose};
use crate::process::{End, Ended};

/// Signals by which the kernel ends a program for what it did itself. Any other comes from somebody else.
const OWN_FAULTS: [i32; 10] = [
    4,  // SIGILL
    5,  // SIGTRAP
    6,  // SIGABRT
    7,  // SIGBUS
    8,  // SIGFPE
    11, // SIGSEGV
    13, // SIGPIPE
    24, // SIGXCPU
    25, // SIGXFSZ
    31, // SIGSYS
];

/// How the system's errors read that have nothing to do with the code, in the words of the C library, the linker and Cargo.
const SHORTAGES: [&str; 10] = [
    "No space left on device",
    "Disk quota exceeded",
    "Cannot allocate memory",
    "Too many open files",
    "Resource temporarily unavailable",
    "Input/output error",
    "Read-only file system",
    "Text file busy",
    "terminated with signal 9",
    "signal: 9, SIGKILL",
];

/// A program that could not be started.
pub(crate) fn not_started(program: &str, error: &io::Error) -> Problem {
    Problem {
        whose: Whose::YourMachine,
        message: format!("{program} cannot be started: {error}"),
        details: String::new(),
        help: "free memory, processes or room on the disk, then run the same command again"
            .to_owned(),
    }
}

/// Returns the problem when a program was killed by a signal from outside; one that this program stopped at a limit was
/// not.
pub(crate) fn of_the_machine(program: &str, ended: &Ended) -> Option<Problem> {
    let End::Exited(_) = ended.end else {
        return None;
    };
    let signal = ended.signal.filter(|signal| !OWN_FAULTS.contains(signal))?;
    Some(Problem {
        whose: Whose::YourMachine,
        message: format!("{program} was killed from outside, by signal {signal}"),
        details: String::new(),
        help:
            "run the same command again; if it happens again, see whether the machine has too little memory \
               (`dmesg` tells)"
                .to_owned(),
    })
}

/// Returns the problem when a program's own words say that the machine lacks something.
pub(crate) fn shortage(program: &str, said: &str) -> Option<Problem> {
    let lacks = SHORTAGES
        .into_iter()
        .find(|shortage| said.contains(shortage))?;
    Some(Problem {
        whose: Whose::YourMachine,
        message: format!("{program} did not get what it needs: {lacks}"),
        details: said.to_owned(),
        help: "free what it names; temporary files are in the folder that TMPDIR names, or in /tmp"
            .to_owned(),
    })
}
