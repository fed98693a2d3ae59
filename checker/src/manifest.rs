//! Reads a submission's manifest as Cargo does, and merges it with the task's to compile the submission.
//!
//! The task's manifest decides the names, the targets, the tests with their dependencies, and the versions of the task's
//! dependencies. The submission's manifest decides everything else: the edition, the values of `env!("CARGO_PKG_…")`,
//! features, lints, profiles, and added dependencies.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value as Json;
use toml::{Table, Value};

use crate::compile::toolchain;
use crate::fault;
use crate::fingerprint::{Fingerprint, manifests};
use crate::lock;
use crate::outcome::{Problem, Whose};
use crate::process::{self, End, Limits};
use crate::sandbox::{Mounts, Sandbox};
use crate::task::{CHECKS, Task, workspace};

/// Cargo reads a manifest in a tenth of a second, but a pattern for workspace members can make it search the disk.
const LIMITS: Limits = Limits {
    time: Duration::from_secs(60),
    memory: 1 << 30,
    processes: 50,
    output: 32 << 20,
};

const FIX: &str = "fix Cargo.toml; compare it with the task's";

/// A manifest, with everything that it inherits from a workspace.
#[derive(Debug)]
pub struct Manifest {
    /// The package, as `cargo metadata` describes it.
    package: Json,
    /// The library's root file, relative to the folder of the package.
    root: PathBuf,
    lints: Option<Value>,
    profiles: Option<Value>,
}

impl Manifest {
    /// Reads the manifest of the package in a folder. No code of the package runs.
    ///
    /// # Errors
    ///
    /// If Cargo does not accept the manifest, if the package has a build script or is a procedural macro, or if its library
    /// is outside its folder.
    pub fn read(folder: &Path) -> Result<Arc<Manifest>, Problem> {
        static READ: Mutex<BTreeMap<Fingerprint, Arc<Manifest>>> = Mutex::new(BTreeMap::new());
        let read = || lock(&READ);
        // Cargo runs in another folder, where a relative path would lead elsewhere.
        let folder = &folder
            .canonicalize()
            .map_err(|error| refused("its Cargo.toml cannot be read", &error, FIX))?;
        let text = fs::read_to_string(folder.join("Cargo.toml"))
            .map_err(|error| refused("its Cargo.toml cannot be read", &error, FIX))?;
        if folder.join("build.rs").symlink_metadata().is_ok() {
            return Err(Problem::build_script());
        }
        let key = manifests(folder)
            .map_err(|error| refused("its Cargo.toml cannot be read", &error, FIX))?;
        if let Some(known) = read().get(&key) {
            return Ok(known.clone());
        }
        let manifest = Arc::new(match ask_cargo(folder) {
            Ok(metadata) => Manifest::new(folder, &text, &metadata)?,
            // The folder may be in a workspace of which it is not a member, or it was submitted without `shared`.
            Err(problem) if problem.whose == Whose::YourCode => {
                alone(folder, &text).map_err(|_| problem)?
            }
            Err(problem) => return Err(problem),
        });
        read().insert(key, manifest.clone());
        Ok(manifest)
    }

