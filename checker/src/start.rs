//! A folder to work in: the task without its solution, and nothing that the exercise does not need.

mod slim;

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::outcome::{Problem, Whose};
use crate::task::{Task, workspace};

/// Names that are not copied to a student, whatever folder they are in: the solution's parts, what Cargo makes, and every test
/// that is not a required check.
const LEFT_OUT: [&str; 9] = [
    "CHANGELOG.md",
    "target",
    "stub",
    "examples",
    "extras",
    "ours",
    "cluster",
    "cli.rs",
    "Cargo.lock",
];

/// Creates a folder with the task's name in `folder`, which is created if it does not exist, and returns its path.
///
/// It holds the stub in place of the solution, the solved parts, the checks, the README, and those packages of `shared`
/// that the task needs. It builds alone, offline if this workspace does, and inside another Cargo workspace. The folder
/// appears whole or not at all.
///
/// Nothing in it points to this workspace's `target`: the path would be wrong on another machine and after a move, and
/// two folders of one task would overwrite each other's programs. So Cargo compiles the libraries again in there,
/// the first time; [`Reference::compile`](crate::reference::Reference::compile) uses the compiled ones.
///
/// # Errors
///
/// If something with this name exists already, or the folder cannot be written.
pub fn start(task: Task, folder: &Path) -> Result<PathBuf, Problem> {
    let wanted = folder.join(task.folder);
    let failed = |error: io::Error| Problem {
        whose: Whose::YourMachine,
        message: format!("cannot create {}: {error}", wanted.display()),
        details: String::new(),
        help: "give a folder in which you may write, on a disk with room".to_owned(),
    };
    let taken = || Problem {
        whose: Whose::YourMachine,
        message: format!("{} already exists; nothing was changed", wanted.display()),
        details: String::new(),
        help: "give another folder, or move that one away first".to_owned(),
    };
    if wanted.symlink_metadata().is_ok() {
        return Err(taken());
    }
    fs::create_dir_all(folder).map_err(failed)?;
    let draft = tempfile::Builder::new()
        .prefix(".exercise-")
        .tempdir_in(folder)
        .map_err(failed)?;
    fill(task, draft.path()).map_err(failed)?;
    // Fails if something has taken the name in the meantime, unless that is an empty folder.
    match fs::rename(draft.path(), &wanted) {
        Ok(()) => {
            let _ = draft.keep(); // it has another name now
            Ok(wanted)
        }
        Err(_) if wanted.symlink_metadata().is_ok() => Err(taken()),
        Err(error) => Err(failed(error)),
    }
}

/// Puts the stub back into a folder that [`start`] made, and returns the file in which the student's code is kept, if
/// there was any. That is the first of `src/lib.rs.1`, `src/lib.rs.2`, … that does not exist.
///
/// # Errors
///
/// If a file cannot be read or written. The student's code is kept before it is replaced.
pub fn reset(task: Task, folder: &Path) -> Result<Option<PathBuf>, Problem> {
    let source = folder.join("src");
    let put_back = || -> io::Result<Option<PathBuf>> {
        let kept = keep(&source.join("lib.rs"))?;
        let stub = fs::read(task.path().join("stub/lib.rs"))?;
        fs::create_dir_all(&source)?;
        // Written beside it first: a link at this path is replaced, and the file that it leads to is left alone.
        let mut draft =
            tempfile::Builder::new().make_in(&source, |path| fs::File::create_new(path))?;
        draft.write_all(&stub)?;
        draft.persist(source.join("lib.rs"))?;
        Ok(kept)
    };
    put_back().map_err(|error| Problem {
        whose: Whose::YourMachine,
        message: format!("cannot put the stub into {}: {error}", source.display()),
        details: String::new(),
        help: "check that you may write there, and that the disk has room".to_owned(),
    })
}

