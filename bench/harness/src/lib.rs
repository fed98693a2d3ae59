//! What the contenders in Rust have in common: how they speak to the driver, and the rounds of each job. A contender adds
//! how one peer fetches.

#![forbid(unsafe_code)]

pub mod mysql;
mod protocol;
pub mod sqlite;

pub use protocol::{Figures, Job, Result, figures};

/// Tokio as people start it: a thread for each core.
///
/// # Errors
///
/// When the operating system has no threads left.
pub fn tokio_runtime() -> Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?)
}