    fn new(folder: &Path, text: &str, metadata: &Json) -> Result<Manifest, Problem> {
        let unreadable =
            |error: &dyn std::fmt::Display| refused("its Cargo.toml cannot be read", error, FIX);
        let manifest: Table = text.parse().map_err(|error| unreadable(&error))?;
        let ours = |package: &&Json| {
            let path = package["manifest_path"].as_str().map(Path::new);
            path.and_then(Path::parent)
                .is_some_and(|parent| parent.canonicalize().is_ok_and(|parent| parent == folder))
        };
        let packages = metadata["packages"].as_array();
        let package = packages.into_iter().flatten().find(ours);
        let package = package.ok_or_else(|| unreadable(&"it has no package"))?;
        let targets = || package["targets"].as_array().into_iter().flatten();
        let is = |target: &Json, kind: &str| array(&target["kind"]).any(|one| one == kind);
        if targets().any(|target| is(target, "custom-build") || is(target, "proc-macro")) {
            return Err(Problem::build_script());
        }
        let library =
            targets().find(|target| array(&target["kind"]).any(|kind| kind.contains("lib")));
        let Some(source) = library.and_then(|library| library["src_path"].as_str()) else {
            return Err(Problem::no_library());
        };
        // Without `..`: after a link, it would lead to another folder.
        let source = Path::new(source);
        let root = source.strip_prefix(folder).ok().filter(|root| {
            root.components()
                .all(|part| matches!(part, std::path::Component::Normal(_)))
        });
        let Some(root) = root else {
            return Err(refused(
                "its library is outside its folder",
                &source.display(),
                FIX,
            ));
        };
        let workspace_root = metadata["workspace_root"].as_str().map(Path::new);
        let workspace_root: Table = workspace_root
            .and_then(|root| {
                fs::read_to_string(root.join("Cargo.toml"))
                    .ok()?
                    .parse()
                    .ok()
            })
            .unwrap_or_else(|| manifest.clone());
        let mut lints = manifest.get("lints").cloned();
        if lints.as_ref().and_then(|lints| lints.get("workspace")) == Some(&Value::Boolean(true)) {
            lints = workspace_root
                .get("workspace")
                .and_then(|table| table.get("lints"))
                .cloned();
        }
        Ok(Manifest {
            package: package.clone(),
            root: root.to_owned(),
            lints,
            profiles: workspace_root.get("profile").cloned(),
        })
    }

    /// Returns the library, as `cargo metadata` describes it.
    fn library(&self) -> Option<&Json> {
        let mut targets = self.package["targets"].as_array().into_iter().flatten();
        targets.find(|target| array(&target["kind"]).any(|kind| kind.contains("lib")))
    }
}

/// Returns what `cargo metadata` prints about the package in a folder and its workspace.
fn ask_cargo(folder: &Path) -> Result<Json, Problem> {
    let cargo = toolchain()?.join("bin/cargo");
    let ended = process::run(
        &Sandbox::None,
        &Mounts::default(),
        &cargo,
        LIMITS,
        |command| {
            command
                .args([
                    "metadata",
                    "--no-deps",
                    "--offline",
                    "--format-version=1",
                    "--color=never",
                ])
                .arg("--manifest-path")
                .arg(folder.join("Cargo.toml"))
                // Cargo uses the workspace's configuration, not the submission's.
                .current_dir(workspace());
        },
    );
    let ended = ended.map_err(|error| fault::not_started("Cargo", &error))?;
    if let Some(problem) = fault::of_the_machine("Cargo", &ended) {
        return Err(problem);
    }
    if !matches!(ended.end, End::Exited(status) if status.success()) {
        let details = String::from_utf8_lossy(&ended.stderr).into_owned();
        return Err(refused("its Cargo.toml cannot be read", &details, FIX));
    }
    serde_json::from_slice(&ended.stdout)
        .map_err(|error| Problem::our_bug("read what Cargo says", &error))
}

/// Reads the manifest from a copy outside any workspace, without its path dependencies.
fn alone(folder: &Path, text: &str) -> Result<Manifest, Problem> {
    let failed = |error: std::io::Error| crate::compile::no_room(&error);
    let mut manifest: Table = text.parse().map_err(|error| refused("", &error, FIX))?;
    let own_workspace = manifest
        .entry("workspace")
        .or_insert_with(|| Value::Table(Table::new()));
    if let Value::Table(own_workspace) = own_workspace {
        own_workspace.retain(|key, _| key != "members" && key != "default-members");
    }
    move_away(&mut manifest);
    let copy = tempfile::tempdir().map_err(failed)?;
    fs::create_dir(copy.path().join("src")).map_err(failed)?;
    let text = manifest.to_string();
    fs::write(copy.path().join("Cargo.toml"), &text).map_err(failed)?;
    // Cargo looks for these files.
    for name in ["src/lib.rs", "README.md", "README.txt", "README"] {
        if folder.join(name).is_file() {
            fs::write(copy.path().join(name), "").map_err(failed)?;
        }
    }
    let path = copy.path().canonicalize().map_err(failed)?;
    Manifest::new(&path, &text, &ask_cargo(&path)?)
}

