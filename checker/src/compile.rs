//! Compiles a solution, and the checks against it.

use std::collections::BTreeMap;
use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::Duration;

use shared::files::private_folder;
use tempfile::TempDir;

use crate::early_code;
use crate::fence::{Fence, Given};
use crate::official::Official;
use crate::outcome::{Problem, Whose};
use crate::process::{self, End, Limits};
use crate::task::workspace;

/// A compiler that runs longer than this compiles no exercise.
const LIMITS: Limits = Limits {
    time: Duration::from_secs(120),
    memory: 2 << 30,
    processes: 50,
    output: 512 << 20,
};

/// The target of tests that runs a task's program.
pub const BINARY: &str = "binary";
/// How long a check waits for what does not come, if nobody says otherwise.
const DEADLINE: Duration = Duration::from_secs(20);

/// What compiling made of a solution.
#[derive(Debug)]
pub struct Compiled {
    folder: Folder,
    /// How long a check waits for what does not come, in whole seconds. It gives itself up after twice that, and is ended
    /// after three times that.
    pub deadline: Duration,
    /// The programs of the checks, by their targets' names.
    pub programs: BTreeMap<String, PathBuf>,
}

/// Where the programs lie.
#[derive(Debug)]
enum Folder {
    /// Goes with the value.
    Temporary(TempDir),
    Stays(PathBuf),
}

impl Folder {
    fn new() -> Result<Folder, Problem> {
        Ok(Folder::Temporary(
            private_folder().map_err(|error| no_room(&error))?,
        ))
    }

    fn path(&self) -> &Path {
        match self {
            Folder::Temporary(folder) => folder.path(),
            Folder::Stays(folder) => folder,
        }
    }
}

impl Compiled {
    /// The folder in which the programs lie.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }
}

impl Official {
    /// Compiles a solution, whose root is this file, under the task's name, and these targets of checks against it. With
    /// the target [`BINARY`] goes the task's own program, compiled against it, too; outside a fence only, for the tests
    /// find it by a variable of the environment.
    ///
    /// # Errors
    ///
    /// When the solution does not compile, or the checks do not against it, because a name or a type of the task's is
    /// missing; the details are the compiler's.
    pub fn compile(&self, root: &Path, targets: &[&str], fence: &Fence) -> Result<Compiled, Problem> {
        self.compile_in(None, root, targets, fence)
    }

    /// As [`compile`](Official::compile), in a folder that stays: for a crate that is compiled again and again, for in it
    /// the compiler keeps what it may use the next time. One at a time uses it. Not behind a closed fence.
    ///
    /// # Errors
    ///
    /// As [`compile`](Official::compile).
    pub fn compile_in(
        &self,
        stays: Option<&Path>,
        root: &Path,
        targets: &[&str],
        fence: &Fence,
    ) -> Result<Compiled, Problem> {
        let (folder, options) = match stays.filter(|_| !is_closed(fence)) {
            Some(folder) => {
                let mut option = OsString::from("-Cincremental=");
                option.push(folder.join("incremental"));
                (Folder::Stays(folder.to_owned()), vec![option])
            }
            None => (Folder::new()?, Vec::new()),
        };
        let library = folder.path().join(format!("lib{}.rlib", self.task.library));
        let source = root.parent().unwrap_or(Path::new("/"));
        if is_closed(fence) {
            refuse_links(root, source)?;
        }
        let mut arguments = vec!["--crate-type=lib".into(), "-Cmetadata=solution".into()];
        arguments.extend_from_slice(&options);
        self.rustc(self.task.library, root, &arguments, &[source], &library, fence)
            .map_err(|errors| did_not_compile("it does not compile", errors))?;
        early_code::refuse(&library, &self.checks()?.program)?;

        let mut programs = BTreeMap::new();
        for target in targets.iter().filter_map(|name| self.target(name)) {
            let program = folder.path().join(&target.name);
            if target.name == BINARY {
                let (main, output) = (
                    self.task.path().join("src/main.rs"),
                    folder.path().join(self.task.folder),
                );
                let kind = ["--crate-type=bin".into()];
                self.against(&library, "program", &main, &kind, &output, fence)?;
            }
            let kind = [&["--test".into()], options.as_slice()].concat();
            self.against(&library, &target.name, &target.source, &kind, &program, fence)?;
            programs.insert(target.name.clone(), program);
        }
        Ok(Compiled {
            folder,
            deadline: DEADLINE,
            programs,
        })
    }

    /// Compiles a file of the task's against a solution that is compiled.
    fn against(
        &self,
        library: &Path,
        name: &str,
        source: &Path,
        kind: &[OsString],
        output: &Path,
        fence: &Fence,
    ) -> Result<(), Problem> {
        let mut library_is = OsString::from(format!("{}=", self.task.library));
        library_is.push(library);
        let arguments = [kind, &["--extern".into(), library_is]].concat();
        let official = self.task.path();
        self.rustc(name, source, &arguments, &[&official, library], output, fence)
            .map_err(|errors| did_not_compile("the checks do not find what the task asks for", errors))
    }

