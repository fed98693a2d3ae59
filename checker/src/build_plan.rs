//! The command lines with which Cargo compiles a package, recorded once and replayed with other files.
//!
//! Cargo builds a package that has the manifest and no code. Instead of the compiler, Cargo calls a script
//! (`RUSTC_WORKSPACE_WRAPPER`) that records its arguments and its environment, and then calls the compiler.
//! To compile a solution with that manifest, the checker runs the same command line with the paths of the solution's files.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// The script. It turns lints off because the package has no code.
const SCRIPT: &str = r#"#!/bin/sh
if [ -n "$CARGO_CRATE_NAME" ]; then
    printf '%s\0' "$@" > "$CHECKER_RECORD/$CARGO_CRATE_NAME.arguments" &&
    env -0 > "$CHECKER_RECORD/$CARGO_CRATE_NAME.environment" || exit
    set -- "$@" --cap-lints=allow
fi
exec "$@"
"#;

/// A shell command that records its environment, then runs Cargo.
pub(crate) const START: &str = r#"env -0 > "$CHECKER_RECORD/cargo.before" && exec "$@""#;

/// The variable that names the folder for the records.
pub(crate) const RECORD: &str = "CHECKER_RECORD";

/// Variables that belong to one run of Cargo or to its shell.
const OF_ONE_RUN: [&str; 9] = [
    "CARGO_BUILD_BUILD_DIR",
    "CARGO_HOME",
    "CARGO_MAKEFLAGS",
    "CARGO_TARGET_DIR",
    "OLDPWD",
    "PWD",
    "RUSTC_WORKSPACE_WRAPPER",
    "SHLVL",
    "_",
];

/// Arguments that say where the output goes and how errors are reported. The caller decides both.
const OUTPUT: [&str; 4] = [
    "--emit=",
    "--error-format=",
    "--json=",
    "--diagnostic-width=",
];
/// The same for the options of `-C`. Without debug information, the same verdict comes sooner.
const OUTPUT_OPTIONS: [&str; 4] = ["debuginfo=", "extra-filename=", "incremental=", "strip="];

/// The command lines with which Cargo compiles each target of a package.
#[derive(Debug, Clone)]
pub struct BuildPlan {
    /// The library's root file, relative to the folder of the submission.
    pub root: PathBuf,
    /// The library.
    pub library: Invocation,
    /// The crate name of the library.
    pub crate_name: String,
    /// The task's program.
    pub program: Invocation,
    /// A test target. Test targets differ only in their source file.
    pub checks: Invocation,
    /// The folders that hold the libraries.
    pub libraries: Vec<PathBuf>,
}

impl BuildPlan {
    /// Returns a plan in which the library may use the dev-dependencies, as if they were dependencies.
    pub fn with_dev_dependencies(&self) -> BuildPlan {
        let mut plan = self.clone();
        let known = plan.library.externs();
        for (name, file) in self.checks.externs() {
            if name != self.crate_name && !known.contains_key(&name) {
                let mut value = OsString::from(name + "=");
                value.push(file);
                plan.library.arguments.extend(["--extern".into(), value]);
            }
        }
        plan
    }
}

/// A command line of the compiler, as Cargo wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invocation {
    /// The folder of the package.
    package: PathBuf,
    /// The file that is compiled.
    source: PathBuf,
    arguments: Vec<OsString>,
    environment: Vec<(OsString, OsString)>,
}

/// The files that replace the recorded ones when a command line runs again.
#[derive(Debug, Clone, Copy)]
pub struct Files<'f> {
    /// The folder of the package.
    pub package: &'f Path,
    /// The file that is compiled.
    pub source: &'f Path,
    /// The crate name of the package's library, and the file to link instead.
    pub library: Option<(&'f str, &'f Path)>,
}

/// Writes the script into a folder. Its name is always the same because Cargo compiles again when it changes.
pub(crate) fn script(folder: &Path) -> io::Result<PathBuf> {
    let path = folder.join("record.sh");
    if fs::read_to_string(&path).is_ok_and(|text| text == SCRIPT) {
        return Ok(path);
    }
    // Renamed into place: another process may be about to run it.
    let file = tempfile::Builder::new()
        .permissions(fs::Permissions::from_mode(0o700))
        .tempfile_in(folder)?;
    fs::write(file.path(), SCRIPT)?;
    file.into_temp_path().persist(&path)?;
    Ok(path)
}