/// Turns each path dependency into a Git dependency, which `cargo metadata --no-deps` does not fetch. So it still counts as
/// one that is not from the registry.
fn move_away(manifest: &mut Table) {
    for (name, table) in manifest.iter_mut() {
        let Value::Table(table) = table else { continue };
        if !name.ends_with("dependencies") {
            move_away(table);
            continue;
        }
        for dependency in table
            .iter_mut()
            .filter_map(|(_, dependency)| dependency.as_table_mut())
        {
            if dependency.remove("path").is_some() {
                dependency.remove("version");
                dependency.insert("git".to_owned(), "file:///nowhere".into());
            }
        }
    }
}

/// The manifest with which a submission is compiled.
#[derive(Debug, Clone, PartialEq)]
pub struct Merged {
    /// The manifest, with the targets `src/lib.rs`, `src/main.rs` and `tests/checks.rs`.
    pub manifest: Table,
    /// The crate name of its library.
    pub library: String,
    /// The root file of the submission's library, relative to its folder.
    pub root: PathBuf,
    /// True if it has dependencies, or features of dependencies, that the task does not have.
    pub has_added: bool,
}

/// Merges a submission's manifest with the task's.
///
/// # Errors
///
/// If it is another package's manifest, or has a dependency that is not from the registry.
pub fn merged(task: Task, theirs: &Manifest) -> Result<Merged, Problem> {
    let read = |folder: &Path| -> Result<Table, Problem> {
        let text = fs::read_to_string(folder.join("Cargo.toml"))
            .map_err(|error| Problem::our_bug("read a manifest", &error))?;
        text.parse()
            .map_err(|error| Problem::our_bug("read a manifest", &error))
    };
    let (reference, root) = (read(&task.path())?, read(workspace())?);
    let mut merged = merge(&reference, task.package, theirs)?;
    for kind in ["dependencies", "dev-dependencies"] {
        make_paths_absolute(merged.manifest.get_mut(kind), &task.path());
    }
    let edition = reference["package"]
        .get("edition")
        .cloned()
        .unwrap_or_else(|| "2015".into());
    let target = |name: &str, path: &str| {
        // The program and the checks belong to the task, and so does their edition.
        let entries = [
            ("name", name.into()),
            ("path", path.into()),
            ("edition", edition.clone()),
        ];
        Value::Table(
            entries
                .map(|(key, value)| (key.to_owned(), value))
                .into_iter()
                .collect(),
        )
    };
    for (kind, name, path) in [
        ("bin", task.folder, "src/main.rs"),
        ("test", CHECKS, "tests/checks.rs"),
    ] {
        merged
            .manifest
            .insert(kind.to_owned(), Value::Array(vec![target(name, path)]));
    }

    let mut profiles = root.get("profile").cloned();
    if let Some(theirs) = theirs
        .profiles
        .as_ref()
        .map(|all| meaningful(all, task.package))
    {
        overlay(
            profiles.get_or_insert_with(|| Value::Table(Table::new())),
            &theirs,
        );
    }
    merged
        .manifest
        .extend(profiles.map(|profiles| ("profile".to_owned(), profiles)));
    let mut own_workspace = Table::new();
    let resolver = root
        .get("workspace")
        .and_then(|table| table.get("resolver"))
        .cloned();
    own_workspace.extend(resolver.map(|resolver| ("resolver".to_owned(), resolver)));
    merged
        .manifest
        .insert("workspace".to_owned(), Value::Table(own_workspace));
    Ok(merged)
}

/// Returns the profiles with only those settings that change what a program does. Others change how it is built: with
/// `lto`, the compiled library could not be searched for code that runs before the checks, and each set of settings for
/// packages would build the task's libraries again.
fn meaningful(profiles: &Value, package: &str) -> Value {
    const SETTINGS: [&str; 4] = ["debug-assertions", "opt-level", "overflow-checks", "panic"];
    fn kept(profile: &Value) -> Table {
        let settings = profile.as_table().into_iter().flatten();
        let settings = settings.filter(|(name, _)| SETTINGS.contains(&name.as_str()));
        settings
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect()
    }
    let of = |profile: &Value| {
        let mut settings = kept(profile);
        if let Some(own) = profile.get("package").and_then(|all| all.get(package)) {
            let own = Table::from_iter([(package.to_owned(), Value::Table(kept(own)))]);
            settings.insert("package".to_owned(), Value::Table(own));
        }
        Value::Table(settings)
    };
    let profiles = profiles.as_table().into_iter().flatten();
    Value::Table(
        profiles
            .map(|(name, profile)| (name.clone(), of(profile)))
            .collect(),
    )
}

