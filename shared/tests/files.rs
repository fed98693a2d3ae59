//! Folders that only their owner may enter, and files that are written whole.
#![cfg(all(feature = "files", unix))]

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;

use shared::files::{draft, private_folder, write_whole};

fn mode(path: &Path) -> u32 {
    fs::symlink_metadata(path).unwrap().permissions().mode() & 0o777
}

fn entries(folder: &Path) -> usize {
    fs::read_dir(folder).unwrap().count()
}

#[test]
fn a_private_folder_and_a_whole_file_have_the_permissions_that_they_should_have_under_any_umask() {
    for umask in ["000", "022", "077"] {
        let status = Command::new("/bin/sh")
            .args([
                "-c",
                "umask \"$1\" && exec \"$2\" --exact makes_a_folder_and_a_file --ignored",
                "sh",
                umask,
            ])
            .arg(std::env::current_exe().unwrap())
            .status();
        assert!(status.unwrap().success(), "{umask}");
    }
}

/// Not a test: the part that runs under another umask.
#[test]
#[ignore = "a program that a test starts"]
fn makes_a_folder_and_a_file() {
    let folder = private_folder().unwrap();
    assert_eq!(mode(folder.path()), 0o700);
    let [whole, usual] = ["whole", "usual"].map(|name| folder.path().join(name));
    write_whole(&whole, b"whole").unwrap();
    fs::write(&usual, "usual").unwrap();
    assert_eq!(mode(&whole), mode(&usual));
}

#[test]
fn a_link_is_replaced_and_what_it_leads_to_is_left_alone() {
    let folder = private_folder().unwrap();
    let [link, target] = ["link", "target"].map(|name| folder.path().join(name));
    symlink("target", &link).unwrap();
    write_whole(&link, b"one").unwrap();
    assert!(!target.exists(), "the link led nowhere");
    fs::remove_file(&link).unwrap();
    fs::write(&target, "precious").unwrap();
    symlink("target", &link).unwrap();
    write_whole(&link, b"two").unwrap();
    assert_eq!(fs::read_to_string(&link).unwrap(), "two");
    assert_eq!(fs::read_to_string(&target).unwrap(), "precious");
    assert_eq!(entries(folder.path()), 2);
}

#[test]
fn what_is_not_a_file_is_not_replaced_and_a_draft_leaves_nothing() {
    let folder = private_folder().unwrap();
    fs::create_dir(folder.path().join("folder")).unwrap();
    write_whole(&folder.path().join("folder"), b"").unwrap_err();
    draft(Path::new("/dev/null")).unwrap_err();
    draft(&folder.path().join("missing/file")).unwrap_err();
    let file = folder.path().join("file");
    drop(draft(&file).unwrap());
    assert_eq!(entries(folder.path()), 1);
}

/// A new database is made beside its place, and put there only if nothing is there: a link that leads nowhere is something.
#[test]
#[cfg(feature = "sqlite")]
fn a_sample_database_is_not_created_through_a_link() {
    let folder = private_folder().unwrap();
    let [link, target] = ["users.db", "target"].map(|name| folder.path().join(name));
    symlink("target", &link).unwrap();
    let created = shared::sqlite::create_sample(&link);
    assert!(!created.is_ok_and(|created| created));
    assert!(!target.exists() && link.is_symlink());
    assert_eq!(entries(folder.path()), 1);
}
