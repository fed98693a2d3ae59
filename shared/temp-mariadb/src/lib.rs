//! A private MariaDB server, for a first run and for tests: uses the installed server, and removes everything when the
//! program ends.
//!
//! ```
//! use temp_mariadb::TempServer;
//!
//! # fn main() -> Result<(), temp_mariadb::Error> {
//! let server = TempServer::start()?;
//! assert!(server.url().starts_with("mysql://temp:"));
//! // ... connect to server.url() ...
//! drop(server); // the process and its folder are gone
//! # Ok(()) }
//! ```
//!
//! A destructor is not enough for that: it does not run when a signal ends the program. So a small shell, the supervisor
//! (`supervisor.sh`), stands between the two. It waits at a pipe that only the program holds open, and that the kernel
//! closes however the program ends. Then it ends the server and removes the folder.
//!
//! The server listens on 127.0.0.1 only, on a port that was free, and knows one user with a random password. Only the
//! user who started it may enter its folder, which holds its data and its socket. It reads no configuration of the
//! machine. Unix only.
//!
//! A server that was started as [`recorded`](Options::recorded) logs what happens on its connections, see
//! [`TempServer::timeline`].

#![forbid(unsafe_code)]
#![warn(missing_docs)]
// On Windows a build of the whole workspace compiles this package too.
#![cfg(unix)]

pub mod cluster;
mod error;
mod folder;
mod log;
mod programs;
mod supervised;

pub use error::Error;

use error::Doing;
use folder::Folder;
use programs::Program;
use std::{
    fs::{self, File},
    io::{self, Write},
    net::TcpListener,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};
use supervised::{ENDED, Supervised};

/// Name of the user and of the database.
const NAME: &str = "temp";

/// The only folder in which SQL statements may read and write files.
const FILES: &str = "files";

/// Another process may take a free port before the server does.
const PORTS_TO_TRY: usize = 10;

/// A server that runs as long as this value exists.
///
/// Dropping it ends the server and removes its folder, and waits until both are gone.
#[derive(Debug)]
#[must_use = "the server ends when this value is dropped"]
pub struct TempServer {
    process: Supervised,
    program: PathBuf,
    arguments: Vec<String>,
    port: u16,
    password: String,
    /// True if the server keeps the record that `timeline` reads.
    recorded: bool,
}

/// Options for a server. Created by [`TempServer::options`].
#[derive(Debug, Default, Clone)]
#[must_use = "nothing is started before `start`"]
pub struct Options {
    arguments: Vec<String>,
    port: Option<u16>,
    recorded: bool,
    sql: Vec<String>,
}

impl Options {
    /// Adds statements that the server runs before it accepts connections, in its database. A statement must not contain a
    /// line break.
    pub fn run(mut self, statements: impl IntoIterator<Item = String>) -> Options {
        self.sql.extend(statements);
        self
    }

    /// Gives the server one more argument, such as `--general-log=1`.
    pub fn argument(mut self, argument: impl Into<String>) -> Options {
        self.arguments.push(argument.into());
        self
    }

    /// The port to try first.
    pub fn port(mut self, port: u16) -> Options {
        self.port = Some(port);
        self
    }

    /// Lets the server log what happens on its connections, for [`TempServer::timeline`].
    ///
    /// That costs each statement some ten microseconds, and the connections wait for each other to write.
    pub fn recorded(mut self) -> Options {
        self.recorded = true;
        self
    }

    /// Starts the server; see [`TempServer::start`].
    ///
    /// # Errors
    ///
    /// See [`TempServer::start`].
    pub fn start(self) -> Result<TempServer, Error> {
        TempServer::start_with(self)
    }
}

impl TempServer {
    /// Starts a server with an empty database, and returns when it is ready for connections, which takes about half a
    /// second. Blocks the thread.
    ///
    /// Also sweeps the folders of servers whose program and supervisor were both killed.
    ///
    /// # Errors
    ///
    /// When no server is installed, when the private folder cannot be created, and when the server ends or is not ready
    /// within a minute; the error then shows the last lines of its log. Nothing is left behind.
    pub fn start() -> Result<TempServer, Error> {
        TempServer::options().start()
    }