/// Merges the package, library, dependencies, features and lints.
fn merge(reference: &Table, package: &str, theirs: &Manifest) -> Result<Merged, Problem> {
    if theirs.package["name"] != package {
        return Err(Problem {
            whose: Whose::YourCode,
            message: "its Cargo.toml has another package's name".to_owned(),
            details: String::new(),
            help: format!("set the package's name to the task's: `{package}`"),
        });
    }
    let mut manifest = Table::new();
    manifest.insert(
        "package".to_owned(),
        Value::Table(package_table(&theirs.package)),
    );
    let library = theirs
        .library()
        .and_then(|library| library["name"].as_str())
        .unwrap_or(package);
    let mut library_table = Table::from_iter([
        ("name".to_owned(), library.into()),
        ("path".to_owned(), "src/lib.rs".into()),
    ]);
    let edition = theirs
        .library()
        .and_then(|library| library["edition"].as_str());
    library_table.extend(edition.map(|edition| ("edition".to_owned(), edition.into())));
    manifest.insert("lib".to_owned(), Value::Table(library_table));

    let table = |name: &str| {
        reference
            .get(name)
            .and_then(Value::as_table)
            .cloned()
            .unwrap_or_default()
    };
    let (mut dependencies, for_tests) = (table("dependencies"), table("dev-dependencies"));
    let mut for_targets: BTreeMap<String, Table> = BTreeMap::new();
    let mut has_added = false;
    for asked in theirs.package["dependencies"]
        .as_array()
        .into_iter()
        .flatten()
    {
        if !asked["kind"].is_null() {
            continue; // The tests belong to the task.
        }
        let name = asked["rename"]
            .as_str()
            .or(asked["name"].as_str())
            .unwrap_or_default();
        let known = dependencies.get(name).or_else(|| for_tests.get(name));
        let wanted = match known {
            // The task decides the version because the checks are compiled with it.
            Some(known) => with_features(known, asked),
            None => from_registry(name, asked)?,
        };
        match asked["target"].as_str() {
            Some(target) => drop(
                for_targets
                    .entry(target.to_owned())
                    .or_default()
                    .insert(name.to_owned(), wanted),
            ),
            None if dependencies.get(name) == Some(&wanted) => continue,
            None => drop(dependencies.insert(name.to_owned(), wanted)),
        }
        has_added = true;
    }
    let features: Table =
        serde_json::from_value(theirs.package["features"].clone()).unwrap_or_default();
    // A feature such as `rusqlite/chrono` can bring another crate.
    let reaches_out = |value: &Value| array_of(value).any(|feature| feature.contains('/'));
    has_added |= features.values().any(reaches_out);

    manifest.insert("dependencies".to_owned(), Value::Table(dependencies));
    manifest.insert("dev-dependencies".to_owned(), Value::Table(for_tests));
    let for_targets = for_targets.into_iter().map(|(target, dependencies)| {
        let table = Table::from_iter([("dependencies".to_owned(), Value::Table(dependencies))]);
        (target, Value::Table(table))
    });
    manifest.insert("target".to_owned(), Value::Table(for_targets.collect()));
    manifest.insert("features".to_owned(), Value::Table(features));
    manifest.extend(
        theirs
            .lints
            .clone()
            .map(|lints| ("lints".to_owned(), lints)),
    );
    Ok(Merged {
        manifest,
        library: library.replace('-', "_"),
        root: theirs.root.clone(),
        has_added,
    })
}

/// Returns the `[package]` table, with the values that Cargo passes to the compiler.
fn package_table(package: &Json) -> Table {
    let mut table = Table::new();
    for name in [
        "name",
        "version",
        "edition",
        "description",
        "homepage",
        "repository",
        "license",
        "license-file",
        "rust-version",
    ] {
        if let Some(value) = package[name.replace('-', "_")].as_str() {
            table.insert(name.to_owned(), value.into());
        }
    }
    let authors = array(&package["authors"]).map(Value::from).collect();
    table.insert("authors".to_owned(), Value::Array(authors));
    let readme = package["readme"]
        .as_str()
        .map_or(Value::Boolean(false), Value::from);
    table.insert("readme".to_owned(), readme);
    for name in [
        "build",
        "publish",
        "autobins",
        "autotests",
        "autoexamples",
        "autobenches",
    ] {
        table.insert(name.to_owned(), Value::Boolean(false));
    }
    table
}

