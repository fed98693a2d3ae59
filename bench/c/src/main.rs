//! Becomes the program in C.

#![forbid(unsafe_code)]

use std::os::unix::process::CommandExt;
use std::process::Command;

fn main() {
    let error = Command::new(env!("TWO_QUERIES"))
        .args(std::env::args_os().skip(1))
        .exec();
    eprintln!("error: {}: {error}", env!("TWO_QUERIES"));
    std::process::exit(1);
}