    /// Starts a server that has run these statements in its database; see [`Options::run`].
    ///
    /// # Errors
    ///
    /// See [`TempServer::start`].
    pub fn with(statements: impl IntoIterator<Item = String>) -> Result<TempServer, Error> {
        TempServer::options().run(statements).start()
    }

    /// Returns the server program that [`start`](TempServer::start) runs.
    ///
    /// # Errors
    ///
    /// When none is installed, or when it does not answer.
    pub fn program() -> Result<PathBuf, Error> {
        Ok(Program::find()?.path)
    }

    /// Returns options, for a server with more arguments or on a certain port.
    pub fn options() -> Options {
        Options::default()
    }

    /// Returns the server's address, with everything that a client needs to connect:
    /// `mysql://user:password@127.0.0.1:port/database`.
    pub fn url(&self) -> String {
        format!(
            "mysql://{NAME}:{}@127.0.0.1:{}/{NAME}",
            self.password, self.port
        )
    }

    /// Returns the TCP port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Returns the server's private folder.
    pub fn folder(&self) -> &Path {
        self.process.folder()
    }

    /// Kills the server with SIGKILL, for tests. Its data stays, for [`restart`](TempServer::restart).
    ///
    /// # Errors
    ///
    /// When the supervisor is gone.
    pub fn kill(&mut self) -> Result<(), Error> {
        self.process.kill("kill the server")
    }

    /// Starts the server again after [`kill`](TempServer::kill), on the same port and with the same data.
    /// Its [`timeline`](TempServer::timeline) begins again.
    ///
    /// # Errors
    ///
    /// As for [`start`](TempServer::start). Only this port is tried.
    pub fn restart(&mut self) -> Result<(), Error> {
        log::begin_anew(self.folder()).doing("empty the server's logs")?;
        match self.start_server(false)? {
            Started::Ready => Ok(()),
            Started::PortTaken => Err(self
                .process
                .ended("start the server again: its port is taken")),
        }
    }

    fn start_with(options: Options) -> Result<TempServer, Error> {
        let program = Program::find()?;
        let folder = Folder::create()?;
        let mut server = TempServer {
            arguments: arguments(&folder, &program, &options),
            process: Supervised::start(folder)?,
            program: program.path.clone(),
            port: 0,
            password: random_password()?,
            recorded: options.recorded,
        };
        // From here on an error drops `server`, and that cleans up.
        server.create_folders()?;
        server.create_tables(&program, &options.sql)?;
        let mut first = options.port;
        for _ in 0..PORTS_TO_TRY {
            server.port = match first.take() {
                Some(port) => port,
                None => free_port().doing("find a free port")?,
            };
            match server.start_server(true)? {
                Started::Ready => return Ok(server),
                Started::PortTaken => {}
            }
        }
        Err(server.process.ended("find a port that stays free"))
    }

    fn create_folders(&self) -> Result<(), Error> {
        for name in ["data", FILES] {
            let folder = self.folder().join("server").join(name);
            fs::create_dir(folder).doing("create the server's folders")?;
        }
        Ok(())
    }

    /// Creates the system tables, and writes the statements that the server runs at its first start.
    fn create_tables(&mut self, program: &Program, sql: &[String]) -> Result<(), Error> {
        let doing = "create the system tables";
        let server = self.folder().join("server");
        let mut creation = program.creation_sql()?;
        if self.recorded {
            creation += log::TABLES;
        }
        fs::write(server.join("create.sql"), creation).doing(doing)?;
        File::options()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(self.init_file())
            .and_then(|mut file| file.write_all(init_sql(&self.password, sql).as_bytes()))
            .doing(doing)?;
        let how = match program.system_tables {
            Some(_) => "--bootstrap",
            // MySQL gives its root a random password. With `--initialize-insecure` root would need none.
            None => "--initialize",
        };
        // A node creates its tables before it joins its cluster.
        self.run_to_its_end(doing, "create.sql", &[how, "--loose-wsrep-on=OFF"])
    }

