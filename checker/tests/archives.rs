//! Tests `archive::unpack` with ordinary and hostile archives.

#[path = "support/archive.rs"]
mod archive;
#[path = "support/folder.rs"]
mod folder;

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

// Archives by ordinary tools.

#[test]
fn unpacks_what_a_tar_builder_has_packed_with_long_names_too() {
    let source = tempfile::tempdir().unwrap();
    let long = "a_module_with_a_long_name/".repeat(6);
    fs::create_dir_all(source.path().join(&long)).unwrap();
    fs::write(source.path().join(&long).join("mod.rs"), "// deep").unwrap();
    fs::write(source.path().join("Cargo.toml"), "[package]").unwrap();
    let mut builder = tar::Builder::new(Vec::new());
    builder
        .append_dir_all("2-concurrent", source.path())
        .unwrap();
    let bench = Bench::new(&gzip(&builder.into_inner().unwrap()));

    let (paths, left_out) = bench.accepts();

    assert_eq!(paths.len(), 9, "{paths:?}");
    assert_eq!(left_out, [""; 0]);
    let read =
        |path: &str| fs::read_to_string(bench.unpacked().join("2-concurrent").join(path)).unwrap();
    assert_eq!(read("Cargo.toml"), "[package]");
    assert_eq!(read(&(long + "mod.rs")), "// deep");
}

#[test]
fn unpacks_what_a_zip_writer_has_packed_stored_or_deflated() {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let stored = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    let deflated =
        SimpleFileOptions::default().compression_method(zip::CompressionMethod::Deflated);
    writer.add_directory("task/src", deflated).unwrap();
    writer.start_file("task/src/lib.rs", deflated).unwrap();
    writer
        .write_all("// naïve ".repeat(1000).as_bytes())
        .unwrap();
    writer.start_file("task/Cargo.toml", stored).unwrap();
    writer.write_all(b"[package]").unwrap();
    let bench = Bench::new(&writer.finish().unwrap().into_inner());

    let (paths, _) = bench.accepts();

    assert_eq!(
        paths,
        ["task/", "task/Cargo.toml", "task/src/", "task/src/lib.rs"]
    );
    let lib = fs::read_to_string(bench.unpacked().join("task/src/lib.rs")).unwrap();
    assert_eq!(lib, "// naïve ".repeat(1000));
}

#[test]
fn takes_names_that_begin_with_a_dot_and_backslashes_as_other_tools_do() {
    for bench in both(&[
        ("./src/lib.rs", ""),
        ("tests\\a.rs", ""),
        ("src//main.rs", ""),
    ]) {
        let (paths, _) = bench.accepts();
        assert_eq!(
            paths,
            ["src/", "src/lib.rs", "src/main.rs", "tests/", "tests/a.rs"]
        );
    }
}

/// Old tools on Windows and in a Latin-1 locale write such names.
#[test]
fn names_that_are_not_utf_8_stay_different() {
    let named = |name: &[u8]| {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(EntryType::Regular);
        header.set_size(0);
        header.as_old_mut().name[..name.len()].copy_from_slice(name);
        header.set_cksum();
        header
    };
    let names = [&b"notes-\xe9.txt"[..], b"notes-\xe8.txt"];
    let tar = names
        .iter()
        .fold(Tar::default(), |tar, name| tar.raw(named(name).as_bytes()));
    assert_eq!(
        Bench::new(&tar.gzip()).accepts().0,
        ["notes-è.txt", "notes-é.txt"]
    );
    let zip = names
        .iter()
        .fold(Zip::default(), |zip, name| zip.entry(name, FILE, b""));
    assert_eq!(Bench::new(&zip.finish()).accepts().0.len(), 2);
}

#[test]
fn leaves_an_archive_in_the_archive_as_it_is() {
    let inner = Tar::default().file("inner.txt", "").gzip();
    let tar = Tar::default().entry("inner.tar.gz", EntryType::Regular, 0o644, "", &inner);
    let bench = Bench::new(&tar.gzip());

    assert_eq!(bench.accepts().0, ["inner.tar.gz"]);
    assert_eq!(
        fs::read(bench.unpacked().join("inner.tar.gz")).unwrap(),
        inner
    );
}

