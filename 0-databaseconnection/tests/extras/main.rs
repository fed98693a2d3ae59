//! The extras of task 0: what a solution can do better than it must. The reference solution passes them, and `checker` runs
//! them when every required check has passed.
//!
//! `cargo test --test extras` runs them; a plain `cargo test` does not.

mod fetching;
mod program;
mod with_connection;
