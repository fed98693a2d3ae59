//! A SQLite file, created next to the old one and then put in its place.
//!
//! 1. [`inspect`] the old file, if there is one: if it contains data that seed did not create, it is not changed.
//! 2. Fill a [`Draft`], and write it to the disk. No other program uses it.
//! 3. [`Database::put_in_place`]: lock the old file, look at it again, rename the draft over it.
//!
//! A rename is atomic. But a database is more than one file. A journal that a killed
//! program left (`users.db-journal`) holds the pages of the OLD file as they were, and SQLite would write them into the
//! new one as soon as a program opened it; a write-ahead log (`users.db-wal`) would be replayed into it. So SQLite
//! recovers the old file first, under an exclusive lock that is held until the new one is in place: no other program
//! can write in between and leave another journal.

use std::fs;
use std::io;
use std::os::unix::fs::{MetadataExt, chown};
use std::path::{Path, PathBuf};
use std::process;
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread::{self, Scope};
use std::time::{Duration, Instant};

use rusqlite::config::DbConfig;
use rusqlite::ffi::{SQLITE_BUSY, SQLITE_READONLY};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, ErrorCode};
use shared::schema::{SQLITE_INDEX, SQLITE_TABLE};
use shared::sqlite::{self, ErrorKind, existing_file, open, place, remove_companions, sync_folder};
use shared::{User, cli, redact_value};

use crate::draft::{Draft, folder_of, sweep};
use crate::error::{Error, FORCE};
use crate::fill::fill;
use crate::generate::{Inspection, Seeding};
use crate::progress::Progress;
use crate::stop;
use crate::target::Outcome;

/// The time limit for another program's lock. The message of `shared::sqlite::Error` contains it.
const PATIENCE: Duration = Duration::from_secs(5);

/// The interval between attempts.
const POLL: Duration = Duration::from_millis(10);

/// Replaces the content of the file with these users. Until then, the file is unchanged.
///
/// A link is followed, as SQLite does: its target is replaced, and the link stays. (A second hard link
/// keeps the old database.) The new file has the old one's permissions.
pub fn seed(database: &Path, seeding: Seeding, force: bool) -> Result<Outcome, Error> {
    let target = Database::find(database)?;
    sweep(&target.file);
    // Reported at once, and not after minutes of work.
    if target.exists()? {
        let connection = open(&target.file).map_err(|error| target.name(error))?;
        if force {
            target.is_a_database(&connection)?;
        } else if target.inspect(&connection)?.is_exactly(seeding) {
            return Ok(Outcome::WasThere);
        }
        check_that_it_can_be_written(&connection)
            .map_err(|error| target.failed(error, "replace"))?;
    }
    let progress = Progress::new(seeding.count);
    let draft = target.draft_that_a_signal_removes(&progress)?;
    let filled = thread::scope(|scope| {
        let users = made_ahead(scope, seeding.users())
            .map_err(|error| sqlite::Error::no_thread(error).could_not("create"))?;
        fill(draft.file(), progress.clone().follow(users))
    });
    progress.clear();
    filled.map_err(|error| target.name(error))?;
    target.put_in_place(&draft, force)?;
    Ok(Outcome::Made)
}

/// Generates the users on a separate thread, ahead of the thread that inserts them.
fn made_ahead<'scope>(
    scope: &'scope Scope<'scope, '_>,
    mut users: impl Iterator<Item = User> + Send + 'scope,
) -> io::Result<impl Iterator<Item = User>> {
    // In batches, because sending a user takes longer than generating one.
    const BATCH: usize = 512;

    let (sender, receiver) = mpsc::sync_channel::<Vec<User>>(2);
    thread::Builder::new().spawn_scoped(scope, move || {
        loop {
            let batch: Vec<User> = users.by_ref().take(BATCH).collect();
            // The receiver is gone if a user could not be written.
            if batch.is_empty() || sender.send(batch).is_err() {
                break;
            }
        }
    })?;
    Ok(receiver.into_iter().flatten())
}

/// The database to replace.
struct Database<'a> {
    /// The path as given on the command line.
    given: &'a Path,
    /// The file's absolute path, without links.
    file: PathBuf,
}

