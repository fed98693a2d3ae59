//! The promises of an asynchronous scope, wherever its future is dropped and whichever part fails.
//!
//! Nearly all of it runs on an executor that is driven by hand, and nothing depends on time: no order is hoped for,
//! each is tried.

#[path = "scope/hand.rs"]
mod hand;
#[path = "scope/log.rs"]
mod log;
#[path = "scope/nested.rs"]
mod nested;
#[path = "scope/one.rs"]
mod one;
#[path = "scope/runtimes.rs"]
mod runtimes;
#[path = "scope/waiting.rs"]
mod waiting;
