//! Archives by ordinary tools, and the files that are always skipped.

use super::*;

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
