//! Files and folders that other users of the machine can neither read nor redirect.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use tempfile::{Builder, NamedTempFile, TempDir};

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

/// Writes a whole file: another program sees the old one or the new one, and never half of it. After an error the old
/// file is unchanged.
///
/// A symbolic link at this path is replaced and not followed, because another user may have put it there. The new file has
/// the permissions of any new file.
///
/// # Errors
///
/// When there is a folder at this path, and when its folder cannot be written to, or is full.
pub fn write_whole(path: &Path, contents: &[u8]) -> io::Result<()> {
    let mut draft = draft(path)?;
    draft.write_all(contents)?;
    draft.persist(path)?;
    Ok(())
}

/// Creates an empty file beside this path, to be filled and then moved there by [`NamedTempFile::persist`]. It is removed
/// when the value is dropped.
///
/// Its name cannot be guessed, and did not exist before: a link that another user has made is not written through.
///
/// # Errors
///
/// When something other than a file has this path, and when its folder does not exist or cannot be written to.
pub fn draft(path: &Path) -> io::Result<NamedTempFile> {
    match fs::symlink_metadata(path) {
        Ok(found) if found.is_dir() => return Err(io::ErrorKind::IsADirectory.into()),
        // A device such as /dev/null, or a pipe: replacing it would take it from the programs that use it.
        Ok(found) if !found.is_file() && !found.is_symlink() => {
            return Err(io::Error::other("it is not a regular file"));
        }
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let folder = match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    // Not `tempfile_in`: that makes a file for its owner alone.
    Builder::new().make_in(folder, |path| File::create_new(path))
}
