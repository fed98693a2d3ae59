//! SQLite files that nobody here made, and what the programs of this project do with them.
//!
//! - [`files`]: databases of many kinds, and damage to them, the same for the same number.
//! - [`program`]: the programs, run with a time limit.
//!
//! `cargo test -p robustness` tries a small sample of damaged files; `DAMAGED_FILES=10000 cargo test -p robustness --test damaged
//! -- --nocapture` tries as many as it says, and prints what came of them.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

pub mod files;
pub mod program;
