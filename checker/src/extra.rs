//! Finds out how Cargo would compile a submission with its manifest.
//!
//! Once for each manifest, Cargo builds a package with that manifest and no code, and its command lines are recorded. A
//! submission without added dependencies uses the workspace's libraries. Each set of added dependencies is built once, in a
//! folder below the workspace's `target`: if fifty students add `anyhow`, one of them waits for it. Resolving and
//! downloading run no code from a crate. The build scripts and procedural macros of added dependencies run in the sandbox.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use tempfile::TempDir;
use toml::{Table, Value};

use crate::build_plan::{BuildPlan, Invocation, RECORD, START, script};
use crate::compile::toolchain;
use crate::download::{self, Downloads};
use crate::fault;
use crate::lock;
use crate::manifest::{Manifest, Merged, merged, refused};
use crate::outcome::{Problem, Whose};
use crate::process::{self, End, Limits};
use crate::reference::{Reference, cargo_command, folders, state_folder};
use crate::sandbox::{Mounts, Sandbox};
use crate::task::{CHECKS, Task, workspace};

/// The maximum size of the folder in which added dependencies are built, in bytes. Their build scripts and macros can write
/// there.
const MOST_BUILT: u64 = 4 << 30;

/// Limits of building added dependencies.
const LIMITS: Limits = Limits {
    time: Duration::from_secs(600),
    memory: 8 << 30,
    processes: 1000,
    output: 64 << 20,
};

impl Reference {
    /// Returns the reference with the manifest of a submission, which decides how its library, the task's program and the
    /// checks are compiled.
    ///
    /// # Errors
    ///
    /// If the submission has a build script or is a procedural macro, if its manifest cannot be read or is another
    /// package's, or if an added dependency does not exist, is not from the registry, conflicts with the task's
    /// dependencies, cannot be downloaded or does not build.
    pub fn for_submission(
        &self,
        folder: &Path,
        downloads: Downloads,
        sandbox: &Sandbox,
    ) -> Result<Reference, Problem> {
        let manifest = Manifest::read(folder)?;
        let merged = merged(self.task, &manifest)?;
        Ok(Reference {
            plan: plan(self.task, merged, downloads, sandbox)?,
            ..self.clone()
        })
    }
}

/// Returns how Cargo compiles with a manifest. Cargo runs once for each manifest, and further calls for it wait.
pub(crate) fn plan(
    task: Task,
    merged: Merged,
    downloads: Downloads,
    sandbox: &Sandbox,
) -> Result<Arc<BuildPlan>, Problem> {
    type Slot = Arc<Mutex<Option<Arc<BuildPlan>>>>;
    static KNOWN: Mutex<BTreeMap<String, Slot>> = Mutex::new(BTreeMap::new());
    let key = format!("{}\n{}", merged.root.display(), merged.manifest);
    let slot = lock(&KNOWN).entry(key).or_default().clone();
    let mut slot = lock(&slot);
    if let Some(known) = &*slot {
        return Ok(known.clone());
    }
    let plan = Arc::new(Stage::new(merged)?.plan(task, downloads, sandbox)?);
    Ok(slot.insert(plan).clone())
}

/// A package with a manifest and no code.
struct Stage {
    folder: TempDir,
    merged: Merged,
    /// The folder in which added dependencies are built, if there are any.
    added: Option<PathBuf>,
}

impl Stage {
    fn new(merged: Merged) -> Result<Stage, Problem> {
        let state = state_folder()?;
        let added = merged.has_added.then(|| {
            // The tables of the manifest that decide how libraries are built.
            let mut hasher = DefaultHasher::new();
            for table in [
                "dependencies",
                "dev-dependencies",
                "target",
                "features",
                "profile",
            ] {
                merged
                    .manifest
                    .get(table)
                    .map(Value::to_string)
                    .hash(&mut hasher);
            }
            state.join(format!("{:016x}", hasher.finish()))
        });
        fs::create_dir_all(&state).map_err(|error| no_room(&error))?;
        let folder = tempfile::Builder::new()
            .prefix("stage-")
            .tempdir_in(&state)
            .map_err(|error| no_room(&error))?;
        Ok(Stage {
            folder,
            merged,
            added,
        })
    }

