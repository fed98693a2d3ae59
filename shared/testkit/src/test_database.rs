//! A new SQLite database that is recorded.

use std::fmt::Display;
use std::path::Path;
use std::sync::{Mutex, MutexGuard};

use fastrand::Rng;
use recorder::Recording;
use recorder::timeline::Timeline;
use rusqlite::Connection;
use shared::User;

use crate::{Bench, TempDatabase, expect, lock, users};

/// A database with random users, a recording of it, and a connection that is not recorded.
pub struct TestDatabase {
    temporary: TempDatabase,
    outside: Mutex<Connection>,
    recording: Recording,
    users: Vec<User>,
    age: u32,
    random: Mutex<Rng>,
}

impl Bench for TestDatabase {
    fn saw(&self) -> String {
        self.recording.to_string()
    }

    fn timeline(&self) -> Option<Timeline> {
        Some(self.recording.timeline())
    }
}

impl TestDatabase {
    pub(super) fn new(seed: u64) -> TestDatabase {
        let mut random = Rng::with_seed(seed);
        let age = random.u32(20..60);
        let mut users = users::random(&mut random, age);
        let temporary = TempDatabase::with_users(users.clone());
        users.sort_by_key(|user| user.id);
        TestDatabase {
            // Opened before the recording begins, so it is not recorded.
            outside: Mutex::new(temporary.connection()),
            recording: Recording::start(temporary.path()),
            temporary,
            users,
            age,
            random: Mutex::new(random),
        }
    }

    /// Returns the database's path.
    pub fn path(&self) -> &Path {
        self.temporary.path()
    }

    /// Returns the database's folder, which contains nothing else.
    pub fn folder(&self) -> &Path {
        self.temporary.folder()
    }

    /// Returns its users, in the order of their ids.
    pub fn users(&self) -> &[User] {
        &self.users
    }

    /// Returns an age for boundary checks: several users are exactly this old.
    pub fn age(&self) -> u32 {
        self.age
    }

    /// Returns the users who are older than this, in the order of their ids.
    pub fn older_than(&self, age: u32) -> Vec<User> {
        self.users
            .iter()
            .filter(|user| user.age > age)
            .cloned()
            .collect()
    }

    /// Returns the recording of the database.
    pub fn recording(&self) -> &Recording {
        &self.recording
    }

    /// Returns the random number generator, which depends on the check's seed.
    pub fn random(&self) -> MutexGuard<'_, Rng> {
        lock(&self.random)
    }

    /// Returns the unrecorded connection, to inspect or change the database or to hold a lock.
    pub fn outside(&self) -> MutexGuard<'_, Connection> {
        lock(&self.outside)
    }

    /// Runs SQL on the unrecorded connection.
    ///
    /// # Panics
    ///
    /// When it fails.
    #[track_caller]
    pub fn sql(&self, sql: &str) {
        self.outside().execute_batch(sql).expect(sql);
    }

    /// Returns the number of rows in the table `users`, counted on the unrecorded connection.
    ///
    /// # Panics
    ///
    /// When they cannot be counted, because another connection holds a lock.
    #[track_caller]
    pub fn count(&self) -> i64 {
        self.outside()
            .query_one("SELECT count(*) FROM users", [], |row| row.get(0))
            .expect("the users can be counted: no connection holds a lock")
    }

    /// Expects that something holds.
    ///
    /// # Panics
    ///
    /// When it does not; `expected` says what was expected.
    #[track_caller]
    pub fn expect(&self, expected: &str, holds: bool) {
        expect::expect(expected, holds);
    }

    /// Expects that `opened` connections were opened, and that none of them is still open.
    ///
    /// # Panics
    ///
    /// When that is not so.
    #[track_caller]
    pub fn expect_all_closed(&self, when: &str, opened: usize) {
        let timeline = self.recording.timeline();
        let (found, open) = (timeline.connections.len(), timeline.open_connections());
        let connections = if opened == 1 {
            "connection"
        } else {
            "connections"
        };
        assert!(
            (found, open) == (opened, 0),
            "expected: {opened} {connections} opened, and none still open {when}\nfound: {found} opened, {open} still open"
        );
    }

    /// Expects that at least one connection was opened, and that none is still open.
    ///
    /// # Panics
    ///
    /// When that is not so.
    #[track_caller]
    pub fn expect_none_open(&self, when: &str) {
        let (opened, open) = (
            self.recording.opened_connections(),
            self.recording.open_connections(),
        );
        assert!(
            opened > 0 && open == 0,
            "expected: at least 1 connection opened, and none still open {when}\nfound: {opened} opened, {open} still open"
        );
    }

    /// Expects users with these ids, in any order. Other columns are not compared.
    ///
    /// # Panics
    ///
    /// When an id is missing, unexpected, or found twice.
    #[track_caller]
    pub fn expect_same_people(&self, expected: &str, found: &[User], expected_users: &[User]) {
        expect::expect_same_people(expected, found, expected_users);
    }

    /// Expects that every user who was found is equal to the one in the database. Users may be missing.
    ///
    /// # Panics
    ///
    /// When a user differs.
    #[track_caller]
    pub fn expect_true_copies(&self, expected: &str, found: &[User]) {
        expect::expect_true_copies(expected, found, &self.users);
    }

    /// Expects these users, in this order.
    ///
    /// # Panics
    ///
    /// When there are others, or an error; `expected` says what was expected, and the text shows the first difference.
    #[track_caller]
    pub fn expect_users<E: Display>(
        &self,
        expected: &str,
        found: Result<Vec<User>, E>,
        expected_users: &[User],
    ) {
        expect::expect_users(expected, found, expected_users);
    }

    /// Expects an error, and returns it.
    ///
    /// # Panics
    ///
    /// When the outcome is `Ok`.
    #[track_caller]
    pub fn expect_error<T, E>(&self, expected: &str, outcome: Result<T, E>) -> E {
        expect::expect_error(expected, outcome)
    }

    /// Expects `Ok`, and returns the value.
    ///
    /// # Panics
    ///
    /// When it failed.
    #[track_caller]
    pub fn expect_ok<T, E: Display>(&self, expected: &str, outcome: Result<T, E>) -> T {
        expect::expect_ok(expected, outcome)
    }
}
