//! Whether a crate is the one that was looked at before.

use std::fs;
use std::io;
use std::path::Path;

use sha2::{Digest, Sha256};

/// What a crate's files come to: two of the same hold the same.
pub type Fingerprint = [u8; 32];

/// The fingerprint of a crate: of the names and contents of its files, without `target`, hidden ones and links.
///
/// # Errors
///
/// When something cannot be read.
pub fn fingerprint(folder: &Path) -> io::Result<Fingerprint> {
    let mut hash = Sha256::new();
    add(&mut hash, folder, "")?;
    Ok(hash.finalize().into())
}

fn add(hash: &mut Sha256, folder: &Path, below: &str) -> io::Result<()> {
    let mut entries = fs::read_dir(folder)?.collect::<io::Result<Vec<_>>>()?;
    entries.sort_by_key(|entry| entry.file_name());
    for entry in entries {
        let (name, kind) = (entry.file_name(), entry.file_type()?);
        let name = name.to_string_lossy();
        if name.starts_with('.') || name == "target" {
            continue;
        }
        let path = format!("{below}/{name}");
        if kind.is_dir() {
            add(hash, &entry.path(), &path)?;
        } else if kind.is_file() {
            let content = fs::read(entry.path())?;
            // The lengths keep one file's end apart from the next one's beginning.
            hash.update((path.len() as u64).to_le_bytes());
            hash.update(&path);
            hash.update((content.len() as u64).to_le_bytes());
            hash.update(&content);
        }
    }
    Ok(())
}