#[test]
fn an_archive_without_entries_becomes_an_empty_folder() {
    for bench in both(&[]) {
        assert_eq!(bench.accepts().0, [""; 0]);
        assert!(bench.unpacked().is_dir());
    }
}

#[test]
fn the_header_that_git_archive_writes_is_no_file() {
    let comment = b"52 comment=0123456789012345678901234567890123456789\n";
    let tar = Tar::default().entry(
        "pax_global_header",
        EntryType::XGlobalHeader,
        0,
        "",
        comment,
    );

    let (paths, left_out) = Bench::new(&tar.file("a", "").gzip()).accepts();

    assert_eq!((paths, left_out), (vec!["a".to_owned()], Vec::new()));
}

// Paths out of the folder.

#[test]
fn refuses_a_name_with_two_dots() {
    assert_name_refused("../escaped.txt", "contains `..`");
    assert_name_refused("src/../../escaped.txt", "contains `..`");
    assert_name_refused("src/..", "contains `..`");
    // A backslash separates on Windows.
    assert_name_refused("..\\escaped.txt", "contains `..`");
    // Even in entries that are skipped, which are never written.
    assert_name_refused("target/../../escaped.txt", "contains `..`");
}

#[test]
fn refuses_an_absolute_path() {
    let elsewhere = tempfile::tempdir().unwrap();
    let path = elsewhere.path().join("escaped.txt");
    assert_name_refused(path.to_str().unwrap(), "is an absolute path");
    assert_name_refused("//escaped.txt", "is an absolute path");
    assert_eq!(paths(elsewhere.path()), [""; 0]);
}

#[test]
fn refuses_the_paths_that_are_absolute_on_windows() {
    assert_name_refused("C:\\escaped.txt", "contains a drive letter");
    assert_name_refused("c:escaped.txt", "contains a drive letter");
    assert_name_refused("src/C:/escaped.txt", "contains a drive letter");
    assert_name_refused("\\\\server\\share\\escaped.txt", "is an absolute path");
    assert_name_refused("\\\\?\\C:\\escaped.txt", "is an absolute path");
}

#[test]
fn refuses_a_name_with_a_nul() {
    let (reason, _) = Bench::new(&Zip::default().file("lib.rs\0.txt", "").finish()).refuses();
    assert!(
        matches!(
            reason,
            Reason::Name {
                why: "contains a NUL",
                ..
            }
        ),
        "{reason:?}"
    );

    // A name in a header ends at a NUL; a long name before the header need not.
    let long = Tar::default().entry(
        "././@LongLink",
        EntryType::GNULongName,
        0o644,
        "",
        b"lib.rs\0.txt\0",
    );
    let (reason, _) = Bench::new(&long.file("x", "").gzip()).refuses();
    assert!(
        matches!(
            reason,
            Reason::Name {
                why: "contains a NUL",
                ..
            }
        ),
        "{reason:?}"
    );
}

#[test]
fn refuses_a_name_that_is_too_long_or_too_deep_for_a_file_system() {
    let long = "a".repeat(256);
    let deep = "a/".repeat(33) + "b";
    for (name, expected) in [(long, "255 bytes"), (deep, "32 folders")] {
        let (reason, text) = Bench::new(&Zip::default().file(&name, "").finish()).refuses();
        assert!(matches!(reason, Reason::Name { .. }), "{reason:?}");
        assert!(text.contains(expected), "{text}");
        assert!(text.len() < 500, "{text}");
    }
}

#[test]
fn a_file_with_the_folders_own_name_is_refused() {
    assert_name_refused("./.", "is the folder's own");
}

#[test]
fn leaves_out_symbolic_links_and_names_them() {
    let zipped = Claims {
        mode: 0o120_777,
        ..FILE
    };
    let benches = [
        Bench::new(
            &Tar::default()
                .link(EntryType::Symlink, "etc", "/etc")
                .file("lib.rs", "")
                .gzip(),
        ),
        Bench::new(
            &Zip::default()
                .entry(b"etc", zipped, b"/etc")
                .file("lib.rs", "")
                .finish(),
        ),
    ];
    for bench in benches {
        let (paths, left_out) = bench.accepts();
        assert_eq!(paths, ["lib.rs"]);
        assert_eq!(left_out, ["etc"]);
    }
}

