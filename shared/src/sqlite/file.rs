//! The file of a database: opened only where it is there, made only as a whole.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::thread;

use rusqlite::{Connection, OpenFlags, ToSql, params_from_iter};
use tempfile::{PathPersistError, TempPath};

use super::{Error, Problem, Result};
use crate::schema::{SQLITE_INDEX, SQLITE_TABLE};
use crate::{User, sample_users};

/// The path under which SQLite will open exactly this file, if it is one.
///
/// SQLite takes more than paths: `:memory:` and an empty name are fresh databases that are gone when they close, and
/// `file:…` is a URI that may ask for either (SQLite's documentation of `sqlite3_open_v2`; rusqlite's SQLite is built
/// with URIs switched on, whatever the flags say). The first two are refused, and a file whose name begins with
/// `file:` is named so that it is a path.
///
/// # Errors
///
/// When there is no such file, or it is a folder, a device or a pipe. A missing file whose name looks like a URL is
/// reported as a URL: other libraries take `sqlite:users.db`.
pub fn existing_file(database: &Path) -> Result<PathBuf> {
    let refused = |problem| Error::new(problem, "open").in_database(database);
    if database == Path::new(":memory:") || database == Path::new("") {
        return Err(refused(Problem::NotAFile(
            "not a file, and SQLite would create a new, empty database instead",
        )));
    }
    match fs::metadata(database) {
        Ok(metadata) if metadata.is_file() => {}
        Ok(metadata) if metadata.is_dir() => return Err(refused(Problem::NotAFile("a folder"))),
        Ok(_) => return Err(refused(Problem::NotAFile("not a regular file"))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let problem = if is_url(database) {
                Problem::Url
            } else {
                Problem::Missing
            };
            return Err(refused(problem));
        }
        Err(error) => return Err(refused(Problem::File(error))),
    }
    if database
        .as_os_str()
        .as_encoded_bytes()
        .starts_with(b"file:")
    {
        return Ok(Path::new(".").join(database));
    }
    Ok(database.to_owned())
}

/// Whether a name is written like the address of a database for another library: `sqlite:users.db`, `mysql://…`.
fn is_url(database: &Path) -> bool {
    let name = database.to_string_lossy();
    let is_scheme = |scheme: &str| {
        ["file", "sqlite", "sqlite3", "jdbc"]
            .iter()
            .any(|known| scheme.eq_ignore_ascii_case(known))
    };
    name.contains("://")
        || name
            .split_once(':')
            .is_some_and(|(scheme, _)| is_scheme(scheme))
}

/// Opens a database that is there, for reading and writing, and never creates one.
///
/// A lock that somebody else holds is waited for, 5 seconds, which is rusqlite's default. The connection closes when
/// it is dropped.
///
/// # Errors
///
/// When [`existing_file`] refuses the path, or the file cannot be opened.
pub fn open(database: &Path) -> Result<Connection> {
    // Without SQLITE_OPEN_CREATE. NO_MUTEX: Rust's type system already sees to it that one thread at a time uses it.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Connection::open_with_flags(existing_file(database)?, flags)
        .map_err(|error| Error::from(error).doing("open").in_database(database))
}

/// Fills an empty file with the table `users` and these users, as fast as SQLite can, in memory that does not grow
/// with their number.
///
/// The file must be nobody else's yet: there is no journal, so a crash leaves rubbish. Make it under another name, and
/// rename it when this returns `Ok`: then the file is on the disk.
///
/// # Errors
///
/// When the file cannot be written, or two users have one `id` or one `email`. The error does not say in which
/// database: the caller knows the name that the file is to have.
pub fn create(file: &Path, users: impl IntoIterator<Item = User>) -> Result<()> {
    fill(file, users).map_err(|error| error.doing("create"))
}

fn fill(file: &Path, users: impl IntoIterator<Item = User>) -> Result<()> {
    let failed = |error| Error::new(Problem::File(error), "create");
    let connection = open(file)?;
    // Closed after the connection, or with a file that is thrown away: it takes all locks of this process along (SQLite's
    // 'How To Corrupt An SQLite Database File', 2.2).
    let written = File::options().write(true).open(file).map_err(failed)?;
    // What protects a database that others use only costs time here. And the index may be sorted on more threads, which
    // takes a tenth off a million users.
    connection.execute_batch(
        "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA locking_mode = EXCLUSIVE; PRAGMA threads = 2",
    )?;
    let transaction = connection.unchecked_transaction()?;
    transaction.execute_batch(SQLITE_TABLE)?;
    insert(&transaction, users.into_iter().fuse())?;
    // The rows go to the disk while the index is sorted; what is left at the end waits half as long.
    thread::scope(|scope| {
        let sync = || written.sync_data();
        // Where no thread can be started, all of it is left for the end.
        let synced = thread::Builder::new().spawn_scoped(scope, sync);
        transaction.execute_batch(SQLITE_INDEX)?;
        match synced.map(|thread| thread.join()) {
            Ok(Ok(synced)) => synced.map_err(failed),
            Ok(Err(_)) | Err(_) => Ok(()),
        }
    })?;
    transaction.commit()?;
    connection.close().map_err(|(_, error)| error)?;
    written.sync_all().map_err(failed)
}

