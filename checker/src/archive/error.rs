//! The error when an archive was not unpacked.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::limits::size;
use super::name::shown;
use crate::outcome::{Problem, Whose};

/// The error when an archive was not unpacked. Its text is one short message and a line that begins with `help:`.
#[derive(Debug)]
pub struct Error {
    archive: PathBuf,
    // Boxed, so that a `Result` stays small.
    reason: Box<Reason>,
}

/// The reason. Names of entries are as in the archive; the error's text escapes and shortens them.
#[derive(Debug)]
#[non_exhaustive]
pub enum Reason {
    /// The archive could not be read.
    Read(io::Error),
    /// The folder, or something in it, could not be written.
    Write(io::Error),
    /// The folder to unpack into exists.
    FolderExists(PathBuf),
    /// It is not an archive of a supported kind. The text says what it is.
    OtherKind(&'static str),
    /// It is damaged or cut off. The text says how that was noticed.
    Broken(String),
    /// An entry is encrypted.
    Encrypted(String),
    /// An entry is compressed with a method that is not supported.
    Compression {
        /// The entry.
        entry: String,
        /// The method.
        method: &'static str,
    },
    /// An entry has a name that is refused.
    Name {
        /// The entry.
        entry: String,
        /// The problem with its name.
        why: &'static str,
    },
    /// An entry's path goes through a link in the same archive.
    ThroughLink {
        /// The entry.
        entry: String,
        /// The link.
        link: String,
    },
    /// Two entries would be the same file, here or on a system that ignores case.
    Duplicate {
        /// The later entry.
        entry: String,
        /// The earlier one.
        earlier: String,
    },
    /// It unpacks to more bytes than [`Limits::bytes`](super::Limits::bytes).
    TooLarge(u64),
    /// It has more entries than [`Limits::entries`](super::Limits::entries).
    TooMany(u64),
    /// Uncompressed, it is longer than [`Limits::stream`](super::Limits::stream).
    TooLong(u64),
    /// The list of entries at the end of a `.zip` is longer than this many bytes.
    DirectoryTooLong(u64),
    /// Unpacking it takes longer than [`Limits::time`](super::Limits::time).
    TooSlow(Duration),
    /// The user stopped the work.
    Stopped,
}

impl Error {
    pub(super) fn new(archive: &Path, reason: Reason) -> Self {
        Error {
            archive: archive.to_owned(),
            reason: Box::new(reason),
        }
    }

    /// The problem.
    pub fn reason(&self) -> &Reason {
        &self.reason
    }

    /// The problem.
    pub fn into_reason(self) -> Reason {
        *self.reason
    }

    fn message(&self) -> String {
        let archive = shown(&self.archive.to_string_lossy());
        format!("could not unpack `{archive}`: {}", self.reason)
    }
}

impl Reason {
    /// Returns whether the archive or this machine is at fault.
    fn whose(&self) -> Whose {
        match self {
            Reason::Read(_) | Reason::Write(_) | Reason::FolderExists(_) | Reason::Stopped => {
                Whose::YourMachine
            }
            _ => Whose::YourCode,
        }
    }

    fn help(&self) -> &'static str {
        match self {
            Reason::Read(_) => "check the path and its permissions",
            Reason::Write(error) if is_full(error) => "free disk space, then run this again",
            Reason::Write(_) => "check that the folder above it exists and is writable",
            Reason::FolderExists(_) => "remove it or name another folder",
            Reason::OtherKind(_) | Reason::Compression { .. } => {
                "pack it again: `zip -r NAME.zip FOLDER` or `tar -czf NAME.tar.gz FOLDER`"
            }
            Reason::Broken(_) => {
                "upload or download it again; if that does not help, pack it again"
            }
            Reason::Encrypted(_) => "pack it again without a password",
            Reason::Name { .. } | Reason::ThroughLink { .. } => {
                "pack the folder from the folder above it, with `zip -r` or `tar -czf`"
            }
            Reason::Duplicate { .. } => "rename or remove one of the two, and pack each file once",
            Reason::TooLarge(_)
            | Reason::TooMany(_)
            | Reason::TooLong(_)
            | Reason::DirectoryTooLong(_)
            | Reason::TooSlow(_) => "run `cargo clean` and pack only the sources",
            Reason::Stopped => "run the same command again",
        }
    }
}

fn is_full(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded
    )
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\nhelp: {}", self.message(), self.reason.help())
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reason::Read(error) => write!(f, "cannot read it: {error}"),
            Reason::Write(error) => write!(f, "cannot write its files: {error}"),
            Reason::FolderExists(folder) => {
                write!(f, "`{}` already exists", shown(&folder.to_string_lossy()))
            }
            Reason::OtherKind(what) => write!(f, "it is {what}"),
            Reason::Broken(how) => write!(f, "it is damaged ({how})"),
            Reason::Encrypted(entry) => write!(f, "`{}` in it is encrypted", shown(entry)),
            Reason::Compression { entry, method } => {
                write!(
                    f,
                    "`{}` in it is compressed with {method}, which is not supported",
                    shown(entry)
                )
            }
            Reason::Name { entry, why } => {
                write!(f, "refused the name `{}`, which {why}", shown(entry))
            }
            Reason::ThroughLink { entry, link } => {
                write!(
                    f,
                    "refused `{}`, which goes through the link `{}`",
                    shown(entry),
                    shown(link)
                )
            }
            Reason::Duplicate { entry, earlier } if entry == earlier => {
                write!(f, "`{}` is in it twice", shown(entry))
            }
            Reason::Duplicate { entry, earlier } => {
                write!(
                    f,
                    "`{}` and `{}` in it are the same file on some systems",
                    shown(earlier),
                    shown(entry)
                )
            }
            Reason::TooLarge(limit) => write!(f, "it unpacks to more than {}", size(*limit)),
            Reason::TooMany(limit) => write!(f, "it has more than {limit} files and folders"),
            Reason::TooLong(limit) => write!(f, "it is longer than {}, uncompressed", size(*limit)),
            Reason::DirectoryTooLong(limit) => {
                write!(f, "the list of its files is longer than {}", size(*limit))
            }
            Reason::TooSlow(limit) => {
                write!(f, "unpacking it takes longer than {} s", limit.as_secs())
            }
            Reason::Stopped => write!(f, "stopped"),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self.reason() {
            Reason::Read(error) | Reason::Write(error) => Some(error),
            _ => None,
        }
    }
}

// The archive readers pass it on inside an `io::Error`.
impl std::error::Error for Reason {}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        Problem {
            whose: error.reason.whose(),
            message: error.message(),
            details: String::new(),
            help: error.reason.help().to_owned(),
        }
    }
}
