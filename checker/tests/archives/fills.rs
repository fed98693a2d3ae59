//! Archives that would fill the disk or the memory.

use super::*;

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