/// Inserts some users with each statement, for each has to find the table's end: a tenth less time for a million.
fn insert(connection: &Connection, mut users: impl Iterator<Item = User>) -> rusqlite::Result<()> {
    const BATCH: usize = 16;

    let prepare = |count| {
        let values = vec!["(?, ?, ?, ?)"; count].join(", ");
        connection.prepare(&format!(
            "INSERT INTO users (id, name, email, age) VALUES {values}"
        ))
    };
    let mut statement = prepare(BATCH)?;
    loop {
        let batch: Vec<User> = users.by_ref().take(BATCH).collect();
        match batch.len() {
            0 => return Ok(()),
            BATCH => {}
            last => statement = prepare(last)?,
        }
        let parameters = batch
            .iter()
            .flat_map(|user| -> [&dyn ToSql; 4] { [&user.id, &user.name, &user.email, &user.age] });
        statement.execute(params_from_iter(parameters))?;
    }
}

/// Creates a database with the sample users, unless the file is there: `false` says that it was.
///
/// Two programs may do this at the same moment, and a third may read: nobody ever sees half a database.
///
/// # Errors
///
/// When the file cannot be created.
pub fn create_sample(database: &Path) -> Result<bool> {
    let failed = |error| Error::new(Problem::File(error), "create").in_database(database);
    let mut prefix = database
        .file_name()
        .unwrap_or(OsStr::new("users"))
        .to_owned();
    prefix.push(".");
    // Opened our own way, for a temporary file is readable for its owner alone.
    let draft = tempfile::Builder::new()
        .prefix(&prefix)
        .suffix(".new")
        .make_in(folder_of(database), |path| File::create_new(path))
        .map_err(failed)?
        .into_temp_path();
    create(&draft, sample_users()).map_err(|error| error.in_database(database))?;
    match place(&draft, database) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(failed(error)),
    }
}

/// Gives a finished database its name, unless a file of that name exists. Removes the companions that an earlier
/// database of that name has left ([`remove_companions`]).
///
/// # Errors
///
/// [`AlreadyExists`](io::ErrorKind::AlreadyExists), when the file exists; otherwise when the folder cannot be written to.
/// The draft then still has its old name.
pub fn place(draft: &Path, database: &Path) -> io::Result<()> {
    // Companions of a database that exists are in use.
    if database.symlink_metadata().is_ok() {
        return Err(io::ErrorKind::AlreadyExists.into());
    }
    remove_companions(database)?;
    let Err(PathPersistError { error, path }) =
        TempPath::try_from_path(draft)?.persist_noclobber(database)
    else {
        return Ok(());
    };
    path.keep()?;
    if error.kind() == io::ErrorKind::AlreadyExists {
        return Err(error);
    }
    // A file system that can neither rename without overwriting nor link, such as a shared folder of VirtualBox: take the
    // name with an empty file, and rename over that. To another program it is a database without tables for a moment.
    File::create_new(database)?;
    fs::rename(draft, database).inspect_err(|_| drop(fs::remove_file(database)))
}

/// Removes the journal, the write-ahead log and its index that belong to a database of this name.
///
/// SQLite would replay what a deleted database has left there into a new one.
///
/// # Errors
///
/// When one of them exists and cannot be removed.
pub fn remove_companions(database: &Path) -> io::Result<()> {
    let mut has_removed = false;
    for suffix in ["-journal", "-wal", "-shm"] {
        let mut companion = database.to_owned().into_os_string();
        companion.push(suffix);
        match fs::remove_file(companion) {
            Ok(()) => has_removed = true,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    // After a power cut the new file must not stand beside the old journal.
    if has_removed && cfg!(unix) {
        File::open(folder_of(database))?.sync_all()?;
    }
    Ok(())
}

fn folder_of(database: &Path) -> &Path {
    match database.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    }
}
