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
use crate::reference::{Reference, Target};
use crate::sandbox::{Mounts, Sandbox};
use crate::task::{CHECKS, workspace};

/// Limits of one run of the compiler.
const LIMITS: Limits = Limits {
    time: Duration::from_secs(120),
    memory: 2 << 30,
    processes: 50,
    output: 512 << 20,
};

/// The time that a check waits for an event by default.
const DEADLINE: Duration = Duration::from_secs(30);

/// A solution and its checks, compiled.
#[derive(Debug)]
pub struct Compiled {
    folder: Folder,
    library: PathBuf,
    /// The time that a check waits for an event, in whole seconds. A check gives up after twice that time, and is killed after
    /// three times that time.
    pub deadline: Duration,
    /// The programs of the checks, by the names of their targets.
    pub programs: BTreeMap<String, PathBuf>,
}

/// The folder that holds the programs.
#[derive(Debug)]
enum Folder {
    /// Removed when the value is dropped.
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

    /// Returns the compiler's options for what is compiled again and again in the same folder.
    fn options(&self) -> Vec<OsString> {
        match self {
            Folder::Temporary(_) => Vec::new(),
            Folder::Stays(folder) => {
                let mut option = OsString::from("-Cincremental=");
                option.push(folder.join("incremental"));
                vec![option]
            }
        }
    }
}

impl Compiled {
    /// Returns the folder that holds the programs.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }
}

impl Reference {
    /// Compiles the solution with this root file, and these targets of checks against it, with the manifest of this
    /// reference.
    ///
    /// # Errors
    ///
    /// If the solution does not compile, or the checks do not compile against it because a name or a type is missing. The
    /// details are the compiler's errors.
    pub fn compile(
        &self,
        root: &Path,
        targets: &[&str],
        sandbox: &Sandbox,
    ) -> Result<Compiled, Problem> {
        let folder = root.parent().unwrap_or(Path::new("/"));
        self.compile_in(None, folder, root, targets, sandbox)
    }

    /// Compiles like [`compile`](Reference::compile), but the compiler may read the whole folder `package`.
    ///
    /// If `stays` is given, the programs are written there, and the compiler's incremental data stays there for the next
    /// call. Only one call at a time may use it. A full sandbox ignores it.
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
        let folder = match stays.filter(|_| !is_full(sandbox)) {
            Some(folder) => Folder::Stays(folder.to_owned()),
            None => Folder::new()?,
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
        let options = folder.options();
        self.rustc(&self.plan.library, solution, &options, &library, sandbox)
            .map_err(|failure| {
                let help = "fix the compiler's first error, then check again";
                did_not_compile("it does not compile", help, failure)
            })?;
        early_code::refuse(&library, &self.target(CHECKS)?.program)?;

        let mut compiled = Compiled {
            folder,
            library,
            deadline: DEADLINE,
            programs: BTreeMap::new(),
        };
        for target in targets {
            self.compile_more(&mut compiled, self.target(target)?, sandbox)?;
        }
        Ok(compiled)
    }

    /// Compiles one more target of checks against a compiled solution.
    ///
    /// Every target but [`CHECKS`] also tests the task's program, which is then compiled against the solution.
    ///
    /// # Errors
    ///
    /// If the checks do not compile against the solution.
    pub fn compile_more(
        &self,
        compiled: &mut Compiled,
        target: &Target,
        sandbox: &Sandbox,
    ) -> Result<(), Problem> {
        let (folder, library) = (compiled.folder.path(), &compiled.library);
        if !target.is_required() {
            let output = folder.join(self.task.folder);
            let main = self.task.path().join("src/main.rs");
            self.against(library, &self.plan.program, &main, &[], &output, sandbox)?;
        }
        let program = folder.join(&target.name);
        self.against(
            library,
            &self.plan.checks,
            &target.source,
            &compiled.folder.options(),
            &program,
            sandbox,
        )?;
        early_code::refuse_program(&program, &target.program)?;
        compiled.programs.insert(target.name.clone(), program);
        Ok(())
    }

    /// Compiles one of the task's files against the compiled solution.
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
        // The lints in a submission's manifest are for its code only.
        let options = [options, &["--cap-lints=allow".into()]].concat();
        self.rustc(invocation, files, &options, output, sandbox)
            .map_err(|failure| {
                let help = "write each public function with the name and signature that it has in the stub";
                did_not_compile("the checks do not find what the task asks for", help, failure)
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
                if is_full(sandbox) {
                    // The sandbox writes only to memory. The output is read through a pipe, up to a limit.
                    let script = r#""$@" -o /tmp/out >&2 && cat /tmp/out"#;
                    command.args(["/bin/sh", "-c", script, "rustc", "/usr/bin/env"]);
                }
                // By `env`, after the shell, which loses variables with a hyphen in their names.
                for (name, value) in invocation.environment(files) {
                    command.arg(OsString::from_iter([name, "=".as_ref(), &value]));
                }
                // The task's program is in the same folder as the output.
                let (program, name) = (output.with_file_name(self.task.folder), self.task.folder);
                command.arg(format!("CARGO_BIN_EXE_{name}={}", program.display()));
                prepare(command);
                if !is_full(sandbox) {
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
                let how = format!("the compiler did not finish: {}", ended.how());
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

/// The compiler's output when it failed.
struct Errors {
    /// Errors with a place in the code.
    of_the_code: String,
    /// Everything else: errors of the linker, files that cannot be written, and lines that are not messages.
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

    /// Returns the failure. If no error names a place in the code, the machine may be the cause.
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

/// Refuses symbolic links on the path to the root file. bubblewrap would follow a link to a folder when it mounts the
/// folder. A link to a file does not resolve in the sandbox, and the compiler's error would be unclear.
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
            help: "replace the link with the file or folder itself".to_owned(),
        }),
    }
}

/// Returns a problem if the file system does not allow its programs to run (`noexec`).
fn is_executable(program: &Path) -> Result<(), Problem> {
    access(program, Access::EXEC_OK).map_err(|error| Problem {
        whose: Whose::YourMachine,
        message: format!(
            "programs in {} cannot be executed: {error}",
            env::temp_dir().display()
        ),
        details: String::new(),
        help: "set TMPDIR to another folder: this one is mounted with `noexec`".to_owned(),
    })
}

enum Failure {
    /// The compiler's errors.
    Compiler(String),
    /// The compiler could not run.
    Other(Problem),
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Failure {
        Failure::Other(problem)
    }
}

fn did_not_compile(message: &str, help: &str, failure: Failure) -> Problem {
    match failure {
        Failure::Other(problem) => problem,
        Failure::Compiler(errors) => Problem {
            whose: Whose::YourCode,
            message: message.to_owned(),
            details: errors,
            help: help.to_owned(),
        },
    }
}

pub(crate) fn no_room(error: &std::io::Error) -> Problem {
    Problem {
        whose: Whose::YourMachine,
        message: format!("cannot write to the folder for temporary files: {error}"),
        details: String::new(),
        help: "free space in the folder that TMPDIR names, or in /tmp".to_owned(),
    }
}

fn make_executable(file: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(file, fs::Permissions::from_mode(0o700))
}

/// Returns the folder of the toolchain in use. rustup's `rustc` is a proxy that needs a home folder, which the sandbox does
/// not have. The answer is stored because it takes a tenth of the time of a verdict.
pub(crate) fn toolchain() -> Result<&'static Path, Problem> {
    static FOUND: OnceLock<PathBuf> = OnceLock::new();
    if let Some(found) = FOUND.get() {
        return Ok(found);
    }
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc)
        .args(["--print", "sysroot"])
        // A `rust-toolchain` file there applies.
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
