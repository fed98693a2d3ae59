//! A Galera cluster: the lock that all nodes see, and transactions that a node accepts or refuses as a whole.
//!
//! `GET_LOCK` is local to a node. So a run in a cluster also owns the row of the table [`LOCK`]. Each transaction of the
//! run changes that row as well, as does the last statement before the exchange. Another run takes the row over when it
//! has not changed for [`LEASE`], or at once when the owner was connected to the same node, because then its
//! `GET_LOCK` proves that the owner is gone. The cluster lets only one of two transactions change the same row at the
//! same time: so a run that was taken over inserts nothing any more, and says so. Nor can it exchange the tables: its new
//! table has the number of the run in its name, and the run that takes over drops it first.
//!
//! A cluster checks a transaction at its commit, and ends one that conflicts with a transaction of another node with the
//! error of a deadlock. So the users of a transaction are kept until it is committed, and inserted again.

use std::time::{Duration, Instant};

use mysql_async::Value;
use mysql_async::prelude::Queryable;
use shared::User;

use super::{
    BATCH, CONFLICTS, Failure, NEW, NODE_IS_NOT_READY, PATIENCE, Work, go_on, insert, is_one_of,
    next_values,
};

/// The table whose only row says which run is active. Dropped at the end.
pub(super) const LOCK: &str = "users_seed_lock";

/// The time after which a row that does not change belongs to a run that is gone.
const LEASE: Duration = Duration::from_secs(10);

/// The users in one transaction, unless the cluster admits fewer. Each node applies a transaction as a whole, and others
/// wait for it.
const USERS: u64 = 10_000;

/// More than the cluster counts for one user.
const BYTES_OF_A_USER: u64 = 1024;

/// The number of times that a transaction or a change of a table is tried. Between two tries a run waits for 100 ms, 200 ms,
/// 400 ms, …: 6.3 seconds in all, enough for the other nodes to exclude one that is gone.
const TRIES: u32 = 7;
const FIRST_PAUSE: Duration = Duration::from_millis(100);

/// A deadlock, or a conflict with another node; and a node that has lost the others. In both cases nothing was changed.
const TRIED_AGAIN: [u16; 2] = [1213, NODE_IS_NOT_READY];

const NO_SUCH_TABLE: u16 = 1146;
const DUPLICATE: u16 = 1062;
const UNKNOWN_COLUMN: [u16; 2] = [1054, 1136];

/// The ownership of the row in [`LOCK`].
pub(super) struct Lease {
    owner: u64,
    /// The users in one transaction.
    users: usize,
}

/// The row in [`LOCK`].
#[derive(PartialEq)]
struct Row {
    owner: u64,
    node: String,
    beat: u64,
}