    /// The inner error is what the compiler says.
    fn rustc(
        &self,
        name: &str,
        source: &Path,
        arguments: &[OsString],
        read: &[&Path],
        output: &Path,
        fence: &Fence,
    ) -> Result<(), Failure> {
        let toolchain = toolchain()?;
        let libraries: Vec<&Path> = self
            .externs
            .values()
            .filter_map(|library| library.parent())
            .collect();
        let mut given = Given {
            read: read.to_vec(),
            ..Given::default()
        };
        given.read.extend(&libraries);
        given.read.push(toolchain);

        let prepare = |command: &mut Command| {
            command.args(["--edition=2024", "--crate-name", name, "--cap-lints=allow"]);
            command.args([
                "-Cdebug-assertions=on",
                "-Coverflow-checks=on",
                "-Cstrip=debuginfo",
            ]);
            command.args(arguments).arg(source);
            for (name, library) in &self.externs {
                command
                    .arg("--extern")
                    .arg(format!("{name}={}", library.display()));
            }
            for folder in &libraries {
                command.arg("-L").arg(format!("dependency={}", folder.display()));
            }
        };
        let rustc = toolchain.join("bin/rustc");
        let ended = process::run(fence, &given, Path::new("/usr/bin/env"), LIMITS, |command| {
            self.environment(command, output);
            if is_closed(fence) {
                // Nothing is written but in memory; what comes out is read through a pipe, up to a limit.
                let script = r#""$0" "$@" -o /tmp/out >&2 && cat /tmp/out"#;
                command.args(["/bin/sh", "-c", script]).arg(&rustc);
                prepare(command);
            } else {
                command.arg(&rustc);
                prepare(command);
                command.arg("-o").arg(output);
            }
        });
        let ended = ended.map_err(|error| Failure::Other(Problem::our_bug("start the compiler", &error)))?;
        match ended.end {
            End::Exited(status) if status.success() => {}
            End::Exited(_) => {
                let errors = String::from_utf8_lossy(&ended.stderr).into_owned();
                return Err(Failure::Compiler(errors));
            }
            End::TimedOut | End::TooManyProcesses | End::OutOfMemory | End::TooMuchWritten => {
                let how = format!("the compiler did not come to an end: {}", ended.how());
                return Err(Failure::Compiler(how));
            }
        }
        if is_closed(fence) {
            fs::write(output, &ended.stdout).map_err(|error| Failure::Other(no_room(&error)))?;
            make_executable(output).map_err(|error| Failure::Other(no_room(&error)))?;
        }
        Ok(())
    }

    /// What Cargo would tell the compiler, as words for `env`: a shell loses variables with a hyphen in their names. The
    /// task's program lies beside whatever is compiled.
    fn environment(&self, command: &mut Command, output: &Path) {
        let binary = self.task.folder;
        for (name, value) in [
            ("CARGO_MANIFEST_DIR", self.task.path().as_path()),
            ("CARGO_PKG_NAME", self.task.package.as_ref()),
            ("CARGO_PKG_VERSION", env!("CARGO_PKG_VERSION").as_ref()),
            ("CARGO_CRATE_NAME", self.task.library.as_ref()),
            ("CARGO_BIN_NAME", binary.as_ref()),
            (&format!("CARGO_BIN_EXE_{binary}"), &output.with_file_name(binary)),
        ] {
            command.arg(format!("{name}={}", value.display()));
        }
    }
}

fn is_closed(fence: &Fence) -> bool {
    matches!(fence, Fence::Closed { .. })
}

/// A link to a folder would be followed before the fence is closed. One to a file leads nowhere behind it, which is said
/// more clearly here than by the compiler.
fn refuse_links(root: &Path, source: &Path) -> Result<(), Problem> {
    let is_link = |path: &Path| path.symlink_metadata().is_ok_and(|data| data.is_symlink());
    match [source, root].into_iter().find(|path| is_link(path)) {
        None => Ok(()),
        Some(link) => Err(Problem {
            whose: Whose::YourCode,
            message: format!("{} is a link", link.display()),
            details: String::new(),
            help: "put the file itself there: links are not followed".to_owned(),
        }),
    }
}

enum Failure {
    /// What the compiler says.
    Compiler(String),
    /// It could not be asked.
    Other(Problem),
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Failure {
        Failure::Other(problem)
    }
}

fn did_not_compile(message: &str, failure: Failure) -> Problem {
    match failure {
        Failure::Other(problem) => problem,
        Failure::Compiler(errors) => Problem {
            whose: Whose::YourCode,
            message: message.to_owned(),
            details: errors,
            help: "mend what the compiler's first error says, then look again".to_owned(),
        },
    }
}

pub(crate) fn no_room(error: &std::io::Error) -> Problem {
    Problem {
        whose: Whose::YourMachine,
        message: format!("a folder for temporary files cannot be written to: {error}"),
        details: String::new(),
        help: "see whether there is room in it: it is the one that TMPDIR names, or /tmp".to_owned(),
    }
}

fn make_executable(file: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(file, fs::Permissions::from_mode(0o700))
}

/// The folder of the toolchain in use: rustup's `rustc` is a proxy, which needs a home. It is asked once, for the answer
/// takes a tenth of a verdict.
pub(crate) fn toolchain() -> Result<&'static Path, Problem> {
    static FOUND: OnceLock<PathBuf> = OnceLock::new();
    if let Some(found) = FOUND.get() {
        return Ok(found);
    }
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc)
        .args(["--print", "sysroot"])
        // Where a `rust-toolchain` would say which.
        .current_dir(workspace())
        .output()
        .map_err(|error| Problem::our_bug("find the compiler", &error))?;
    if !output.status.success() {
        let why = String::from_utf8_lossy(&output.stderr);
        return Err(Problem::our_bug("find the compiler", &why.trim()));
    }
    let found = PathBuf::from(String::from_utf8_lossy(&output.stdout).trim());
    Ok(FOUND.get_or_init(|| found))
}
