//! Limits what a program that another person wrote may see and do.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The part of the machine that a program can reach.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sandbox {
    /// Everything that the user can reach. A process that it starts in a new session is not found and keeps running.
    None,
    /// Everything that the user can reach, in a new PID namespace: all its processes end with it.
    PidNamespace {
        /// The path of bubblewrap.
        bwrap: PathBuf,
    },
    /// The system's programs and libraries, and its mounts. It has an empty home folder and an empty environment, and a
    /// network with only a loopback interface.
    Full {
        /// The path of bubblewrap.
        bwrap: PathBuf,
    },
}

/// The files and folders that a full sandbox contains in addition to the system's.
#[derive(Debug, Clone, Default)]
pub struct Mounts<'p> {
    /// Files and folders that the program may read, under the same paths.
    pub read: Vec<&'p Path>,
    /// Folders that the program may also write to.
    pub write: Vec<&'p Path>,
}

/// The size of `/tmp` in a full sandbox, which is in memory, in bytes.
const ROOM: u64 = 2 << 30;
/// The size of `/dev/shm`, in bytes.
const SHARED_MEMORY: u64 = 64 << 20;

/// The system's settings that a program needs.
const SETTINGS: [&str; 5] = [
    "/etc/alternatives",
    "/etc/ld.so.cache",
    "/etc/localtime",
    "/etc/nsswitch.conf",
    "/etc/passwd",
];

impl Sandbox {
    /// Returns a command that runs the program in the sandbox. In a full sandbox, its current folder and its home folder are
    /// `/tmp`, which is empty.
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
    // The sandbox can read bubblewrap's environment in `/proc/1/environ`.
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
    // Before the other mounts, which may be inside these. Without `--size`, they would have no limit.
    command.args(["--size", &ROOM.to_string(), "--tmpfs", "/tmp"]);
    command.args(["--size", &SHARED_MEMORY.to_string(), "--tmpfs", "/dev/shm"]);
    for path in &mounts.read {
        bind(&mut command, "--ro-bind", path);
    }
    for path in &mounts.write {
        bind(&mut command, "--bind", path);
    }
    // `/proc/sys` belongs to the machine, and root may write to it.
    command.args([
        "--remount-ro",
        "/proc",
        "--remount-ro",
        "/dev",
        "--remount-ro",
        "/",
    ]);
    // If root runs bubblewrap, the program would otherwise keep the rights to undo all this.
    command.args(["--cap-drop", "ALL"]);
    command.args([OsStr::new("--chdir"), OsStr::new("/tmp"), OsStr::new("--")]);
    command.arg(program);
    command
}

fn bind(command: &mut Command, how: &str, path: &Path) {
    command.arg(how).arg(path).arg(path);
}
