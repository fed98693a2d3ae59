//! A database of a test's own.

use std::fs;
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use tempfile::TempDir;

use shared::files::private_folder;
use shared::{User, sqlite};

/// A database in a folder of its own, which is removed when this value is dropped.
pub struct TempDatabase {
    folder: TempDir,
    path: PathBuf,
}

impl TempDatabase {
    /// The twelve sample users.
    pub fn sample() -> TempDatabase {
        let database = TempDatabase::missing();
        sqlite::create_sample(&database.path).expect("room for a small database");
        database
    }

    /// These users.
    pub fn with_users(users: impl IntoIterator<Item = User>) -> TempDatabase {
        let database = TempDatabase::missing();
        fs::File::create(&database.path).expect("room for a database");
        sqlite::create(&database.path, users).expect("users who fit together");
        database
    }

    /// What this SQL makes of an empty database.
    pub fn of(sql: &str) -> TempDatabase {
        let database = TempDatabase::missing();
        Connection::open(&database.path)
            .and_then(|connection| connection.execute_batch(sql))
            .expect(sql);
        database
    }

    /// A folder in which there is no database yet.
    pub fn missing() -> TempDatabase {
        let folder = private_folder().expect("a temporary folder");
        let path = folder.path().join("users.db");
        TempDatabase { folder, path }
    }

    /// The database.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The folder in which it stands alone.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Whether there is a file in the folder.
    pub fn folder_holds_something(&self) -> bool {
        fs::read_dir(self.folder())
            .expect("the folder")
            .next()
            .is_some()
    }

    /// A connection to look with, or to make trouble with.
    pub fn connection(&self) -> Connection {
        sqlite::open(&self.path).expect("a database")
    }
}
