//! `.tar.gz`

use std::cell::Cell;
use std::io::{self, BufRead, Read};
use std::rc::Rc;

use flate2::bufread::MultiGzDecoder;
use tar::EntryType;

use super::error::Reason;
use super::limits::{Clock, Limits};
use super::name::Name;
use super::place::{Kind, Place, not_read};

/// The maximum length of everything before an entry's content: its header, and before that a long name or extended
/// attributes. The crate `tar` reads these into memory, however long they are. Ordinary ones are much shorter.
const LONGEST_HEADERS: u64 = 256 << 10;

/// Unpacks all entries and verifies the checksum at the end.
pub(super) fn unpack(file: impl BufRead, place: &mut Place, limits: &Limits) -> Result<(), Reason> {
    let may_read_to = Rc::new(Cell::new(LONGEST_HEADERS));
    let mut archive = tar::Archive::new(Stream {
        uncompressed: MultiGzDecoder::new(file),
        position: 0,
        may_read_to: may_read_to.clone(),
        longest: limits.stream,
        clock: place.clock(),
    });
    for entry in archive.entries().map_err(not_read)? {
        let mut entry = entry.map_err(not_read)?;
        let kind = entry.header().entry_type();
        // The entry's length in the archive. A sparse file can claim any length; its header has the stored one.
        let size = match kind {
            EntryType::GNUSparse => entry.header().entry_size().map_err(not_read)?,
            _ => entry.size(),
        };
        may_read_to.set(
            entry
                .raw_file_position()
                .saturating_add(size)
                .saturating_add(LONGEST_HEADERS),
        );
        let bytes = entry.path_bytes().into_owned();
        let kind = match kind {
            // A header for the whole archive; `git archive` writes one.
            EntryType::XGlobalHeader => continue,
            EntryType::Directory => Kind::Folder,
            // The oldest tar format marks folders only by a slash at the end.
            EntryType::Regular | EntryType::Continuous if bytes.ends_with(b"/") => Kind::Folder,
            EntryType::Regular | EntryType::Continuous => Kind::File,
            EntryType::Symlink => Kind::Link("a symbolic link"),
            EntryType::Link => Kind::Link("a hard link"),
            EntryType::Char | EntryType::Block => Kind::Other("a device"),
            EntryType::Fifo => Kind::Other("a pipe"),
            EntryType::GNUSparse => Kind::Other("a sparse file"),
            _ => Kind::Other("neither a file nor a folder"),
        };
        let name = Name::parse(&bytes)?;
        if !name.is_passed_over() {
            place.put(&name, kind, &mut entry)?;
        }
    }

    // `tar` stops at the end of the entries. The checksum is at the end of the file.
    may_read_to.set(u64::MAX);
    io::copy(&mut archive.into_inner(), &mut io::sink()).map_err(not_read)?;
    Ok(())
}

/// The uncompressed archive, which may be read up to a limit that grows with each entry.
struct Stream<R> {
    uncompressed: MultiGzDecoder<R>,
    position: u64,
    may_read_to: Rc<Cell<u64>>,
    longest: u64,
    clock: Clock,
}

impl<R: BufRead> Read for Stream<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.clock.check().map_err(io::Error::other)?;
        if self.position >= self.may_read_to.get() {
            return Err(io::Error::other(Reason::Broken(
                "a header without end".to_owned(),
            )));
        }
        let read = self.uncompressed.read(buffer)?;
        self.position += read as u64;
        if self.position > self.longest {
            return Err(io::Error::other(Reason::TooLong(self.longest)));
        }
        Ok(read)
    }
}
