//! Folders that other users of the machine cannot read.

use std::io;

use tempfile::{Builder, TempDir};

/// Creates a folder for temporary files that only its owner may enter, from its first moment. It is removed when the
/// value is dropped.
///
/// # Errors
///
/// When the folder for temporary files (`TMPDIR`) does not exist or cannot be written to.
pub fn private_folder() -> io::Result<TempDir> {
    private().tempdir()
}

/// Returns a builder of folders that only their owner may enter, from their first moment and whatever the umask is.
pub fn private() -> Builder<'static, 'static> {
    #[allow(unused_mut, reason = "there are no modes on Windows")]
    let mut builder = Builder::new();
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
    builder
}