    /// Runs the server's program with more arguments and with a file as its input, until it ends by itself.
    fn run_to_its_end(
        &mut self,
        doing: &'static str,
        input: &str,
        more: &[&str],
    ) -> Result<(), Error> {
        // --no-defaults must stay first
        let (first, others) = self.arguments.split_at(1);
        let program = self.program.display().to_string();
        let more: Vec<String> = more.iter().map(|one| one.to_string()).collect();
        let words = [&[input.to_owned(), program], first, &more, others].concat();
        self.process.order("run", &words).doing(doing)?;
        match self.process.wait_for(
            doing,
            &[
                "supervisor: ended with status 0\n",
                "supervisor: ended with status ",
            ],
        )? {
            0 => Ok(()),
            _ => Err(self.process.ended(doing)),
        }
    }

    fn start_server(&mut self, first_time: bool) -> Result<Started, Error> {
        let doing = "start the server";
        let mut words = vec![self.program.display().to_string()];
        words.extend_from_slice(&self.arguments);
        words.push(format!("--port={}", self.port));
        if first_time {
            words.push(format!("--init-file={}", self.init_file().display()));
        }
        self.process.order("start", &words).doing(doing)?;
        // The server's log proves that it is ready: another server may answer on the port.
        let said = self.process.wait_for(
            doing,
            &[
                "d: ready for connections",
                "server running on port",
                "\nERROR: ",
                ENDED,
            ],
        )?;
        match said {
            0 if first_time => {
                // The server has read it, and it holds the password.
                fs::remove_file(self.init_file()).doing(doing)?;
                Ok(Started::Ready)
            }
            0 => Ok(Started::Ready),
            1 => {
                self.process.wait_for(doing, &[ENDED])?;
                Ok(Started::PortTaken)
            }
            _ => Err(self.process.ended(doing)),
        }
    }

    /// Returns the file with the statements of the first start. It is removed when the server has run them.
    fn init_file(&self) -> PathBuf {
        self.folder().join("server/init.sql")
    }
}

enum Started {
    Ready,
    PortTaken,
}

/// Returns the arguments of every start. Those that only MariaDB or only MySQL knows are `--loose`.
fn arguments(folder: &Folder, program: &Program, options: &Options) -> Vec<String> {
    let server = folder.path.join("server");
    let mut arguments = vec![
        "--no-defaults".to_owned(),
        format!("--datadir={}/data", server.display()),
        format!("--tmpdir={}", server.display()),
        "--bind-address=127.0.0.1".into(),
        // Relative to the data folder: the path of a socket must be shorter than the paths of many temporary folders.
        "--socket=socket".into(),
        "--pid-file=pid".into(),
        // Otherwise SELECT … INTO OUTFILE writes wherever the user who started the server may write.
        format!("--secure-file-priv={}/{FILES}", server.display()),
        "--skip-name-resolve".into(),
        "--loose-mysqlx=OFF".into(),
        // The data survives a kill but not a power cut, and is small.
        "--loose-debug-no-sync".into(),
        "--loose-innodb-flush-method=nosync".into(),
        "--innodb-flush-log-at-trx-commit=2".into(),
        "--loose-innodb-log-file-size=8M".into(),
        "--innodb-buffer-pool-size=64M".into(),
        "--innodb-temp-data-file-path=ibtmp1:2M:autoextend".into(),
    ];
    if folder.owner == 0 {
        arguments.push("--user=root".into()); // root must ask for it
    }
    if options.recorded {
        arguments.extend(log::ARGUMENTS.map(String::from));
        if program.has_error_log {
            arguments.extend(log::failures::ARGUMENTS.map(String::from));
        }
    }
    arguments.extend_from_slice(&options.arguments);
    arguments
}

/// Returns the SQL that the server runs at its first start, one statement a line.
fn init_sql(password: &str, statements: &[String]) -> String {
    let mut sql = [
        "SET NAMES utf8mb4, autocommit = 1".to_owned(),
        format!("CREATE USER '{NAME}'@'%' IDENTIFIED BY '{password}'"),
        format!("GRANT ALL PRIVILEGES ON *.* TO '{NAME}'@'%' WITH GRANT OPTION"),
        format!("CREATE DATABASE {NAME} CHARACTER SET utf8mb4"),
        format!("USE {NAME}"),
    ]
    .to_vec();
    sql.extend_from_slice(statements);
    sql.join(";\n") + ";\n"
}

/// Returns 128 random bits, in letters that need no quoting.
fn random_password() -> Result<String, Error> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes)
        .map_err(io::Error::from)
        .doing("make a random password")?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Returns a port that is free now.
fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}
