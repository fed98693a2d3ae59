//! Names, links and modes that a submission must not have.

use super::*;

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
