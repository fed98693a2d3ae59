//! The commands, as people and scripts type them.

#[path = "../support/archive.rs"]
mod archive;
mod check;
mod command_line;
mod grade;
mod hint;
mod program;
mod watch;
