//! Distinguishes faults of the machine from faults of the code. If a program was killed from outside, or a resource was
//! missing, there is no verdict on the code.

use std::io;

use crate::outcome::{Problem, Whose};
use crate::process::{End, Ended};

/// Signals that the kernel sends to a program because of something that the program did. Any other comes from another process.
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

/// Errors that have nothing to do with the code, as the C library, the linker and Cargo print them.
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

/// Returns the problem when a program could not be started.
pub(crate) fn not_started(program: &str, error: &io::Error) -> Problem {
    Problem {
        whose: Whose::YourMachine,
        message: format!("{program} cannot be started: {error}"),
        details: String::new(),
        help: "free memory, processes or disk space, then run the same command again".to_owned(),
    }
}

/// Returns the problem if a program was killed by a signal from outside. A program that was killed at a limit was not.
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
            "run the same command again; if it happens again, run `dmesg` to see whether the machine has too little \
               memory"
                .to_owned(),
    })
}

/// Returns the problem if a program's output says that the machine lacks a resource.
pub(crate) fn shortage(program: &str, said: &str) -> Option<Problem> {
    let lacks = SHORTAGES
        .into_iter()
        .find(|shortage| said.contains(shortage))?;
    Some(Problem {
        whose: Whose::YourMachine,
        message: format!("{program} failed because the machine lacks a resource: {lacks}"),
        details: said.to_owned(),
        help: "free that resource; temporary files are in the folder that TMPDIR names, or in /tmp"
            .to_owned(),
    })
}
