//! Submissions with unusual but legal manifests: `checker` and plain `cargo test` give the same verdict.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};
use std::thread;

use checker::download::Downloads;
use checker::outcome::{self, Whose};
use checker::reference::Reference;
use checker::sandbox::Sandbox;
use checker::start::start;
use checker::task::TASKS;

static REFERENCE: LazyLock<Reference> = LazyLock::new(|| Reference::build(TASKS[0]).unwrap());

/// The check that runs where a submission compiles.
const CHECK: &str = "closing::closes_at_the_end_of_the_scope";

/// Held by the test that uses the folder; the lock on the file keeps out another run of these tests.
static TURN: LazyLock<Mutex<File>> = LazyLock::new(|| {
    fs::create_dir_all(parent()).unwrap();
    let file = File::create(parent().join("lock")).unwrap();
    file.lock().unwrap();
    Mutex::new(file)
});

#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    Passed,
    DoesNotCompile,
}

use Verdict::{DoesNotCompile, Passed};

/// The reference solution with `more` code.
///
/// All tests use the same folder, one after the other, so that Cargo builds `shared` once.
struct Submission {
    folder: PathBuf,
    _turn: MutexGuard<'static, File>,
}

impl Submission {
    fn new(more: &str) -> Submission {
        let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        let temporary = tempfile::tempdir().unwrap();
        let fresh = start(TASKS[0], temporary.path()).unwrap();
        let folder = parent().join(TASKS[0].folder);
        let _ = fs::remove_file(parent().join("Cargo.toml"));
        fs::create_dir_all(&folder).unwrap();
        for entry in fs::read_dir(&folder).unwrap() {
            let entry = entry.unwrap();
            match entry.file_type().unwrap().is_dir() {
                true if entry.file_name() == "shared" => {}
                true => fs::remove_dir_all(entry.path()).unwrap(),
                false => fs::remove_file(entry.path()).unwrap(),
            }
        }
        copy_changes(&fresh, &folder);
        let solution = fs::read_to_string(TASKS[0].path().join("src/lib.rs")).unwrap();
        // In the editions before 2024, a temporary of the last expression outlives the variables.
        let (last, first) = (
            "    read_users(&mut statement.query([])?)",
            "    let users = read_users(&mut statement.query([])?);\n    users",
        );
        assert!(solution.contains(last));
        let submission = Submission {
            folder,
            _turn: turn,
        };
        submission.write("src/lib.rs", &(solution.replace(last, first) + more));
        submission
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

    /// Adds lines to a table of the manifest, and the table if it is missing.
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
        let (by_cargo, by_checker) = thread::scope(|scope| {
            let by_cargo = scope.spawn(|| self.by_cargo());
            let by_checker = self.by_checker();
            (by_cargo.join().unwrap(), by_checker)
        });
        let (verdict, output) = by_cargo;
        assert_eq!(verdict, expected, "by cargo test: {output}");
        let (verdict, output) = by_checker;
        assert_eq!(verdict, expected, "by checker: {output}");
    }

    fn by_cargo(&self) -> (Verdict, String) {
        let mut command = Command::new(env!("CARGO"));
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("CARGO_PKG_") {
                command.env_remove(name);
            }
        }
        let output = command
            .args(["test", "--offline", "--test=checks", "--", "--exact", CHECK])
            .env_remove("CARGO_MANIFEST_DIR")
            .env("CARGO_PROFILE_DEV_DEBUG", "0")
            .env("CARGO_TARGET_DIR", parent().join("target"))
            .current_dir(&self.folder)
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        let verdict = match output.status.success() {
            true if text.contains("1 passed") => Passed,
            false if text.contains("could not compile `databaseconnection` (lib)") => {
                DoesNotCompile
            }
            _ => panic!("{text}"),
        };
        (verdict, text)
    }

    /// Compiles as grading does it, and runs one check.
    fn by_checker(&self) -> (Verdict, String) {
        let sandbox =
            checker::bubblewrap::find().map_or(Sandbox::None, |bwrap| Sandbox::Full { bwrap });
        let judged = || {
            let reference = REFERENCE.for_submission(&self.folder, Downloads::Allowed, &sandbox)?;
            let root = self.folder.join(&reference.plan.root);
            let compiled =
                reference.compile_in(None, &self.folder, &root, &["checks"], &sandbox)?;
            compiled.run(reference.target("checks")?, CHECK, &sandbox)
        };
        let judged = judged();
        let text = format!("{judged:#?}");
        let verdict = match judged {
            Ok(check) if check.verdict == outcome::Verdict::Passed => Passed,
            Err(problem)
                if problem.whose == Whose::YourCode && problem.message == "it does not compile" =>
            {
                DoesNotCompile
            }
            _ => panic!("{text}"),
        };
        (verdict, text)
    }
}

