//! Unusual but legal manifests: `checker` and plain `cargo test` come to the same verdict.

use std::fs;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use checker::judge::Judge;
use checker::outcome::Whose;
use checker::reference::Reference;
use checker::sandbox::Sandbox;
use checker::start::start;
use checker::task::TASKS;
use tempfile::TempDir;

static REFERENCE: LazyLock<Reference> = LazyLock::new(|| Reference::build(TASKS[0]).unwrap());

#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    Passed,
    DoesNotCompile,
}

use Verdict::{DoesNotCompile, Passed};

/// The reference solution, in a folder of its own, with `more` code.
struct Submission {
    _parent: TempDir,
    folder: PathBuf,
}

impl Submission {
    fn new(more: &str) -> Submission {
        let parent = tempfile::tempdir().unwrap();
        let folder = start(TASKS[0], parent.path()).unwrap();
        let solution = fs::read_to_string(TASKS[0].path().join("src/lib.rs")).unwrap();
        // In the editions before 2024 a temporary of the last expression outlives the variables.
        let (last, first) = (
            "    read_users(&mut statement.query([])?)",
            "    let users = read_users(&mut statement.query([])?);\n    users",
        );
        assert!(solution.contains(last));
        let folder = Submission {
            _parent: parent,
            folder,
        };
        folder.write("src/lib.rs", &(solution.replace(last, first) + more));
        folder
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    fn write(&self, name: &str, text: &str) {
        fs::create_dir_all(self.path(name).parent().unwrap()).unwrap();
        fs::write(self.path(name), text).unwrap();
    }

    /// Replaces a part of the manifest.
    fn with(self, old: &str, new: &str) -> Submission {
        let manifest = self.read("Cargo.toml");
        assert!(manifest.contains(old), "{manifest}");
        self.write("Cargo.toml", &manifest.replacen(old, new, 1));
        self
    }

    /// Adds lines to a table of the manifest, which is made if it is missing.
    fn adding(self, table: &str, lines: &str) -> Submission {
        let (manifest, table) = (self.read("Cargo.toml"), format!("[{table}]\n"));
        if manifest.contains(&table) {
            return self.with(&table, &format!("{table}{lines}\n"));
        }
        self.write("Cargo.toml", &format!("{manifest}\n{table}{lines}\n"));
        self
    }

    #[track_caller]
    fn expect(&self, expected: Verdict) {
        let (by_cargo, output) = self.by_cargo();
        assert_eq!(by_cargo, expected, "by cargo test: {output}");
        let (by_checker, output) = self.by_checker();
        assert_eq!(by_checker, expected, "by checker: {output}");
    }

    fn by_cargo(&self) -> (Verdict, String) {
        let mut command = Command::new(env!("CARGO"));
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("CARGO_PKG_") {
                command.env_remove(name);
            }
        }
        let output = command
            .args(["test", "--offline", "--test=checks"])
            .env_remove("CARGO_MANIFEST_DIR")
            // Always the same, so that Cargo builds the libraries once.
            .env(
                "CARGO_TARGET_DIR",
                Path::new(env!("CARGO_TARGET_TMPDIR")).join("manifests"),
            )
            .current_dir(&self.folder)
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        let verdict = match output.status.success() {
            true => Passed,
            false if text.contains("could not compile `databaseconnection` (lib)") => {
                DoesNotCompile
            }
            false => panic!("{text}"),
        };
        (verdict, text)
    }

    /// As grading does it.
    fn by_checker(&self) -> (Verdict, String) {
        let judge = Judge {
            sandbox: checker::bubblewrap::find()
                .map_or(Sandbox::None, |bwrap| Sandbox::Full { bwrap }),
            with_extras: false,
            at_once: NonZero::new(2).unwrap(),
            is_quick: true,
            stays: None,
        };
        let task = judge.judge(&REFERENCE, &self.folder, &|_, _| {});
        let text = format!("{task:#?}");
        let verdict = match &task.problem {
            None if task.is_passed() => Passed,
            Some(problem)
                if problem.whose == Whose::YourCode && problem.message == "it does not compile" =>
            {
                DoesNotCompile
            }
            _ => panic!("{text}"),
        };
        (verdict, text)
    }
}

