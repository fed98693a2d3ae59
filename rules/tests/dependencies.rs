//! Dependencies that a task must not compile. A newcomer's first command should compile what it runs and nothing else: two drivers take
//! half a minute to build.

use std::process::Command;

use rules::root;

/// Returns the packages that Cargo compiles for a package, without its tests.
fn tree(package: &str, edges: &str) -> String {
    let output = Command::new(env!("CARGO"))
        .args([
            "tree",
            "--offline",
            "--prefix",
            "none",
            "--edges",
            edges,
            "-p",
            package,
        ])
        .current_dir(root())
        .output()
        .unwrap();
    let tree = String::from_utf8(output.stdout).unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    tree
}

fn names(tree: &str) -> Vec<&str> {
    tree.lines()
        .filter_map(|line| line.split(' ').next())
        .collect()
}

#[test]
fn tasks_0_to_2_compile_neither_sqlx_nor_mysql_async_nor_other_runtimes() {
    for package in ["databaseconnection", "execute", "concurrent"] {
        let tree = tree(package, "normal,build");
        let names = names(&tree);
        assert!(names.contains(&"rusqlite"), "{tree}");
        for name in ["sqlx", "mysql_async", "async-std", "smol"] {
            assert!(!names.contains(&name), "{package} compiles {name}");
        }
    }
}

/// Not even for tests, and not optionally.
#[test]
fn shared_and_its_packages_depend_on_neither_sqlx_nor_mysql_async() {
    for package in ["shared", "recorder", "scope", "temp-mariadb", "testkit"] {
        let tree = tree(package, "normal,build,dev");
        let names = names(&tree);
        for name in ["sqlx", "mysql_async"] {
            assert!(!names.contains(&name), "{package} depends on {name}");
        }
    }
}

/// A user of one of them should not get the course with it.
#[test]
fn the_instruments_do_not_depend_on_shared() {
    for package in ["recorder", "scope", "temp-mariadb"] {
        let tree = tree(package, "normal,build,dev");
        assert!(!names(&tree).contains(&"shared"), "{tree}");
    }
}