#[test]
fn leaves_out_hard_links_and_names_them() {
    let bench = Bench::new(
        &Tar::default()
            .link(EntryType::Link, "passwd", "/etc/passwd")
            .gzip(),
    );

    let (paths, left_out) = bench.accepts();

    assert_eq!(paths, [""; 0]);
    assert_eq!(left_out, ["passwd"]);
}

#[test]
fn refuses_an_entry_that_goes_through_a_link() {
    let zipped = Claims {
        mode: 0o120_777,
        ..FILE
    };
    let benches = [
        Bench::new(
            &Tar::default()
                .link(EntryType::Symlink, "src", "..")
                .file("src/escaped.txt", "")
                .gzip(),
        ),
        // On a system that ignores case, the path goes through this link.
        Bench::new(
            &Tar::default()
                .link(EntryType::Symlink, "src", "..")
                .file("SRC/deeper/escaped.txt", "")
                .gzip(),
        ),
        Bench::new(
            &Zip::default()
                .entry(b"src", zipped, b"..")
                .file("src/escaped.txt", "")
                .finish(),
        ),
    ];
    for bench in benches {
        let (reason, text) = bench.refuses();
        assert!(matches!(reason, Reason::ThroughLink { .. }), "{reason:?}");
        assert!(
            text.contains("escaped.txt") && text.contains("the link `src`"),
            "{text}"
        );
    }
}

#[test]
fn refuses_a_file_where_a_link_is_and_a_link_where_a_folder_is() {
    let file_over_link = Tar::default()
        .link(EntryType::Symlink, "lib.rs", "/tmp/escaped")
        .file("lib.rs", "");
    let link_over_folder = Tar::default()
        .folder("src")
        .link(EntryType::Symlink, "src", "..")
        .file("src/escaped.txt", "");
    for tar in [file_over_link, link_over_folder] {
        let (reason, _) = Bench::new(&tar.gzip()).refuses();
        assert!(matches!(reason, Reason::Duplicate { .. }), "{reason:?}");
    }
}

#[test]
fn leaves_out_devices_and_pipes_and_names_them() {
    let tar = Tar::default()
        .entry("null", EntryType::Char, 0o666, "", b"")
        .entry("disk", EntryType::Block, 0o666, "", b"")
        .entry("pipe", EntryType::Fifo, 0o666, "", b"")
        .entry("volume", EntryType::new(b'V'), 0o666, "", b"");
    let (paths, left_out) = Bench::new(&tar.gzip()).accepts();
    assert_eq!(paths, [""; 0]);
    assert_eq!(left_out, ["null", "disk", "pipe", "volume"]);

    let device = Claims {
        mode: 0o020_666,
        ..FILE
    };
    let (paths, left_out) =
        Bench::new(&Zip::default().entry(b"null", device, b"").finish()).accepts();
    assert_eq!(paths, [""; 0]);
    assert_eq!(left_out, ["null"]);
}

#[test]
fn leaves_out_names_with_control_characters_and_an_error_shows_them_harmlessly() {
    for bench in both(&[("Icon\r", ""), ("\x1b]0;title\x07", ""), ("lib.rs", "")]) {
        let (paths, left_out) = bench.accepts();
        assert_eq!(paths, ["lib.rs"]);
        assert_eq!(left_out, ["Icon\r", "\x1b]0;title\x07"]);
    }
    for bench in both(&[("../\x1b[2J", "")]) {
        let (_, text) = bench.refuses();
        assert!(text.contains("../\\u{1b}[2J"), "{text:?}");
    }
}

#[test]
fn a_link_that_leads_nowhere_in_the_folders_place_is_not_followed() {
    let bench = Bench::new(&Tar::default().file("lib.rs", "").gzip());
    let elsewhere = bench.folder.path().join("elsewhere");
    symlink(&elsewhere, bench.unpacked()).unwrap();

    let error = unpack(&bench.archive(), &bench.unpacked(), &bench.limits).unwrap_err();

    assert!(matches!(error.reason(), Reason::FolderExists(_)), "{error}");
    assert!(!elsewhere.exists());
}

// Archives that would fill the disk or the memory.

