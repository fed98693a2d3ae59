//! The programs, the databases and the server.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use temp_mariadb::TempServer;
use tempfile::TempDir;

use crate::candidate::{Candidate, How, Role, Words};

pub type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// The files and the server that the benchmarks use.
pub struct Places {
    /// `bench/`.
    pub bench: PathBuf,
    /// The project's root.
    pub root: PathBuf,
    /// The folder of this program and of the candidates.
    programs: PathBuf,
    /// For databases and builds; deleted with this value.
    pub temporary: TempDir,
    pub server: TempServer,
}

impl Places {
    /// Creates a temporary folder, and starts a server.
    pub fn new() -> Result<Places> {
        let bench = Path::new(env!("CARGO_MANIFEST_DIR"))
            .parent()
            .ok_or("no folder")?
            .to_owned();
        let server = TempServer::options()
            .run(shared::schema::mysql_sample())
            .argument("--max-connections=1100")
            .argument("--innodb-buffer-pool-size=512M")
            .argument("--local-infile=1")
            // With a shorter queue, the server drops some of a thousand simultaneous connections.
            .argument("--back-log=1100")
            .start()?;
        Ok(Places {
            root: bench.parent().ok_or("no root")?.to_owned(),
            bench,
            programs: std::env::current_exe()?
                .parent()
                .ok_or("no folder")?
                .to_owned(),
            temporary: tempfile::tempdir()?,
            server,
        })
    }

    /// Returns a path in the temporary folder.
    pub fn file(&self, name: &str) -> PathBuf {
        self.temporary.path().join(name)
    }

    /// Returns the path of a program that was built with this one.
    pub fn program(&self, name: &str) -> PathBuf {
        self.programs.join(name)
    }

    /// Returns `cargo build` as a student types it, but into the temporary folder.
    pub fn build(&self, what: &[&str]) -> Words {
        let mut build = words([
            "cargo".as_ref(),
            "build".as_ref(),
            "--locked".as_ref(),
            "--offline".as_ref(),
            "--manifest-path".as_ref(),
            self.root.join("Cargo.toml").as_os_str(),
            "--target-dir".as_ref(),
            self.file("build").as_os_str(),
        ]);
        build.extend(what.iter().map(Into::into));
        build
    }

    /// Builds `checker` as a student does.
    pub fn checker(&self) -> Result<PathBuf> {
        run(self.build(&["--bin", "checker"]))?;
        Ok(self.file("build").join("debug/checker"))
    }

    pub fn python(&self) -> PathBuf {
        self.bench.join("target/python/bin/python")
    }

    /// Returns a candidate that is ours, or that uses our versions of the drivers.
    pub fn here(
        &self,
        name: &'static str,
        role: Role,
        job: &str,
        settings: &[String],
    ) -> Candidate {
        candidate(
            name,
            role,
            vec![self.program("candidate").into()],
            job,
            settings,
        )
    }

    /// Returns a limit in C, on SQLite's own interface.
    pub fn in_c(&self, name: &'static str, job: &str, settings: &[String]) -> Candidate {
        let program = vec![self.program("c-limit").into()];
        candidate(name, Role::Limit, program, job, settings)
    }

    /// Returns a candidate on rusqlite 0.40.
    pub fn on_rusqlite_0_40(
        &self,
        name: &'static str,
        role: Role,
        job: &str,
        settings: &[String],
    ) -> Candidate {
        let profile = self.programs.file_name().unwrap_or_default();
        let program = self
            .programs
            .with_file_name("rusqlite-0-40")
            .join(profile)
            .join("rusqlite-0-40");
        candidate(name, role, vec![program.into()], job, settings)
    }

    /// Returns a candidate in Python.
    pub fn in_python(&self, name: &'static str, job: &str, settings: &[String]) -> Candidate {
        let program = vec![
            self.python().into(),
            self.bench.join("python/candidate.py").into(),
        ];
        candidate(name, Role::Peer, program, job, settings)
    }

    /// Returns a SQLite file with `number` users, alone in its folder.
    pub fn users(&self, number: u32) -> Result<PathBuf> {
        let folder = self.file(&format!("{number}-users"));
        let database = folder.join("users.db");
        if !database.exists() {
            std::fs::create_dir_all(&folder)?;
            self.seed(&database, number)?;
        }
        Ok(database)
    }

    /// Fills a database: a file, or one of the server.
    pub fn seed(&self, database: impl AsRef<std::ffi::OsStr>, number: u32) -> Result<()> {
        run(words([
            self.program("seed").as_os_str(),
            "--database".as_ref(),
            database.as_ref(),
            "--users".as_ref(),
            number.to_string().as_ref(),
            "--force".as_ref(),
        ]))
    }

    /// Returns a call of the `sqlite3` shell with commands for a database.
    pub fn sqlite_shell(&self, database: &Path, commands: &[&str]) -> Words {
        let mut shell = words(["sqlite3".as_ref(), "-bail".as_ref(), database.as_os_str()]);
        shell.extend(commands.iter().map(OsString::from));
        shell
    }

    /// Returns a call of one of MariaDB's client programs, connected to the server.
    pub fn mariadb(&self, program: &str, arguments: &[&str]) -> Words {
        let url = self.server.url();
        let password = url.split([':', '@']).nth(2).unwrap_or_default();
        let mut client = words([
            program.to_owned(),
            "--no-defaults".to_owned(),
            "--host=127.0.0.1".to_owned(),
            format!("--port={}", self.server.port()),
            "--user=temp".to_owned(),
            format!("--password={password}"),
        ]);
        client.extend(arguments.iter().map(OsString::from));
        client
    }

    /// Runs SQL on the server.
    pub fn sql(&self, sql: &str) -> Result<()> {
        run(self.mariadb("mariadb", &["temp", "--execute", sql]))
    }
}

/// Returns a candidate that is asked for its rounds.
pub fn candidate(
    name: &'static str,
    role: Role,
    mut program: Words,
    job: &str,
    settings: &[String],
) -> Candidate {
    program.extend([job, name].map(OsString::from));
    program.extend(settings.iter().map(OsString::from));
    let how = How::Serves(program);
    Candidate { name, role, how }
}

pub fn words<const N: usize>(words: [impl Into<OsString>; N]) -> Words {
    words.map(Into::into).into()
}

/// Runs a program, and returns an error if it fails.
pub fn run(words: Words) -> Result<()> {
    let output = Command::new(&words[0])
        .args(&words[1..])
        .stdin(Stdio::null())
        .output()?;
    match output.status.success() {
        true => Ok(()),
        false => Err(format!(
            "{} failed: {}",
            words[0].display(),
            String::from_utf8_lossy(&output.stderr).trim()
        )
        .into()),
    }
}
