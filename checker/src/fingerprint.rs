//! Detects whether a crate has changed since its last verdict.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use sha2::{Digest, Sha256};

/// A hash of a crate's files. Crates with the same fingerprint have the same files.
pub type Fingerprint = [u8; 32];

/// Cargo puts a file with this name into its target folder.
const CACHE_TAG: &str = "CACHEDIR.TAG";

/// Returns the fingerprint of a crate: the names and contents of all files in its folder, and of the manifests in the folders
/// above, from which it can inherit. Cargo's `target` and Git's `.git` are left out. For a link, its target path counts,
/// because a full sandbox does not follow it.
///
/// # Errors
///
/// If a file or folder cannot be read.
pub fn fingerprint(folder: &Path) -> io::Result<Fingerprint> {
    let mut hash = Sha256::new();
    hash.update(manifests(folder)?);
    add(&mut hash, folder, "")?;
    Ok(hash.finalize().into())
}

/// Returns a hash of everything that decides how Cargo reads the manifest in a folder: the manifest, the manifests in the
/// folders above, and the names of the files that Cargo looks for.
///
/// # Errors
///
/// If a manifest cannot be read.
pub fn manifests(folder: &Path) -> io::Result<Fingerprint> {
    let mut hash = Sha256::new();
    for (distance, folder) in folder.canonicalize()?.ancestors().enumerate() {
        let manifest = folder.join("Cargo.toml");
        if manifest.is_file() {
            add_text(&mut hash, &distance.to_le_bytes());
            add_text(&mut hash, &fs::read(manifest)?);
        }
    }
    for name in [
        "src/lib.rs",
        "build.rs",
        "README.md",
        "README.txt",
        "README",
    ] {
        hash.update([folder.join(name).exists().into()]);
    }
    Ok(hash.finalize().into())
}

fn add(hash: &mut Sha256, folder: &Path, below: &str) -> io::Result<()> {
    let mut entries = fs::read_dir(folder)?.collect::<io::Result<Vec<_>>>()?;
    entries.sort_by_key(|entry| entry.file_name());
    for entry in entries {
        let (name, kind, path) = (entry.file_name(), entry.file_type()?, entry.path());
        let is_cargos = name == "target" && path.join(CACHE_TAG).is_file();
        // Only at the root: `src/target/mod.rs` is code.
        if below.is_empty() && kind.is_dir() && (is_cargos || name == ".git") {
            continue;
        }
        let below = format!("{below}/{}", name.to_string_lossy());
        if kind.is_dir() {
            add(hash, &path, &below)?;
        } else if kind.is_symlink() {
            add_text(hash, below.as_bytes());
            add_text(hash, fs::read_link(&path)?.as_os_str().as_encoded_bytes());
        } else if kind.is_file() {
            add_text(hash, below.as_bytes());
            let mut file = File::open(&path)?;
            hash.update(file.metadata()?.len().to_le_bytes());
            io::copy(&mut file, hash)?;
        }
    }
    Ok(())
}

/// Adds a text with its length, so that the boundary to the next text is part of the hash.
fn add_text(hash: &mut Sha256, text: &[u8]) {
    hash.update((text.len() as u64).to_le_bytes());
    hash.update(text);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns whether the fingerprint changes with the content of a file.
    fn depends_on(file: &str) -> bool {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("Cargo.toml"), "").unwrap();
        let file = folder.path().join(file);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        let of = |text: &str| {
            fs::write(&file, text).unwrap();
            fingerprint(folder.path()).unwrap()
        };
        of("before") != of("after")
    }

    #[test]
    fn depends_on_every_file_that_can_be_compiled() {
        for file in [
            "src/lib.rs",
            "src/target/mod.rs",
            "src/.hidden.rs",
            "src/.hidden/mod.rs",
            ".hidden.sql",
            "target/made_by_hand.rs",
            "src/.git/mod.rs",
            "README.md",
        ] {
            assert!(depends_on(file), "{file}");
        }
        assert!(!depends_on(".git/index"));
    }

    #[test]
    fn does_not_depend_on_what_cargo_has_built() {
        let folder = tempfile::tempdir().unwrap();
        let before = fingerprint(folder.path()).unwrap();
        fs::create_dir(folder.path().join("target")).unwrap();
        fs::write(folder.path().join("target").join(CACHE_TAG), "").unwrap();
        assert_eq!(fingerprint(folder.path()).unwrap(), before);
    }

    #[test]
    fn depends_on_the_manifest_of_the_workspace_above() {
        let folder = tempfile::tempdir().unwrap();
        let below = folder.path().join("below");
        fs::create_dir(&below).unwrap();
        let before = fingerprint(&below).unwrap();
        fs::write(folder.path().join("Cargo.toml"), "[workspace]").unwrap();
        assert_ne!(fingerprint(&below).unwrap(), before);
    }
}