impl<'a> Database<'a> {
    /// Follows links, even one to a file that does not exist yet.
    fn find(given: &'a Path) -> Result<Database<'a>, Error> {
        fn resolve(path: &Path) -> io::Result<PathBuf> {
            match fs::canonicalize(path) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                resolved => return resolved,
            }
            if let Ok(destination) = fs::read_link(path) {
                return resolve(&folder_of(path).join(destination));
            }
            let name = path.file_name().ok_or(io::ErrorKind::NotFound)?;
            Ok(fs::canonicalize(folder_of(path))?.join(name))
        }
        // An empty path, `:memory:` or a URL: not a file.
        let refused = existing_file(given)
            .err()
            .filter(|error| matches!(error.kind(), ErrorKind::NotAFile(_) | ErrorKind::Url));
        if let Some(error) = refused {
            return Err(error.could_not("create").into());
        }
        match resolve(given) {
            Ok(file) => Ok(Database { given, file }),
            Err(error) => Err(sqlite::Error::new(ErrorKind::File(error), "create")
                .in_database(given)
                .into()),
        }
    }

    fn exists(&self) -> Result<bool, Error> {
        match existing_file(&self.file) {
            Ok(_) => Ok(true),
            Err(error) if matches!(error.kind(), ErrorKind::Missing) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Checks every object and every row, and refuses a database with data that seed did not create.
    ///
    /// Like any reader, this rolls back a hot journal and reads a write-ahead log.
    fn inspect(&self, connection: &Connection) -> Result<Inspection, Error> {
        inspect(connection).map_err(|unfit| match unfit {
            Unfit::Foreign(what) => self.refused(what, FORCE),
            Unfit::Sqlite(error) => self.failed(error, "read"),
        })
    }

    /// Refuses a file that never was a database. A damaged database is not refused here.
    fn is_a_database(&self, connection: &Connection) -> Result<(), Error> {
        match connection.pragma_query_value(None, "schema_version", |_| Ok(())) {
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::NotADatabase) => {
                Err(self.failed(error, "read"))
            }
            _ => Ok(()),
        }
    }

    /// Creates a draft that is removed when the program ends, even by Ctrl-C.
    fn draft_that_a_signal_removes(&self, progress: &Progress) -> Result<Draft, Error> {
        // Locked while the draft is made, so that a signal at this moment finds it.
        let folder = Arc::new(Mutex::new(None::<PathBuf>));
        let mut known = folder.lock().unwrap_or_else(PoisonError::into_inner);
        let stopped = Error::Stopped {
            database: self.quoted(),
        };
        let (progress, folder_to_remove) = (progress.clone(), Arc::clone(&folder));
        stop::on_signal(move || {
            // Ends the program at any point. That is as safe as `kill -9`.
            progress.clear();
            if let Some(folder) = &*folder_to_remove
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
            {
                let _ = fs::remove_dir_all(folder);
            }
            cli::notice(&format!("error: {stopped}"));
            process::exit(1);
        })
        .map_err(|error| self.name(sqlite::Error::no_thread(error).could_not("create")))?;
        let draft = Draft::beside(&self.file).map_err(|error| self.file_error(error))?;
        *known = Some(draft.folder().to_owned());
        Ok(draft)
    }

    /// Renames the draft to the database, while no other program is reading or writing it.
    fn put_in_place(&self, draft: &Draft, force: bool) -> Result<(), Error> {
        loop {
            if !self.exists()? {
                match self.put_where_nothing_is(draft) {
                    // Another program created one in the meantime.
                    Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
                    placed => return placed.map_err(|error| self.file_error(error)),
                }
            }
            let before = self.identity()?;
            let connection = self.lock(force)?;
            // The lock is on the file that was opened. Check that the name still leads to that file.
            if before != self.identity()? {
                continue;
            }
            if !force {
                self.inspect(&connection)?;
            }
            let renamed = self.put_over_the_old_one(draft);
            // Only now may other programs use the old file again. SQLite reports to them that it was deleted.
            drop(connection);
            return renamed.map_err(|error| self.file_error(error));
        }
    }

    fn put_where_nothing_is(&self, draft: &Draft) -> io::Result<()> {
        place(draft.file(), &self.file)?;
        sync_folder(folder_of(&self.file))
    }

    fn put_over_the_old_one(&self, draft: &Draft) -> io::Result<()> {
        let old = fs::metadata(&self.file)?;
        // Only root may change the owner. For other users the owner is already right.
        let _ = chown(draft.file(), Some(old.uid()), Some(old.gid()));
        fs::set_permissions(draft.file(), old.permissions())?;
        // They are empty after the recovery, but SQLite would take a remaining one for the new file's.
        remove_companions(&self.file)?;
        fs::rename(draft.file(), &self.file)?;
        sync_folder(folder_of(&self.file))
    }

    /// Recovers the database and locks it exclusively while the connection lives.
    fn lock(&self, force: bool) -> Result<Connection, Error> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let connection = open(&self.file).map_err(|error| self.name(error))?;
            let locked = match lock(&connection) {
                Err(error)
                    if force && error.sqlite_error_code() == Some(ErrorCode::DatabaseCorrupt) =>
                {
                    lock_damaged(&connection)
                }
                locked => locked,
            };
            match locked {
                Ok(()) => return Ok(connection),
                Err(error) if is_busy(&error) && Instant::now() < deadline => thread::sleep(POLL),
                Err(error) => return Err(self.failed(error, "replace")),
            }
        }
    }

    fn identity(&self) -> Result<Option<(u64, u64)>, Error> {
        match fs::metadata(&self.file) {
            Ok(metadata) => Ok(Some((metadata.dev(), metadata.ino()))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(self.file_error(error)),
        }
    }

    fn refused(&self, what: String, help: &'static str) -> Error {
        Error::Refused {
            database: self.quoted(),
            what,
            help,
        }
    }

    fn quoted(&self) -> String {
        format!("`{}`", redact_value(&self.given.to_string_lossy()))
    }

    fn failed(&self, error: rusqlite::Error, operation: &'static str) -> Error {
        match error.sqlite_error_code() {
            Some(ErrorCode::NotADatabase) => self.refused(
                "the file is not a SQLite database".to_owned(),
                "use another file, or remove this one yourself: --force replaces databases only",
            ),
            Some(ErrorCode::DatabaseCorrupt) => {
                self.refused(format!("it is damaged ({error})"), FORCE)
            }
            _ => self.name(sqlite::Error::from(error).could_not(operation)),
        }
    }

    fn file_error(&self, error: io::Error) -> Error {
        self.name(sqlite::Error::new(ErrorKind::File(error), "create"))
    }

    fn name(&self, error: sqlite::Error) -> Error {
        error.in_database(self.given).into()
    }
}

