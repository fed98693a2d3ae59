//! Tests `archive::unpack` with ordinary and hostile archives.

#[path = "../support/archive.rs"]
mod archive;
#[path = "../support/folder.rs"]
mod folder;

mod damaged;
mod fills;
mod names;
mod ordinary;

use std::fs;
use std::io::{Cursor, Write};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::time::Duration;

use checker::archive::{Limits, Reason, unpack};
use checker::outcome::{Problem, Whose};
use tar::EntryType;
use tempfile::TempDir;
use zip::write::SimpleFileOptions;

use archive::{Claims, FILE, Tar, Zip, gzip};
use folder::temporary_folder;

/// A folder with an archive in it, and the path to unpack it to.
struct Bench {
    folder: TempDir,
    limits: Limits,
}

impl Bench {
    fn new(archive: &[u8]) -> Self {
        let folder = temporary_folder();
        fs::write(folder.path().join("archive"), archive).unwrap();
        fs::create_dir(folder.path().join("class")).unwrap();
        Bench {
            folder,
            limits: Limits::default(),
        }
    }

    fn archive(&self) -> PathBuf {
        self.folder.path().join("archive")
    }

    fn unpacked(&self) -> PathBuf {
        self.folder.path().join("class/alice")
    }

    /// Unpacks an archive that must be accepted. Returns the unpacked paths and the names that were left out.
    fn accepts(&self) -> (Vec<String>, Vec<String>) {
        let unpacked = unpack(&self.archive(), &self.unpacked(), &self.limits).unwrap();
        self.assert_nothing_elsewhere(&["class/alice/"]);
        let left_out = unpacked
            .left_out
            .into_iter()
            .map(|left| left.name)
            .collect();
        (paths(&self.unpacked()), left_out)
    }

    /// Unpacks an archive that must be refused and leave no trace. Returns the reason and the error's text.
    fn refuses(&self) -> (Reason, String) {
        let error = unpack(&self.archive(), &self.unpacked(), &self.limits).unwrap_err();
        self.assert_nothing_elsewhere(&[]);
        let text = error.to_string();
        assert_eq!(text.lines().count(), 2, "{text}");
        assert!(text.lines().nth(1).unwrap().starts_with("help: "), "{text}");
        assert!(!text.contains('\x1b'), "{text:?}");
        (error.into_reason(), text)
    }

    /// Asserts that there is nothing but the archive, the class's folder, and files below it.
    fn assert_nothing_elsewhere(&self, below: &[&str]) {
        let mut elsewhere = paths(self.folder.path());
        elsewhere.retain(|path| {
            path != "archive"
                && path != "class/"
                && !below.iter().any(|below| path.starts_with(below))
        });
        assert_eq!(elsewhere, [""; 0]);
    }
}

/// Returns all paths below a folder, without following links. A folder's path ends with `/`.
fn paths(folder: &Path) -> Vec<String> {
    fn walk(folder: &Path, root: &Path, paths: &mut Vec<String>) {
        for entry in fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            let path = entry.path().strip_prefix(root).unwrap().to_owned();
            let path = path.to_str().unwrap().to_owned();
            if entry.file_type().unwrap().is_dir() {
                paths.push(path + "/");
                walk(&entry.path(), root, paths);
            } else {
                paths.push(path);
            }
        }
    }
    let mut paths = Vec::new();
    walk(folder, folder, &mut paths);
    paths.sort();
    paths
}

/// Packs the same files in both formats.
fn both(files: &[(&str, &str)]) -> [Bench; 2] {
    let tar = files.iter().fold(Tar::default(), |tar, (name, contents)| {
        tar.file(name, contents)
    });
    let zip = files.iter().fold(Zip::default(), |zip, (name, contents)| {
        zip.file(name, contents)
    });
    [Bench::new(&tar.gzip()), Bench::new(&zip.finish())]
}

/// Asserts that both formats refuse this name and show it.
#[track_caller]
fn assert_name_refused(name: &str, expected: &str) {
    for bench in both(&[("Cargo.toml", ""), (name, "escaped")]) {
        let (reason, text) = bench.refuses();
        let Reason::Name { entry, why } = reason else {
            panic!("{name:?}: {text}")
        };
        assert_eq!((entry.as_str(), why), (name, expected));
        assert!(text.contains(&name.escape_debug().to_string()), "{text}");
    }
}
