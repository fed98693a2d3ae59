//! The names of entries: which are paths inside the folder, which are refused, and which are passed over.

use super::error::Reason;

/// The longest path that Linux opens. What is longer is not even taken apart.
const LONGEST: usize = 4096;
/// As long as a name may be on the file systems that we know; and far deeper than a crate.
const LONGEST_PART: usize = 255;
const DEEPEST: usize = 32;

/// An entry's name, as the folders on the way and the last part; none for the folder itself (`./`).
#[derive(Debug)]
pub(super) struct Name {
    /// As the archive has it.
    pub(super) whole: String,
    pub(super) parts: Vec<String>,
}

impl Name {
    /// Takes a name apart. `\` separates as `/` does, on every system, so that an archive is judged the same on each
    /// (and PowerShell has packed that way). A name that is not UTF-8 is taken for Latin-1: every byte becomes a character,
    /// so that two names stay two.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, Reason> {
        if bytes.len() > LONGEST {
            return Err(Reason::Name {
                entry: String::from_utf8_lossy(&bytes[..LONGEST]).into_owned(),
                why: "is longer than 4096 bytes",
            });
        }
        let whole = match str::from_utf8(bytes) {
            Ok(name) => name.to_owned(),
            Err(_) => bytes.iter().map(|&byte| char::from(byte)).collect(),
        };
        let separators = ['/', '\\'];
        let parts: Vec<&str> = whole
            .split(separators)
            .filter(|part| !part.is_empty() && *part != ".")
            .collect();

        let why = if whole.contains('\0') {
            Some("contains a NUL")
        } else if whole.is_empty() {
            Some("is empty")
        } else if whole.starts_with(separators) {
            Some("is an absolute path")
        } else if parts.iter().any(|part| is_drive(part)) {
            Some("contains a drive's letter")
        } else if parts.contains(&"..") {
            Some("contains `..`")
        } else if parts.iter().any(|part| part.len() > LONGEST_PART) {
            Some("has a part of more than 255 bytes")
        } else if parts.len() > DEEPEST {
            Some("is more than 32 folders deep")
        } else {
            None
        };
        match why {
            Some(why) => Err(Reason::Name { entry: whole, why }),
            None => {
                let parts = parts.into_iter().map(str::to_owned).collect();
                Ok(Name { whole, parts })
            }
        }
    }

    /// Whether it is, or lies in, what nobody submits on purpose: what Cargo has built, Git's own files, and what macOS
    /// adds. (`._lib.rs` beside `lib.rs`: in `tests`, Cargo would take it for a test.)
    pub(super) fn is_passed_over(&self) -> bool {
        self.parts
            .iter()
            .enumerate()
            .any(|(index, part)| match part.as_str() {
                ".git" | "__MACOSX" | ".DS_Store" => true,
                // Below `src` it is a module of that name.
                "target" => !self.parts[..index].iter().any(|part| part == "src"),
                part => part.starts_with("._"),
            })
    }

    /// Whether it would make a mess of a terminal. `Icon\r` is such a name: macOS keeps a folder's picture in it.
    pub(super) fn has_control_character(&self) -> bool {
        self.whole.contains(char::is_control)
    }
}

/// `C:` alone, or `C:name`: to Windows the first is a drive, the second a file in that drive's current folder. `join`
/// would follow either, wherever in the path it stands.
fn is_drive(part: &str) -> bool {
    let mut chars = part.chars();
    chars.next().is_some_and(|c| c.is_ascii_alphabetic()) && chars.next() == Some(':')
}

/// A name for people to read: what is not printable is shown as Rust writes it in a string, and of a long one the
/// beginning.
pub(crate) fn shown(name: &str) -> String {
    const MOST: usize = 120;
    let mut shown: String = name
        .chars()
        .take(MOST)
        .flat_map(char::escape_debug)
        .collect();
    if name.chars().nth(MOST).is_some() {
        shown.push('…');
    }
    shown
}
