//! A table of a MySQL or MariaDB server, filled under another name and then renamed.
//!
//! The rest of the database is not touched: only the table `users`, and names that begin with [`NEW`] and [`OLD`]. `RENAME
//! TABLE` swaps both at once: at every moment there is one table `users`, the old or the new, whole. A run that is
//! interrupted leaves `NEW` or `OLD` behind, and the next run removes them. It knows that no other run is active,
//! because each holds a lock of the server that ends with its connection. In a cluster such a lock is local to a node: see
//! [`cluster`] for the lock that all nodes see.

mod cluster;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, DriverError, IoError, Opts, OptsBuilder, Row, Value};
use shared::schema::mysql_table;
use shared::{User, mysql};

use crate::error::{Error, FORCE};
use crate::generate::{Inspection, Seeding};
use crate::progress::Progress;
use crate::session::{self, LOCK_WAIT};
use crate::stop;
use crate::target::{Outcome, server_name};

/// The table while it is filled. In a cluster, the number of the run follows.
const NEW: &str = "users_seed_new";
/// The table that was replaced, until it is dropped.
const OLD: &str = "users_seed_old";
/// Created only to be compared with an existing [`NEW`], and dropped at once.
const SHAPE: &str = "users_seed_shape";

/// The time limit for another client's lock, for another run, and for closing the connection.
const PATIENCE: Duration = Duration::from_secs(LOCK_WAIT);

/// Users in one statement. 100 are slower, 5000 are not faster. (`LOAD DATA LOCAL` is not faster, and many servers
/// forbid it.)
const BATCH: usize = 1000;
/// Statements in one transaction: each commit waits for the disk, each rollback undoes what it covers.
const BATCHES: usize = 100;

/// The time limit for connecting, so that the error comes within 5 seconds.
const CONNECT_LIMIT: Duration = Duration::from_secs(4);

/// Replaces the content of the table `users` with these users. Until then, the table is unchanged.
pub fn seed(opts: &Opts, seeding: Seeding, force: bool) -> Result<Outcome, Error> {
    // Unlike for a file, the program does not end at once: it still drops the new table and closes the connection.
    let stopped = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&stopped);
    let runtime = stop::on_signal(move || flag.store(true, Ordering::Relaxed))
        .and_then(|()| {
            tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
        })
        .map_err(|error| connecting(opts, error.to_string(), "try again"))?;
    let outcome = runtime.block_on(async {
        let connection = connect(opts).await?;
        let mut work = Work {
            connection,
            seeding,
            force,
            stopped,
            new: NEW.to_owned(),
            has_made_new: false,
            lease: None,
        };
        let outcome = work.run().await;
        if let Err(failure) = &outcome
            && work.has_made_new
            && !failure.is_conflict()
        {
            let new = work.new.clone();
            let _ = work.drop_table(&new).await;
        }
        work.unlock_the_cluster().await;
        // Closes the connection, if the server still listens. The work is done.
        let _ = tokio::time::timeout(PATIENCE, work.connection.disconnect()).await;
        outcome.map_err(|failure| failure.at(opts))
    });
    // A name server that does not answer keeps a thread busy; do not wait for that thread.
    runtime.shutdown_background();
    outcome
}

/// The reason why the work was not done.
enum Failure {
    Driver(mysql_async::Error),
    /// The table must not be replaced: the reason, and the help.
    Refused(String, &'static str),
    /// The new table is in place, but the old one could not be dropped and the exchange could not be undone.
    NotUndone(mysql_async::Error),
    Stopped,
}

impl Failure {
    /// Returns whether another client changed the same tables in the meantime. Then [`NEW`] may belong to that client.
    fn is_conflict(&self) -> bool {
        match self {
            Failure::Driver(error) => is_one_of(error, &CONFLICTS),
            _ => false,
        }
    }

