//! A private MariaDB server, for a first run and for tests: started from what is installed, gone with the program.
//!
//! ```
//! use shared::mariadb::Throwaway;
//!
//! # fn main() -> Result<(), shared::mariadb::Error> {
//! let server = Throwaway::start()?;
//! assert!(server.url().starts_with("mysql://throwaway:"));
//! // ... connect to server.url(), and find the sample users in the table `users` ...
//! drop(server); // process and folder are gone
//! # Ok(()) }
//! ```
//!
//! A destructor is not enough for that: it does not run when a signal ends the program. So a small shell, the guard
//! (`guard.sh`), stands between the two. It waits at a pipe that only the program holds open, and that the kernel
//! closes whatever the program dies of. Then it ends the server and removes the folder.
//!
//! The server listens on 127.0.0.1 only, on a port that was free, and knows one user with a random password. Only the
//! user who started it may enter its folder, which holds its data and its socket. It reads no configuration of the
//! machine. Unix only.
//!
//! A server that was started as [`recorded`](Options::recorded) tells what happened on its connections, see
//! [`Throwaway::timeline`].

mod error;
mod folder;
mod log;
mod programs;

pub use error::Error;

use crate::{User, sample_users, schema};
use error::Doing;
use folder::Folder;
use programs::Program;
use std::{
    fs::{self, File},
    io::{self, Write},
    net::TcpListener,
    os::unix::{fs::OpenOptionsExt, process::CommandExt},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

/// Name of the user and of the database.
const NAME: &str = "throwaway";

/// The only folder in which SQL statements may read and write files.
const FILES: &str = "files";

/// Nothing here takes a second; only what hangs takes this long.
const LIMIT: Duration = Duration::from_secs(60);

/// Between finding a free port and the server's taking it somebody else may take it. Once is bad luck.
const PORTS_TO_TRY: usize = 10;

/// A server that lives as long as this value.
///
/// Dropping it ends the server and removes its folder, and waits until both are gone.
#[derive(Debug)]
#[must_use = "the server ends when this value is dropped"]
pub struct Throwaway {
    guard: Child,
    /// Closing it is what ends the server. `None` only while dropping.
    orders: Option<ChildStdin>,
    folder: Option<Folder>,
    program: PathBuf,
    arguments: Vec<String>,
    port: u16,
    password: String,
    /// Whether the server keeps the record that `timeline` reads.
    recorded: bool,
    /// Up to where the log has been read.
    read: usize,
}

/// What is special about a server, when something is. Made by [`Throwaway::options`].
#[derive(Debug, Default, Clone)]
#[must_use = "nothing is started before `start`"]
pub struct Options {
    arguments: Vec<String>,
    port: Option<u16>,
    recorded: bool,
}

impl Options {
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

    /// Has the server write down what happens on its connections, for [`Throwaway::timeline`].
    ///
    /// That costs each statement some ten microseconds, and the connections wait for each other to write.
    pub fn recorded(mut self) -> Options {
        self.recorded = true;
        self
    }

    /// Starts the server; see [`Throwaway::start`].
    ///
    /// # Errors
    ///
    /// See [`Throwaway::start`].
    pub fn start(self) -> Result<Throwaway, Error> {
        Throwaway::start_with(self)
    }
}

impl Throwaway {
    /// Starts a server whose table `users` holds the [`sample_users`], and returns when it is ready for connections,
    /// which takes about half a second. Blocks meanwhile.
    ///
    /// Also sweeps the folders of servers whose program and guard were both killed.
    ///
    /// # Errors
    ///
    /// When no server is installed, when the private folder cannot be made, and when the server ends or is not ready
    /// within a minute; the error then shows the last lines of its log. Nothing is left behind.
    pub fn start() -> Result<Throwaway, Error> {
        Throwaway::options().start()
    }

    /// The server program that [`start`](Throwaway::start) runs.
    ///
    /// # Errors
    ///
    /// When none is installed, or it does not answer.
    pub fn program() -> Result<PathBuf, Error> {
        Ok(Program::find()?.path)
    }

    /// For a server with more arguments, or on a certain port.
    pub fn options() -> Options {
        Options::default()
    }

    /// The server's address with everything that it takes to connect:
    /// `mysql://user:password@127.0.0.1:port/database`.
    pub fn url(&self) -> String {
        format!("mysql://{NAME}:{}@127.0.0.1:{}/{NAME}", self.password, self.port)
    }

    /// The TCP port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The server's private folder.
    pub fn folder(&self) -> &Path {
        &self.folder.as_ref().expect("only dropping takes it").path
    }

    /// Kills the server as hard as it goes, for tests: its data stays, for [`restart`](Throwaway::restart).
    ///
    /// # Errors
    ///
    /// When the guard is gone.
    pub fn kill(&mut self) -> Result<(), Error> {
        let doing = "kill the server";
        self.order("kill", &[]).doing(doing)?;
        self.wait_for(doing, &["guard: killed\n"]).map(drop)
    }

    /// Starts the server again after [`kill`](Throwaway::kill), on the same port and with the same data.
    /// Its [`timeline`](Throwaway::timeline) begins anew.
    ///
    /// # Errors
    ///
    /// As for [`start`](Throwaway::start). Only this port is tried.
    pub fn restart(&mut self) -> Result<(), Error> {
        log::begin_anew(self.folder()).doing("empty the server's logs")?;
        match self.start_server(false)? {
            Started::Ready => Ok(()),
            Started::PortTaken => Err(self.ended("start the server again: its port is taken")),
        }
    }

    fn start_with(options: Options) -> Result<Throwaway, Error> {
        let program = Program::find()?;
        let folder = Folder::create()?;
        let doing = "start the guard of the server";
        let server = folder.path.join("server");
        let mut command = Command::new("/bin/sh");
        command
            .args(["-c", include_str!("mariadb/guard.sh"), "guard"])
            .arg(&folder.path)
            .current_dir(&server)
            // Messages in English, for they are read here.
            .env("LC_ALL", "C")
            // Times in UTC, for the same reason.
            .env("TZ", "UTC0")
            .stdin(Stdio::piped())
            // Not the program's own output: who reads that through a pipe would wait for the server's end.
            .stdout(folder.log.try_clone().doing(doing)?)
            .stderr(folder.guard.try_clone().doing(doing)?)
            // Ctrl-C at the terminal goes to the process group in the foreground, which the guard must survive.
            .process_group(0);
        let mut guard = match command.spawn() {
            Ok(guard) => guard,
            Err(error) => {
                let _ = fs::remove_dir_all(&folder.path);
                return Err(error).doing(doing);
            }
        };
        let mut throwaway = Throwaway {
            orders: guard.stdin.take(),
            guard,
            arguments: arguments(&folder, &program, &options),
            folder: Some(folder),
            program: program.path.clone(),
            port: 0,
            password: random_password()?,
            recorded: options.recorded,
            read: 0,
        };
        // From here on an error drops `throwaway`, and that cleans up.
        throwaway.create_tables(&program)?;
        let mut first = options.port;
        for _ in 0..PORTS_TO_TRY {
            throwaway.port = match first.take() {
                Some(port) => port,
                None => free_port().doing("find a free port")?,
            };
            match throwaway.start_server(true)? {
                Started::Ready => return Ok(throwaway),
                Started::PortTaken => {}
            }
        }
        Err(throwaway.ended("find a port that stays free"))
    }

    /// Has the system tables created, and writes down what the server is to run at its first start.
    fn create_tables(&mut self, program: &Program) -> Result<(), Error> {
        let doing = "create the system tables";
        let server = self.folder().join("server");
        fs::create_dir(server.join("data")).doing(doing)?;
        fs::create_dir(server.join(FILES)).doing(doing)?;
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
            .and_then(|mut file| file.write_all(init_sql(&self.password).as_bytes()))
            .doing(doing)?;
        let how = match program.system_tables {
            Some(_) => "--bootstrap",
            // MySQL gives its root a random password. With `--initialize-insecure` root would need none.
            None => "--initialize",
        };
        let words = [&[self.program.display().to_string()], &self.arguments[..]].concat();
        let position = 2; // --no-defaults must stay the first
        let words = [&words[..position], &[how.to_owned()], &words[position..]].concat();
        self.order("create", &words).doing(doing)?;
        match self.wait_for(
            doing,
            &["guard: created with status 0\n", "guard: created with status "],
        )? {
            0 => Ok(()),
            _ => Err(self.ended(doing)),
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
        self.order("start", &words).doing(doing)?;
        // The server's own word, in its own log: somebody else's server may answer on the port.
        let said = self.wait_for(
            doing,
            &[
                "d: ready for connections",
                "server running on port",
                "\nERROR: ",
                "guard: the server has ended\n",
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
                self.wait_for(doing, &["guard: the server has ended\n"])?;
                Ok(Started::PortTaken)
            }
            _ => Err(self.ended(doing)),
        }
    }

    /// The statements of the first start, removed when the server has run them.
    fn init_file(&self) -> PathBuf {
        self.folder().join("server/init.sql")
    }

    /// Gives the guard an order; its words are quoted for the shell.
    fn order(&mut self, order: &str, words: &[String]) -> io::Result<()> {
        let mut line = order.to_owned();
        for word in words {
            line += &format!(" '{}'", word.replace('\'', r"'\''"));
        }
        if line.contains('\n') {
            return Err(io::Error::other(
                "a line break in the name of a folder or in an argument",
            ));
        }
        line.push('\n');
        let orders = self.orders.as_mut().expect("only dropping takes it");
        orders.write_all(line.as_bytes())
    }

    /// Waits until the log says one of these, and returns which. What was said before is not read again.
    fn wait_for(&mut self, doing: &'static str, words: &[&str]) -> Result<usize, Error> {
        let begun = Instant::now();
        loop {
            let log = fs::read(self.folder().join("log")).doing(doing)?;
            // The server writes ASCII, and so lossy text has the length of the bytes up to whatever is searched for.
            let new = String::from_utf8_lossy(&log[self.read.min(log.len())..]);
            let found = words
                .iter()
                .enumerate()
                .find_map(|(which, words)| Some((which, new.find(words)? + words.len())));
            if let Some((which, end)) = found {
                // Only so far: what is to be waited for next may stand in the log already.
                self.read += end;
                return Ok(which);
            }
            if self.guard.try_wait().doing(doing)?.is_some() {
                return Err(self.ended(doing));
            }
            if begun.elapsed() > LIMIT {
                let log = self.last_lines();
                return Err(Error::TooSlow { waited: LIMIT, log });
            }
            thread::sleep(Duration::from_millis(2));
        }
    }

    fn ended(&self, doing: &'static str) -> Error {
        let log = self.last_lines();
        Error::Ended { doing, log }
    }

    fn last_lines(&self) -> String {
        let log = fs::read(self.folder().join("log")).unwrap_or_default();
        let log = String::from_utf8_lossy(&log);
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(10)..].join("\n")
    }
}

enum Started {
    Ready,
    PortTaken,
}

impl Drop for Throwaway {
    fn drop(&mut self) {
        drop(self.orders.take()); // this is what the guard waits for
        let _ = self.guard.wait();
        // Normally that was all. If the guard itself was killed, do what the next start would do.
        if let Some(Folder { path, log, guard, .. }) = self.folder.take() {
            drop((log, guard));
            let _ = folder::sweep_one(&path);
        }
    }
}

/// The arguments of every start. What only one of MariaDB and MySQL knows is `--loose`.
fn arguments(folder: &Folder, program: &Program, options: &Options) -> Vec<String> {
    let server = folder.path.join("server");
    let mut arguments = vec![
        "--no-defaults".to_owned(),
        format!("--datadir={}/data", server.display()),
        format!("--tmpdir={}", server.display()),
        "--bind-address=127.0.0.1".into(),
        // Relative to the data folder: the whole path of a socket must be shorter than many a temporary folder's.
        "--socket=socket".into(),
        "--pid-file=pid".into(),
        // Otherwise SELECT … INTO OUTFILE writes wherever the user who started the server may write.
        format!("--secure-file-priv={}/{FILES}", server.display()),
        "--skip-name-resolve".into(),
        "--loose-mysqlx=OFF".into(),
        // The data lives as long as the machine is up: safe from a kill, but not from a power cut, and small.
        "--loose-debug-no-sync".into(),
        "--loose-innodb-flush-method=nosync".into(),
        "--innodb-flush-log-at-trx-commit=2".into(),
        "--loose-innodb-log-file-size=8M".into(),
        "--innodb-buffer-pool-size=64M".into(),
        "--innodb-temp-data-file-path=ibtmp1:2M:autoextend".into(),
    ];
    if folder.owner == 0 {
        arguments.push("--user=root".into()); // who does not say so is refused
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

/// What the server runs at its first start, one statement a line.
fn init_sql(password: &str) -> String {
    let rows: Vec<String> = sample_users()
        .iter()
        .map(|User { id, name, email, age }| format!("({id}, {}, {}, {age})", quoted(name), quoted(email)))
        .collect();
    [
        "SET NAMES utf8mb4, autocommit = 1".to_owned(),
        format!("CREATE USER '{NAME}'@'%' IDENTIFIED BY '{password}'"),
        format!("GRANT ALL PRIVILEGES ON *.* TO '{NAME}'@'%' WITH GRANT OPTION"),
        format!("CREATE DATABASE {NAME} CHARACTER SET utf8mb4"),
        format!("USE {NAME}"),
        schema::mysql_table("users"),
        format!(
            "INSERT INTO users (id, name, email, age) VALUES {}",
            rows.join(", ")
        ),
    ]
    .join(";\n")
        + ";\n"
}

/// A string as an SQL literal. There is no connection yet whose parameters could be bound.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\\', r"\\").replace('\'', "''"))
}

/// 128 bits that nobody can guess, in letters that need no quoting anywhere.
fn random_password() -> Result<String, Error> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes)
        .map_err(io::Error::from)
        .doing("make a random password")?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// A port that is free now.
fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}