impl Work {
    /// Waits until this run is the only one in the cluster. Does nothing if the server is not a node of one.
    pub(super) async fn lock_the_cluster(&mut self) -> Result<(), Failure> {
        let size: Option<(String, u32)> = self
            .connection
            .query_first("SHOW GLOBAL STATUS LIKE 'wsrep_cluster_size'")
            .await?;
        if size.is_none_or(|(_, nodes)| nodes == 0) {
            return Ok(());
        }
        // Every node changes its tables at the same point, and a look at a table shows what was committed before on any node.
        self.connection
            .query_drop("SET SESSION wsrep_OSU_method = 'TOI', wsrep_sync_wait = 1")
            .await?;
        let limits: Option<(u64, u64)> = self
            .connection
            .query_first("SELECT @@wsrep_max_ws_rows, @@wsrep_max_ws_size")
            .await?;
        let own: Option<(String, u64)> = self
            .connection
            .query_first("SELECT @@wsrep_node_name, UUID_SHORT()")
            .await?;
        let (node, owner) = own.unwrap_or_default();

        let begun = Instant::now();
        let mut seen: Option<(Row, Instant)> = None;
        let mut has_changed = false;
        loop {
            go_on(&self.stopped)?;
            match self.look_at_the_lock().await {
                Ok(None) => {}
                Ok(Some(row)) => {
                    let since = match &seen {
                        Some((last, since)) if *last == row => *since,
                        _ => Instant::now(),
                    };
                    has_changed |= seen.as_ref().is_some_and(|(last, _)| *last != row);
                    let is_free = row.owner == 0 || row.node == node || since.elapsed() > LEASE;
                    if is_free && self.take_the_lock(&row, owner, &node).await? {
                        let users = users_in_a_transaction(limits.unwrap_or_default());
                        self.new = format!("{NEW}_{owner}");
                        self.lease = Some(Lease { owner, users });
                        return Ok(());
                    }
                    if has_changed && begun.elapsed() > PATIENCE {
                        return Err(Failure::another_is_at_work());
                    }
                    seen = Some((row, since));
                }
                Err(Failure::Driver(error)) if is_one_of(&error, &UNKNOWN_COLUMN) => {
                    return Err(Failure::Refused(
                        format!("seed did not create the table `{LOCK}`"),
                        "use another database, or drop that table",
                    ));
                }
                Err(failure) => return Err(failure),
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Reads the row. Creates it, and the table, if there is none; then returns `None`.
    async fn look_at_the_lock(&mut self) -> Result<Option<Row>, Failure> {
        let look = format!("SELECT owner, node, beat FROM {LOCK} WHERE id = 1");
        let row: mysql_async::Result<Option<(u64, String, u64)>> =
            self.connection.query_first(look).await;
        match row {
            Ok(Some((owner, node, beat))) => return Ok(Some(Row { owner, node, beat })),
            Err(error) if !is_one_of(&error, &[NO_SUCH_TABLE]) => return Err(error.into()),
            _ => {}
        }
        self.change_tables(&format!(
            "CREATE TABLE IF NOT EXISTS {LOCK} (id INT PRIMARY KEY, owner BIGINT UNSIGNED NOT NULL, \
             node VARCHAR(255) NOT NULL, beat BIGINT UNSIGNED NOT NULL)"
        ))
        .await?;
        let insert = format!("INSERT INTO {LOCK} (id, owner, node, beat) VALUES (1, 0, '', 0)");
        match self.connection.query_drop(insert).await {
            // Another run was faster, or has already ended and dropped the table.
            Err(error) if is_one_of(&error, &[DUPLICATE]) || is_one_of(&error, &CONFLICTS) => {
                Ok(None)
            }
            inserted => Ok(inserted.map(|()| None)?),
        }
    }

    async fn take_the_lock(&mut self, row: &Row, owner: u64, node: &str) -> Result<bool, Failure> {
        let take = format!(
            "UPDATE {LOCK} SET owner = ?, node = ?, beat = beat + 1 WHERE id = 1 AND owner = ? AND beat = ?"
        );
        let taken = self
            .connection
            .exec_drop(take, (owner, node, row.owner, row.beat))
            .await;
        match taken {
            Err(error) if is_one_of(&error, &CONFLICTS) => Ok(false),
            taken => Ok(taken.map(|()| self.connection.affected_rows() == 1)?),
        }
    }

    /// Changes the row, which fails if another run has taken it over. Does nothing outside a cluster.
    pub(super) async fn keep_the_lock(&mut self) -> Result<(), Failure> {
        let Some(Lease { owner, .. }) = self.lease else {
            return Ok(());
        };
        let keep = format!("UPDATE {LOCK} SET beat = beat + 1 WHERE id = 1 AND owner = ?");
        match self.connection.exec_drop(keep, (owner,)).await {
            Err(error) if !is_one_of(&error, &[NO_SUCH_TABLE]) => return Err(error.into()),
            Ok(()) if self.connection.affected_rows() == 1 => return Ok(()),
            _ => {}
        }
        self.lease = None;
        self.has_made_new = false; // it belongs to the other run now
        Err(Failure::Refused(
            "another run of seed has taken over, because this one was silent for too long".into(),
            "wait until it has finished, then run this again",
        ))
    }

    /// Drops the table with the row, unless another run owns it.
    pub(super) async fn unlock_the_cluster(&mut self) {
        if self.lease.is_some() && self.keep_the_lock().await.is_ok() {
            let _ = self
                .change_tables(&format!("DROP TABLE IF EXISTS {LOCK}"))
                .await;
        }
    }

    /// Returns how many users a transaction may insert; `None` outside a cluster.
    pub(super) fn users_in_a_transaction(&self) -> Option<usize> {
        self.lease.as_ref().map(|lease| lease.users)
    }

    /// Fills the new table by transactions that a cluster accepts.
    pub(super) async fn fill_in_a_cluster(
        &mut self,
        count: usize,
        mut users: impl Iterator<Item = User>,
    ) -> Result<(), Failure> {
        loop {
            let batches = next_batches(&mut users, count);
            if batches.is_empty() {
                return Ok(());
            }
            let mut tries = 1;
            while let Err(failure) = self.insert_at_once(&batches).await {
                let _ = self.connection.query_drop("ROLLBACK").await;
                match &failure {
                    Failure::Driver(error) if may_be_tried_again(error, tries) => {
                        pause(tries).await
                    }
                    _ => return Err(failure),
                }
                tries += 1;
                go_on(&self.stopped)?;
            }
            go_on(&self.stopped)?;
        }
    }

    async fn insert_at_once(&mut self, batches: &[Vec<Value>]) -> Result<(), Failure> {
        self.connection.query_drop("START TRANSACTION").await?;
        for values in batches {
            // The driver keeps the statements of this text prepared.
            let insert = insert(&self.new, values.len() / 4);
            self.connection.exec_drop(insert, values.clone()).await?;
        }
        self.keep_the_lock().await?;
        Ok(self.connection.query_drop("COMMIT").await?)
    }

    /// Runs a statement that creates, renames or drops tables. In a cluster, tries it again when it was refused.
    pub(super) async fn change_tables(&mut self, statement: &str) -> mysql_async::Result<()> {
        let mut tries = 1;
        loop {
            match self.connection.query_drop(statement).await {
                Err(error) if self.lease.is_some() && may_be_tried_again(&error, tries) => {
                    pause(tries).await;
                    tries += 1;
                }
                changed => return changed,
            }
        }
    }
}

fn may_be_tried_again(error: &mysql_async::Error, tries: u32) -> bool {
    tries < TRIES && is_one_of(error, &TRIED_AGAIN)
}

async fn pause(tries: u32) {
    tokio::time::sleep(FIRST_PAUSE * 2_u32.pow(tries - 1)).await;
}

/// Returns how many users a transaction may insert, by the cluster's limits for rows and bytes. A limit of 0 is none. The
/// row of the lock counts as well.
fn users_in_a_transaction((rows, bytes): (u64, u64)) -> usize {
    let limit = |limit: u64| if limit == 0 { u64::MAX } else { limit };
    let users = USERS
        .min(limit(rows).saturating_sub(1))
        .min(limit(bytes) / BYTES_OF_A_USER);
    users.max(1) as usize
}

/// Returns the values of the next users, in batches for one statement each.
fn next_batches(users: &mut impl Iterator<Item = User>, count: usize) -> Vec<Vec<Value>> {
    let mut users = users.take(count);
    std::iter::from_fn(|| Some(next_values(&mut users, BATCH)).filter(|values| !values.is_empty()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::users_in_a_transaction;

    #[test]
    fn a_transaction_stays_below_the_clusters_limits() {
        let two_gigabytes = 2 << 30;
        assert_eq!(users_in_a_transaction((0, two_gigabytes)), 10_000);
        assert_eq!(users_in_a_transaction((0, 0)), 10_000);
        assert_eq!(users_in_a_transaction((100, two_gigabytes)), 99);
        assert_eq!(users_in_a_transaction((0, 64 * 1024)), 64);
        assert_eq!(users_in_a_transaction((1, 1)), 1);
    }
}