    fn another_is_at_work() -> Failure {
        Failure::Refused(
            format!("another run of seed was still filling it after {LOCK_WAIT} seconds"),
            "wait until it has finished, then run this again",
        )
    }
}

impl From<mysql_async::Error> for Failure {
    fn from(error: mysql_async::Error) -> Self {
        Failure::Driver(error)
    }
}

struct Work {
    connection: Conn,
    seeding: Seeding,
    force: bool,
    stopped: Arc<AtomicBool>,
    /// The name of this run's [`NEW`].
    new: String,
    /// True if that table belongs to this run and may be dropped.
    has_made_new: bool,
    /// The lock of the cluster, if the server is a node of one.
    lease: Option<cluster::Lease>,
}

impl Work {
    async fn run(&mut self) -> Result<Outcome, Failure> {
        self.lock().await?;
        self.lock_the_cluster().await?;
        self.clear_up_the_new_tables().await?;
        let new = self.new.clone();
        self.change_tables(&mysql_table(&new)).await?;
        self.has_made_new = true;
        self.clear_up_the_old_table().await?;

        let exists = self.exists("users").await?;
        if exists {
            self.check_that_it_can_be_replaced().await?;
            if !self.force && self.inspect("users", &new).await?.is_exactly(self.seeding) {
                self.drop_table(&new).await?;
                return Ok(Outcome::WasThere);
            }
        }
        let progress = Progress::new(self.seeding.count);
        let users = progress.clone().follow(self.seeding.users());
        let filled = match self.users_in_a_transaction() {
            Some(count) => self.fill_in_a_cluster(count, users).await,
            None => self.fill(users).await,
        };
        progress.clear();
        filled?;
        match exists {
            true => self.swap().await?,
            false => {
                self.keep_the_lock().await?;
                self.change_tables(&format!("RENAME TABLE {new} TO users"))
                    .await?
            }
        }
        Ok(Outcome::Made)
    }

    async fn lock(&mut self) -> Result<(), Failure> {
        // Locks of this kind belong to the whole server, so the name contains the database. 64 letters is the limit.
        let locked = format!("SELECT GET_LOCK(CONCAT('seed ', MD5(DATABASE())), {LOCK_WAIT})");
        let locked: Option<Option<u8>> = self.connection.query_first(locked).await?;
        match locked.flatten() {
            Some(1) => Ok(()),
            _ => Err(Failure::another_is_at_work()),
        }
    }

    /// Drops the tables of runs that were killed while they filled them. A table of such a name that seed did not create is
    /// not dropped. In a cluster, a run that was taken over has no table any more, so that its exchange fails.
    async fn clear_up_the_new_tables(&mut self) -> Result<(), Failure> {
        let names: Vec<String> = self
            .connection
            .query(format!(
                "SELECT TABLE_NAME FROM information_schema.TABLES \
                 WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME REGEXP '^{NEW}(_[0-9]+)?$'"
            ))
            .await?;
        for name in names {
            if !self.force {
                self.change_tables(&mysql_table(SHAPE)).await?;
                let inspected = self.inspect(&name, SHAPE).await;
                self.drop_table(SHAPE).await?;
                inspected?;
            }
            self.drop_table(&name).await?;
        }
        Ok(())
    }

    /// Drops the replaced table of a run that was interrupted between renaming and dropping. That run inspected it
    /// before the exchange, but perhaps not after: so it is dropped only if seed created every row.
    async fn clear_up_the_old_table(&mut self) -> Result<(), Failure> {
        if !self.exists(OLD).await? {
            return Ok(());
        }
        if !self.exists("users").await? {
            // The server renames one table after the other, and died between the two.
            return Ok(self
                .change_tables(&format!("RENAME TABLE {OLD} TO users"))
                .await?);
        }
        if !self.force {
            self.inspect(OLD, &self.new.clone()).await?;
        }
        match self.drop_table(OLD).await {
            Err(error) if is_one_of(&error, &REFERRED_TO) => self.undo_what_was_interrupted().await,
            dropped => Ok(dropped?),
        }
    }

    /// Puts the old table back, because another table refers to it. The new one is kept, even with `--force`: if the
    /// replacement fails again, neither would be left.
    async fn undo_what_was_interrupted(&mut self) -> Result<(), Failure> {
        self.inspect("users", &self.new.clone())
            .await
            .map_err(|failure| match failure {
                Failure::Refused(what, _) => Failure::Refused(
                    format!(
                        "{what}, and another table refers to `{OLD}`, which an earlier run replaced"
                    ),
                    "keep one of the two tables and drop the other yourself",
                ),
                other => other,
            })?;
        let undo = format!("RENAME TABLE users TO {SHAPE}, {OLD} TO users");
        self.change_tables(&undo).await?;
        Ok(self.drop_table(SHAPE).await?)
    }

