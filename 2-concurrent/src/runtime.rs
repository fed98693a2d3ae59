//! The choice of an executor, for futures that do not care which one it is.

/// The option `--runtime`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Runtime {
    /// Tokio, on the current thread alone.
    Tokio,
    /// async-std. It is discontinued, and its authors point to smol.
    AsyncStd,
    /// smol.
    Smol,
}

impl Runtime {
    /// Runs a future to its end, on the current thread.
    ///
    /// # Panics
    ///
    /// When the future does, and when the operating system gives Tokio no event queue.
    pub fn block_on<F: Future>(self, future: F) -> F::Output {
        match self {
            Runtime::Tokio => tokio::runtime::Builder::new_current_thread()
                .build()
                .expect("a runtime without I/O needs no more than memory")
                .block_on(future),
            Runtime::AsyncStd => async_std::task::block_on(future),
            Runtime::Smol => smol::block_on(future),
        }
    }
}
