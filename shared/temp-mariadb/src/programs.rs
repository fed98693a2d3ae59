//! Finds the installed server, and the SQL that it needs.

use super::error::{Doing, Error};
use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// The server programs, the preferred one first.
const SERVERS: [&str; 2] = ["mariadbd", "mysqld"];

/// Folders where packages install servers and that may be missing from the PATH: Debian and Fedora for ordinary users,
/// Homebrew on either kind of Mac, MySQL's installer.
const ELSEWHERE: [&str; 6] = [
    "/usr/sbin",
    "/usr/local/sbin",
    "/usr/libexec",
    "/opt/homebrew/opt/mariadb/bin",
    "/usr/local/opt/mariadb/bin",
    "/usr/local/mysql/bin",
];

/// An installed server program.
pub(super) struct Program {
    pub path: PathBuf,
    /// The statements which create the system tables; none for MySQL, which contains them.
    pub system_tables: Option<Vec<PathBuf>>,
    /// True if the plugin that logs the errors of statements is installed: some packages lack it.
    pub has_error_log: bool,
}

impl Program {
    /// Returns the first `mariadbd` on the PATH or in the usual folders; else the first `mysqld`.
    pub fn find() -> Result<Program, Error> {
        Program::ask(find_on_path(&SERVERS).ok_or(Error::NotInstalled)?)
    }

    /// Asks the program what it is and where its files are.
    fn ask(path: PathBuf) -> Result<Program, Error> {
        let doing = "ask the MariaDB server where its files are";
        let output = Command::new(&path)
            .args(["--no-defaults", "--verbose", "--help"])
            .stdin(Stdio::null())
            .output()
            .doing(doing)?;
        let help = String::from_utf8_lossy(&output.stdout);
        if !help.contains("MariaDB") {
            return Ok(Program {
                path,
                system_tables: None,
                has_error_log: false,
            });
        }
        // `mariadb-install-db` feeds the same files to the same program. It is left out because it does more: it
        // wants other programs of the package, takes three times as long, and, run by root, gives a folder of the
        // installation another owner.
        let folder = |name| {
            help.lines()
                .find_map(|line| line.strip_prefix(name))
                .map(|found| Path::new(found.trim()))
        };
        let share = folder("character-sets-dir ")
            .and_then(Path::parent)
            .unwrap_or(Path::new("/usr/share/mysql"));
        let plugin = folder("plugin-dir ").map(|folder| folder.join("sql_errlog.so"));
        let files = [
            ["mariadb_system_tables.sql", "mysql_system_tables.sql"],
            [
                "mariadb_performance_tables.sql",
                "mysql_performance_tables.sql",
            ],
        ];
        let system_tables = files.map(|names| {
            names
                .map(|name| share.join(name))
                .into_iter()
                .find(|file| file.exists())
                .ok_or_else(|| Error::Ended {
                    doing: "create the system tables",
                    log: format!(
                        "(there is no {} in {})",
                        names.join(" or "),
                        share.display()
                    ),
                })
        });
        Ok(Program {
            path,
            system_tables: Some(system_tables.into_iter().collect::<Result<_, _>>()?),
            has_error_log: plugin.is_some_and(|plugin| plugin.is_file()),
        })
    }

    /// Returns the SQL that the program reads from standard input when it creates its tables.
    pub fn creation_sql(&self) -> Result<String, Error> {
        let Some(files) = &self.system_tables else {
            return Ok(String::new());
        };
        // The accounts that an installation gets are left out: this server knows one user, with a password.
        let mut sql = String::from("CREATE DATABASE IF NOT EXISTS mysql;\nUSE mysql;\n");
        for file in files {
            sql += &fs::read_to_string(file).doing("read the MariaDB server's system tables")?;
        }
        Ok(sql)
    }
}

/// Returns the first of these programs that is on the PATH or in the usual folders.
pub(super) fn find_on_path(names: &[&str]) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let folders: Vec<PathBuf> = env::split_paths(&path)
        .chain(ELSEWHERE.map(PathBuf::from))
        .collect();
    find_in(&folders, names)
}

fn find_in(folders: &[PathBuf], names: &[&str]) -> Option<PathBuf> {
    names
        .iter()
        .flat_map(|name| folders.iter().map(move |folder| folder.join(name)))
        .find(|program| program.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_nothing_where_nothing_is_installed_and_says_how_to_install_it() {
        let empty = tempfile::tempdir().unwrap();
        assert_eq!(find_in(&[empty.path().to_owned()], &SERVERS), None);
        let message = Error::NotInstalled.to_string();
        for words in [
            "apt install mariadb-server",
            "dnf install mariadb-server",
            "brew install mariadb",
            "--database mysql://user:password@host:port/database",
        ] {
            assert!(message.contains(words), "{message}");
        }
    }

    #[test]
    fn prefers_mariadb_wherever_it_is() {
        let [first, second] = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
        fs::write(first.path().join("mysqld"), "").unwrap();
        fs::write(second.path().join("mariadbd"), "").unwrap();
        let folders = [first.path().to_owned(), second.path().to_owned()];
        assert_eq!(
            find_in(&folders, &SERVERS),
            Some(second.path().join("mariadbd"))
        );
    }
}
