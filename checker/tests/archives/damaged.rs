//! Damaged and encrypted archives, other files, and faults of the machine.

use super::*;

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
