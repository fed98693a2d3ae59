//! The shared part of the candidates in Rust: the protocol with the driver, and the rounds of each job. A candidate adds
//! only how it fetches.

#![forbid(unsafe_code)]

pub mod mysql;
mod protocol;
pub mod sqlite;

pub use protocol::{Figures, Job, Result, figures};

/// Starts Tokio as `#[tokio::main]` does, with a thread for each core.
///
/// # Errors
///
/// If the operating system has no threads left.
pub fn tokio_runtime() -> Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?)
}