impl Invocation {
    /// Reads the script's record of a crate.
    pub(crate) fn read(
        record: &Path,
        crate_name: &str,
        package: &Path,
        source: &str,
    ) -> io::Result<Invocation> {
        let before = variables(&fs::read(record.join("cargo.before"))?);
        let environment = variables(&fs::read(record.join(format!("{crate_name}.environment")))?);
        let is_cargos = |(name, value): &(OsString, OsString)| {
            let is_own = !OF_ONE_RUN.iter().any(|other| name == other) && name != RECORD;
            is_own && (name.as_bytes().starts_with(b"CARGO") || before.get(name) != Some(value))
        };
        let arguments = fs::read(record.join(format!("{crate_name}.arguments")))?;
        Ok(Invocation {
            package: package.to_owned(),
            source: package.join(source),
            // The first argument is the compiler.
            arguments: words(&arguments)
                .skip(1)
                .map(|word| OsString::from_vec(word.to_vec()))
                .collect(),
            environment: environment.into_iter().filter(is_cargos).collect(),
        })
    }

    /// Returns the environment, with other files.
    pub fn environment(&self, files: Files<'_>) -> impl Iterator<Item = (&OsStr, OsString)> {
        self.environment.iter().map(move |(name, value)| {
            let value = match Path::new(value).strip_prefix(&self.package) {
                Ok(below) if below.as_os_str().is_empty() => files.package.into(),
                Ok(below) => files.package.join(below).into(),
                Err(_) => value.clone(),
            };
            (name.as_os_str(), value)
        })
    }

    /// Returns the arguments, with other files and without those that say where the output goes.
    pub fn arguments(&self, files: Files<'_>) -> Vec<OsString> {
        let mut replayed = Vec::new();
        let mut arguments = self.arguments.iter();
        while let Some(argument) = arguments.next() {
            let text = argument.to_str().unwrap_or_default();
            match text {
                "--out-dir" => drop(arguments.next()),
                "-C" | "--extern" => {
                    let Some(value) = arguments.next() else { break };
                    let text = value.to_str().unwrap_or_default();
                    let is_library =
                        |(name, _): &(&str, &Path)| text.split('=').next() == Some(name);
                    let value = match files
                        .library
                        .filter(|_| argument == "--extern")
                        .filter(is_library)
                    {
                        Some((name, file)) => {
                            OsString::from_iter([OsStr::new(name), OsStr::new("="), file.as_ref()])
                        }
                        None => value.clone(),
                    };
                    if argument == "--extern"
                        || !OUTPUT_OPTIONS.iter().any(|option| text.starts_with(option))
                    {
                        replayed.extend([argument.clone(), value]);
                    }
                }
                _ if OUTPUT.iter().any(|option| text.starts_with(option)) => {}
                _ if self.package.join(argument) == self.source => {
                    replayed.push(files.source.into())
                }
                _ => replayed.push(argument.clone()),
            }
        }
        replayed
    }

    /// Returns the libraries that the code may use, by their crate names.
    pub fn externs(&self) -> BTreeMap<String, PathBuf> {
        let values = self
            .values_of("--extern")
            .filter_map(|value| value.split_once('='));
        values
            .map(|(name, file)| (name.to_owned(), file.into()))
            .collect()
    }

    /// Returns the folders in which the compiler looks for libraries.
    pub(crate) fn search_folders(&self) -> impl Iterator<Item = PathBuf> {
        self.values_of("-L").map(|value| {
            value
                .split_once('=')
                .map_or(value, |(_, folder)| folder)
                .into()
        })
    }

    fn values_of(&self, option: &str) -> impl Iterator<Item = &str> {
        let pairs = self.arguments.iter().zip(self.arguments.iter().skip(1));
        pairs
            .filter(move |(argument, _)| *argument == option)
            .filter_map(|(_, value)| value.to_str())
    }
}

fn words(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.strip_suffix(b"\0")
        .unwrap_or(text)
        .split(|byte| *byte == 0)
}

fn variables(text: &[u8]) -> BTreeMap<OsString, OsString> {
    let split = |word: &[u8]| {
        let at = word.iter().position(|byte| *byte == b'=')?;
        Some((
            OsString::from_vec(word[..at].to_vec()),
            OsString::from_vec(word[at + 1..].to_vec()),
        ))
    };
    words(text).filter_map(split).collect()
}
