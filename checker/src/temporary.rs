//! Temporary folders that no other user can look into.

use std::fs::Permissions;
use std::io;
use std::os::unix::fs::PermissionsExt;

use tempfile::{Builder, TempDir};

/// Makes a folder for temporary files, in the one that `TMPDIR` names or in `/tmp`. It goes with the value.
///
/// # Errors
///
/// When it cannot be made.
pub fn private_folder() -> io::Result<TempDir> {
    private().tempdir()
}

/// Returns a builder of such folders. Their mode is 0700 from the moment they exist, whatever the umask is: without
/// this, tempfile makes folders that everybody can read.
pub(crate) fn private() -> Builder<'static, 'static> {
    let mut builder = Builder::new();
    builder.permissions(Permissions::from_mode(0o700));
    builder
}