    /// Refuses tables that not even `--force` replaces.
    async fn check_that_it_can_be_replaced(&mut self) -> Result<(), Failure> {
        let kind: Option<String> = self
            .connection
            .query_first(
                "SELECT TABLE_TYPE FROM information_schema.TABLES \
                 WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = 'users'",
            )
            .await?;
        if let Some(kind) = kind.filter(|kind| kind != "BASE TABLE") {
            return Err(Failure::Refused(
                format!("`users` is not a table but a {kind}"),
                "use another database, or drop it yourself",
            ));
        }
        let referring: Option<String> = self
            .connection
            .query_first(
                "SELECT CONCAT(TABLE_SCHEMA, '.', TABLE_NAME) FROM information_schema.KEY_COLUMN_USAGE \
                 WHERE REFERENCED_TABLE_SCHEMA = DATABASE() AND REFERENCED_TABLE_NAME = 'users'",
            )
            .await?;
        match referring {
            // The foreign key would stay with the old table.
            Some(table) => Err(Failure::Refused(
                format!("the table `{table}` refers to it by a foreign key"),
                "use another database, or drop the foreign key first",
            )),
            None => Ok(()),
        }
    }

    /// Checks a table's definition and every row, and refuses a table that seed did not create. Servers write
    /// definitions differently, so it is compared with the definition of a new table.
    async fn inspect(&mut self, table: &str, just_made: &str) -> Result<Inspection, Failure> {
        let foreign =
            |what: String| Failure::Refused(format!("{what} (in the table `{table}`)"), FORCE);
        let trigger: Option<String> = self
            .connection
            .exec_first(
                "SELECT TRIGGER_NAME FROM information_schema.TRIGGERS \
                 WHERE EVENT_OBJECT_SCHEMA = DATABASE() AND EVENT_OBJECT_TABLE = ?",
                (table,),
            )
            .await?;
        if let Some(trigger) = trigger {
            return Err(foreign(format!("it has the trigger `{trigger}`")));
        }
        if self.definition(table).await? != self.definition(just_made).await? {
            return Err(foreign(
                "its columns or indices differ from those that seed creates".to_owned(),
            ));
        }
        let mut inspection = Inspection::default();
        let stopped = Arc::clone(&self.stopped);
        let mut rows = self
            .connection
            .query_iter(format!("SELECT id, name, email, age FROM {table}"))
            .await?;
        while let Some(row) = rows.next().await? {
            // By the definition, no value is NULL, and the numbers are numbers.
            let (id, name, email, age): (i64, Vec<u8>, Vec<u8>, i64) = mysql_async::from_row(row);
            if !inspection.is_ours(id, &name, &email, age) {
                return Err(foreign(format!(
                    "seed did not create the user with id {id}"
                )));
            }
            go_on(&stopped)?;
        }
        Ok(inspection)
    }

    /// Returns the table's definition, without its name and without the number of the next row.
    async fn definition(&mut self, table: &str) -> Result<String, Failure> {
        let row: Option<Row> = self
            .connection
            .query_first(format!("SHOW CREATE TABLE {table}"))
            .await?;
        let text: String = row.and_then(|mut row| row.take(1)).unwrap_or_default();
        let columns = text.split_once('(').map_or("", |(_, columns)| columns);
        Ok(columns
            .split(' ')
            .filter(|word| !word.starts_with("AUTO_INCREMENT="))
            .collect::<Vec<_>>()
            .join(" "))
    }

    async fn fill(&mut self, mut users: impl Iterator<Item = User>) -> Result<(), Failure> {
        let mut values = next_values(&mut users, BATCH);
        let mut statement = None;
        for number in 1.. {
            if values.is_empty() {
                break;
            }
            if number % BATCHES == 1 {
                self.connection.query_drop("START TRANSACTION").await?;
            }
            let rows = values.len() / 4;
            // Prepared once for the full batches, and once more for the rest.
            let prepared = match statement.take() {
                Some((prepared_for, prepared)) if prepared_for == rows => prepared,
                _ => self.connection.prep(insert(&self.new, rows)).await?,
            };
            // The next batch is made while the server is busy with this one.
            let inserted = self.connection.exec_drop(&prepared, values);
            let (inserted, next) = tokio::join!(inserted, async { next_values(&mut users, BATCH) });
            inserted?;
            values = next;
            statement = Some((rows, prepared));
            if number % BATCHES == 0 {
                self.connection.query_drop("COMMIT").await?;
            }
            go_on(&self.stopped)?;
        }
        Ok(self.connection.query_drop("COMMIT").await?)
    }