/// Code that compiles where this holds.
fn asserting(condition: &str) -> String {
    format!("\nconst _: () = assert!({condition});\n")
}

/// Code that compiles where a variable has this value.
fn variable(name: &str, value: &str) -> String {
    asserting(&format!(
        "matches!(env!(\"{name}\").as_bytes(), b\"{value}\")"
    ))
}

#[test]
fn every_variable_of_the_package_has_its_value() {
    let all = [
        ("AUTHORS", "Ada:Bob <bob@example.com>"),
        ("DESCRIPTION", "my solution"),
        ("HOMEPAGE", "https://example.com/home"),
        ("LICENSE", "MIT"),
        ("NAME", "databaseconnection"),
        ("README", "README.md"),
        ("REPOSITORY", "https://example.com/repository"),
        ("RUST_VERSION", "1.90"),
        ("VERSION", "1.2.3-beta"),
        ("VERSION_MAJOR", "1"),
        ("VERSION_MINOR", "2"),
        ("VERSION_PATCH", "3"),
        ("VERSION_PRE", "beta"),
    ];
    let more = all
        .map(|(name, value)| variable(&format!("CARGO_PKG_{name}"), value))
        .concat();
    Submission::new(&(more + &variable("CARGO_CRATE_NAME", "databaseconnection")))
        .with("version = \"0.1.0\"", "version = \"1.2.3-beta\"")
        .with("rust-version = \"1.95\"", "rust-version = \"1.90\"")
        .with("license = \"MIT OR Apache-2.0\"", "license = \"MIT\"")
        .adding(
            "package",
            "authors = ['Ada', 'Bob <bob@example.com>']\ndescription = 'my solution'\n\
             homepage = 'https://example.com/home'\nrepository = 'https://example.com/repository'",
        )
        .expect(Passed);
}

#[test]
fn edition_2021_has_its_keywords() {
    Submission::new("\nfn gen() {}\n/// Calls it.\npub fn call() { gen() }\n")
        .with("edition = \"2024\"", "edition = \"2021\"")
        .expect(Passed);
}

#[test]
fn edition_2024_has_its_keywords() {
    Submission::new("\nfn gen() {}\n").expect(DoesNotCompile);
}

/// One set for all tests, because each set is built once more.
fn with_dependencies(more: &str) -> Submission {
    Submission::new(more)
        .adding(
            "dependencies",
            "numbers = { package = 'num-traits', version = '0.2' }\ncfg-if = { version = '1', optional = true }\n\
             thiserror = { version = '2', optional = true }",
        )
        .adding("target.'cfg(unix)'.dependencies", "hex = '0.4'")
        .adding("target.'cfg(windows)'.dependencies", "itoa = '1'")
        .adding("features", "default = ['errors']\nerrors = ['dep:thiserror']")
}

#[test]
fn a_dependency_is_there_for_this_kind_of_machine_under_another_name_and_by_a_feature() {
    let more =
        "\npub use {hex, numbers::Zero};\n#[cfg(feature = \"errors\")]\npub use thiserror;\n";
    let condition = "cfg!(feature = \"errors\") && !cfg!(feature = \"cfg-if\")";
    with_dependencies(&(more.to_owned() + &asserting(condition))).expect(Passed);
}

#[test]
fn a_dependency_is_not_there_for_another_kind_of_machine_nor_one_that_no_feature_asks_for() {
    with_dependencies("\npub use itoa;\n").expect(DoesNotCompile);
    with_dependencies("\npub use cfg_if;\n").expect(DoesNotCompile);
}

#[test]
fn features_are_on_that_are_on_by_default() {
    let more = asserting("cfg!(feature = \"on\") && !cfg!(feature = \"off\")");
    Submission::new(&more)
        .adding("features", "default = ['on']\non = []\noff = []")
        .expect(Passed);
}

