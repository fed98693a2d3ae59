//! A database of a test's own.

use std::fs;
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use tempfile::TempDir;

use crate::files::private_folder;
use crate::{User, sqlite};

/// A database in a folder of its own, which is removed when this value is dropped.
pub struct Fixture {
    folder: TempDir,
    path: PathBuf,
}

impl Fixture {
    /// The twelve sample users.
    pub fn sample() -> Fixture {
        let fixture = Fixture::missing();
        sqlite::create_sample(&fixture.path).expect("room for a small database");
        fixture
    }

    /// These users.
    pub fn with_users(users: impl IntoIterator<Item = User>) -> Fixture {
        let fixture = Fixture::missing();
        fs::File::create(&fixture.path).expect("room for a database");
        sqlite::create(&fixture.path, users).expect("users who fit together");
        fixture
    }

    /// What this SQL makes of an empty database.
    pub fn of(sql: &str) -> Fixture {
        let fixture = Fixture::missing();
        Connection::open(&fixture.path)
            .and_then(|connection| connection.execute_batch(sql))
            .expect(sql);
        fixture
    }

    /// A folder in which there is no database yet.
    pub fn missing() -> Fixture {
        let folder = private_folder().expect("a temporary folder");
        let path = folder.path().join("users.db");
        Fixture { folder, path }
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
        fs::read_dir(self.folder()).expect("the folder").next().is_some()
    }

    /// A connection to look with, or to make trouble with.
    pub fn connection(&self) -> Connection {
        sqlite::open(&self.path).expect("a database")
    }
}
