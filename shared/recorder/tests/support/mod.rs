//! A database for a test, and statements that are useful in it.

use std::path::{Path, PathBuf};

use rusqlite::Connection;
use tempfile::TempDir;

/// A statement that runs until it is interrupted.
pub const ENDLESS: &str =
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n";

/// A database with twelve users in a folder that is removed when this value is dropped.
pub struct TempDatabase {
    folder: TempDir,
    path: PathBuf,
}

impl TempDatabase {
    pub fn sample() -> TempDatabase {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("users.db");
        Connection::open(&path)
            .and_then(|connection| connection.execute_batch(include_str!("users.sql")))
            .expect("a small database");
        TempDatabase { folder, path }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub fn connection(&self) -> Connection {
        Connection::open(&self.path).expect("a database")
    }
}

/// Makes the table `users` a view that fails when it comes to this user.
pub fn make_users_fail_at(connection: &Connection, id: i64) {
    let sql = format!(
        "ALTER TABLE users RENAME TO people;
         CREATE VIEW users AS SELECT * FROM people WHERE CASE id WHEN {id} THEN fail() ELSE 1 END"
    );
    connection.execute_batch(&sql).expect("a view");
}
