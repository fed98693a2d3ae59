//! Foreign and damaged SQLite files, and what the programs of this project do with them.
//!
//! - [`files`]: databases of many kinds, and damage to them. The same number gives the same damage.
//! - [`program`]: runs a program with a time limit.
//!
//! `cargo test -p robustness` tries a small sample of damaged files. `DAMAGED_FILES=10000 cargo test -p robustness --test damaged
//! -- --nocapture` tries 10,000, and prints statistics.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

pub mod files;
pub mod program;