#[test]
fn a_dependency_for_tests_is_not_there_for_the_library() {
    Submission::new("\npub use serde_json;\n").expect(DoesNotCompile);
}

#[test]
fn a_lint_of_the_manifest_forbids() {
    Submission::new("\nfn unused() {}\n")
        .adding("lints.rust", "unused = 'deny'\nmissing_docs = 'deny'")
        .expect(DoesNotCompile);
    Submission::new("")
        .adding("lints.rust", "unused = 'deny'\nmissing_docs = 'deny'")
        .expect(Passed);
}

#[test]
fn an_error_that_is_a_lint_is_an_error() {
    Submission::new("\n/// Too much.\npub const fn f() -> u8 { 256 }\n").expect(DoesNotCompile);
}

#[test]
fn a_profile_decides_on_assertions() {
    Submission::new(&asserting("!cfg!(debug_assertions)"))
        .adding(
            "profile.dev.package.databaseconnection",
            "debug-assertions = false",
        )
        .expect(Passed);
    Submission::new(&asserting("!cfg!(debug_assertions)")).expect(DoesNotCompile);
}

#[test]
fn the_library_is_where_the_manifest_says() {
    let submission = Submission::new("").adding("lib", "path = 'code/solution.rs'");
    fs::create_dir(submission.path("code")).unwrap();
    fs::rename(
        submission.path("src/lib.rs"),
        submission.path("code/solution.rs"),
    )
    .unwrap();
    submission.expect(Passed);
}

#[test]
fn code_includes_files_beside_its_manifest() {
    let more = "\n/// Read with the code.\npub const README: &str = include_str!(\"../README.md\");\n\
                /// The same.\npub const QUERY: &str = include_str!(concat!(env!(\"CARGO_MANIFEST_DIR\"), \"/sql/.all.sql\"));\n\
                mod target;\n";
    let submission = Submission::new(more);
    submission.write("sql/.all.sql", "SELECT 1");
    submission.write("src/target/mod.rs", "");
    submission.expect(Passed);
}

#[test]
fn what_a_workspace_says_is_inherited() {
    let more = variable("CARGO_PKG_AUTHORS", "Ada") + "\npub use hex;\n";
    let in_a_workspace = |more: &str| {
        let submission = with_dependencies(more)
            .with("\n[workspace]\n", "")
            .with(
                "edition = \"2024\"",
                "edition.workspace = true\nauthors.workspace = true",
            )
            .with("hex = '0.4'", "hex.workspace = true")
            .adding("lints", "workspace = true");
        let root = "[workspace]\nmembers = ['0-databaseconnection']\nexclude = ['0-databaseconnection/shared']\n\
                    resolver = '3'\n\
                    [workspace.package]\nedition = '2024'\nauthors = ['Ada']\n\
                    [workspace.dependencies]\nhex = '0.4'\n\
                    [workspace.lints.rust]\nunused = 'deny'\n";
        let parent = submission.folder.parent().unwrap();
        fs::write(parent.join("Cargo.toml"), root).unwrap();
        fs::rename(submission.path("Cargo.lock"), parent.join("Cargo.lock")).unwrap();
        submission
    };
    in_a_workspace(&more).expect(Passed);
    in_a_workspace(&(more + "\nfn unused() {}\n")).expect(DoesNotCompile);
}

/// Cargo refuses such a folder, because of where it lies. A class often lies in a folder of this workspace.
#[test]
fn a_folder_in_somebody_elses_workspace_is_graded_alone() {
    let submission = Submission::new("").with("\n[workspace]\n", "");
    let parent = submission.folder.parent().unwrap();
    fs::write(parent.join("Cargo.toml"), "[workspace]\nmembers = []\n").unwrap();
    let (verdict, output) = submission.by_checker();
    assert_eq!(verdict, Passed, "{output}");
}
