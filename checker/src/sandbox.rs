//! What a program may see and do that somebody else has written.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

/// How much of the machine a program gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sandbox {
    /// All of it, as if the user had started it. What it leaves running in a session of its own is not found.
    None,
    /// All of it, in a namespace of its own for processes: what it leaves running ends with it.
    PidNamespace {
        /// bubblewrap.
        bwrap: PathBuf,
    },
    /// The system's programs and libraries, and what it is given: no home, no environment, no network but its own.
    Full {
        /// bubblewrap.
        bwrap: PathBuf,
    },
}

/// What a program is given in a full sandbox.
#[derive(Debug, Clone, Default)]
pub struct Mounts<'p> {
    /// Files and folders that it may read, under their own names.
    pub read: Vec<&'p Path>,
    /// Folders that it may write, too.
    pub write: Vec<&'p Path>,
}

/// Where a full sandbox lets a program write: in memory, and no more than this many bytes.
const ROOM: u64 = 2 << 30;
/// And how much of that in POSIX's shared memory.
const SHARED_MEMORY: u64 = 64 << 20;

/// What a program needs of the system's settings.
const SETTINGS: [&str; 5] = [
    "/etc/alternatives",
    "/etc/ld.so.cache",
    "/etc/localtime",
    "/etc/nsswitch.conf",
    "/etc/passwd",
];

impl Sandbox {
    /// A command that runs the program in the sandbox. In a full one it begins in `/tmp`, an empty folder, which
    /// is its home as well.
    pub fn command(&self, program: &Path, mounts: &Mounts<'_>) -> Command {
        match self {
            Sandbox::None => Command::new(program),
            Sandbox::PidNamespace { bwrap } => {
                let mut command = Command::new(bwrap);
                command.args([
                    "--dev-bind",
                    "/",
                    "/",
                    "--unshare-pid",
                    "--proc",
                    "/proc",
                    "--die-with-parent",
                    "--",
                ]);
                command.arg(program);
                command
            }
            Sandbox::Full { bwrap } => full(bwrap, program, mounts),
        }
    }
}

fn full(bwrap: &Path, program: &Path, mounts: &Mounts<'_>) -> Command {
    let mut command = Command::new(bwrap);
    // bubblewrap's own, which stands in `/proc/1/environ` in the sandbox.
    command.env_clear();
    command.args([
        "--unshare-all",
        "--die-with-parent",
        "--new-session",
        "--clearenv",
    ]);
    command.args(["--setenv", "PATH", "/usr/bin:/usr/sbin:/bin:/sbin"]);
    command.args(["--setenv", "HOME", "/tmp", "--setenv", "TMPDIR", "/tmp"]);
    command.args(["--proc", "/proc", "--dev", "/dev"]);
    for folder in ["/usr", "/bin", "/sbin", "/lib", "/lib64", "/lib32"] {
        bind(&mut command, "--ro-bind-try", Path::new(folder));
    }
    for file in SETTINGS {
        bind(&mut command, "--ro-bind-try", Path::new(file));
    }
    // Before what is given, which may lie in one of them. What bubblewrap itself makes in memory has no limit.
    command.args(["--size", &ROOM.to_string(), "--tmpfs", "/tmp"]);
    command.args(["--size", &SHARED_MEMORY.to_string(), "--tmpfs", "/dev/shm"]);
    for path in &mounts.read {
        bind(&mut command, "--ro-bind", path);
    }
    for path in &mounts.write {
        bind(&mut command, "--bind", path);
    }
    // `/proc/sys` is the machine's, and open to whom it takes for root.
    command.args([
        "--remount-ro",
        "/proc",
        "--remount-ro",
        "/dev",
        "--remount-ro",
        "/",
    ]);
    // As root, bubblewrap would leave it the rights to undo all that.
    command.args(["--cap-drop", "ALL"]);
    command.args([OsStr::new("--chdir"), OsStr::new("/tmp"), OsStr::new("--")]);
    command.arg(program);
    command
}

fn bind(command: &mut Command, how: &str, path: &Path) {
    command.arg(how).arg(path).arg(path);
}
