//! How much an archive may hold.

/// How much an archive may hold. What is counted is what comes out of it, while it comes out: the sizes that its headers
/// claim are not believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// How many bytes may be written in all; default 100 MiB. The sources of all four tasks take less than one.
    pub bytes: u64,
    /// How many entries there may be, and folders on the way to them; default 10 000. What lies in `target`, `.git` or
    /// `__MACOSX` does not count.
    pub entries: u64,
    /// How many bytes of a `.tar.gz` may be read past, uncompressed; default 8 GiB. It is a stream: to get past a
    /// `target` of gigabytes, all of it must be uncompressed.
    pub stream: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            bytes: 100 << 20,
            entries: 10_000,
            stream: 8 << 30,
        }
    }
}

/// A number of bytes as people say it.
pub(super) fn size(bytes: u64) -> String {
    let units = [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB"), (1, "bytes")];
    let whole = units
        .into_iter()
        .find(|(unit, _)| bytes >= *unit && bytes.is_multiple_of(*unit));
    let (unit, name) = whole.unwrap_or((1, "bytes"));
    format!("{} {name}", bytes / unit)
}
