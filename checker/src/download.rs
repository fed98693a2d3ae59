//! Resolves and downloads a submission's added dependencies with Cargo, within limits.
//!
//! Neither step runs code from a crate.

use std::collections::HashSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use toml::Table;

use crate::lock;
use crate::outcome::{Problem, Whose};
use crate::process::{self, End, Ended};
use crate::reference::cargo_command;
use crate::sandbox::{Mounts, Sandbox};
use crate::task::workspace;

/// True if Cargo may download crates from the registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Downloads {
    /// It may.
    Allowed,
    /// It uses only crates that have been downloaded before.
    Forbidden,
}

/// Limits on what Cargo downloads for a submission.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// The maximum number of crates that this workspace does not use. The default is 200: `axum`, `reqwest` and `clap`
    /// together bring about that many.
    pub crates: usize,
    /// The maximum size of these crates in bytes, as archives and unpacked. The default is 300 MiB. It is measured once a
    /// second.
    pub bytes: u64,
    /// The time limit of each step, resolving and downloading. The default is 5 minutes.
    pub time: Duration,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            crates: 200,
            bytes: 300 << 20,
            time: Duration::from_secs(300),
        }
    }
}

/// Resolves and downloads the dependencies of the package in `folder`. Crates that have been downloaded before are tried
/// first, then the registry. `home` is Cargo's home folder.
///
/// # Errors
///
/// If a crate does not exist or cannot be downloaded, or if a limit is exceeded.
pub fn fetch(
    folder: &Path,
    home: &Path,
    downloads: Downloads,
    limits: &Limits,
) -> Result<(), Problem> {
    let cargo = Cargo {
        folder,
        home,
        limits,
    };
    let fetch = ["fetch", "--target=host-tuple"];
    let mut ended = cargo.run(&[fetch[0], fetch[1], "--offline"], &|| false)?;
    if !is_success(&ended) && downloads == Downloads::Allowed {
        // Writes the lock file and downloads no crate. Versions that are in the lock file stay.
        ended = cargo.run(&["update", "--workspace"], &|| false)?;
        if is_success(&ended) {
            let added = Added::read(folder, home)?;
            if added.packages.len() > limits.crates {
                return Err(too_much(&format!("{} crates", limits.crates)));
            }
            ended = cargo.run(&fetch, &more_than(limits.bytes, || added.bytes()))?;
            if ended.end == End::TooMuchWritten || added.bytes() > limits.bytes {
                return Err(too_much(&format!("{} MiB", limits.bytes >> 20)));
            }
        }
    }
    match ended.end {
        End::Exited(status) if status.success() => Ok(()),
        End::Exited(_) => Err(why(String::from_utf8_lossy(&ended.stderr).into_owned())),
        _ => Err(Problem {
            whose: Whose::YourMachine,
            message: format!(
                "Cargo could not download its added dependencies: {}",
                ended.how()
            ),
            details: String::from_utf8_lossy(&ended.stderr).into_owned(),
            help: "try again when the registry answers; crates that were downloaded stay"
                .to_owned(),
        }),
    }
}

/// The time between two measurements. Each reads the lengths of thousands of files.
const MEASURE_INTERVAL: Duration = Duration::from_secs(1);

/// Returns a function that returns true if `measure` returns more than `limit`. It measures at most once in
/// [`MEASURE_INTERVAL`].
pub(crate) fn more_than(limit: u64, measure: impl Fn() -> u64 + Sync) -> impl Fn() -> bool + Sync {
    let measured = Mutex::new(Instant::now());
    move || {
        let mut measured = lock(&measured);
        let is_time = measured.elapsed() > MEASURE_INTERVAL;
        let is_more = is_time && measure() > limit;
        if is_time {
            *measured = Instant::now();
        }
        is_more
    }
}

struct Cargo<'p> {
    folder: &'p Path,
    home: &'p Path,
    limits: &'p Limits,
}

impl Cargo<'_> {
    fn run(
        &self,
        arguments: &[&str],
        is_too_much: &(dyn Fn() -> bool + Sync),
    ) -> Result<Ended, Problem> {
        let limits = process::Limits {
            time: self.limits.time,
            memory: 2 << 30,
            processes: 50,
            output: process::MOST_OUTPUT,
        };
        let cargo = cargo_command();
        let prepare = |command: &mut std::process::Command| {
            for (name, _) in cargo.get_envs() {
                command.env_remove(name);
            }
            command
                .args(arguments)
                .arg("--color=never")
                .current_dir(self.folder)
                .env("CARGO_HOME", self.home)
                .env("CARGO_NET_RETRY", "1")
                .env("CARGO_HTTP_TIMEOUT", "15");
        };
        let program = Path::new(cargo.get_program());
        process::run_until(
            &Sandbox::None,
            &Mounts::default(),
            program,
            limits,
            prepare,
            is_too_much,
        )
        .map_err(|error| Problem::our_bug("start Cargo", &error))
    }
}

