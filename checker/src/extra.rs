//! The libraries for a submission that asks for more than its task does.
//!
//! Cargo builds them once for each set that is asked for, in a folder of its own below the workspace's `target`: of a class
//! in which fifty students add `anyhow`, one pays. Nothing of the submission lies there but the names, versions and
//! features of its dependencies. Resolving and downloading run nobody's code; the build scripts and procedural macros of
//! whatever was downloaded run behind the fence.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde_json::Value as Json;
use toml::{Table, Value};

use crate::compile::toolchain;
use crate::download::{self, Downloads};
use crate::fence::{Fence, Given};
use crate::manifest::merged;
use crate::official::{Artifact, Official, cargo_command, state_folder};
use crate::outcome::{Problem, Whose};
use crate::process::{self, End, Limits};
use crate::task::workspace;

/// How much may lie in the folder that they are built in, in bytes: build scripts and macros write there.
const MOST_BUILT: u64 = 4 << 30;

/// Libraries that take longer to build are not for an exercise.
const LIMITS: Limits = Limits {
    time: Duration::from_secs(600),
    memory: 8 << 30,
    processes: 1000,
    output: 64 << 20,
};

impl Official {
    /// The same task with the libraries that a submission's manifest adds, and built with the features that it adds;
    /// `None` when it adds nothing, and this one serves.
    ///
    /// # Errors
    ///
    /// When the submission has a build script or is a procedural macro, when its manifest cannot be read or is another
    /// package's, when what it adds does not exist, does not come from the registry, does not fit the task's own
    /// dependencies or does not build; and when it cannot be downloaded.
    pub fn adding(
        &self,
        submission: &Path,
        downloads: Downloads,
        fence: &Fence,
    ) -> Result<Option<Official>, Problem> {
        let read = |folder: &Path| fs::read_to_string(folder.join("Cargo.toml"));
        let theirs =
            read(submission).map_err(|error| refused("its Cargo.toml cannot be read", &error, MEND))?;
        let official =
            read(&self.task.path()).map_err(|error| Problem::our_bug("read a manifest", &error))?;
        if submission.join("build.rs").symlink_metadata().is_ok() {
            return Err(Problem::build_script());
        }
        let Some(manifest) = merged(&official, &theirs)? else {
            return Ok(None);
        };
        let stage = Stage::of(manifest)?;
        // Two processes that want the same set build it one after the other, and the second finds it built.
        let lock = File::create(stage.folder.join("lock")).and_then(|file| file.lock().map(|()| file));
        let _lock = lock.map_err(|error| no_room(&error))?;
        stage.prepare().map_err(|error| no_room(&error))?;
        let home =
            cargo_home().ok_or_else(|| Problem::our_bug("find Cargo's folder", &"there is no HOME"))?;
        download::fetch(&stage.folder, &home, downloads, &download::Limits::default())?;
        let externs = stage.build(fence)?;
        Ok(Some(Official {
            externs,
            ..self.clone()
        }))
    }
}

/// A package with the dependencies of a set, and no code.
struct Stage {
    folder: PathBuf,
    manifest: String,
}

impl Stage {
    fn of(mut manifest: Table) -> Result<Stage, Problem> {
        let mut kept = Table::new();
        for name in ["package", "dependencies", "dev-dependencies"] {
            kept.extend(manifest.remove_entry(name));
        }
        for kind in ["dependencies", "dev-dependencies"] {
            if let Some(Value::Table(shared)) = kept.get_mut(kind).and_then(|table| table.get_mut("shared")) {
                let path = workspace().join("shared");
                shared.insert("path".to_owned(), path.to_string_lossy().into_owned().into());
            }
        }
        kept.insert("workspace".to_owned(), Value::Table(Table::new()));
        let manifest = kept.to_string();
        let mut hasher = DefaultHasher::new();
        manifest.hash(&mut hasher);
        let name = format!("{:016x}", hasher.finish());
        let folder = state_folder()?.join(name);
        for folder in [folder.join("src"), folder.join("target")] {
            fs::create_dir_all(folder).map_err(|error| no_room(&error))?;
        }
        let folder = folder.canonicalize().map_err(|error| no_room(&error))?;
        Ok(Stage { folder, manifest })
    }

    /// Writes what Cargo needs, unless it is there.
    fn prepare(&self) -> io::Result<()> {
        let files = [("Cargo.toml", self.manifest.as_str()), ("src/lib.rs", "")];
        let is_there = files
            .iter()
            .all(|(name, text)| fs::read_to_string(self.folder.join(name)).is_ok_and(|there| there == *text));
        if !is_there {
            // The task's versions, as far as they go.
            fs::copy(workspace().join("Cargo.lock"), self.folder.join("Cargo.lock"))?;
            for (name, text) in files {
                fs::write(self.folder.join(name), text)?;
            }
        }
        Ok(())
    }

