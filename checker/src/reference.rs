//! A task's reference: its checks, and how they and a solution are compiled.
//!
//! Cargo builds the libraries and shows how it compiles a package with a given manifest. Then rustc alone compiles a
//! solution and its checks, with one call each. Cargo would build the dependencies again for each folder, or make one
//! submission wait for another.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, OnceLock};

use serde_json::Value;

use crate::build_plan::BuildPlan;
use crate::download::Downloads;
use crate::extra::plan;
use crate::manifest::{Manifest, merged};
use crate::outcome::{Problem, Whose};
use crate::sandbox::Sandbox;
use crate::task::{CHECKS, CLI, EXTRAS, TASKS, Task, workspace};

/// A task that has been built.
#[derive(Debug, Clone)]
pub struct Reference {
    /// The task.
    pub task: Task,
    /// Its test targets: [`CHECKS`], [`EXTRAS`] and [`CLI`].
    pub targets: Vec<Target>,
    /// The command lines of a solution and the checks: with the task's manifest, or with a submission's.
    pub plan: Arc<BuildPlan>,
}

/// The tasks. Each is built once, when it is first used.
#[derive(Debug, Default)]
pub struct Tasks([OnceLock<Result<Reference, Problem>>; TASKS.len()]);

impl Tasks {
    /// Returns the tasks, without building any.
    pub const fn new() -> Tasks {
        Tasks([const { OnceLock::new() }; TASKS.len()])
    }

    /// Returns a task, and builds it on the first call.
    ///
    /// # Errors
    ///
    /// As [`Reference::build`].
    pub fn reference(&self, task: Task) -> Result<&Reference, Problem> {
        let index = TASKS
            .iter()
            .position(|one| *one == task)
            .unwrap_or_default();
        let built = self.0[index].get_or_init(|| Reference::build(task));
        built.as_ref().map_err(Problem::clone)
    }
}

/// A test target.
#[derive(Debug, Clone)]
pub struct Target {
    /// Its name.
    pub name: String,
    /// Its root file.
    pub source: PathBuf,
    /// The program, compiled against the reference solution.
    pub program: PathBuf,
    /// The paths of its tests, such as `closing::closes_on_a_panic`, in the order in which they are written down.
    pub tests: Vec<String>,
}

impl Reference {
    /// Builds a task and its checks with Cargo. The first time takes about a minute.
    ///
    /// # Errors
    ///
    /// If the workspace does not build. The problem is the machine's or ours.
    pub fn build(task: Task) -> Result<Reference, Problem> {
        let arguments = [
            "test",
            "--no-run",
            "--test",
            CHECKS,
            "--test",
            EXTRAS,
            "--test",
            CLI,
            "--message-format=json",
            "--quiet",
            "-p",
            task.package,
        ];
        let messages = cargo(&arguments)?;
        let mut targets = Vec::<Target>::new();
        for message in messages
            .lines()
            .filter_map(|line| serde_json::from_str(line).ok())
        {
            if let Some(test) = Test::read(&message) {
                targets.push(Target::list(&test)?);
            }
        }
        // Cargo reports targets in the order in which they finish.
        targets.sort_by(|one, other| one.name.cmp(&other.name));
        let plan = Manifest::read(&task.path())
            .and_then(|manifest| merged(task, &manifest))
            .and_then(|merged| plan(task, merged, Downloads::Forbidden, &Sandbox::None))
            // The manifest is the task's, so the code that is checked is not at fault.
            .map_err(|problem| Problem {
                whose: Whose::YourMachine,
                ..problem
            })?;
        Ok(Reference {
            task,
            targets,
            plan,
        })
    }

    /// Returns the test target with this name.
    ///
    /// # Errors
    ///
    /// If the task has no such target, which is our bug.
    pub fn target(&self, name: &str) -> Result<&Target, Problem> {
        let mut targets = self.targets.iter();
        targets
            .find(|target| target.name == name)
            .ok_or_else(|| Problem::our_bug("find the checks", &name))
    }
}

/// A test target that Cargo has built.
struct Test<'m> {
    name: &'m str,
    source: &'m Path,
    program: &'m Path,
}

impl Test<'_> {
    fn read(message: &Value) -> Option<Test<'_>> {
        let target = &message["target"];
        let kinds = target["kind"].as_array()?;
        kinds.iter().any(|kind| kind == "test").then_some(())?;
        Some(Test {
            name: target["name"].as_str()?,
            source: Path::new(target["src_path"].as_str()?),
            program: Path::new(message["executable"].as_str()?),
        })
    }
}

impl Target {
    /// Returns whether its tests decide the verdict.
    pub fn is_required(&self) -> bool {
        self.name == CHECKS
    }

    fn list(test: &Test<'_>) -> Result<Target, Problem> {
        let Test {
            name,
            source,
            program,
        } = *test;
        let output = Command::new(program)
            .args(["--list", "--format=terse"])
            .output()
            .map_err(|error| Problem::our_bug("list the checks", &error))?;
        let output = String::from_utf8_lossy(&output.stdout);
        let paths = output
            .lines()
            .filter_map(|line| line.strip_suffix(": test"));
        let mut tests: Vec<String> = paths.map(str::to_owned).collect();
        // The test runner's order is that of the alphabet.
        let folder = source.parent().unwrap_or(Path::new("."));
        tests.sort_by_cached_key(|path| place(folder, path));
        Ok(Target {
            name: name.to_owned(),
            source: source.to_owned(),
            program: program.to_owned(),
            tests,
        })
    }
}