fn is_success(ended: &Ended) -> bool {
    matches!(ended.end, End::Exited(status) if status.success())
}

/// The packages in a lock file that are not in this workspace's.
struct Added {
    /// Their names and versions, as Cargo calls their files.
    packages: Vec<String>,
    registry: PathBuf,
}

impl Added {
    fn read(folder: &Path, home: &Path) -> Result<Added, Problem> {
        let packages = |folder: &Path| -> io::Result<Vec<String>> {
            let lock: Table = fs::read_to_string(folder.join("Cargo.lock"))?
                .parse()
                .map_err(io::Error::other)?;
            let packages = lock.get("package").and_then(|packages| packages.as_array());
            let packages = packages.into_iter().flatten();
            // Packages without a source are folders of this workspace.
            let packages = packages.filter(|package| package.get("source").is_some());
            let name = |package: &toml::Value| {
                let of = |key: &str| Some(package.get(key)?.as_str()?.to_owned());
                Some(format!("{}-{}", of("name")?, of("version")?))
            };
            Ok(packages.filter_map(name).collect())
        };
        let read = |folder: &Path| {
            packages(folder).map_err(|error| Problem::our_bug("read a Cargo.lock", &error))
        };
        let ours: HashSet<String> = read(workspace())?.into_iter().collect();
        let mut packages = read(folder)?;
        packages.retain(|package| !ours.contains(package));
        Ok(Added {
            packages,
            registry: home.join("registry"),
        })
    }

    /// Returns the size of those that have been downloaded, as archives and unpacked.
    fn bytes(&self) -> u64 {
        // Each of these folders has a folder for each registry.
        let folders = ["cache", "src"].map(|kind| fs::read_dir(self.registry.join(kind)));
        let registries = folders.into_iter().flatten().flatten().flatten();
        let of = |registry: &Path, package: &String| {
            bytes_of(&registry.join(format!("{package}.crate"))) + bytes_of(&registry.join(package))
        };
        registries
            .map(|registry| registry.path())
            .map(|registry| {
                self.packages
                    .iter()
                    .map(|package| of(&registry, package))
                    .sum::<u64>()
            })
            .sum()
    }
}

/// Returns the length of a file, or of all files in a folder. It is zero if the path does not exist.
pub(crate) fn bytes_of(path: &Path) -> u64 {
    let Ok(metadata) = path.symlink_metadata() else {
        return 0;
    };
    if !metadata.is_dir() {
        return metadata.len();
    }
    let entries = fs::read_dir(path).into_iter().flatten().flatten();
    entries.map(|entry| bytes_of(&entry.path())).sum()
}

fn too_much(limit: &str) -> Problem {
    Problem {
        whose: Whose::YourCode,
        message: format!("its added dependencies need more than {limit} to download"),
        details: String::new(),
        help: "remove them: no exercise needs more than the task's crates".to_owned(),
    }
}

/// Returns the problem for what Cargo printed when it could not resolve or download.
fn why(said: String) -> Problem {
    let says = |words: &[&str]| words.iter().any(|word| said.contains(word));
    let no_network = [
        "--offline",
        "offline mode",
        "Could not resolve",
        "Couldn't resolve",
        "Could not connect",
        "Couldn't connect",
        "Failed to connect",
        "Timeout was reached",
        "Operation too slow",
        "spurious network error",
        "unable to update registry",
        "download of config.json failed",
        "failed to download",
        "failed to get successful HTTP response",
    ];
    if says(&no_network) {
        return Problem {
            whose: Whose::YourMachine,
            message: "an added dependency is not on this machine, and the registry does not answer"
                .to_owned(),
            details: said,
            help: "connect to the network and try again; crates that were downloaded stay"
                .to_owned(),
        };
    }
    let message = if says(&["no matching package", "not found in registry"]) {
        "it depends on a crate that does not exist"
    } else {
        "its dependencies conflict with the task's"
    };
    Problem {
        whose: Whose::YourCode,
        message: message.to_owned(),
        details: said,
        help: "run `cargo check` in its folder; compare its Cargo.toml with the task's".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_of_the_manifest_and_of_the_network_are_distinguished() {
        let of = |said: &str| (why(said.to_owned()).whose, why(said.to_owned()).message);
        let unknown = "error: no matching package named `nosuch` found\n";
        let (whose, message) = of(unknown);
        assert_eq!(whose, Whose::YourCode);
        assert!(message.contains("does not exist"), "{message}");
        let conflict = "error: failed to select a version for `libsqlite3-sys`.\n    ... required by package `rusqlite`";
        assert_eq!(of(conflict).0, Whose::YourCode);
        let no_name = "warning: spurious network error (1 try remaining): [6] Could not resolve hostname\n\
                       error: download of config.json failed";
        assert_eq!(of(no_name).0, Whose::YourMachine);
        let offline = "error: no matching package named `nosuch` found\nAs a reminder, you're using offline mode (--offline)";
        assert_eq!(of(offline).0, Whose::YourMachine);
    }
}
