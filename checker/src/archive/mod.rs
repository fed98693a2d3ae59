//! Unpacks a submission's `.tar.gz`, `.tgz` or `.zip` safely into a new folder.
//!
//! An entry's *name* decides whether the whole archive is refused: `..`, an absolute path, a drive letter, a NUL, or two
//! entries that would be the same file. Ordinary tools do not write such names. Dropping only the entry would change the
//! submission.
//!
//! An entry's *kind* decides whether the entry is left out: only files and folders are unpacked. Links, devices and pipes
//! are listed in [`Unpacked::left_out`]. A stray link in a student's folder is no attack, and leaving it out is safe. But an
//! entry whose path goes through a link is an attack, and the archive is refused.
//!
//! Modes, owners and times are not taken from the archive. Unpacked files belong to the current user, are readable, and have
//! no special bits.

mod error;
mod limits;
mod name;
mod place;
mod tarball;
mod zipped;

use std::fs::{self, File, Permissions};
use std::io::{self, BufReader, Read, Seek};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

pub use error::{Error, Reason};
pub use limits::Limits;
pub(crate) use name::shown;
pub use place::LeftOut;

use place::Place;

use shared::files::private;

/// The result of unpacking.
#[derive(Debug)]
pub struct Unpacked {
    /// The entries that are neither files nor folders, in the archive's order. Entries that are always skipped (`target`,
    /// `.git`, `__MACOSX`) are not listed.
    pub left_out: Vec<LeftOut>,
}

/// Unpacks the archive into `folder`, which must not exist. The folder above it must exist.
///
/// The first bytes decide the kind of archive, not its name. At the end, `folder` is complete or does not exist, even if the
/// work is interrupted: entries are written to a temporary folder next to it, which is then renamed. An archive inside the
/// archive is an ordinary file.
///
/// # Errors
///
/// If the archive cannot be read, is of another kind, damaged or encrypted, has a name that is refused (see the
/// [module](self)), or exceeds the limits, or if `folder` exists or cannot be written.
pub fn unpack(archive: &Path, folder: &Path, limits: &Limits) -> Result<Unpacked, Error> {
    unpack_into(archive, folder, limits).map_err(|reason| Error::new(archive, reason))
}

fn unpack_into(archive: &Path, folder: &Path, limits: &Limits) -> Result<Unpacked, Reason> {
    // To open a pipe would wait until another process writes to it.
    if !fs::metadata(archive).map_err(Reason::Read)?.is_file() {
        return Err(Reason::OtherKind("a pipe, a socket or a device"));
    }
    let mut file = File::open(archive).map_err(Reason::Read)?;
    let kind = kind(&mut file).map_err(Reason::Read)?;
    // `exists` would return false for a broken link.
    if folder.symlink_metadata().is_ok() {
        return Err(Reason::FolderExists(folder.to_owned()));
    }

    let beside = match folder.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    // Removed at the end of the scope, with everything in it.
    let temporary = private()
        .prefix(".unpacking-")
        .permissions(Permissions::from_mode(0o700))
        .tempdir_in(beside)
        .map_err(Reason::Write)?;
    // An inner folder: only the owner can enter the outer one, but the unpacked folder gets ordinary permissions.
    let inside = temporary.path().join("submission");
    fs::create_dir(&inside).map_err(Reason::Write)?;

    let mut place = Place::new(inside.clone(), limits);
    let file = BufReader::new(file);
    match kind {
        Kind::Gzip => tarball::unpack(file, &mut place, limits)?,
        Kind::Zip => zipped::unpack(file, &mut place)?,
        Kind::Other(what) => return Err(Reason::OtherKind(what)),
    }
    fs::rename(&inside, folder).map_err(Reason::Write)?;
    Ok(Unpacked {
        left_out: place.left_out,
    })
}

enum Kind {
    Gzip,
    Zip,
    /// Another kind of file. The text says which.
    Other(&'static str),
}

/// Returns the kind of archive by its first bytes. The name is not reliable: people rename RAR archives to `.zip`.
fn kind(file: &mut File) -> io::Result<Kind> {
    let mut start = Vec::new();
    file.by_ref().take(512).read_to_end(&mut start)?;
    file.rewind()?;
    let kind = match start.as_slice() {
        [0x1f, 0x8b, ..] => Kind::Gzip,
        // The header of a file, or the end of an archive without entries.
        [b'P', b'K', 3, 4, ..] | [b'P', b'K', 5, 6, ..] => Kind::Zip,
        [] => Kind::Other("an empty file"),
        [b'R', b'a', b'r', b'!', ..] => Kind::Other("a RAR archive"),
        [b'7', b'z', 0xbc, 0xaf, ..] => Kind::Other("a 7z archive"),
        [b'B', b'Z', b'h', ..] => Kind::Other("compressed with bzip2"),
        [0xfd, b'7', b'z', b'X', b'Z', ..] => Kind::Other("compressed with xz"),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => Kind::Other("compressed with Zstandard"),
        _ if start.get(257..262) == Some(b"ustar") => {
            Kind::Other("a tar archive without compression")
        }
        _ => Kind::Other("neither a gzip nor a zip file"),
    };
    Ok(kind)
}
