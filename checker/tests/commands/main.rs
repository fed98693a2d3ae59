//! Tests the commands as people and scripts type them.

mod check;
mod class;
mod command_line;
mod grade;
mod hint;
mod machine;
mod program;
mod started;
mod watch;
