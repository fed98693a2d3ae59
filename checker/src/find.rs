//! Finds the tasks in a submission.

use std::collections::VecDeque;
use std::fmt;
use std::fs::{self, DirEntry, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use toml::{Table, Value};

use crate::archive::shown;
use crate::outcome::{Problem, Whose};
use crate::process::is_stopped;
use crate::task::{TASKS, Task};

/// The number of folders below which a task may be. An archive often wraps everything in one more folder, and a course's website adds
/// another.
const DEEPEST: usize = 4;
/// The maximum number of folders to search.
const MOST_FOLDERS: usize = 10_000;
/// The maximum length of a manifest, in bytes.
const LONGEST_MANIFEST: u64 = 64 << 10;

/// A task in a submission.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The task.
    pub task: Task,
    /// The folder of its crate, or why there is none to check.
    pub folder: Result<PathBuf, Problem>,
}

/// Finds the tasks in a submission's folder and returns them in the order of the tasks.
///
/// A task is a folder whose `Cargo.toml` has the task's package name, at most four folders down. The search skips `target`
/// and hidden folders, and does not follow links.
///
/// If one crate of a task is inside another, the outer one counts. If two are side by side, the task has a problem that
/// names both. If a `Cargo.toml` cannot be read, the name of its folder says which task has the problem.
///
/// # Errors
///
/// If the folder cannot be read, has more than 10,000 folders, or has no task.
pub fn find_tasks(folder: &Path) -> Result<Vec<Found>, Error> {
    let (crates, archives) = find_crates(folder).map_err(|reason| Error::new(folder, reason))?;
    let found: Vec<Found> = TASKS
        .into_iter()
        .filter_map(|task| found(task, folder, &crates))
        .collect();
    if found.is_empty() {
        let packages = crates.iter().filter_map(|found| found.package.clone().ok());
        let broken = crates.iter().find_map(|found| found.package.clone().err());
        let reason = match broken {
            Some(broken) => Reason::Manifest(broken),
            None => Reason::NoTask {
                packages: packages.collect(),
                archives,
            },
        };
        return Err(Error::new(folder, reason));
    }
    Ok(found)
}

/// A folder with a manifest.
struct Crate {
    folder: PathBuf,
    /// The package's name, or the error in the manifest.
    package: Result<String, String>,
}

fn found(task: Task, root: &Path, crates: &[Crate]) -> Option<Found> {
    let is_it = |found: &&Crate| found.package.as_deref() == Ok(task.package);
    let mut copies: Vec<&Crate> = Vec::new();
    // Outer folders come first.
    for copy in crates.iter().filter(is_it) {
        if !copies
            .iter()
            .any(|outer| copy.folder.starts_with(&outer.folder))
        {
            copies.push(copy);
        }
    }
    let folder = match copies.as_slice() {
        [] => Err(broken(task, crates)?),
        [one] => Ok(one.folder.clone()),
        [one, other, ..] => Err(Problem {
            whose: Whose::YourCode,
            message: format!(
                "the submission has {} copies of {}: `{}` and `{}`",
                copies.len(),
                task.folder,
                below(&one.folder, root),
                below(&other.folder, root),
            ),
            details: String::new(),
            help: "keep the one that counts and remove the others".to_owned(),
        }),
    };
    Some(Found { task, folder })
}

/// Returns the problem of a task whose manifest cannot be read. The folder's name says which task it is.
fn broken(task: Task, crates: &[Crate]) -> Option<Problem> {
    let named = |found: &&Crate| {
        found
            .folder
            .file_name()
            .is_some_and(|name| name == task.folder || name == task.package)
    };
    let details = crates
        .iter()
        .filter(named)
        .find_map(|found| found.package.clone().err())?;
    Some(Problem {
        whose: Whose::YourCode,
        message: format!("the Cargo.toml of {} cannot be read", task.folder),
        details,
        help: FIX.to_owned(),
    })
}

const FIX: &str = "run `cargo check` in its folder to see the error, and fix it";

fn below(folder: &Path, root: &Path) -> String {
    match folder.strip_prefix(root) {
        Ok(path) if path.as_os_str().is_empty() => ".".to_owned(),
        Ok(path) => shown(&path.to_string_lossy()),
        Err(_) => shown(&folder.to_string_lossy()),
    }
}

