//! Temporary folders.

use std::path::Path;

use tempfile::TempDir;

/// Makes a temporary folder, in memory if possible because these tests make thousands of them.
pub fn temporary_folder() -> TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() {
        tempfile::tempdir_in(memory).unwrap()
    } else {
        tempfile::tempdir().unwrap()
    }
}
