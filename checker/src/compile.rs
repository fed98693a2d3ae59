//! Compiles a solution, and the checks against it.

use std::collections::BTreeMap;
use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::Duration;

use rustix::fs::{Access, access};
use serde_json::Value as Json;
use shared::files::private_folder;
use tempfile::TempDir;

use crate::build_plan::{Files, Invocation};
use crate::early_code;
use crate::fault;
use crate::outcome::{Problem, Whose};
use crate::process::{self, End, Limits};
use crate::reference::Reference;
use crate::sandbox::{Mounts, Sandbox};
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

impl Reference {
    /// Compiles a solution, whose root is this file, and these targets of checks against it, with the manifest of this
    /// reference. With the target [`BINARY`] goes the task's own program, compiled against it, too; outside a sandbox only,
    /// because the tests find it by a variable of the environment.
    ///
    /// # Errors
    ///
    /// When the solution does not compile, or the checks do not against it, because a name or a type of the task's is
    /// missing; the details are the compiler's.
    pub fn compile(
        &self,
        root: &Path,
        targets: &[&str],
        sandbox: &Sandbox,
    ) -> Result<Compiled, Problem> {
        let folder = root.parent().unwrap_or(Path::new("/"));
        self.compile_in(None, folder, root, targets, sandbox)
    }

    /// As [`compile`](Reference::compile), for a package in a folder, all of which the compiler may read. The programs
    /// are put in a folder that stays, if one is given: in it the compiler keeps what it can use again when the package
    /// changes. One at a time uses it. Not in a full sandbox.
    ///
    /// # Errors
    ///
    /// As [`compile`](Reference::compile).
    pub fn compile_in(
        &self,
        stays: Option<&Path>,
        package: &Path,
        root: &Path,
        targets: &[&str],
        sandbox: &Sandbox,
    ) -> Result<Compiled, Problem> {
        let (folder, options) = match stays.filter(|_| !is_full(sandbox)) {
            Some(folder) => {
                let mut option = OsString::from("-Cincremental=");
                option.push(folder.join("incremental"));
                (Folder::Stays(folder.to_owned()), vec![option])
            }
            None => (Folder::new()?, Vec::new()),
        };
        let library = folder
            .path()
            .join(format!("lib{}.rlib", self.plan.crate_name));
        if is_full(sandbox) {
            refuse_links(root, package)?;
        }
        let solution = Files {
            package,
            source: root,
            library: None,
        };
        self.rustc(&self.plan.library, solution, &options, &library, sandbox)
            .map_err(|failure| did_not_compile("it does not compile", failure))?;
        early_code::refuse(&library, &self.checks()?.program)?;

        let mut programs = BTreeMap::new();
        for target in targets.iter().filter_map(|name| self.target(name)) {
            let program = folder.path().join(&target.name);
            if target.name == BINARY {
                let output = folder.path().join(self.task.folder);
                let main = self.task.path().join("src/main.rs");
                self.against(&library, &self.plan.program, &main, &[], &output, sandbox)?;
            }
            self.against(
                &library,
                &self.plan.checks,
                &target.source,
                &options,
                &program,
                sandbox,
            )?;
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
        invocation: &Invocation,
        source: &Path,
        options: &[OsString],
        output: &Path,
        sandbox: &Sandbox,
    ) -> Result<(), Problem> {
        let package = self.task.path();
        let files = Files {
            package: &package,
            source,
            library: Some((&self.plan.crate_name, library)),
        };
        // The lints of a submission's manifest are for its own code.
        let options = [options, &["--cap-lints=allow".into()]].concat();
        self.rustc(invocation, files, &options, output, sandbox)
            .map_err(|failure| {
                did_not_compile("the checks do not find what the task asks for", failure)
            })?;
        is_executable(output)
    }

    fn rustc(
        &self,
        invocation: &Invocation,
        files: Files<'_>,
        options: &[OsString],
        output: &Path,
        sandbox: &Sandbox,
    ) -> Result<(), Failure> {
        let toolchain = toolchain()?;
        let mut mounts = Mounts {
            read: vec![toolchain, files.package],
            ..Mounts::default()
        };
        mounts
            .read
            .extend(self.plan.libraries.iter().map(PathBuf::as_path));
        mounts
            .read
            .extend(files.library.map(|(_, library)| library));

        let prepare = |command: &mut Command| {
            command
                .arg(toolchain.join("bin/rustc"))
                .args(invocation.arguments(files))
                .args(options)
                .args(["-Cstrip=debuginfo", "--emit=link", "--error-format=json"]);
        };
        let ended = process::run(
            sandbox,
            &mounts,
            Path::new("/usr/bin/env"),
            LIMITS,
            |command| {
                // As words for `env`: a shell loses variables with a hyphen in their names.
                for (name, value) in invocation.environment(files) {
                    command.arg(OsString::from_iter([name, "=".as_ref(), &value]));
                }
                // The task's program lies beside whatever is compiled.
                let (program, name) = (output.with_file_name(self.task.folder), self.task.folder);
                command.arg(format!("CARGO_BIN_EXE_{name}={}", program.display()));
                if is_full(sandbox) {
                    // Nothing is written but in memory; what comes out is read through a pipe, up to a limit.
                    let script = r#""$@" -o /tmp/out >&2 && cat /tmp/out"#;
                    command.args(["/bin/sh", "-c", script, "rustc"]);
                    prepare(command);
                } else {
                    prepare(command);
                    command.arg("-o").arg(output);
                }
            },
        );
        let ended = ended.map_err(|error| fault::not_started("the compiler", &error))?;
        match ended.end {
            End::Exited(status) if status.success() => {}
            End::Exited(_) => {
                if let Some(problem) = fault::of_the_machine("the compiler", &ended) {
                    return Err(problem.into());
                }
                return Err(Errors::read(&ended.stderr).failure(&ended.how()));
            }
            End::TimedOut | End::TooManyProcesses | End::OutOfMemory | End::TooMuchWritten => {
                let how = format!("the compiler did not come to an end: {}", ended.how());
                return Err(Failure::Compiler(how));
            }
        }
        if is_full(sandbox) {
            fs::write(output, &ended.stdout).map_err(|error| Failure::Other(no_room(&error)))?;
            make_executable(output).map_err(|error| Failure::Other(no_room(&error)))?;
        }
        Ok(())
    }
}

/// What the compiler said when it failed.
struct Errors {
    /// Errors with a place in the code.
    of_the_code: String,
    /// Everything else: errors of the linker, of files that cannot be written, and what is no message of the compiler's.
    others: String,
}

impl Errors {
    fn read(stderr: &[u8]) -> Errors {
        let (mut of_the_code, mut others) = (String::new(), String::new());
        for line in String::from_utf8_lossy(stderr).lines() {
            let message: Json = serde_json::from_str(line).unwrap_or_default();
            match (message["rendered"].as_str(), message["level"].as_str()) {
                (Some(text), Some(level)) if level.starts_with("error") => {
                    let has_place = message["spans"]
                        .as_array()
                        .is_some_and(|spans| !spans.is_empty());
                    let errors = if has_place {
                        &mut of_the_code
                    } else {
                        &mut others
                    };
                    *errors += text;
                }
                (Some(_), _) => {} // a warning
                (None, _) => others += &format!("{line}\n"),
            }
        }
        Errors {
            of_the_code,
            others,
        }
    }

