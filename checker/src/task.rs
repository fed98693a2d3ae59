//! The tasks, and the workspace in which they lie.

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
    /// True if its checks start a MariaDB server.
    pub needs_mariadb: bool,
}

/// Each task's test target with the required checks.
pub const CHECKS: &str = "checks";
/// Each task's test target with the extras: checks of what a solution can do better.
pub const EXTRAS: &str = "extras";
/// Each task's test target for its program. It passes with every correct solution.
pub const CLI: &str = "cli";

/// The tasks, in the order in which they are done.
pub const TASKS: [Task; 4] = [
    Task {
        folder: "0-databaseconnection",
        package: "databaseconnection",
        library: "databaseconnection",
        needs_mariadb: false,
    },
    Task {
        folder: "1-execute",
        package: "execute",
        library: "execute",
        needs_mariadb: false,
    },
    Task {
        folder: "2-concurrent",
        package: "concurrent",
        library: "concurrent",
        needs_mariadb: false,
    },
    Task {
        folder: "3-mysql-pool",
        package: "mysql-pool",
        library: "mysql_pool",
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
