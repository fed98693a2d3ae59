//! Opens a submission and finds its tasks.

use std::path::Path;

use tempfile::TempDir;

use crate::archive::{self, Limits};
use crate::find::{Found, find_tasks};
use crate::outcome::{Problem, Whose};
use shared::files::private_folder;

use super::cannot_read;

/// Finds the tasks in a folder or an archive. An archive is unpacked into the returned temporary folder. A folder without a
/// task that contains a single archive counts as that archive, because Moodle makes such folders.
pub(super) fn open(path: &Path) -> Result<(Vec<Found>, Option<TempDir>), Problem> {
    if !path.is_dir() {
        return unpack(path);
    }
    // Follows a link, so that rustc gets real paths.
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
        help: "check for free space in the folder for temporary files (TMPDIR)".to_owned(),
    })?;
    let unpacked = folder.path().join("submission");
    archive::unpack(archive, &unpacked, &Limits::default())?;
    Ok((find_tasks(&unpacked)?, Some(folder)))
}