    /// Puts the new table in the old one's place.
    async fn swap(&mut self) -> Result<(), Failure> {
        self.keep_the_lock().await?;
        let new = self.new.clone();
        self.change_tables(&format!("RENAME TABLE users TO {OLD}, {new} TO users"))
            .await?;
        let Err(failure) = self.drop_the_replaced_table().await else {
            return Ok(());
        };
        let undo = format!("RENAME TABLE users TO {new}, {OLD} TO users");
        match self.change_tables(&undo).await {
            Ok(()) => Err(failure),
            Err(error) => Err(Failure::NotUndone(error)),
        }
    }

    async fn drop_the_replaced_table(&mut self) -> Result<(), Failure> {
        // A client may have written to it since it was inspected. No client can any more, so this is the final check.
        if !self.force {
            self.inspect(OLD, "users").await?;
        }
        match self.drop_table(OLD).await {
            // The exchange has led the foreign key of a table in another database to the replaced table. A user without
            // rights to that table cannot see which one it is.
            Err(error) if is_one_of(&error, &REFERRED_TO) => Err(Failure::Refused(
                format!(
                    "a table in another database refers to it by a foreign key ({})",
                    reason(&error)
                ),
                "use another database, or have the foreign key dropped first",
            )),
            dropped => Ok(dropped?),
        }
    }

    async fn drop_table(&mut self, table: &str) -> mysql_async::Result<()> {
        self.change_tables(&format!("DROP TABLE IF EXISTS {table}"))
            .await
    }