/// The reason why a database cannot be inspected to the end.
enum Unfit {
    /// It contains something that seed did not create; the text names it.
    Foreign(String),
    Sqlite(rusqlite::Error),
}

impl From<rusqlite::Error> for Unfit {
    fn from(error: rusqlite::Error) -> Self {
        Unfit::Sqlite(error)
    }
}

/// Returns the content of a database, if seed created all of it.
///
/// The schema may contain nothing else, and every row must be a user that seed creates, all with one random seed. So a
/// database that `seed` or a task created can be replaced, and a user's data stays.
fn inspect(connection: &Connection) -> Result<Inspection, Unfit> {
    // The schema and the rows of one moment; within the caller's transaction, if there is one.
    connection.execute_batch("SAVEPOINT inspection")?;
    let mut inspection = Inspection::default();
    match inspect_schema(connection)? {
        Schema { table: true, index } => {
            inspection.complete = index;
            inspect_rows(connection, &mut inspection)?;
        }
        Schema { table: false, .. } => inspection.complete = false,
    }
    connection.execute_batch("RELEASE inspection")?;
    Ok(inspection)
}

#[derive(Default)]
struct Schema {
    table: bool,
    index: bool,
}

fn inspect_schema(connection: &Connection) -> Result<Schema, Unfit> {
    let mut schema = Schema::default();
    let mut foreign = Vec::new();
    let mut statement = connection.prepare("SELECT type, name, sql FROM sqlite_schema")?;
    let mut objects = statement.query([])?;
    while let Some(object) = objects.next()? {
        // Text that is not UTF-8 was not created by seed. The error shows as much of it as can be read.
        let bytes = |column| {
            Ok::<_, rusqlite::Error>(object.get_ref(column)?.as_bytes().unwrap_or_default())
        };
        let kind = String::from_utf8_lossy(bytes(0)?);
        let name = String::from_utf8_lossy(bytes(1)?);
        let sql = bytes(2)?;
        match &*name {
            // Internal objects of SQLite, such as indices of a UNIQUE and the statistics of ANALYZE. Users cannot
            // create such names.
            _ if name.starts_with("sqlite_") => {}
            "users" if sql == SQLITE_TABLE.as_bytes() => schema.table = true,
            "users_email" if sql == SQLITE_INDEX.as_bytes() => schema.index = true,
            "users" if kind == "table" => {
                foreign.push("a table `users` with other columns or indices".to_owned())
            }
            _ => foreign.push(format!("the {kind} `{name}`")),
        }
    }
    match foreign.len() {
        0 => Ok(schema),
        1..=3 => Err(Unfit::Foreign(format!("it holds {}", foreign.join(", ")))),
        more => Err(Unfit::Foreign(format!(
            "it holds {}, and {} more",
            foreign[..3].join(", "),
            more - 3
        ))),
    }
}

