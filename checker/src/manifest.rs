//! Reads a submission's manifest as Cargo does. To compile the submission, it is merged with the task's.

mod merge;

pub use merge::{Merged, merged};

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
use crate::task::workspace;

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

fn array(value: &Json) -> impl Iterator<Item = &str> {
    value
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Json::as_str)
}

pub(crate) fn refused(message: &str, details: &dyn std::fmt::Display, help: &str) -> Problem {
    Problem {
        whose: Whose::YourCode,
        message: message.to_owned(),
        details: details.to_string(),
        help: help.to_owned(),
    }
}
