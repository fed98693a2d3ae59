//! Unpacks a submission's `.tar.gz`, `.tgz` or `.zip` into a folder of its own, whoever packed it.
//!
//! An entry's *name* decides whether the archive is refused: `..`, an absolute path, a drive's letter, a NUL, two entries
//! that would be one file. No honest tool writes such names, and a submission of which a part was dropped would be
//! another submission.
//!
//! An entry's *kind* decides whether the entry is left out: only files and folders are unpacked. Links, devices and
//! pipes are left out and named in [`Unpacked::left_out`]: a stray link in a student's folder is no attack, and nothing
//! that is left out can harm. But an entry that goes through a link is refused, as that is an attack.
//!
//! Modes, owners and times are not taken from the archive: what is unpacked belongs to who unpacks it, can be read, and
//! has no bit that it should not have.

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

/// What came of unpacking.
#[derive(Debug)]
pub struct Unpacked {
    /// The entries that are neither files nor folders, in the archive's order. Folders that nobody submits on purpose
    /// (`target`, `.git`, `__MACOSX`) are not among them.
    pub left_out: Vec<LeftOut>,
}

/// Unpacks the archive into `folder`, which does not exist yet; the folder above it does.
///
/// What the archive is, its first bytes say, not its name. Whatever stops the work, `folder` is complete or not there:
/// the entries are written into a temporary folder beside it, which is renamed at the end. Archives inside the archive
/// are files like others.
///
/// # Errors
///
/// When the archive cannot be read, is of another kind, broken or encrypted, has a name that is refused (see the
/// [module](self)), or exceeds the limits; when `folder` exists or cannot be written.
pub fn unpack(archive: &Path, folder: &Path, limits: &Limits) -> Result<Unpacked, Error> {
    unpack_into(archive, folder, limits).map_err(|reason| Error::new(archive, reason))
}

fn unpack_into(archive: &Path, folder: &Path, limits: &Limits) -> Result<Unpacked, Reason> {
    let mut file = File::open(archive).map_err(Reason::Read)?;
    let kind = kind(&mut file).map_err(Reason::Read)?;
    // A link that leads nowhere is in the way, too.
    if folder.symlink_metadata().is_ok() {
        return Err(Reason::FolderExists(folder.to_owned()));
    }

    let beside = match folder.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    // Goes at the end of the scope, with whatever is still in it.
    let temporary = private()
        .prefix(".unpacking-")
        .permissions(Permissions::from_mode(0o700))
        .tempdir_in(beside)
        .map_err(Reason::Write)?;
    // A folder in the folder: the outer one is for its owner alone, and what we unpack is like any other folder.
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
    /// What it is instead.
    Other(&'static str),
}

/// The kind of archive, by its first bytes. A name says little: many a `.zip` is a RAR that somebody renamed.
fn kind(file: &mut File) -> io::Result<Kind> {
    let mut start = Vec::new();
    file.by_ref().take(512).read_to_end(&mut start)?;
    file.rewind()?;
    let kind = match start.as_slice() {
        [0x1f, 0x8b, ..] => Kind::Gzip,
        // A file's header; the end of an archive, for one without entries.
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