fn inspect_rows(connection: &Connection, inspection: &mut Inspection) -> Result<(), Unfit> {
    let mut statement = connection.prepare("SELECT id, name, email, age FROM users")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let id = row.get(0)?;
        let ours = match (row.get_ref(1)?, row.get_ref(2)?, row.get_ref(3)?) {
            (ValueRef::Text(name), ValueRef::Text(email), ValueRef::Integer(age)) => {
                inspection.is_ours(id, name, email, age)
            }
            _ => false,
        };
        if !ours {
            return Err(Unfit::Foreign(format!(
                "seed did not create the user with id {id}"
            )));
        }
    }
    Ok(())
}

/// Locks the database exclusively, and removes its journal or write-ahead log. Fails at once if another connection has
/// a lock.
fn lock(connection: &Connection) -> rusqlite::Result<()> {
    check_that_it_can_be_written(connection)?;
    connection.busy_timeout(Duration::ZERO)?;
    // Rolls a hot journal back, or brings a write-ahead log into the file and removes it. In WAL mode an exclusive
    // transaction would exclude writers only; and the mode can be left only when no other connection has the database
    // open.
    connection.pragma_update_and_check(None, "journal_mode", "DELETE", |_| Ok(()))?;
    connection.execute_batch("BEGIN EXCLUSIVE")?;
    // Another connection may have returned to it between these two statements.
    match connection
        .pragma_query_value(None, "journal_mode", |row| row.get::<_, String>(0))?
        .as_str()
    {
        "wal" => Err(sqlite_failure(SQLITE_BUSY)),
        _ => Ok(()),
    }
}

/// Locks a file that SQLite finds damaged. With the setting to reset the database, SQLite locks it without reading it.
///
/// The reset never happens, because the transaction ends with the connection; and it leaves no journal, because the
/// journal is in memory.
fn lock_damaged(connection: &Connection) -> rusqlite::Result<()> {
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_RESET_DATABASE, true)?;
    connection.pragma_update_and_check(None, "journal_mode", "MEMORY", |_| Ok(()))?;
    connection.execute_batch("BEGIN EXCLUSIVE")
}

/// Refuses a read-only file. It could be replaced in a writable folder, but the user wants to keep it; and SQLite opens
/// it read-only, so `BEGIN EXCLUSIVE` succeeds without a lock.
fn check_that_it_can_be_written(connection: &Connection) -> rusqlite::Result<()> {
    match connection.is_readonly("main")? {
        true => Err(sqlite_failure(SQLITE_READONLY)),
        false => Ok(()),
    }
}

fn sqlite_failure(code: i32) -> rusqlite::Error {
    rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(code), None)
}

fn is_busy(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked)
    )
}