/// The folder above the submission.
fn parent() -> &'static Path {
    Path::new(concat!(env!("CARGO_TARGET_TMPDIR"), "/manifests"))
}

/// Copies the files that `to` does not have with the same content.
fn copy_changes(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        if from.is_dir() {
            copy_changes(&from, &to);
        } else if fs::read(&to).ok() != fs::read(&from).ok() {
            fs::copy(&from, &to).unwrap();
        }
    }
}

/// Returns code that compiles if this is true.
fn asserting(condition: &str) -> String {
    format!("\nconst _: () = assert!({condition});\n")
}

/// Returns code that compiles if the variable has this value.
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
fn gen_is_no_keyword_in_edition_2021() {
    Submission::new("\nfn gen() {}\n/// Calls it.\npub fn call() { gen() }\n")
        .with("edition = \"2024\"", "edition = \"2021\"")
        .expect(Passed);
}

#[test]
fn gen_is_a_keyword_in_edition_2024() {
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
fn dependencies_of_this_target_renamed_ones_and_those_of_a_default_feature_are_there() {
    let more =
        "\npub use {hex, numbers::Zero};\n#[cfg(feature = \"errors\")]\npub use thiserror;\n";
    let condition = "cfg!(feature = \"errors\") && !cfg!(feature = \"cfg-if\")";
    with_dependencies(&(more.to_owned() + &asserting(condition))).expect(Passed);
}

#[test]
fn dependencies_of_another_target_and_unused_optional_ones_are_missing() {
    with_dependencies("\npub use itoa;\n").expect(DoesNotCompile);
    with_dependencies("\npub use cfg_if;\n").expect(DoesNotCompile);
}

#[test]
fn only_default_features_are_on() {
    let more = asserting("cfg!(feature = \"on\") && !cfg!(feature = \"off\")");
    Submission::new(&more)
        .adding("features", "default = ['on']\non = []\noff = []")
        .expect(Passed);
}

#[test]
fn the_library_cannot_use_a_dependency_of_the_tests() {
    Submission::new("\npub use serde_json;\n").expect(DoesNotCompile);
}

#[test]
fn a_denied_lint_of_the_manifest_is_an_error() {
    Submission::new("\nfn unused() {}\n")
        .adding("lints.rust", "unused = 'deny'\nmissing_docs = 'deny'")
        .expect(DoesNotCompile);
    Submission::new("")
        .adding("lints.rust", "unused = 'deny'\nmissing_docs = 'deny'")
        .expect(Passed);
}

#[test]
fn a_lint_that_is_denied_by_default_is_an_error() {
    Submission::new("\n/// Too much.\npub const fn f() -> u8 { 256 }\n").expect(DoesNotCompile);
}

#[test]
fn a_profile_can_turn_assertions_off() {
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
fn code_includes_files_next_to_its_manifest() {
    let more = "\n/// Read with the code.\npub const README: &str = include_str!(\"../README.md\");\n\
                /// The same.\npub const QUERY: &str = include_str!(concat!(env!(\"CARGO_MANIFEST_DIR\"), \"/sql/.all.sql\"));\n\
                mod target;\n";
    let submission = Submission::new(more);
    submission.write("sql/.all.sql", "SELECT 1");
    submission.write("src/target/mod.rs", "");
    submission.expect(Passed);
}

#[test]
fn values_of_a_workspace_are_inherited() {
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
        let parent = parent();
        fs::write(parent.join("Cargo.toml"), root).unwrap();
        fs::rename(submission.path("Cargo.lock"), parent.join("Cargo.lock")).unwrap();
        submission
    };
    in_a_workspace(&more).expect(Passed);
    in_a_workspace(&(more + "\nfn unused() {}\n")).expect(DoesNotCompile);
}

/// Cargo refuses such a folder, but instructors often put a class into this workspace.
#[test]
fn a_folder_inside_another_workspace_is_graded_alone() {
    let submission = Submission::new("").with("\n[workspace]\n", "");
    let parent = parent();
    fs::write(parent.join("Cargo.toml"), "[workspace]\nmembers = []\n").unwrap();
    let (verdict, output) = submission.by_checker();
    assert_eq!(verdict, Passed, "{output}");
}
