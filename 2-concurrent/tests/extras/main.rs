//! The extras of task 2: what a solution can do better than it must. The reference solution passes them, and `checker` runs
//! them when every required check has passed.
//!
//! `cargo test --test extras` runs them; a plain `cargo test` does not.

mod cancel;
mod data;
mod errors;
#[expect(dead_code, reason = "the required checks use the rest of it")]
#[path = "../checks/executor.rs"]
mod executor;
#[path = "../checks/functions.rs"]
mod functions;
mod many;
mod program;
mod runtimes;