#[test]
fn refuses_more_bytes_than_the_limit_in_one_file_or_in_many() {
    let large = "a".repeat(1001);
    let half = "a".repeat(501);
    for files in [&[("a", large.as_str())][..], &[("a", &half), ("b", &half)]] {
        for mut bench in both(files) {
            bench.limits.bytes = 1001;
            if files.len() == 1 {
                bench.accepts();
                fs::remove_dir_all(bench.unpacked()).unwrap();
            }
            bench.limits.bytes = 1000;
            let (reason, text) = bench.refuses();
            assert!(matches!(reason, Reason::TooLarge(1000)), "{reason:?}");
            assert!(text.contains("1000 bytes"), "{text}");
        }
    }
}

#[test]
fn counts_the_bytes_that_come_out_and_not_those_that_the_header_claims() {
    let bomb = vec![0; 50 << 20];
    for size in [None, Some(10)] {
        let archive = Zip::default()
            .entry(b"bomb", Claims { size, ..FILE }, &bomb)
            .finish();
        assert!(archive.len() < 1 << 20);
        let mut bench = Bench::new(&archive);
        bench.limits.bytes = 1 << 20;

        let (reason, text) = bench.refuses();

        match size {
            None => assert!(text.contains("1 MiB"), "{text}"),
            // One of these is noticed first.
            Some(_) => assert!(
                matches!(reason, Reason::TooLarge(_) | Reason::Broken(_)),
                "{reason:?}"
            ),
        }
    }
}

#[test]
fn refuses_more_entries_than_the_limit_folders_on_the_way_and_those_left_out_too() {
    let links = Tar::default()
        .link(EntryType::Symlink, "a", "b")
        .link(EntryType::Symlink, "b", "c")
        .link(EntryType::Symlink, "c", "d");
    let folders = Tar::default().folder("a").folder("b").folder("c");
    let mut benches = vec![Bench::new(&links.gzip()), Bench::new(&folders.gzip())];
    benches.extend(both(&[("a", ""), ("b", ""), ("c", "")]));
    benches.extend(both(&[("a/b/c", "")]));
    for bench in &mut benches {
        bench.limits.entries = 3;
        bench.accepts();
        fs::remove_dir_all(bench.unpacked()).unwrap();
        bench.limits.entries = 2;
        let (reason, _) = bench.refuses();
        assert!(matches!(reason, Reason::TooMany(2)), "{reason:?}");
    }
}

#[test]
fn limits_what_it_uncompresses_to_skip_it() {
    let mut bench = Bench::new(
        &Tar::default()
            .file("target/bomb", &"\0".repeat(5 << 20))
            .gzip(),
    );
    bench.accepts();
    fs::remove_dir_all(bench.unpacked()).unwrap();
    bench.limits.stream = 4 << 20;

    let (reason, text) = bench.refuses();

    assert!(matches!(reason, Reason::TooLong(_)), "{reason:?}");
    assert!(text.contains("cargo clean"), "{text}");
}

#[test]
fn refuses_a_long_name_that_would_fill_the_memory() {
    let name = "a".repeat(20 << 20);
    let tar = Tar::default().entry(
        "././@LongLink",
        EntryType::GNULongName,
        0o644,
        "",
        name.as_bytes(),
    );

    let (reason, _) = Bench::new(&tar.file("x", "").gzip()).refuses();

    assert!(
        matches!(&reason, Reason::Broken(how) if how.contains("header")),
        "{reason:?}"
    );
}

/// Such names compress well: 1,500 of them fill 1.5 GB from an archive of 1.6 MB.
#[test]
fn refuses_a_name_that_is_longer_than_a_path_can_be_a_link_s_too() {
    let long = "./".repeat(100_000) + "x";
    for kind in [EntryType::Regular, EntryType::Symlink, EntryType::Link] {
        let tar = Tar::default()
            .entry(
                "././@LongLink",
                EntryType::GNULongName,
                0o644,
                "",
                long.as_bytes(),
            )
            .link(kind, "x", "");
        let (reason, text) = Bench::new(&tar.gzip()).refuses();
        assert!(
            matches!(reason, Reason::Name { why, .. } if why.contains("4096")),
            "{text}"
        );
    }
    // The target of a link is not stored.
    let tar = Tar::default()
        .entry(
            "././@LongLink",
            EntryType::GNULongLink,
            0o644,
            "",
            long.as_bytes(),
        )
        .link(EntryType::Symlink, "link", "");
    assert_eq!(Bench::new(&tar.gzip()).accepts().1, ["link"]);
    let bench = Bench::new(&Zip::default().file(&long[long.len() - 5001..], "").finish());
    let (reason, text) = bench.refuses();
    assert!(matches!(reason, Reason::Name { .. }), "{text}");
}

