//! Assertions for most tests of a program's connections. Each assertion shows the timeline when it fails.

use std::time::Duration;

use crate::Recording;
use crate::timeline::{End, Statement};

impl Recording {
    /// Returns the time since the recording started, which is the clock of its timeline.
    pub fn now(&self) -> Duration {
        self.timeline().watched
    }

    /// Asserts that every connection that was opened is closed now. If the code under test closes in the background, use
    /// [`wait_until_closed`](Recording::wait_until_closed).
    ///
    /// # Panics
    ///
    /// If one is open. The message shows the timeline.
    #[track_caller]
    pub fn assert_closed(&self) {
        let open = self.open_connections();
        assert!(open == 0, "{open} still open\n{self}");
    }

    /// Asserts that at most `connections` connections were open at the same time.
    ///
    /// # Panics
    ///
    /// If more were. The message shows the timeline.
    #[track_caller]
    pub fn assert_at_most(&self, connections: usize) {
        let most = self.timeline().most_open_connections();
        assert!(
            most <= connections,
            "{most} connections were open at the same time, and the limit is {connections}\n{self}"
        );
    }

    /// Asserts that nothing was executed after a moment: no statement began later, except `ROLLBACK`, and none that ran
    /// at that moment ran to its end. `moment` is what [`now`](Recording::now) returned then, for example after a future
    /// was dropped.
    ///
    /// Call it when the work has ended, for example after [`wait_until_closed`](Recording::wait_until_closed).
    ///
    /// ```
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let file = folder.path().join("users.db");
    /// # rusqlite::Connection::open(&file).unwrap().execute_batch("CREATE TABLE users (name)").unwrap();
    /// let recording = recorder::Recording::start(&file);
    /// let mut connection = rusqlite::Connection::open(&file)?;
    /// let transaction = connection.transaction()?;
    /// transaction.execute("INSERT INTO users VALUES ('Kwame')", [])?;
    /// let dropped = recording.now();
    /// drop(transaction);
    /// drop(connection);
    /// recording.assert_nothing_executed_after(dropped);
    /// # Ok::<(), rusqlite::Error>(())
    /// ```
    ///
    /// # Panics
    ///
    /// If a statement was executed, or still runs. The message shows it, and the timeline.
    #[track_caller]
    pub fn assert_nothing_executed_after(&self, moment: Duration) {
        let timeline = self.timeline();
        let executed = timeline.statements().find_map(|statement| {
            let how = executed_after(statement, moment)?;
            Some((statement, how))
        });
        if let Some((Statement { sql, .. }, how)) = executed {
            panic!("`{sql}` {how}\n{self}");
        }
    }
}

/// Returns how a statement was executed after a moment, if it was.
fn executed_after(statement: &Statement, moment: Duration) -> Option<&'static str> {
    let is_rollback = {
        let word = statement.sql.trim_start().get(..8);
        word.is_some_and(|word| word.eq_ignore_ascii_case("ROLLBACK"))
    };
    match &statement.ended {
        _ if is_rollback => None,
        None => Some("still runs"),
        Some((at, End::Done)) if *at > moment => Some("ran to its end after that moment"),
        // SQLite rejects it before it runs; a statement that was interrupted has changed nothing.
        Some((_, End::Refused(_) | End::Interrupted | End::Failed(_))) => None,
        Some(_) if statement.begun > moment => Some("began after that moment"),
        Some(_) => None,
    }
}
