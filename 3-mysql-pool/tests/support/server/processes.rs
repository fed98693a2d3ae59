//! The server's process list, and its count of aborted connections.

use std::time::{Duration, Instant};

use mysql_async::prelude::Queryable;
use testkit::DEADLINE;

use super::Server;

/// A connection in the server's process list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Process {
    pub id: u64,
    /// `Sleep`, `Query` or `Execute`.
    pub command: String,
    pub state: String,
    /// The statement that it runs.
    pub statement: String,
}

impl Server {
    /// Returns the connections of this check in the process list.
    pub async fn processes(&self) -> Vec<Process> {
        // On a server that only this check uses, include connections that have not logged in yet.
        let nameless = if self.own.is_some() {
            "unauthenticated user"
        } else {
            ""
        };
        let query = format!(
            "SELECT id, command, COALESCE(state, ''), COALESCE(info, '') FROM information_schema.processlist \
             WHERE user IN ('{}', '{nameless}') ORDER BY id",
            self.user
        );
        let mut admin = self.admin.lock().await;
        let processes = admin.query_map(query, |(id, command, state, statement)| Process {
            id,
            command,
            state,
            statement,
        });
        processes.await.expect("the process list")
    }

    /// Waits until the process list meets a condition, and returns it.
    ///
    /// # Panics
    ///
    /// Panics when the deadline passes first.
    pub async fn until(
        &self,
        expected: &str,
        mut is_so: impl FnMut(&[Process]) -> bool,
    ) -> Vec<Process> {
        let begun = Instant::now();
        loop {
            let processes = self.processes().await;
            if is_so(&processes) {
                return processes;
            }
            assert!(
                begun.elapsed() < *DEADLINE,
                "expected: {expected}\nfound: in the server's process list {processes:?}"
            );
            // The server sends no event, so ask again.
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    /// Waits until no connection is left. The list may show one for a moment after it has quit.
    pub async fn until_no_connection_is_left(&self, when: &str) {
        self.until(&format!("no connection left {when}"), <[_]>::is_empty)
            .await;
    }

    /// Returns the number of connections that the server has counted as aborted, including those of other checks.
    pub async fn aborted(&self) -> u64 {
        let count: (String, u64) = self
            .value("SHOW GLOBAL STATUS LIKE 'Aborted_clients'")
            .await;
        count.1
    }
}
