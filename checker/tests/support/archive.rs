//! Writes archives that ordinary tools do not write.

use std::io::Write;

use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder};
use tar::EntryType;

/// A `.tar.gz`, entry after entry.
#[derive(Default)]
pub struct Tar {
    bytes: Vec<u8>,
}

impl Tar {
    pub fn file(self, name: &str, contents: &str) -> Self {
        self.entry(name, EntryType::Regular, 0o644, "", contents.as_bytes())
    }

    pub fn folder(self, name: &str) -> Self {
        self.entry(name, EntryType::Directory, 0o755, "", b"")
    }

    pub fn link(self, kind: EntryType, name: &str, to: &str) -> Self {
        self.entry(name, kind, 0o777, to, b"")
    }

    /// Adds an entry of any kind, with a name that `tar::Builder` would refuse.
    pub fn entry(
        mut self,
        name: &str,
        kind: EntryType,
        mode: u32,
        link: &str,
        contents: &[u8],
    ) -> Self {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(kind);
        header.set_mode(mode);
        header.set_size(contents.len() as u64);
        let old = header.as_old_mut();
        old.name[..name.len()].copy_from_slice(name.as_bytes());
        old.linkname[..link.len()].copy_from_slice(link.as_bytes());
        header.set_cksum();
        self.bytes.extend(header.as_bytes());
        self.bytes.extend(contents);
        let padding = self.bytes.len().next_multiple_of(512) - self.bytes.len();
        self.bytes.extend(std::iter::repeat_n(0, padding));
        self
    }

    /// Adds a header unchanged.
    pub fn raw(mut self, header: &[u8]) -> Self {
        self.bytes.extend(header);
        self
    }

    pub fn gzip(mut self) -> Vec<u8> {
        self.bytes.extend([0; 1024]);
        gzip(&self.bytes)
    }
}

pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A `.zip`, entry after entry.
#[derive(Default)]
pub struct Zip {
    entries: Vec<u8>,
    directory: Vec<u8>,
    count: u16,
}

/// The values in the headers of an entry.
pub struct Claims {
    /// The Unix mode: type and permissions.
    pub mode: u32,
    /// The general purpose flags.
    pub flags: u16,
    /// The number of the compression method.
    pub method: u16,
    /// The uncompressed size, or `None` for the true one.
    pub size: Option<u32>,
}

pub const FILE: Claims = Claims {
    mode: 0o100_644,
    flags: 0,
    method: 8,
    size: None,
};

impl Zip {
    pub fn file(self, name: &str, contents: &str) -> Self {
        self.entry(name.as_bytes(), FILE, contents.as_bytes())
    }

    pub fn entry(mut self, name: &[u8], claims: Claims, contents: &[u8]) -> Self {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(contents).unwrap();
        let data = match claims.method {
            0 => contents.to_vec(),
            _ => encoder.finish().unwrap(),
        };
        let mut crc = flate2::Crc::new();
        crc.update(contents);

        // The fields that both headers have.
        let mut common = Vec::new();
        common.extend(20_u16.to_le_bytes());
        common.extend(claims.flags.to_le_bytes());
        common.extend(claims.method.to_le_bytes());
        common.extend([0; 4]);
        common.extend(crc.sum().to_le_bytes());
        common.extend((data.len() as u32).to_le_bytes());
        common.extend(claims.size.unwrap_or(contents.len() as u32).to_le_bytes());
        common.extend((name.len() as u16).to_le_bytes());
        common.extend(0_u16.to_le_bytes());

        let offset = self.entries.len() as u32;
        self.entries.extend(b"PK\x03\x04");
        self.entries.extend(&common);
        self.entries.extend(name);
        self.entries.extend(data);
        // Made on Unix, so that the mode counts.
        self.directory.extend(b"PK\x01\x02\x14\x03");
        self.directory.extend(&common);
        self.directory.extend([0; 6]);
        self.directory.extend((claims.mode << 16).to_le_bytes());
        self.directory.extend(offset.to_le_bytes());
        self.directory.extend(name);
        self.count += 1;
        self
    }

    pub fn finish(self) -> Vec<u8> {
        let mut bytes = self.entries;
        let start = bytes.len() as u32;
        bytes.extend(&self.directory);
        bytes.extend(b"PK\x05\x06\0\0\0\0");
        bytes.extend(self.count.to_le_bytes());
        bytes.extend(self.count.to_le_bytes());
        bytes.extend((self.directory.len() as u32).to_le_bytes());
        bytes.extend(start.to_le_bytes());
        bytes.extend([0; 2]);
        bytes
    }
}