#[test]
fn gives_up_an_archive_that_takes_too_long() {
    for mut bench in both(&[("lib.rs", "")]) {
        bench.limits.time = Duration::ZERO;
        let (reason, text) = bench.refuses();
        assert!(matches!(reason, Reason::TooSlow(_)), "{reason:?}");
        assert!(text.contains("takes longer than 0 s"), "{text}");
    }
}

#[test]
fn refuses_a_list_of_files_that_would_fill_the_memory() {
    let mut zip = Zip::default();
    // Each name is as long as the format allows.
    for index in 0..300 {
        let name = format!("target/{index:065000}");
        zip = zip.file(&name, "");
    }

    let (reason, text) = Bench::new(&zip.finish()).refuses();

    assert!(matches!(reason, Reason::DirectoryTooLong(_)), "{reason:?}");
    assert!(text.contains("16 MiB"), "{text}");
}

/// A file that is one hole of 2^62 bytes.
fn sparse() -> Tar {
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(EntryType::GNUSparse);
    header.set_size(0);
    let gnu = header.as_gnu_mut().unwrap();
    gnu.name[..6].copy_from_slice(b"sparse");
    gnu.set_real_size(1 << 62);
    // One empty block at the end.
    gnu.sparse[0].set_offset(1 << 62);
    gnu.sparse[0].set_length(0);
    header.set_cksum();
    Tar::default().raw(header.as_bytes())
}

#[test]
fn a_sparse_file_that_claims_to_be_huge_is_left_out() {
    let (paths, left_out) = Bench::new(&sparse().file("lib.rs", "").gzip()).accepts();

    assert_eq!(paths, ["lib.rs"]);
    assert_eq!(left_out, ["sparse"]);
}

#[test]
fn a_sparse_file_that_claims_to_be_huge_makes_no_room_for_a_long_name() {
    let name = vec![b'a'; 20 << 20];
    let tar = sparse().entry("././@LongLink", EntryType::GNULongName, 0o644, "", &name);

    let (reason, _) = Bench::new(&tar.file("x", "").gzip()).refuses();

    assert!(
        matches!(&reason, Reason::Broken(how) if how.contains("header")),
        "{reason:?}"
    );
}

// Modes, and names that are the same on some systems.

#[test]
fn takes_no_mode_from_the_archive_neither_set_uid_nor_an_unreadable_folder() {
    let tar = Tar::default()
        .entry("locked/", EntryType::Directory, 0o000, "", b"")
        .entry("locked/su", EntryType::Regular, 0o6777, "", b"")
        .entry("secret", EntryType::Regular, 0o000, "", b"");
    let zip = Zip::default()
        .entry(
            b"locked/",
            Claims {
                mode: 0o040_000,
                ..FILE
            },
            b"",
        )
        .entry(
            b"locked/su",
            Claims {
                mode: 0o106_777,
                ..FILE
            },
            b"",
        )
        .entry(
            b"secret",
            Claims {
                mode: 0o100_000,
                ..FILE
            },
            b"",
        );
    for bench in [Bench::new(&tar.gzip()), Bench::new(&zip.finish())] {
        assert_eq!(bench.accepts().0, ["locked/", "locked/su", "secret"]);
        let mode = |path: &str| {
            let metadata = fs::metadata(bench.unpacked().join(path)).unwrap();
            metadata.permissions().mode() & 0o7777
        };
        for folder in ["", "locked"] {
            assert_eq!(mode(folder) & 0o7700, 0o700, "{folder}");
        }
        for file in ["locked/su", "secret"] {
            assert_eq!(mode(file) & 0o7700, 0o600, "{file}");
            assert_eq!(mode(file) & 0o111, 0, "{file}");
        }
    }
}

#[test]
fn refuses_two_names_that_differ_in_case() {
    for second in ["src/Lib.rs", "SRC/main.rs"] {
        for bench in both(&[("src/lib.rs", "a"), (second, "b")]) {
            let (reason, text) = bench.refuses();
            assert!(matches!(reason, Reason::Duplicate { .. }), "{reason:?}");
            assert!(text.contains(second), "{text}");
        }
    }
}