/// Copies a file to the first free name with a number.
fn keep(file: &Path) -> io::Result<Option<PathBuf>> {
    let text = match fs::read(file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        text => text?,
    };
    for number in 1.. {
        let kept = file.with_extension(format!("rs.{number}"));
        match fs::File::create_new(&kept) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
            created => created?.write_all(&text)?,
        }
        return Ok(Some(kept));
    }
    unreachable!("the numbers do not end")
}

fn fill(task: Task, to: &Path) -> io::Result<()> {
    let from = task.path();
    copy(&from, to, &LEFT_OUT)?;
    fs::remove_dir_all(to.join("src"))?;
    fs::create_dir(to.join("src"))?;
    for file in solved(&from)? {
        fs::copy(from.join("src").join(&file), to.join("src").join(&file))?;
    }
    copy(&from.join("stub"), &to.join("src"), &[])?;
    fs::copy(workspace().join("Cargo.lock"), to.join("Cargo.lock"))?;
    fs::write(to.join(".gitignore"), "/target/\n*.db\n")?;
    let readme = fs::read_to_string(from.join("README.md"))?;
    fs::write(to.join("README.md"), readme_for(&readme, to))?;

    let manifest = fs::read_to_string(from.join("Cargo.toml"))?;
    let manifest = manifest.replace("path = \"../shared", "path = \"shared");
    let manifest = slim::manifest(&manifest, to)?;
    slim::shared(&workspace().join("shared"), &manifest, &to.join("shared"))?;
    let own_workspace =
        "\n# Keeps Cargo from looking for a workspace in the folders above.\n[workspace]\n";
    fs::write(to.join("Cargo.toml"), manifest + own_workspace)
}

/// Returns the README for the new folder: `shared` is inside it, and a link to a file that is not there becomes plain
/// text.
fn readme_for(readme: &str, to: &Path) -> String {
    let readme = readme.replace("](../shared/", "](shared/");
    let (mut made, mut rest) = (String::new(), readme.as_str());
    // A link is `[text](where)`.
    while let Some(middle) = rest.find("](") {
        let end = rest[middle..]
            .find(')')
            .map_or(rest.len(), |length| middle + length + 1);
        let address = rest[middle + 2..end].trim_end_matches(')');
        let file = address.split('#').next().unwrap_or_default();
        let is_there = address.contains("://") || to.join(file).exists();
        match rest[..middle].rfind('[') {
            Some(begin) if !is_there => {
                made += &rest[..begin];
                made += &rest[begin + 1..middle];
            }
            _ => made += &rest[..end],
        }
        rest = &rest[end..];
    }
    made + rest
}

/// Returns the files of `src/` that come solved: the modules of the stub, of `main.rs` and of each other, unless the stub
/// has its own file for one.
fn solved(task: &Path) -> io::Result<Vec<String>> {
    let mut files = vec!["main.rs".to_owned()];
    let stubs = fs::read_dir(task.join("stub"))?.map(|entry| entry.map(|entry| entry.path()));
    let mut texts: Vec<PathBuf> = stubs.collect::<io::Result<_>>()?;
    texts.push(task.join("src/main.rs"));
    while let Some(file) = texts.pop() {
        let text = fs::read_to_string(file)?;
        let modules = text.lines().filter_map(|line| {
            let line = line.strip_prefix("pub ").unwrap_or(line);
            line.strip_prefix("mod ")?.strip_suffix(';')
        });
        for module in modules {
            let file = format!("{module}.rs");
            let source = task.join("src").join(&file);
            if !files.contains(&file) && !task.join("stub").join(&file).exists() && source.exists()
            {
                texts.push(source);
                files.push(file);
            }
        }
    }
    Ok(files)
}

/// Copies a folder's files into another, which is created if it does not exist, without those that have these names.
fn copy(from: &Path, to: &Path, left_out: &[&str]) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (name, kind) = (entry.file_name(), entry.file_type()?);
        if left_out.iter().any(|out| name == *out) {
            continue;
        }
        if kind.is_dir() {
            copy(&entry.path(), &to.join(name), left_out)?;
        } else if kind.is_file() {
            fs::copy(entry.path(), to.join(name))?;
        }
    }
    Ok(())
}