    fn plan(
        &self,
        task: Task,
        downloads: Downloads,
        sandbox: &Sandbox,
    ) -> Result<BuildPlan, Problem> {
        // If two processes need the same libraries, the second waits and finds them built.
        let mut lock = None;
        if let Some(added) = &self.added {
            fs::create_dir_all(added.join("target")).map_err(|error| no_room(&error))?;
            let file = File::create(added.join("lock")).and_then(|file| file.lock().map(|()| file));
            lock = Some(file.map_err(|error| no_room(&error))?);
        }
        self.prepare().map_err(|error| no_room(&error))?;
        let built_below = match &self.added {
            None => {
                self.build(&Sandbox::None, &folders()?.build)?;
                folders()?.build.clone()
            }
            Some(added) => {
                let home = cargo_home()
                    .ok_or_else(|| Problem::our_bug("find Cargo's folder", &"there is no HOME"))?;
                download::fetch(
                    self.folder.path(),
                    &home,
                    downloads,
                    &download::Limits::default(),
                )?;
                let versions = fs::copy(self.path("Cargo.lock"), added.join("Cargo.lock"));
                versions.map_err(|error| no_room(&error))?;
                self.build(sandbox, &added.join("target"))?;
                added.join("target")
            }
        };
        drop(lock);
        self.read(task, &built_below)
            .map_err(|error| Problem::our_bug("read how Cargo compiles", &error))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn prepare(&self) -> io::Result<()> {
        for folder in ["src", "tests", "record", "target"] {
            fs::create_dir(self.path(folder))?;
        }
        fs::write(self.path("Cargo.toml"), self.merged.manifest.to_string())?;
        // Newer than anything that another process compiles from a package of the same name. Otherwise Cargo would take
        // that for this package, and not call the compiler.
        let tomorrow = SystemTime::now() + Duration::from_secs(24 * 60 * 60);
        for (name, text) in [
            ("src/lib.rs", ""),
            ("src/main.rs", "fn main() {}"),
            ("tests/checks.rs", ""),
        ] {
            let mut file = File::create(self.path(name))?;
            file.write_all(text.as_bytes())?;
            file.set_modified(tomorrow)?;
        }
        // Keeps the task's versions.
        let known = self
            .added
            .iter()
            .map(|added| added.join("Cargo.lock"))
            .find(|lock| lock.exists());
        fs::copy(
            known.unwrap_or_else(|| workspace().join("Cargo.lock")),
            self.path("Cargo.lock"),
        )?;
        script(&state_folder().map_err(io::Error::other)?)?;
        Ok(())
    }

    /// Has Cargo build the package, with the libraries below `libraries`.
    fn build(&self, sandbox: &Sandbox, libraries: &Path) -> Result<(), Problem> {
        let toolchain = toolchain()?;
        let home = cargo_home()
            .ok_or_else(|| Problem::our_bug("find Cargo's folder", &"there is no HOME"))?;
        let (registry, shared) = (home.join("registry"), workspace().join("shared"));
        let (record, target) = (self.path("record"), self.path("target"));
        let script = state_folder()?.join("record.sh");
        let sources = if matches!(sandbox, Sandbox::Full { .. }) {
            self.sources()?
        } else {
            None
        };
        let mut mounts = Mounts {
            read: vec![toolchain, &registry, &shared, &script, self.folder.path()],
            write: vec![&record, &target, libraries],
        };
        let folders = sources.iter().flat_map(|sources| &sources.folders);
        mounts.read.extend(
            folders
                .filter(|folder| folder.exists())
                .map(PathBuf::as_path),
        );
        let setting = |name: &str, value: &Path| format!("{name}={}", value.display());
        let program = Path::new("/usr/bin/env");
        let written = || match &self.added {
            Some(_) => download::bytes_of(libraries),
            None => 0, // no code of a submission's crates runs
        };
        let is_too_much = download::more_than(MOST_BUILT, written);
        let prepare = |command: &mut Command| {
            for (name, _) in cargo_command().get_envs() {
                command.env_remove(name);
            }
            if *sandbox != Sandbox::None {
                command.arg(setting("CARGO_HOME", &home));
            }
            command
                .current_dir(workspace())
                .arg(setting("RUSTC", &toolchain.join("bin/rustc")))
                .arg(setting("RUSTC_WORKSPACE_WRAPPER", &script))
                .arg(setting(RECORD, &record))
                .arg(setting("CARGO_BUILD_BUILD_DIR", libraries))
                // So that the task's programs are not overwritten.
                .arg(setting("CARGO_TARGET_DIR", &target))
                .args(["/bin/sh", "-c", START, "cargo"])
                .arg(toolchain.join("bin/cargo"))
                .args([
                    "test",
                    "--no-run",
                    "--test=checks",
                    "--offline",
                    "--quiet",
                    "--color=never",
                ])
                .arg(setting("--manifest-path", &self.path("Cargo.toml")))
                .args(
                    sources
                        .iter()
                        .map(|sources| setting("--config", &sources.file)),
                );
        };
        let ended = process::run_until(sandbox, &mounts, program, LIMITS, prepare, &is_too_much);
        let ended = ended.map_err(|error| fault::not_started("Cargo", &error))?;
        if matches!(ended.end, End::Exited(status) if status.success()) {
            return Ok(());
        }
        let details = String::from_utf8_lossy(&ended.stderr).into_owned();
        if let Some(problem) =
            fault::of_the_machine("Cargo", &ended).or_else(|| fault::shortage("Cargo", &details))
        {
            return Err(problem);
        }
        let how = match ended.end {
            End::Exited(_) => String::new(),
            End::TimedOut | End::TooManyProcesses | End::OutOfMemory | End::TooMuchWritten => {
                format!(" ({})", ended.how())
            }
        };
        Err(match &self.added {
            Some(_) => refused(
                &format!("an added dependency does not build here{how}"),
                &details,
                "remove it: no exercise needs more than the task's crates",
            ),
            None => refused(
                &format!("Cargo cannot build a crate with its Cargo.toml{how}"),
                &details,
                FIX,
            ),
        })
    }

    /// Returns Cargo's configured source replacement (a mirror or a folder), because Cargo in the sandbox does not see the
    /// configuration. Other settings, such as a wrapper for the compiler, would not work in a sandbox.
    fn sources(&self) -> Result<Option<Sources>, Problem> {
        let output = cargo_command()
            .args([
                "-Zunstable-options",
                "config",
                "get",
                "--format=toml",
                "source",
            ])
            // Cargo has no stable way to show its configuration.
            .env("RUSTC_BOOTSTRAP", "1")
            .current_dir(workspace())
            .output()
            .map_err(|error| fault::not_started("Cargo", &error))?;
        let text = String::from_utf8_lossy(&output.stdout);
        let Some(mut table) = output
            .status
            .success()
            .then(|| text.parse::<Table>().ok())
            .flatten()
        else {
            return Ok(None);
        };
        let mut folders = Vec::new();
        let sources = table.get_mut("source").and_then(Value::as_table_mut);
        for (_, source) in sources.into_iter().flat_map(|sources| sources.iter_mut()) {
            for kind in ["directory", "local-registry"] {
                if let Some(Value::String(folder)) = source.get_mut(kind) {
                    folders.push(workspace().join(&*folder));
                    *folder = workspace().join(&*folder).to_string_lossy().into_owned();
                }
            }
        }
        let file = self.path("sources.toml");
        fs::write(&file, table.to_string()).map_err(|error| no_room(&error))?;
        Ok(Some(Sources { file, folders }))
    }

    fn read(&self, task: Task, built_below: &Path) -> io::Result<BuildPlan> {
        let (record, package) = (self.path("record"), self.folder.path());
        let crate_name = |name: &str| name.replace('-', "_");
        let read = |name: &str, source: &str| {
            Invocation::read(&record, &crate_name(name), package, source)
        };
        let library = read(&self.merged.library, "src/lib.rs")?;
        let checks = read(CHECKS, "tests/checks.rs")?;
        // A procedural macro can write to the record and make links, so only folders that are really below it count.
        let built_below = built_below.canonicalize()?;
        let folders = [&library, &checks]
            .into_iter()
            .flat_map(Invocation::search_folders);
        let mut libraries: Vec<PathBuf> = folders
            .filter_map(|folder| folder.canonicalize().ok())
            .filter(|folder| folder.starts_with(&built_below))
            .collect();
        libraries.sort();
        libraries.dedup();
        Ok(BuildPlan {
            root: self.merged.root.clone(),
            program: read(task.folder, "src/main.rs")?,
            library,
            crate_name: self.merged.library.clone(),
            checks,
            libraries,
        })
    }
}

/// Cargo's source replacement.
struct Sources {
    /// A configuration file with it.
    file: PathBuf,
    /// The folders that it names.
    folders: Vec<PathBuf>,
}

/// The advice for a manifest that Cargo cannot build.
const FIX: &str = "run `cargo check` in its folder; compare its Cargo.toml with the task's";

fn no_room(error: &io::Error) -> Problem {
    Problem {
        whose: Whose::YourMachine,
        message: format!("cannot write to the folder for added dependencies: {error}"),
        details: String::new(),
        help: "check for free space on the disk, and the owner of the workspace's `target`"
            .to_owned(),
    }
}

fn cargo_home() -> Option<PathBuf> {
    let given = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    given.or_else(|| Some(std::env::home_dir()?.join(".cargo")))
}
