//! A fresh SQLite database under observation.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use fastrand::Rng;
use recorder::Recording;
use rusqlite::Connection;
use shared::User;

use crate::{Bench, TempDatabase, users};

/// A database with random users, a recording of what is done to it, and a connection from outside, which is not
/// recorded.
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
}

impl TestDatabase {
    pub(super) fn new(seed: u64) -> TestDatabase {
        let mut random = Rng::with_seed(seed);
        let age = random.u32(20..60);
        let mut users = users::random(&mut random, age);
        let temporary = TempDatabase::with_users(users.clone());
        users.sort_by_key(|user| user.id);
        TestDatabase {
            // Opened before the recording begins, and so no part of it.
            outside: Mutex::new(temporary.connection()),
            recording: Recording::start(temporary.path()),
            temporary,
            users,
            age,
            random: Mutex::new(random),
        }
    }

    /// The database's path.
    pub fn path(&self) -> &Path {
        self.temporary.path()
    }

    /// The folder in which the database stands alone.
    pub fn folder(&self) -> &Path {
        self.temporary.folder()
    }

    /// Its users, in the order of their ids.
    pub fn users(&self) -> &[User] {
        &self.users
    }

    /// An age at the boundary: several users are exactly as old.
    pub fn age(&self) -> u32 {
        self.age
    }

    /// The users who are older than that, in the order of their ids.
    pub fn older_than(&self, age: u32) -> Vec<User> {
        self.users
            .iter()
            .filter(|user| user.age > age)
            .cloned()
            .collect()
    }

    /// What has been done to the database.
    pub fn recording(&self) -> &Recording {
        &self.recording
    }

    /// Random numbers that the check's seed decides.
    pub fn random(&self) -> MutexGuard<'_, Rng> {
        self.random.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The connection from outside: to look with, to prepare with, or to hold a lock with.
    pub fn outside(&self) -> MutexGuard<'_, Connection> {
        self.outside.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs SQL over the connection from outside.
    ///
    /// # Panics
    ///
    /// When it fails.
    #[track_caller]
    pub fn sql(&self, sql: &str) {
        self.outside().execute_batch(sql).expect(sql);
    }

    /// How many rows of the table `users` there are, seen from outside.
    ///
    /// # Panics
    ///
    /// When they cannot be counted: somebody holds a lock.
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
        assert!(holds, "expected: {expected}");
    }

    /// Expects that so many connections were opened, and that none of them is open.
    ///
    /// # Panics
    ///
    /// When it is otherwise.
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

    /// Expects that connections were opened, however many, and that none of them is open.
    ///
    /// # Panics
    ///
    /// When it is otherwise.
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

    /// Expects that these are the users, by their ids: in whatever order, and whatever the other columns say.
    ///
    /// # Panics
    ///
    /// When somebody is missing, too many, or there twice.
    #[track_caller]
    pub fn expect_same_people(&self, expected: &str, found: &[User], expected_users: &[User]) {
        let ids = |users: &[User]| -> BTreeSet<i64> { users.iter().map(|user| user.id).collect() };
        let (found_ids, expected_ids) = (ids(found), ids(expected_users));
        let missing: Vec<_> = expected_ids.difference(&found_ids).collect();
        let surplus: Vec<_> = found_ids.difference(&expected_ids).collect();
        assert!(
            missing.is_empty() && surplus.is_empty() && found.len() == expected_users.len(),
            "expected: {expected}: {} users\nfound: {} users (missing ids: {missing:?}; unexpected ids: {surplus:?})",
            expected_users.len(),
            found.len()
        );
    }

    /// Expects that whoever was found is just as in the database, column for column; whether somebody is missing does
    /// not matter.
    ///
    /// # Panics
    ///
    /// When somebody is different.
    #[track_caller]
    pub fn expect_true_copies(&self, expected: &str, found: &[User]) {
        for user in found {
            let original = self.users.iter().find(|known| known.id == user.id);
            assert!(
                original == Some(user),
                "expected: {expected}: {original:?}\nfound: {user:?}"
            );
        }
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
        let found = match found {
            Ok(found) => found,
            Err(error) => panic!("expected: {expected}\nfound: the error {error}"),
        };
        if let Some(difference) = users::difference(&found, expected_users) {
            panic!("expected: {expected}\nfound: {difference}");
        }
    }

    /// Expects an error, and returns it.
    ///
    /// # Panics
    ///
    /// When it went well.
    #[track_caller]
    pub fn expect_error<T, E>(&self, expected: &str, outcome: Result<T, E>) -> E {
        match outcome {
            Ok(_) => panic!("expected: an error for {expected}\nfound: no error"),
            Err(error) => error,
        }
    }

    /// Expects that it went well, and returns what came of it.
    ///
    /// # Panics
    ///
    /// When it failed.
    #[track_caller]
    pub fn expect_ok<T, E: Display>(&self, expected: &str, outcome: Result<T, E>) -> T {
        outcome.unwrap_or_else(|error| panic!("expected: {expected}\nfound: the error {error}"))
    }
}