    /// Builds the libraries, and returns those that code of this package may name.
    fn build(&self, fence: &Fence) -> Result<BTreeMap<String, PathBuf>, Problem> {
        let toolchain = toolchain()?;
        let home =
            cargo_home().ok_or_else(|| Problem::our_bug("find Cargo's folder", &"there is no HOME"))?;
        let (registry, shared) = (home.join("registry"), workspace().join("shared"));
        let target = self.folder.join("target");
        let [manifest, lock, source] = ["Cargo.toml", "Cargo.lock", "src"].map(|name| self.folder.join(name));
        let given = Given {
            read: vec![toolchain, &registry, &shared, &manifest, &lock, &source],
            write: vec![&target],
        };
        let setting = |name: &str, value: &Path| format!("{name}={}", value.display());
        let program = Path::new("/usr/bin/env");
        let is_too_much = download::more_than(MOST_BUILT, || download::bytes_of(&target));
        let prepare = |command: &mut Command| {
            for (name, _) in cargo_command().get_envs() {
                command.env_remove(name);
            }
            command
                .arg(setting("CARGO_HOME", &home))
                .arg(setting("RUSTC", &toolchain.join("bin/rustc")))
                .arg(setting("CARGO_TARGET_DIR", &target))
                .arg(toolchain.join("bin/cargo"))
                // As a test, so that what the checks need is built too.
                .args([
                    "test",
                    "--no-run",
                    "--lib",
                    "--frozen",
                    "--quiet",
                    "--color=never",
                ])
                .arg("--message-format=json")
                .arg(setting("--manifest-path", &manifest));
        };
        let ended = process::run_until(fence, &given, program, LIMITS, prepare, &is_too_much);
        let ended = ended.map_err(|error| Problem::our_bug("start Cargo", &error))?;
        if !matches!(ended.end, End::Exited(status) if status.success()) {
            let details = String::from_utf8_lossy(&ended.stderr).into_owned();
            let how = match ended.end {
                End::Exited(_) => String::new(),
                End::TimedOut | End::TooManyProcesses | End::OutOfMemory | End::TooMuchWritten => {
                    format!(": {}", ended.how())
                }
            };
            return Err(refused(
                &format!("a crate that it adds does not build here{how}"),
                &details,
                "do without it: no exercise needs more than the task's crates",
            ));
        }
        let mut files = BTreeMap::new();
        let messages = String::from_utf8_lossy(&ended.stdout);
        let messages = messages
            .lines()
            .filter_map(|line| serde_json::from_str(line).ok());
        for message in messages.collect::<Vec<Json>>() {
            // A macro can print what looks like a word of Cargo's, and make links: only what lies here counts.
            if let Some(Artifact::Library { name, package, file }) = Artifact::read(&message)
                && let Ok(file) = file.canonicalize()
                && file.starts_with(&target)
            {
                files.insert(package.to_owned(), (name.to_owned(), file));
            }
        }
        let mut externs = BTreeMap::new();
        // For solutions that use it where ours does not.
        let tokio = files.values().find(|(name, _)| name == "tokio").cloned();
        externs.extend(tokio);
        for (name, package) in self.names()? {
            if let Some((_, file)) = files.get(&package) {
                externs.insert(name, file.clone());
            }
        }
        Ok(externs)
    }

    /// The names under which the code may use its dependencies, and which packages they are.
    fn names(&self) -> Result<Vec<(String, String)>, Problem> {
        // Without the platform Cargo wants the crates of all others, too, and only this one's were fetched.
        let output = cargo_command()
            .args([
                "metadata",
                "--format-version=1",
                "--frozen",
                "--filter-platform=host-tuple",
            ])
            .current_dir(&self.folder)
            .output()
            .map_err(|error| Problem::our_bug("start Cargo", &error))?;
        let metadata: Json = serde_json::from_slice(&output.stdout)
            .map_err(|error| Problem::our_bug("read what Cargo says", &error))?;
        let root = &metadata["resolve"]["root"];
        let nodes = metadata["resolve"]["nodes"].as_array();
        let root = nodes.into_iter().flatten().find(|node| node["id"] == *root);
        let dependencies = root.and_then(|root| root["deps"].as_array());
        let name = |one: &Json| Some((one["name"].as_str()?.to_owned(), one["pkg"].as_str()?.to_owned()));
        Ok(dependencies.into_iter().flatten().filter_map(name).collect())
    }
}

/// What to do about a manifest.
const MEND: &str = "mend it; the task's own is a model";

fn refused(message: &str, details: &dyn std::fmt::Display, help: &str) -> Problem {
    Problem {
        whose: Whose::YourCode,
        message: message.to_owned(),
        details: details.to_string(),
        help: help.to_owned(),
    }
}

fn no_room(error: &io::Error) -> Problem {
    Problem {
        whose: Whose::YourMachine,
        message: format!("the folder for what submissions add cannot be written: {error}"),
        details: String::new(),
        help: "see whether there is room on the disk, and who owns the workspace's `target`".to_owned(),
    }
}

fn cargo_home() -> Option<PathBuf> {
    let given = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    given.or_else(|| Some(std::env::home_dir()?.join(".cargo")))
}
