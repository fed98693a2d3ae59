//! The manifests of the tasks, of `shared` with its inner packages, and of `seed` inherit nothing from the workspace, and no
//! task depends on another: a folder that is copied out must build without the rest.

use rules::{TASKS, read, root};

#[test]
fn the_manifests_that_are_copied_inherit_nothing_and_no_task_depends_on_another() {
    let shared = [
        "shared",
        "shared/recorder",
        "shared/scope",
        "shared/temp-mariadb",
        "shared/testkit",
    ];
    for folder in TASKS.into_iter().chain(shared).chain(["seed"]) {
        let manifest = read(root().join(folder).join("Cargo.toml")).replace(' ', "");
        assert!(!manifest.contains("workspace=true"), "{folder}");
        for line in manifest.lines().filter(|line| line.contains("path=\"..")) {
            let is_shared = line.contains("path=\"../shared");
            let is_inside_shared = folder.starts_with("shared/");
            assert!(is_shared || is_inside_shared, "{folder}: {line}");
        }
    }
}

/// A package that is its own dev-dependency is compiled twice, and its types exist twice.
#[test]
fn no_package_is_its_own_dev_dependency() {
    for folder in [
        "shared",
        "shared/recorder",
        "shared/scope",
        "shared/temp-mariadb",
        "shared/testkit",
    ] {
        let manifest = read(root().join(folder).join("Cargo.toml")).replace(' ', "");
        assert!(!manifest.contains("path=\".\""), "{folder}");
    }
}
