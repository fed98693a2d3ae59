//! Merges a submission's manifest with the task's.
//!
//! The task's manifest decides the names, the targets, the tests with their dependencies, and the versions of the task's
//! dependencies. The submission's manifest decides everything else: the edition, the values of `env!("CARGO_PKG_…")`,
//! features, lints, profiles, and added dependencies.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value as Json;
use toml::{Table, Value};

use super::{Manifest, array};
use crate::outcome::{Problem, Whose};
use crate::task::{CHECKS, Task, workspace};

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

fn array_of(value: &Value) -> impl Iterator<Item = &str> {
    value
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
}