/// Returns where a test is written down: its file, whose name begins with a number if there is an order, and the place in
/// it.
fn place(folder: &Path, path: &str) -> (PathBuf, usize) {
    let (module, name) = path.rsplit_once("::").unwrap_or(("main", path));
    let file = module_file(folder, module);
    let text = fs::read_to_string(folder.join(&file)).unwrap_or_default();
    let function = text.find(&format!("fn {name}(")).unwrap_or(usize::MAX);
    (file, function)
}

/// Returns the file of a module, relative to the folder of its target: `closing.rs`, or `02_closing.rs` if it has a number.
pub(crate) fn module_file(folder: &Path, module: &str) -> PathBuf {
    let plain = PathBuf::from(module.replace("::", "/")).with_extension("rs");
    let wanted = plain.file_name().and_then(|name| name.to_str());
    let is_wanted = |name: &str| {
        name.split_once('_').is_some_and(|(number, rest)| {
            number.bytes().all(|byte| byte.is_ascii_digit()) && Some(rest) == wanted
        })
    };
    let parent = plain.parent().unwrap_or(Path::new(""));
    let entries = fs::read_dir(folder.join(parent)).into_iter().flatten();
    let mut names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    names
        .find(|name| is_wanted(name))
        .map_or_else(|| plain.clone(), |name| plain.with_file_name(name))
}

/// The folders that Cargo builds in.
#[derive(Debug, Clone)]
pub(crate) struct Folders {
    /// The final artifacts: programs.
    pub target: PathBuf,
    /// The intermediate artifacts: libraries.
    pub build: PathBuf,
}

/// Returns the folders that Cargo builds this workspace in.
pub(crate) fn folders() -> Result<&'static Folders, Problem> {
    static FOLDERS: OnceLock<Result<Folders, Problem>> = OnceLock::new();
    let find = || {
        let metadata = cargo(&["metadata", "--format-version=1", "--no-deps"])?;
        let metadata: Value = serde_json::from_str(&metadata)
            .map_err(|error| Problem::our_bug("read what Cargo says", &error))?;
        let folder = |name: &str| metadata[name].as_str().map(PathBuf::from);
        let target = folder("target_directory");
        let target =
            target.ok_or_else(|| Problem::our_bug("find Cargo's folder", &"it does not say"))?;
        Ok(Folders {
            build: folder("build_directory").unwrap_or_else(|| target.clone()),
            target,
        })
    };
    FOLDERS.get_or_init(find).as_ref().map_err(Problem::clone)
}

/// Returns the checker's folder for its cache and the libraries that it builds, in Cargo's target folder.
///
/// # Errors
///
/// If Cargo does not report its target folder.
pub fn state_folder() -> Result<PathBuf, Problem> {
    Ok(folders()?.target.join("checker"))
}

/// Returns a command that runs Cargo, without the variables that Cargo has set for this program. Build scripts that depend
/// on them would run again.
pub(crate) fn cargo_command() -> Command {
    // Not `env!("CARGO")`, which built this program: rustup's `cargo` uses one toolchain for every crate, even for one with
    // its own `rust-toolchain` file.
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    for (name, _) in std::env::vars_os() {
        if name == "CARGO_MANIFEST_DIR" || name.to_string_lossy().starts_with("CARGO_PKG_") {
            command.env_remove(name);
        }
    }
    command
}

/// Runs Cargo in the workspace and returns its standard output.
fn cargo(arguments: &[&str]) -> Result<String, Problem> {
    let output = cargo_command()
        .args(arguments)
        .current_dir(workspace())
        .output()
        .map_err(|error| Problem {
            whose: Whose::YourMachine,
            message: format!("Cargo cannot be started: {error}"),
            details: String::new(),
            help: "install Rust, so that `cargo --version` works here".to_owned(),
        })?;
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() {
        return Ok(stdout);
    }
    // The compiler's errors are in the messages.
    let messages = stdout
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let errors = messages.filter(|message| message["message"]["level"] == "error");
    let errors: String = errors
        .filter_map(|error| Some(error["message"]["rendered"].as_str()?.to_owned()))
        .collect();
    Err(Problem {
        whose: Whose::YourMachine,
        message: format!(
            "the tasks of {} do not build ({})",
            workspace().display(),
            output.status
        ),
        details: errors + &String::from_utf8_lossy(&output.stderr),
        help:
            "run `cargo test --no-run` there to see the error; is the disk full, or is there no network to download \
               crates?"
                .to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checks_are_listed_in_the_order_in_which_they_are_written_down() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
        write("01_with_pool.rs", "fn zero() {}\nfn one() {}");
        write("02_pool.rs", "fn two() {}");
        write("alone.rs", "fn three() {}");
        let mut paths = [
            "alone::three",
            "pool::two",
            "with_pool::one",
            "with_pool::zero",
        ];
        paths.sort_by_key(|path| place(folder.path(), path));
        assert_eq!(
            paths,
            [
                "with_pool::zero",
                "with_pool::one",
                "pool::two",
                "alone::three"
            ]
        );
    }
}
