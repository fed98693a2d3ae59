//! The connections that stand in the server's process list, and those that it counts as cut.

use std::time::{Duration, Instant};

use mysql_async::prelude::Queryable;
use testkit::DEADLINE;

use super::Server;

/// A connection as the server's process list shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Process {
    pub id: u64,
    /// What it does: `Sleep`, `Query`, `Execute`.
    pub command: String,
    pub state: String,
    /// The statement that it runs.
    pub statement: String,
}

impl Server {
    /// The connections that stand in the process list now.
    pub async fn processes(&self) -> Vec<Process> {
        // Also those which have not said yet whose they are, if they can only be this check's.
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

    /// Waits until the process list is as it should be.
    ///
    /// # Panics
    ///
    /// When it is not by the deadline.
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
            // The server does not announce what it does.
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    /// Waits until no connection is left. One that has just quit may stand in the list a moment longer.
    pub async fn until_nobody_is_left(&self, when: &str) {
        self.until(&format!("no connection left {when}"), <[_]>::is_empty)
            .await;
    }

    /// How many connections the server counts as cut instead of closed; all of them, not only this check's.
    pub async fn aborted(&self) -> u64 {
        let count: (String, u64) = self
            .value("SHOW GLOBAL STATUS LIKE 'Aborted_clients'")
            .await;
        count.1
    }
}
