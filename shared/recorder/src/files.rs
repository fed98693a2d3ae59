//! Files that are written whole or not at all, and never through a link of another user.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use tempfile::{Builder, NamedTempFile};

/// Writes a whole file: another program sees the old one or the new one, and never half of it. After an error the old
/// file is unchanged.
///
/// A symbolic link at this path is replaced and not followed, because another user may have put it there. The new file has
/// the permissions of any new file.
///
/// # Errors
///
/// When there is a folder at this path, and when its folder cannot be written to, or is full.
pub(crate) fn write_whole(path: &Path, contents: &[u8]) -> io::Result<()> {
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
pub(crate) fn draft(path: &Path) -> io::Result<NamedTempFile> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(unix)]
    fn a_whole_file_has_the_permissions_of_any_new_file() {
        use std::os::unix::fs::PermissionsExt;

        let folder = tempfile::tempdir().unwrap();
        let [whole, usual] = ["whole", "usual"].map(|name| folder.path().join(name));
        write_whole(&whole, b"whole").unwrap();
        fs::write(&usual, "usual").unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode(&whole), mode(&usual));
    }

    #[test]
    fn only_a_file_is_replaced_and_a_draft_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("folder")).unwrap();
        write_whole(&folder.path().join("folder"), b"").unwrap_err();
        draft(&folder.path().join("missing/file")).unwrap_err();
        drop(draft(&folder.path().join("file")).unwrap());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