    async fn exists(&mut self, table: &str) -> mysql_async::Result<bool> {
        let query = "SELECT 1 FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = ?";
        Ok(self
            .connection
            .exec_first::<u8, _, _>(query, (table,))
            .await?
            .is_some())
    }
}

/// Returns the values of the next batch; none if there are no users left.
fn next_values(users: &mut impl Iterator<Item = User>, count: usize) -> Vec<Value> {
    let users = users.take(count);
    users
        .flat_map::<[Value; 4], _>(|user| {
            [
                user.id.into(),
                user.name.into(),
                user.email.into(),
                user.age.into(),
            ]
        })
        .collect()
}

fn insert(table: &str, rows: usize) -> String {
    let placeholders = vec!["(?, ?, ?, ?)"; rows].join(", ");
    format!("INSERT INTO {table} (id, name, email, age) VALUES {placeholders}")
}

fn go_on(stopped: &AtomicBool) -> Result<(), Failure> {
    match stopped.load(Ordering::Relaxed) {
        true => Err(Failure::Stopped),
        false => Ok(()),
    }
}

/// The first connection is TCP, and stays: otherwise the driver looks for a socket and connects again.
async fn connect(opts: &Opts) -> Result<Conn, Error> {
    let options = OptsBuilder::from_opts(opts.clone())
        // Without the brackets that an IPv6 address has in a URL: the driver would look for a host of that name.
        .ip_or_hostname(opts.ip_or_hostname().trim_matches(['[', ']']).to_owned())
        .prefer_socket(false)
        // A name with an accent cannot be sent before the character set is: `setup` chooses the database then.
        .db_name(opts.db_name().filter(|name| name.is_ascii()))
        .setup(vec![session::setup(opts.db_name().unwrap_or_default())]);
    match tokio::time::timeout(CONNECT_LIMIT, Conn::new(options)).await {
        Ok(Ok(connection)) => Ok(connection),
        Ok(Err(error)) => Err(connecting(opts, reason(&error), help(&error, opts))),
        Err(_) => Err(connecting(
            opts,
            format!("no answer within {} seconds", CONNECT_LIMIT.as_secs()),
            mysql::NO_ANSWER,
        )),
    }
}

fn connecting(opts: &Opts, reason: String, help: &'static str) -> Error {
    let (host, port) = (opts.ip_or_hostname(), opts.tcp_port());
    let (user, database) = (
        opts.user().unwrap_or_default(),
        opts.db_name().unwrap_or_default(),
    );
    Error::Server {
        doing: "connect to",
        server: format!(
            "{host}:{port}, as the user `{}` to the database `{}`",
            user.escape_debug(),
            database.escape_debug()
        ),
        reason,
        help,
    }
}

impl Failure {
    fn at(self, opts: &Opts) -> Error {
        match self {
            Failure::Stopped => Error::Stopped {
                database: server_name(opts),
            },
            Failure::Refused(what, help) => Error::Refused {
                database: server_name(opts),
                what,
                help,
            },
            Failure::Driver(error) => Error::Server {
                doing: "fill",
                server: server_name(opts),
                reason: reason(&error),
                help: help(&error, opts),
            },
            Failure::NotUndone(error) => Error::Server {
                doing: "undo the exchange of",
                server: server_name(opts),
                reason: format!(
                    "{}; it holds the new users, and the table that it replaced is now called `{OLD}`",
                    reason(&error)
                ),
                help: "run this again: it removes the rest",
            },
        }
    }
}

/// Returns the message of the server or the system, without the driver's text around it.
fn reason(error: &mysql_async::Error) -> String {
    match error {
        mysql_async::Error::Server(error) if error.code == LOCK_WAIT_TIMEOUT => {
            format!("another client held a lock for more than {LOCK_WAIT} seconds")
        }
        mysql_async::Error::Server(error) if CONFLICTS.contains(&error.code) => {
            format!(
                "another client is changing the same tables, probably another run of seed, on this server or on another \
                 node of its cluster ({})",
                error.message
            )
        }
        mysql_async::Error::Server(error) => error.message.clone(),
        mysql_async::Error::Io(IoError::Io(error)) => error.to_string(),
        mysql_async::Error::Io(IoError::Tls(error)) => error.to_string(),
        mysql_async::Error::Driver(DriverError::ConnectionClosed) => {
            "the server closed the connection".to_owned()
        }
        other => other.to_string(),
    }
}

// The server's numbers, from its documentation.
const ACCESS_TO_DATABASE_DENIED: u16 = 1044;
const ACCESS_DENIED: u16 = 1045;
const NODE_IS_NOT_READY: u16 = 1047;
const UNKNOWN_DATABASE: u16 = 1049;
const COMMAND_DENIED: u16 = 1142;
const LOCK_WAIT_TIMEOUT: u16 = 1205;
const ACCESS_DENIED_WITHOUT_PASSWORD: u16 = 1698;
const TLS_REQUIRED: u16 = 3159;

/// Codes for a table that was created or dropped in the meantime, and for transactions that conflict (in a cluster, a
/// conflict with another node is found at the commit).
const CONFLICTS: [u16; 5] = [1020, 1050, 1146, 1213, 1412];

/// A table cannot be dropped because another refers to it by a foreign key.
const REFERRED_TO: [u16; 3] = [1217, 1451, 3730];

fn is_one_of(error: &mysql_async::Error, codes: &[u16]) -> bool {
    matches!(error, mysql_async::Error::Server(error) if codes.contains(&error.code))
}

fn help(error: &mysql_async::Error, opts: &Opts) -> &'static str {
    match error {
        mysql_async::Error::Server(error) => match error.code {
            ACCESS_DENIED | ACCESS_DENIED_WITHOUT_PASSWORD if opts.ssl_opts().is_some() => {
                mysql::ACCESS_DENIED_OVER_TLS
            }
            ACCESS_DENIED | ACCESS_DENIED_WITHOUT_PASSWORD => mysql::ACCESS_DENIED,
            TLS_REQUIRED => mysql::TLS_REQUIRED,
            ACCESS_TO_DATABASE_DENIED | COMMAND_DENIED => {
                "grant the user CREATE, ALTER, DROP, SELECT and INSERT on this database, or use another user"
            }
            UNKNOWN_DATABASE => "check the database in the URL, or create it",
            LOCK_WAIT_TIMEOUT => {
                "end the other client (SHOW PROCESSLIST lists it), or wait until it has finished"
            }
            NODE_IS_NOT_READY => "wait until this node has joined its cluster, or use another node",
            code if CONFLICTS.contains(&code) => "wait until it has finished, then run this again",
            _ => "follow the server's message; the table was not changed",
        },
        mysql_async::Error::Io(IoError::Tls(error)) => {
            mysql::help_for_certificate(&error.to_string())
        }
        mysql_async::Error::Io(IoError::Io(error))
            if error.to_string().contains("peer certificate") =>
        {
            mysql::help_for_certificate(&error.to_string())
        }
        mysql_async::Error::Driver(DriverError::NoClientSslFlagFromServer) => {
            "give the server a certificate (`ssl_cert`, `ssl_key`), or remove `require_ssl=true` from the URL"
        }
        mysql_async::Error::Io(_) => {
            "check the host and port in the URL, and that a MySQL or MariaDB server listens there"
        }
        _ => "check the URL",
    }
}
