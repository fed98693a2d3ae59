//! Parses the names of entries, and decides which are refused and which are skipped.

use super::error::Reason;

/// The longest path that Linux opens. Longer names are refused before they are parsed.
const LONGEST: usize = 4096;
/// The longest name on common file systems, and a depth that no crate needs.
const LONGEST_PART: usize = 255;
const DEEPEST: usize = 32;

/// An entry's name, split into folders and a last part. The folder itself (`./`) has no parts.
#[derive(Debug)]
pub(super) struct Name {
    /// The name in the archive.
    pub(super) whole: String,
    pub(super) parts: Vec<String>,
}

impl Name {
    /// Parses a name. On every system, `\` separates like `/`, so that the result is the same everywhere; old versions of
    /// PowerShell write `\`. A name that is not UTF-8 is read as Latin-1: every byte becomes a character, so that two
    /// different names stay different.
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
            Some("contains a drive letter")
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

    /// Returns whether to skip the entry: Cargo's build output, Git's files, and files that macOS adds. (macOS adds
    /// `._lib.rs` next to `lib.rs`; in `tests`, Cargo would compile it as a test.)
    pub(super) fn is_passed_over(&self) -> bool {
        self.parts
            .iter()
            .enumerate()
            .any(|(index, part)| match part.as_str() {
                ".git" | "__MACOSX" | ".DS_Store" => true,
                // Below `src` it is a module with that name.
                "target" => !self.parts[..index].iter().any(|part| part == "src"),
                part => part.starts_with("._"),
            })
    }

    /// Returns whether it has control characters. One such name is `Icon\r`, in which macOS stores a folder's icon.
    pub(super) fn has_control_character(&self) -> bool {
        self.whole.contains(char::is_control)
    }
}

/// Returns whether it is `C:` or `C:name`. On Windows the first is a drive, the second a file in that drive's current
/// folder, and `join` would follow either one anywhere in a path.
fn is_drive(part: &str) -> bool {
    let mut chars = part.chars();
    chars.next().is_some_and(|c| c.is_ascii_alphabetic()) && chars.next() == Some(':')
}

/// Returns a name for people to read: the beginning of a long name, with unprintable characters escaped as in a Rust string.
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