    /// A compiler that names no place in the code can lack something that the machine should give it.
    fn failure(self, how: &str) -> Failure {
        if self.of_the_code.is_empty() {
            if let Some(problem) = fault::shortage("the compiler", &self.others) {
                return Failure::Other(problem);
            }
            if self.others.is_empty() {
                return Failure::Compiler(format!("the compiler failed without an error: {how}"));
            }
        }
        Failure::Compiler(self.of_the_code + &self.others)
    }
}

fn is_full(sandbox: &Sandbox) -> bool {
    matches!(sandbox, Sandbox::Full { .. })
}

/// A link to a folder would be followed before the sandbox is closed. One to a file leads nowhere behind it, which is said
/// more clearly here than by the compiler.
fn refuse_links(root: &Path, package: &Path) -> Result<(), Problem> {
    let is_link = |path: &Path| path.symlink_metadata().is_ok_and(|data| data.is_symlink());
    let inside = root
        .ancestors()
        .take_while(|path| path.starts_with(package));
    match inside.into_iter().find(|path| is_link(path)) {
        None => Ok(()),
        Some(link) => Err(Problem {
            whose: Whose::YourCode,
            message: format!("{} is a link", link.display()),
            details: String::new(),
            help: "put the file itself there: links are not followed".to_owned(),
        }),
    }
}

/// A file system can forbid that anything on it is executed.
fn is_executable(program: &Path) -> Result<(), Problem> {
    access(program, Access::EXEC_OK).map_err(|error| Problem {
        whose: Whose::YourMachine,
        message: format!(
            "nothing may be executed in {}: {error}",
            env::temp_dir().display()
        ),
        details: String::new(),
        help:
            "name another folder for temporary files in TMPDIR: this one is mounted with `noexec`"
                .to_owned(),
    })
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
            help: "fix the compiler's first error, then check again".to_owned(),
        },
    }
}

pub(crate) fn no_room(error: &std::io::Error) -> Problem {
    Problem {
        whose: Whose::YourMachine,
        message: format!("a folder for temporary files cannot be written to: {error}"),
        details: String::new(),
        help: "see whether there is room in it: it is the one that TMPDIR names, or /tmp"
            .to_owned(),
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