/// Returns all crates, outer folders first, and all archives.
fn find_crates(root: &Path) -> Result<(Vec<Crate>, Vec<PathBuf>), Reason> {
    let (mut crates, mut archives) = (Vec::new(), Vec::new());
    let mut to_visit = VecDeque::from([(root.to_owned(), 0)]);
    let mut visited = 0;
    while let Some((folder, depth)) = to_visit.pop_front() {
        visited += 1;
        if visited > MOST_FOLDERS {
            return Err(Reason::TooManyFolders);
        }
        if is_stopped() {
            return Err(Reason::Read(io::ErrorKind::Interrupted.into()));
        }
        let mut entries: Vec<DirEntry> = fs::read_dir(&folder)
            .and_then(|entries| entries.collect())
            .map_err(Reason::Read)?;
        // The file system returns them in any order.
        entries.sort_by_key(DirEntry::file_name);
        for entry in entries {
            // The type of the entry itself: a link is neither a file nor a folder.
            let kind = entry.file_type().map_err(Reason::Read)?;
            let name = entry.file_name();
            let is_hidden = name.to_string_lossy().starts_with('.');
            if kind.is_file() && name == "Cargo.toml" {
                if let Some(package) = package(&entry.path()).map_err(Reason::Read)? {
                    let folder = folder.clone();
                    crates.push(Crate { folder, package });
                }
            } else if kind.is_file() && !is_hidden && is_archive(&name.to_string_lossy()) {
                archives.push(entry.path());
            } else if kind.is_dir() && !is_hidden && name != "target" && depth < DEEPEST {
                to_visit.push_back((entry.path(), depth + 1));
            }
        }
    }
    Ok((crates, archives))
}

fn is_archive(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    [".zip", ".tar.gz", ".tgz"]
        .iter()
        .any(|end| name.ends_with(end))
}

/// Returns the package's name in a manifest, or `None` if it has no package, like some workspaces.
fn package(manifest: &Path) -> io::Result<Option<Result<String, String>>> {
    let mut bytes = Vec::new();
    File::open(manifest)?
        .take(LONGEST_MANIFEST + 1)
        .read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LONGEST_MANIFEST {
        return Ok(Some(Err("it is longer than 64 KiB".to_owned())));
    }
    let Ok(text) = String::from_utf8(bytes) else {
        return Ok(Some(Err("it is not UTF-8".to_owned())));
    };
    let table: Table = match text.parse() {
        Ok(table) => table,
        Err(error) => return Ok(Some(Err(error.to_string()))),
    };
    let name = table.get("package").and_then(|package| package.get("name"));
    Ok(name.and_then(Value::as_str).map(|name| Ok(name.to_owned())))
}

/// The error when no task was found. Its text is one short message and a line that begins with `help:`.
#[derive(Debug)]
pub struct Error {
    folder: PathBuf,
    reason: Reason,
}

#[derive(Debug)]
enum Reason {
    Read(io::Error),
    TooManyFolders,
    NoTask {
        /// The names of the packages that were found.
        packages: Vec<String>,
        archives: Vec<PathBuf>,
    },
    /// A manifest cannot be read. The text says why.
    Manifest(String),
}

impl Error {
    fn new(folder: &Path, reason: Reason) -> Self {
        Error {
            folder: folder.to_owned(),
            reason,
        }
    }

    /// Returns the archives in a folder without a task.
    pub fn archives(&self) -> &[PathBuf] {
        match &self.reason {
            Reason::NoTask { archives, .. } => archives,
            _ => &[],
        }
    }

    fn message(&self) -> String {
        let folder = shown(&self.folder.to_string_lossy());
        let reason = match &self.reason {
            Reason::Read(error) => return format!("could not read `{folder}`: {error}"),
            Reason::TooManyFolders => format!("it has more than {MOST_FOLDERS} folders"),
            Reason::NoTask { archives, .. } if !archives.is_empty() => {
                let some = archives
                    .iter()
                    .take(4)
                    .map(|archive| below(archive, &self.folder));
                let some: Vec<String> = some.map(|name| format!("`{name}`")).collect();
                format!("it contains archives: {}", some.join(", "))
            }
            Reason::NoTask { packages, .. } if packages.is_empty() => {
                "it has no Cargo.toml with a package".to_owned()
            }
            Reason::NoTask { packages, .. } => {
                let some: Vec<String> = packages
                    .iter()
                    .take(4)
                    .map(|name| format!("`{}`", shown(name)))
                    .collect();
                let more = if packages.len() > some.len() {
                    ", among others"
                } else {
                    ""
                };
                format!("its packages are {}{more}", some.join(", "))
            }
            Reason::Manifest(_) => "a Cargo.toml cannot be read".to_owned(),
        };
        format!("found no task in `{folder}`: {reason}")
    }

    fn help(&self) -> String {
        match &self.reason {
            Reason::Read(_) => "check the path and its permissions".to_owned(),
            Reason::TooManyFolders => {
                "name the folder of the submission, or submit only the tasks".to_owned()
            }
            Reason::NoTask { archives, .. } if !archives.is_empty() => {
                "unpack the one that counts and name its folder".to_owned()
            }
            Reason::NoTask { .. } => {
                let names = TASKS.map(|task| format!("`{}`", task.package)).join(", ");
                format!(
                    "keep the task's package name in each Cargo.toml ({names}), at most {DEEPEST} folders down"
                )
            }
            Reason::Manifest(_) => FIX.to_owned(),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\nhelp: {}", self.message(), self.help())
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.reason {
            Reason::Read(error) => Some(error),
            _ => None,
        }
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let whose = match error.reason {
            Reason::Read(_) => Whose::YourMachine,
            _ => Whose::YourCode,
        };
        let (message, help) = (error.message(), error.help());
        let details = match error.reason {
            Reason::Manifest(why) => why,
            _ => String::new(),
        };
        Problem {
            whose,
            message,
            details,
            help,
        }
    }
}
