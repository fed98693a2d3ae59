//! A submission's files, and the tasks in them.

use std::path::Path;

use tempfile::TempDir;

use crate::archive::{self, Limits};
use crate::find::{Found, find_tasks};
use crate::outcome::{Problem, Whose};
use shared::files::private_folder;

use super::cannot_read;

/// Finds the tasks in a folder, or in an archive, which is unpacked into a folder that goes with the value. A folder without
/// a task, in which a single archive lies, counts as that archive: Moodle makes such folders.
pub(super) fn open(path: &Path) -> Result<(Vec<Found>, Option<TempDir>), Problem> {
    if !path.is_dir() {
        return unpack(path);
    }
    // A link leads to its folder, and rustc is given names that stay.
    let folder = path
        .canonicalize()
        .map_err(|error| cannot_read(path, &error))?;
    match find_tasks(&folder) {
        Ok(found) => Ok((found, None)),
        Err(error) => match error.archives() {
            [archive] => unpack(archive),
            _ => Err(error.into()),
        },
    }
}

fn unpack(archive: &Path) -> Result<(Vec<Found>, Option<TempDir>), Problem> {
    let folder = private_folder().map_err(|error| Problem {
        whose: Whose::YourMachine,
        message: format!("cannot make a temporary folder: {error}"),
        details: String::new(),
        help: "check that there is room in the folder for temporary files (TMPDIR)".to_owned(),
    })?;
    let unpacked = folder.path().join("submission");
    archive::unpack(archive, &unpacked, &Limits::default())?;
    Ok((find_tasks(&unpacked)?, Some(folder)))
}
