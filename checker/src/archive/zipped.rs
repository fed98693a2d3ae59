//! `.zip`

use std::cell::Cell;
use std::collections::HashSet;
use std::io::{self, Read, Seek, SeekFrom};
use std::rc::Rc;

use zip::CompressionMethod;
use zip::ZipArchive;
use zip::read::{ArchiveOffset, Config};
use zip::result::ZipError;

use super::error::Reason;
use super::limits::Clock;
use super::name::Name;
use super::place::{Kind, Place, not_read};

/// The maximum length of the list of entries, in bytes. The crate `zip` keeps the list in memory. This is enough for a
/// hundred thousand entries.
const LONGEST_DIRECTORY: u64 = 16 << 20;

// The file's type in a Unix mode.
const TYPE: u32 = 0o170_000;
const FOLDER: u32 = 0o040_000;
const FILE: u32 = 0o100_000;
const LINK: u32 = 0o120_000;

/// Unpacks all entries.
pub(super) fn unpack(file: impl Read + Seek, place: &mut Place) -> Result<(), Reason> {
    let may_read = Rc::new(Cell::new(LONGEST_DIRECTORY));
    let file = Metered {
        file,
        may_read: may_read.clone(),
        clock: place.clock(),
    };
    // It begins with an entry, so there is no program before it to skip.
    let config = Config {
        archive_offset: ArchiveOffset::Known(0),
    };
    let mut archive = ZipArchive::with_config(config, file).map_err(not_unzipped)?;
    // If two entries have the same name, this crate keeps one, but another program may keep the other.
    if archive.has_duplicate_names() {
        let directory = archive.central_directory_start();
        let entry = duplicate(archive.into_inner(), directory).map_err(not_read)?;
        return Err(Reason::Duplicate {
            earlier: entry.clone(),
            entry,
        });
    }
    may_read.set(u64::MAX);
    for index in 0..archive.len() {
        unpack_entry(&mut archive, index, place)?;
    }
    Ok(())
}

fn unpack_entry(
    archive: &mut ZipArchive<impl Read + Seek>,
    index: usize,
    place: &mut Place,
) -> Result<(), Reason> {
    let entry = archive.by_index_data(index).map_err(not_unzipped)?;
    // A name that is not UTF-8 comes from an old system.
    let text = entry.name().map_err(not_unzipped)?;
    let kind = match entry.unix_mode().map_or(0, |mode| mode & TYPE) {
        LINK => Kind::Link("a symbolic link"),
        FOLDER => Kind::Folder,
        0 | FILE if text.ends_with(['/', '\\']) => Kind::Folder,
        0 | FILE => Kind::File,
        _ => Kind::Other("neither a file nor a folder"),
    };
    let name = Name::parse(text.as_bytes())?;
    if name.is_passed_over() {
        return Ok(());
    }
    if kind != Kind::File {
        return place.put(&name, kind, &mut io::empty());
    }
    if entry.encrypted() {
        return Err(Reason::Encrypted(name.whole));
    }
    if let Some(method) = unsupported(entry.compression()) {
        return Err(Reason::Compression {
            entry: name.whole,
            method,
        });
    }
    let mut contents = archive.by_index(index).map_err(not_unzipped)?;
    place.put(&name, kind, &mut contents)
}

/// Returns the name of a compression method that is not supported.
fn unsupported(method: CompressionMethod) -> Option<&'static str> {
    match method {
        CompressionMethod::Stored | CompressionMethod::Deflated => None,
        // Windows uses it for files above 2 GiB.
        CompressionMethod::DEFLATE64 => Some("Deflate64"),
        CompressionMethod::BZIP2 => Some("bzip2"),
        CompressionMethod::LZMA => Some("LZMA"),
        CompressionMethod::ZSTD => Some("Zstandard"),
        CompressionMethod::XZ => Some("xz"),
        _ => Some("an uncommon method"),
    }
}

/// Returns the first name that occurs twice in the list of entries.
fn duplicate(mut file: impl Read + Seek, directory: u64) -> io::Result<String> {
    let mut names = HashSet::new();
    file.seek(SeekFrom::Start(directory))?;
    loop {
        let mut header = [0; 46];
        file.read_exact(&mut header)?;
        let length = |at: usize| u16::from_le_bytes([header[at], header[at + 1]]);
        let mut name = vec![0; length(28).into()];
        file.read_exact(&mut name)?;
        file.seek_relative(i64::from(length(30)) + i64::from(length(32)))?;
        if let Some(name) = names.replace(name) {
            return Ok(String::from_utf8_lossy(&name).into_owned());
        }
    }
}

fn not_unzipped(error: ZipError) -> Reason {
    match error {
        ZipError::Io(error) => not_read(error),
        error => Reason::Broken(error.to_string()),
    }
}

/// A file that can be read only up to a limit.
struct Metered<R> {
    file: R,
    may_read: Rc<Cell<u64>>,
    clock: Clock,
}

impl<R: Read> Read for Metered<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.clock.check().map_err(io::Error::other)?;
        let read = self.file.read(buffer)?;
        match self.may_read.get().checked_sub(read as u64) {
            Some(left) => self.may_read.set(left),
            None => {
                return Err(io::Error::other(Reason::DirectoryTooLong(
                    LONGEST_DIRECTORY,
                )));
            }
        }
        Ok(read)
    }
}

impl<R: Seek> Seek for Metered<R> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.file.seek(to)
    }
}
