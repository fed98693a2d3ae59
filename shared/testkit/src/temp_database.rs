//! A database for one test.

use std::fs;
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use tempfile::TempDir;

use shared::files::private_folder;
use shared::{User, sqlite};

/// A database in a separate folder, which is removed when this value is dropped.
pub struct TempDatabase {
    folder: TempDir,
    path: PathBuf,
}

impl TempDatabase {
    /// Creates a database with the twelve sample users.
    pub fn sample() -> TempDatabase {
        let database = TempDatabase::missing();
        sqlite::create_sample(&database.path).expect("room for a small database");
        database
    }

    /// Creates a database with these users.
    pub fn with_users(users: impl IntoIterator<Item = User>) -> TempDatabase {
        let database = TempDatabase::missing();
        fs::File::create(&database.path).expect("room for a database");
        sqlite::create(&database.path, users).expect("users who fit together");
        database
    }

    /// Creates a database by running this SQL.
    pub fn of(sql: &str) -> TempDatabase {
        let database = TempDatabase::missing();
        Connection::open(&database.path)
            .and_then(|connection| connection.execute_batch(sql))
            .expect(sql);
        database
    }

    /// Creates the folder without a database.
    pub fn missing() -> TempDatabase {
        let folder = private_folder().expect("a temporary folder");
        let path = folder.path().join("users.db");
        TempDatabase { folder, path }
    }

    /// Returns the path of the database.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the folder, which contains nothing else.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Returns whether the folder contains a file.
    pub fn folder_holds_something(&self) -> bool {
        fs::read_dir(self.folder())
            .expect("the folder")
            .next()
            .is_some()
    }

    /// Opens a connection, to inspect the database or to cause a fault.
    pub fn connection(&self) -> Connection {
        sqlite::open(&self.path).expect("a database")
    }
}