#[test]
fn refuses_two_entries_for_one_file_and_names_it() {
    for bench in both(&[
        ("a", "1"),
        ("src/lib.rs", "a"),
        ("b", "2"),
        ("src/lib.rs", "b"),
    ]) {
        let (reason, text) = bench.refuses();
        assert!(matches!(reason, Reason::Duplicate { .. }), "{reason:?}");
        assert!(text.contains("`src/lib.rs` is in it twice"), "{text}");
    }
}

#[test]
fn refuses_a_file_inside_a_file() {
    for files in [[("a", ""), ("a/b", "")], [("a/b", ""), ("a", "")]] {
        for bench in both(&files) {
            let (reason, _) = bench.refuses();
            assert!(matches!(reason, Reason::Duplicate { .. }), "{reason:?}");
        }
    }
}

#[test]
fn accepts_two_entries_for_one_folder() {
    let tar = Tar::default()
        .folder("src/")
        .file("src/lib.rs", "")
        .folder("src")
        .folder("./");
    assert_eq!(Bench::new(&tar.gzip()).accepts().0, ["src/", "src/lib.rs"]);
}

// Files that are always skipped.

#[test]
fn skips_and_does_not_count_what_cargo_git_and_macos_add() {
    let large = "a".repeat(10_000);
    let files = [
        ("task/target/debug/deps/a.rlib", large.as_str()),
        ("task/.git/objects/ab/cd", &large),
        ("__MACOSX/task/._lib.rs", &large),
        ("__MACOSX/Icon", &large),
        ("task/.DS_Store", &large),
        ("task/tests/._fetch.rs", &large),
        ("task/src/target/mod.rs", "// a module"),
    ];
    for mut bench in both(&files) {
        bench.limits.bytes = 100;
        bench.limits.entries = 4;
        let (paths, left_out) = bench.accepts();
        assert_eq!(
            paths,
            [
                "task/",
                "task/src/",
                "task/src/target/",
                "task/src/target/mod.rs"
            ]
        );
        assert_eq!(left_out, [""; 0]);
    }
}

#[test]
fn a_link_in_what_is_skipped_is_not_listed() {
    let tar = Tar::default().file("target/debug/deps/a", "").link(
        EntryType::Link,
        "target/debug/a",
        "target/debug/deps/a",
    );
    assert_eq!(Bench::new(&tar.gzip()).accepts(), (Vec::new(), Vec::new()));
}

// Damaged or encrypted archives, and other files.

#[test]
fn says_what_to_do_about_an_encrypted_archive() {
    let encrypted = Claims { flags: 1, ..FILE };
    let bench = Bench::new(&Zip::default().entry(b"lib.rs", encrypted, b"").finish());

    let (reason, text) = bench.refuses();

    assert!(matches!(reason, Reason::Encrypted(_)), "{reason:?}");
    assert!(
        text.contains("`lib.rs`") && text.contains("without a password"),
        "{text}"
    );
}

#[test]
fn says_what_to_do_about_a_compression_that_is_not_supported() {
    let deflate64 = Claims { method: 9, ..FILE };
    let bench = Bench::new(&Zip::default().entry(b"lib.rs", deflate64, b"").finish());

    let (reason, text) = bench.refuses();

    assert!(matches!(reason, Reason::Compression { .. }), "{reason:?}");
    assert!(
        text.contains("Deflate64") && text.contains("pack it again"),
        "{text}"
    );
}

