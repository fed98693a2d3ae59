//! Folders that only their owner may enter, and a sample database that is not created through a link.
#![cfg(all(feature = "files", unix))]

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::process::Command;

use shared::files::private_folder;

#[test]
fn a_private_folder_is_private_under_any_umask() {
    for umask in ["000", "022", "077"] {
        let status = Command::new("/bin/sh")
            .args([
                "-c",
                "umask \"$1\" && exec \"$2\" --exact makes_a_folder --ignored",
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
fn makes_a_folder() {
    let folder = private_folder().unwrap();
    let mode = fs::metadata(folder.path()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
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
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}
