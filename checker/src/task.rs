//! The tasks, and the workspace in which they lie.

use std::fs;
use std::path::{Path, PathBuf};

/// A task of this workspace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Task {
    /// Its folder, which is also the name of its binary.
    pub folder: &'static str,
    /// Its package.
    pub package: &'static str,
    /// Its library crate.
    pub library: &'static str,
    /// Its targets of tests of which every check is an extra, and which look at what a solution may do without.
    pub extras: &'static [&'static str],
    /// Whether its checks start a MariaDB server.
    pub needs_mariadb: bool,
}

/// Each task's target of tests whose checks give the verdict, and name its extras as well.
pub const CHECKS: &str = "checks";

/// The tasks, in the order in which they are done.
pub const TASKS: [Task; 4] = [
    Task {
        folder: "0-databaseconnection",
        package: "databaseconnection",
        library: "databaseconnection",
        extras: &[],
        needs_mariadb: false,
    },
    Task {
        folder: "1-execute",
        package: "execute",
        library: "execute",
        extras: &[],
        needs_mariadb: false,
    },
    Task {
        folder: "2-concurrent",
        package: "concurrent",
        library: "concurrent",
        extras: &["sqlx"],
        needs_mariadb: false,
    },
    Task {
        folder: "3-mysql-pool",
        package: "mysql-pool",
        library: "mysql_pool",
        extras: &[],
        needs_mariadb: true,
    },
];

impl Task {
    /// The task with this folder's name, or with this package's.
    pub fn find(name: &str) -> Option<Task> {
        TASKS
            .into_iter()
            .find(|task| task.folder == name || task.package == name)
    }

    /// Its folder in the workspace.
    pub fn path(&self) -> PathBuf {
        workspace().join(self.folder)
    }
}

/// The workspace from which this program was built: the reference's checks and the tasks' manifests are taken from there.
pub fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the crate lies in a workspace")
}

/// Returns the file of a module of checks in a folder. Its name may begin with a number: `01_opening.rs` is `opening`.
pub(crate) fn file_of_module(folder: &Path, module: &str) -> Option<PathBuf> {
    let files = fs::read_dir(folder).ok()?;
    let mut files = files.filter_map(|file| Some(file.ok()?.path()));
    files.find(|file| {
        let name = file.file_name().and_then(|name| name.to_str());
        name.and_then(|name| name.strip_suffix(".rs"))
            .is_some_and(|stem| match stem.split_once('_') {
                Some((number, rest)) if number.parse::<u8>().is_ok() => rest == module,
                _ => stem == module,
            })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_of_a_module_may_begin_with_a_number() {
        let folder = tempfile::tempdir().unwrap();
        for file in [
            "01_opening.rs",
            "with_connection.rs",
            "02_with_connection.txt",
        ] {
            fs::write(folder.path().join(file), "").unwrap();
        }
        let file = |module: &str| {
            let file = file_of_module(folder.path(), module)?;
            Some(file.file_name()?.to_str()?.to_owned())
        };
        assert_eq!(file("opening").as_deref(), Some("01_opening.rs"));
        assert_eq!(
            file("with_connection").as_deref(),
            Some("with_connection.rs")
        );
        assert_eq!(file("connection"), None);
    }
}