#[test]
fn names_the_kind_of_a_file_that_is_not_supported() {
    let mut tar = vec![0; 257];
    tar.extend(b"ustar\0");
    for (bytes, expected) in [
        (&b"Rar!\x1a\x07\x01\0"[..], "a RAR archive"),
        (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
        (b"\xfd7zXZ\0", "xz"),
        (b"BZh91AY", "bzip2"),
        (b"\x28\xb5\x2f\xfd", "Zstandard"),
        (&tar, "without compression"),
        (b"", "an empty file"),
        (b"<!DOCTYPE html>", "neither a gzip nor a zip file"),
    ] {
        let (reason, text) = Bench::new(bytes).refuses();
        assert!(matches!(reason, Reason::OtherKind(_)), "{reason:?}");
        assert!(text.contains(expected) && text.contains("zip -r"), "{text}");
    }
}

#[test]
fn an_archive_cut_off_anywhere_leaves_nothing_behind() {
    let contents = "// some text that is not all the same 0123456789\n".repeat(3);
    let files = [
        ("src/lib.rs", contents.as_str()),
        ("Cargo.toml", "[package]"),
    ];
    for bench in both(&files) {
        bench.accepts();
        fs::remove_dir_all(bench.unpacked()).unwrap();
        let whole = fs::read(bench.archive()).unwrap();
        for length in 0..whole.len() {
            fs::write(bench.archive(), &whole[..length]).unwrap();
            let (reason, _) = bench.refuses();
            assert!(
                matches!(reason, Reason::Broken(_) | Reason::OtherKind(_)),
                "{length}: {reason:?}"
            );
        }
    }
}

#[test]
fn no_wrong_byte_anywhere_makes_it_panic_or_write_elsewhere() {
    for bench in both(&[("src/lib.rs", "// text"), ("Cargo.toml", "[package]")]) {
        let whole = fs::read(bench.archive()).unwrap();
        for (index, value) in
            (0..whole.len()).flat_map(|index| [0, 0x2f, 0xff].map(|value| (index, value)))
        {
            let mut wrong = whole.clone();
            wrong[index] = value;
            fs::write(bench.archive(), &wrong).unwrap();
            match unpack(&bench.archive(), &bench.unpacked(), &bench.limits) {
                Ok(_) => {
                    bench.assert_nothing_elsewhere(&["class/alice/"]);
                    fs::remove_dir_all(bench.unpacked()).unwrap();
                }
                Err(_) => bench.assert_nothing_elsewhere(&[]),
            }
        }
    }
}

#[test]
fn a_wrong_checksum_is_noticed() {
    let mut archive = Tar::default().file("lib.rs", "fn a() {}").gzip();
    let end = archive.len();
    // The last eight bytes are the checksum and the length.
    archive[end - 8] ^= 1;
    let (reason, _) = Bench::new(&archive).refuses();
    assert!(matches!(reason, Reason::Broken(_)), "{reason:?}");

    let mut archive = Zip::default()
        .entry(b"lib.rs", Claims { method: 0, ..FILE }, b"fn a() {}")
        .finish();
    let at = archive.windows(4).position(|four| four == b"fn a").unwrap();
    archive[at] = b'g';
    let (reason, _) = Bench::new(&archive).refuses();
    assert!(matches!(reason, Reason::Broken(_)), "{reason:?}");
}

// Faults of the machine.

#[test]
fn never_touches_a_folder_that_exists() {
    let bench = Bench::new(&Tar::default().file("lib.rs", "new").gzip());
    fs::create_dir(bench.unpacked()).unwrap();
    fs::write(bench.unpacked().join("lib.rs"), "old").unwrap();

    let error = unpack(&bench.archive(), &bench.unpacked(), &bench.limits).unwrap_err();

    assert!(matches!(error.reason(), Reason::FolderExists(_)), "{error}");
    assert_eq!(
        fs::read_to_string(bench.unpacked().join("lib.rs")).unwrap(),
        "old"
    );
    assert_eq!(
        paths(&bench.folder.path().join("class")),
        ["alice/", "alice/lib.rs"]
    );
}

#[test]
fn distinguishes_faults_of_the_archive_and_of_the_machine() {
    let problem = |archive: &Path, folder: &Path| {
        Problem::from(unpack(archive, folder, &Limits::default()).unwrap_err())
    };
    let bench = Bench::new(b"no archive");
    let theirs = problem(&bench.archive(), &bench.unpacked());
    assert_eq!(theirs.whose, Whose::YourCode);
    assert!(
        theirs.message.ends_with("neither a gzip nor a zip file"),
        "{theirs:?}"
    );
    assert!(theirs.help.starts_with("pack it again"), "{theirs:?}");

    let missing = bench.folder.path().join("missing");
    assert_eq!(
        problem(&missing, &bench.unpacked()).whose,
        Whose::YourMachine
    );
    let bench = Bench::new(&Tar::default().gzip());
    let nowhere = bench.folder.path().join("no/such/folder");
    assert_eq!(
        problem(&bench.archive(), &nowhere).whose,
        Whose::YourMachine
    );
}
