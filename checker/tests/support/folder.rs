//! A temporary folder.

use std::path::Path;

use tempfile::TempDir;

/// In memory, where there is such a place: these tests make and remove thousands of folders.
pub fn temporary_folder() -> TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() {
        tempfile::tempdir_in(memory).unwrap()
    } else {
        tempfile::tempdir().unwrap()
    }
}