/// Returns one of the task's dependencies, with the features that a submission adds.
fn with_features(known: &Value, asked: &Json) -> Value {
    let mut table = match known {
        Value::Table(known) => known.clone(),
        version => Table::from_iter([("version".to_owned(), version.clone())]),
    };
    let mut features: Vec<String> = table
        .get("features")
        .into_iter()
        .flat_map(array_of)
        .map(str::to_owned)
        .collect();
    let mut missing: Vec<String> = array(&asked["features"])
        .filter(|asked| !features.iter().any(|had| had == asked))
        .map(str::to_owned)
        .collect();
    let wants_default = asked["uses_default_features"] == true
        && table.get("default-features") == Some(&Value::Boolean(false));
    if missing.is_empty() && !wants_default {
        return known.clone();
    }
    // Sorted, so that submissions with the same features get the same manifest.
    missing.sort();
    features.extend(missing);
    table.insert("features".to_owned(), features.into());
    if wants_default {
        table.remove("default-features");
    }
    Value::Table(table)
}

/// Returns the entry for an added dependency.
fn from_registry(name: &str, asked: &Json) -> Result<Value, Problem> {
    let is_elsewhere = !asked["registry"].is_null()
        || !asked["path"].is_null()
        || !asked["source"]
            .as_str()
            .is_some_and(|source| source.starts_with("registry+"));
    if is_elsewhere {
        return Err(Problem {
            whose: Whose::YourCode,
            message: format!("its dependency `{name}` is not from the registry"),
            details: String::new(),
            help: "depend on a crate by name and version, or move its code into your crate"
                .to_owned(),
        });
    }
    let mut features: Vec<&str> = array(&asked["features"]).collect();
    features.sort_unstable();
    let features: Vec<Value> = features.into_iter().map(Value::from).collect();
    let mut table = Table::from_iter([
        (
            "version".to_owned(),
            asked["req"].as_str().unwrap_or("*").into(),
        ),
        ("features".to_owned(), Value::Array(features)),
    ]);
    if !asked["rename"].is_null() {
        table.insert(
            "package".to_owned(),
            asked["name"].as_str().unwrap_or_default().into(),
        );
    }
    if asked["optional"] == true {
        table.insert("optional".to_owned(), true.into());
    }
    if asked["uses_default_features"] == false {
        table.insert("default-features".to_owned(), false.into());
    }
    Ok(Value::Table(table))
}

fn make_paths_absolute(dependencies: Option<&mut Value>, folder: &Path) {
    let tables = dependencies
        .and_then(Value::as_table_mut)
        .into_iter()
        .flat_map(|table| table.iter_mut());
    for (_, dependency) in tables {
        let path = dependency.get_mut("path");
        if let Some(Value::String(path)) = path {
            let absolute = folder.join(&*path);
            *path = absolute
                .canonicalize()
                .unwrap_or(absolute)
                .to_string_lossy()
                .into_owned();
        }
    }
}

/// Merges `over` into `under`: tables entry by entry, and other values are replaced.
fn overlay(under: &mut Value, over: &Value) {
    match (under, over) {
        (Value::Table(under), Value::Table(over)) => {
            for (key, value) in over {
                match under.get_mut(key) {
                    Some(under) => overlay(under, value),
                    None => drop(under.insert(key.clone(), value.clone())),
                }
            }
        }
        (under, over) => *under = over.clone(),
    }
}

fn array(value: &Json) -> impl Iterator<Item = &str> {
    value
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Json::as_str)
}

fn array_of(value: &Value) -> impl Iterator<Item = &str> {
    value
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
}

pub(crate) fn refused(message: &str, details: &dyn std::fmt::Display, help: &str) -> Problem {
    Problem {
        whose: Whose::YourCode,
        message: message.to_owned(),
        details: details.to_string(),
        help: help.to_owned(),
    }
}
