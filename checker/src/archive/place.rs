//! The folder that an archive is unpacked into. Only this module creates files.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::PathBuf;

use super::error::Reason;
use super::limits::{Clock, Limits};
use super::name::Name;

/// An entry that was not unpacked because it is neither a file nor a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    /// Its name in the archive. Escape it before you print it.
    pub name: String,
    /// A description, such as `a symbolic link`.
    pub why: &'static str,
}

/// The kind of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    File,
    Folder,
    /// A symbolic or hard link. It is not created, but no other entry may have its path.
    Link(&'static str),
    /// Another kind.
    Other(&'static str),
}

/// A folder and the entries that were unpacked into it.
///
/// It was empty, no other program writes to it, and no link is ever created in it. So a path of plain names stays inside.
pub(super) struct Place {
    folder: PathBuf,
    bytes_left: u64,
    entries_left: u64,
    limits: Limits,
    clock: Clock,
    /// The entries by their paths in lower case: on macOS and Windows, `Lib.rs` and `lib.rs` are the same file.
    taken: HashMap<String, Taken>,
    pub(super) left_out: Vec<LeftOut>,
}

struct Taken {
    name: String,
    by: Kind,
}

impl Place {
    /// Begins to fill an empty folder.
    pub(super) fn new(folder: PathBuf, limits: &Limits) -> Self {
        Place {
            folder,
            bytes_left: limits.bytes,
            entries_left: limits.entries,
            limits: limits.clone(),
            clock: Clock::start(limits),
            taken: HashMap::new(),
            left_out: Vec::new(),
        }
    }

    /// Ends the work when it takes too long.
    pub(super) fn clock(&self) -> Clock {
        self.clock
    }

    /// Adds an entry to the folder or to the list of entries that were left out. `contents` is read only for a file.
    pub(super) fn put(
        &mut self,
        name: &Name,
        kind: Kind,
        contents: &mut impl Read,
    ) -> Result<(), Reason> {
        self.clock.check()?;
        let Some((last, above)) = name.parts.split_last() else {
            return match kind {
                Kind::Folder => Ok(()),
                _ => Err(Reason::Name {
                    entry: name.whole.clone(),
                    why: "is the folder's own",
                }),
            };
        };
        if let Kind::Link(why) | Kind::Other(why) = kind {
            return self.leave_out(name, kind, why);
        }
        if name.has_control_character() {
            return self.leave_out(name, kind, "a name with control characters");
        }

        let mut path = String::new();
        for part in above {
            path.push_str(part);
            self.make_folder(&path, name)?;
            path.push('/');
        }
        path.push_str(last);
        match kind {
            Kind::Folder => self.make_folder(&path, name),
            _ => self.make_file(&path, name, contents),
        }
    }

    fn leave_out(&mut self, name: &Name, kind: Kind, why: &'static str) -> Result<(), Reason> {
        self.count_entry()?;
        if let Kind::Link(_) = kind {
            let path = name.parts.join("/");
            self.take(&path, kind, name)?;
        }
        self.left_out.push(LeftOut {
            name: name.whole.clone(),
            why,
        });
        Ok(())
    }

    fn make_folder(&mut self, path: &str, name: &Name) -> Result<(), Reason> {
        if let Some(taken) = self.taken.get(&path.to_lowercase())
            && taken.by == Kind::Folder
            && taken.name == path
        {
            return Ok(());
        }
        self.take(path, Kind::Folder, name)?;
        self.count_entry()?;
        fs::create_dir(self.folder.join(path)).map_err(|error| not_written(error, name))
    }

    fn make_file(
        &mut self,
        path: &str,
        name: &Name,
        contents: &mut impl Read,
    ) -> Result<(), Reason> {
        self.take(path, Kind::File, name)?;
        self.count_entry()?;
        // Fails if the path exists, for example as a link. The file gets the mode of any new file.
        let mut file =
            File::create_new(self.folder.join(path)).map_err(|error| not_written(error, name))?;
        let mut buffer = [0; 16 << 10];
        loop {
            self.clock.check()?;
            let read = match contents.read(&mut buffer) {
                Ok(0) => return Ok(()),
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(not_read(error)),
            };
            self.bytes_left = self
                .bytes_left
                .checked_sub(read as u64)
                .ok_or(Reason::TooLarge(self.limits.bytes))?;
            file.write_all(&buffer[..read]).map_err(Reason::Write)?;
        }
    }

    /// Records which entry has a path. The path must be free.
    fn take(&mut self, path: &str, by: Kind, name: &Name) -> Result<(), Reason> {
        let taken = Taken {
            name: path.to_owned(),
            by,
        };
        let Some(earlier) = self.taken.insert(path.to_lowercase(), taken) else {
            return Ok(());
        };
        let entry = name.whole.clone();
        match earlier.by {
            Kind::Link(_) if by == Kind::Folder => Err(Reason::ThroughLink {
                entry,
                link: earlier.name,
            }),
            _ => Err(Reason::Duplicate {
                entry,
                earlier: earlier.name,
            }),
        }
    }

    fn count_entry(&mut self) -> Result<(), Reason> {
        self.entries_left = self
            .entries_left
            .checked_sub(1)
            .ok_or(Reason::TooMany(self.limits.entries))?;
        Ok(())
    }
}

/// Returns the reason why reading an archive failed. A system error means that the file could not be read; any other error
/// means that the archive is damaged.
pub(super) fn not_read(error: io::Error) -> Reason {
    // One of ours, passed on by an archive reader.
    match error.downcast::<Reason>() {
        Ok(reason) => reason,
        Err(error) if error.raw_os_error().is_some() => Reason::Read(error),
        Err(error) => Reason::Broken(error.to_string()),
    }
}

/// A file system can find duplicates that this module does not, such as two ways to write `é`.
fn not_written(error: io::Error, name: &Name) -> Reason {
    match error.kind() {
        io::ErrorKind::AlreadyExists => Reason::Duplicate {
            entry: name.whole.clone(),
            earlier: name.whole.clone(),
        },
        _ => Reason::Write(error),
    }
}
