//! The file of a database: only an existing file is opened, and only a complete one is created.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};
use tempfile::{PathPersistError, TempPath};

use super::{Error, ErrorKind, Result};
use crate::schema::{SQLITE_INDEX, SQLITE_TABLE};
use crate::{User, sample_users};

/// Returns the path under which SQLite opens exactly this file.
///
/// SQLite accepts more than paths: `:memory:` and an empty name are new databases that disappear when they are closed,
/// and `file:…` is a URI that may ask for either (SQLite's documentation of `sqlite3_open_v2`; rusqlite's SQLite is
/// built with URIs switched on, whatever the flags say). The first two are refused, and a file whose name begins with
/// `file:` is named so that it is a path.
///
/// # Errors
///
/// When the file does not exist, or is a folder, a device or a pipe. A missing file whose name looks like a URL is
/// reported as a URL, because other libraries accept `sqlite:users.db`.
pub fn existing_file(database: &Path) -> Result<PathBuf> {
    let refused = |kind| Error::new(kind, "open").in_database(database);
    if database == Path::new(":memory:") || database == Path::new("") {
        return Err(refused(ErrorKind::NotAFile(
            "not a file, and SQLite would create a new, empty database instead",
        )));
    }
    match fs::metadata(database) {
        Ok(metadata) if metadata.is_file() => {}
        Ok(metadata) if metadata.is_dir() => return Err(refused(ErrorKind::NotAFile("a folder"))),
        Ok(_) => return Err(refused(ErrorKind::NotAFile("not a regular file"))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let kind = if is_url(database) {
                ErrorKind::Url
            } else {
                ErrorKind::Missing
            };
            return Err(refused(kind));
        }
        Err(error) => return Err(refused(ErrorKind::File(error))),
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

/// Returns whether a name is written like the address of a database for another library: `sqlite:users.db`, `mysql://…`.
fn is_url(database: &Path) -> bool {
    let name = database.to_string_lossy();
    let name = name.trim();
    let is_scheme = |scheme: &str| {
        [
            "file",
            "jdbc",
            "libsql",
            "mariadb",
            "mysql",
            "postgres",
            "postgresql",
            "sqlite",
            "sqlite3",
        ]
        .iter()
        .any(|known| scheme.eq_ignore_ascii_case(known))
    };
    name.contains("://")
        || name
            .split_once(':')
            .is_some_and(|(scheme, _)| is_scheme(scheme))
}

/// Opens an existing database for reading and writing. Never creates one.
///
/// Waits up to 5 seconds for a lock of another connection, which is rusqlite's default. The connection closes when it
/// is dropped.
///
/// # Errors
///
/// When [`existing_file`] refuses the path, or the file cannot be opened.
pub fn open(database: &Path) -> Result<Connection> {
    // Without SQLITE_OPEN_CREATE. NO_MUTEX: Rust's type system already ensures that one thread at a time uses it.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Connection::open_with_flags(existing_file(database)?, flags)
        .map_err(|error| Error::from(error).could_not("open").in_database(database))
}

/// Fills an empty file with the table `users` and these users.
///
/// No other program may use the file yet: there is no journal, so a crash leaves a damaged file. Create it under
/// another name, and rename it when this returns `Ok`: then the file is on the disk.
///
/// # Errors
///
/// When the file cannot be written, or two users have one `id` or one `email`. The error does not name the database,
/// because only the caller knows the file's final name.
pub fn create(file: &Path, users: impl IntoIterator<Item = User>) -> Result<()> {
    let fill = || -> Result<()> {
        let connection = open(file)?;
        connection.execute_batch("PRAGMA journal_mode = OFF")?;
        let transaction = connection.unchecked_transaction()?;
        transaction.execute_batch(SQLITE_TABLE)?;
        let insert = "INSERT INTO users (id, name, email, age) VALUES (?, ?, ?, ?)";
        let mut insert = transaction.prepare(insert)?;
        for user in users {
            insert.execute((user.id, user.name, user.email, user.age))?;
        }
        drop(insert);
        transaction.execute_batch(SQLITE_INDEX)?;
        transaction.commit()?;
        Ok(connection.close().map_err(|(_, error)| error)?)
    };
    fill().map_err(|error| error.could_not("create"))
}

/// Creates a database with the sample users, and returns `true`. Returns `false` if the file already exists.
///
/// Two programs may call this at the same moment while a third reads: no program ever sees an incomplete database.
///
/// # Errors
///
/// When the file cannot be created.
pub fn create_sample(database: &Path) -> Result<bool> {
    let failed = |error| Error::new(ErrorKind::File(error), "create").in_database(database);
    let mut prefix = database
        .file_name()
        .unwrap_or(OsStr::new("users"))
        .to_owned();
    prefix.push(".");
    // Created with the permissions of any new file: tempfile's default is readable by the owner only.
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
    // The companions of an existing database are in use.
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
    // Some file systems can neither rename without overwriting nor link, such as a shared folder of VirtualBox. Create
    // an empty file and rename over it: for a moment, other programs see a database without tables.
    File::create_new(database)?;
    fs::rename(draft, database).inspect_err(|_| drop(fs::remove_file(database)))
}

/// Removes the journal, the write-ahead log and its index that belong to a database of this name.
///
/// SQLite would apply the rest of a deleted database to a new one.
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
    // After a power cut the new file must not be next to the old journal.
    if has_removed && cfg!(unix) {
        sync_folder(folder_of(database))?;
    }
    Ok(())
}

/// Brings the names in a folder to the disk, if its file system can do that. (That of a folder which a virtual machine shares
/// with its host may not.)
///
/// # Errors
///
/// If the folder cannot be opened, or its disk fails.
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    match File::open(folder)?.sync_all() {
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported
            ) =>
        {
            Ok(())
        }
        synced => synced,
    }
}

fn folder_of(database: &Path) -> &Path {
    match database.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    }
}
