//! A temporary server is gone, process and folder, whatever its program ended of.
//!
//! The programs that end here are this test program itself, started again with a part to play: see `a_program`.
#![cfg(unix)]

use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
use std::{
    env,
    fs::{self, File},
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    os::unix::{
        fs::PermissionsExt,
        process::{CommandExt, ExitStatusExt},
    },
    panic,
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    sync::{Arc, atomic::AtomicBool},
    thread,
    time::{Duration, Instant},
};
use temp_mariadb::{Error, TempServer};

/// Waits for an event. Only a failure reaches the deadline.
fn wait_until(what: &str, mut happened: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !happened() {
        assert!(
            begun.elapsed() < Duration::from_secs(60),
            "still waiting until {what}"
        );
        thread::sleep(Duration::from_millis(5));
    }
}

/// Returns whether a MySQL server answers on the port: it greets first, and the greeting has a zero and the version 10.
fn answers(port: u16) -> bool {
    let mut greeting = [0; 5];
    TcpStream::connect(("127.0.0.1", port))
        .is_ok_and(|mut stream| stream.read_exact(&mut greeting).is_ok())
        && greeting[3..] == [0, 10]
}

/// Waits until no process listens on the port and the folder is empty. Another process may have taken the port, so the
/// message names both.
fn wait_until_gone(port: u16, folder: &Path) {
    wait_until("the folder is gone", || !folder.exists());
    wait_until("the server is gone", || {
        TcpListener::bind(("127.0.0.1", port)).is_ok()
    });
}

/// Sends a signal to a process, or to a whole process group when the number is negative.
fn signal(name: &str, target: i64) {
    let status = Command::new("/bin/sh")
        .args([
            "-c",
            "kill -s \"$1\" -- \"$2\"",
            "sh",
            name,
            &target.to_string(),
        ])
        .status()
        .unwrap();
    assert!(status.success(), "no process {target}");
}

/// The signals that a terminal, a shell or `kill` sends to end a program, without the one that no program can ignore.
const SIGNALS: [(&str, i32); 4] = [
    ("HUP", SIGHUP),
    ("INT", SIGINT),
    ("QUIT", SIGQUIT),
    ("TERM", SIGTERM),
];

/// Lets these signals end this process, even if they were ignored when it started, as in `nohup ./test &`.
fn die_by_signals() {
    for (_, signal) in SIGNALS {
        signal_hook::flag::register_conditional_default(signal, Arc::new(AtomicBool::new(true)))
            .unwrap();
    }
}

/// This program, started again as one that has a server.
struct Program {
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: BufReader<ChildStdout>,
    port: u16,
    folder: PathBuf,
}

impl Program {
    fn start(ending: &str) -> Program {
        Program::start_with(ending, |_| {})
    }

    /// Has a shell run these lines first.
    fn start_after(lines: &str) -> Program {
        Program::start_with("drop", |command| {
            let mut shell = Command::new("/bin/sh");
            shell.args(["-c", &format!("{lines}\nexec \"$@\""), "sh"]);
            shell.arg(command.get_program()).args(command.get_args());
            *command = shell;
        })
    }

    fn start_with(ending: &str, change: impl FnOnce(&mut Command)) -> Program {
        let mut command = Command::new(env::current_exe().unwrap());
        command.args(["--exact", "a_program", "--ignored", "--nocapture"]);
        change(&mut command);
        command
            .env("ENDING", ending)
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let stdin = child.stdin.take();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        let (port, folder) = loop {
            line.clear();
            assert!(
                stdout.read_line(&mut line).unwrap() > 0,
                "the program has no server"
            );
            // The test harness of that program writes to the same output.
            if let Some((_, said)) = line.trim_end().split_once("SERVER ") {
                let (port, folder) = said.split_once(' ').unwrap();
                break (port.parse().unwrap(), PathBuf::from(folder));
            }
        };
        assert!(answers(port));
        assert!(folder.exists());
        Program {
            child,
            stdin,
            stdout,
            port,
            folder,
        }
    }

    /// Lets the program end, and checks that everything is gone. Its output is also closed, so that `$(program)` does
    /// not hang.
    fn ends(mut self) -> std::process::ExitStatus {
        drop(self.stdin.take());
        let mut rest = String::new();
        self.stdout.read_to_string(&mut rest).unwrap();
        let status = self.child.wait().unwrap();
        wait_until_gone(self.port, &self.folder);
        status
    }

    fn pid(&self) -> i64 {
        self.child.id().into()
    }

    fn supervisor(&self) -> i64 {
        let pid = fs::read_to_string(self.folder.join("server/supervisor.pid")).unwrap();
        pid.trim().parse().unwrap()
    }
}

/// A temporary folder that no other test sweeps.
struct OwnFolder(tempfile::TempDir);

impl OwnFolder {
    fn new() -> OwnFolder {
        OwnFolder(tempfile::tempdir().unwrap())
    }

    fn start(&self) -> Program {
        Program::start_with("drop", |command| {
            command.env("TMPDIR", self.0.path());
        })
    }

    fn is_empty(&self) -> bool {
        fs::read_dir(self.0.path()).unwrap().next().is_none()
    }
}

/// Not a test: the part that is played by the other program.
#[test]
#[ignore = "a program that the tests start"]
fn a_program() {
    let Ok(ending) = env::var("ENDING") else {
        return;
    };
    die_by_signals();
    let server = TempServer::start().unwrap();
    println!("SERVER {} {}", server.port(), server.folder().display());
    std::io::stdout().flush().unwrap();
    let _ = std::io::stdin().read(&mut [0]); // until the test lets go, or kills
    match ending.as_str() {
        "drop" => drop(server),
        "panic" => panic!("as the test asked"),
        "error" => {
            let result: Result<TempServer, &str> =
                Err("as the test asked").inspect_err(|_| drop(server));
            assert!(result.is_ok());
        }
        "exit" => std::process::exit(3), // destructors do not run
        "abort" => std::process::abort(),
        _ => unreachable!(),
    }
}

#[test]
fn is_gone_when_dropped() {
    let server = TempServer::start().unwrap();
    let (port, folder) = (server.port(), server.folder().to_owned());
    assert!(answers(port));
    drop(server);
    assert!(!folder.exists(), "drop returns when everything is gone");
    assert!(!answers(port));
}

#[test]
fn is_gone_after_a_panic() {
    let result = panic::catch_unwind(|| {
        let server = TempServer::start().unwrap();
        let found = (server.port(), server.folder().to_owned());
        panic::panic_any(found);
    });
    let (port, folder) = *result.unwrap_err().downcast::<(u16, PathBuf)>().unwrap();
    assert!(!folder.exists());
    assert!(!answers(port));
}

#[test]
fn is_gone_when_its_program_has_ended_in_any_way_of_its_own() {
    for ending in ["drop", "panic", "error", "exit", "abort"] {
        Program::start(ending).ends();
    }
}

#[test]
fn is_gone_when_a_signal_ends_its_program() {
    for (name, number) in SIGNALS.into_iter().chain([("KILL", 9)]) {
        let program = Program::start("drop");
        signal(name, program.pid());
        assert_eq!(program.ends().signal(), Some(number));
    }
}

/// As where the tests run in the background of a script.
#[test]
fn is_gone_when_a_signal_ends_its_program_that_was_ignored_on_entry() {
    for (name, number) in SIGNALS {
        let program = Program::start_after("trap '' HUP INT QUIT TERM");
        signal(name, program.pid());
        assert_eq!(program.ends().signal(), Some(number));
    }
}

/// Ctrl-C at a terminal sends a signal to the whole process group.
#[test]
fn is_gone_when_a_signal_ends_the_process_group_of_its_program() {
    for name in ["INT", "KILL"] {
        let program = Program::start("drop");
        signal(name, -program.pid());
        assert!(program.ends().signal().is_some());
    }
}

#[test]
fn is_swept_by_the_next_start_when_the_guard_was_killed_too() {
    let temporary = OwnFolder::new();
    let mut program = temporary.start();
    signal("KILL", -program.supervisor()); // with its server: the supervisor leads a group
    signal("KILL", program.pid());
    program.child.wait().unwrap();
    wait_until("the server is dead", || !answers(program.port));
    assert!(program.folder.exists(), "no process is left to remove it");
    temporary.start().ends();
    assert!(temporary.is_empty());
}

#[test]
fn is_ended_and_swept_by_the_next_start_when_only_the_server_lives() {
    let temporary = OwnFolder::new();
    let mut program = temporary.start();
    signal("KILL", program.supervisor());
    signal("KILL", program.pid());
    program.child.wait().unwrap();
    assert!(answers(program.port), "no process is left to end it");
    temporary.start().ends();
    assert!(temporary.is_empty());
    wait_until_gone(program.port, &program.folder);
}

#[test]
fn is_gone_when_its_guard_was_killed_and_the_program_goes_on() {
    let program = Program::start("drop");
    signal("KILL", program.supervisor());
    program.ends();
}

/// Starts and ends as fast as it goes, sweeping all the time, beside servers that live.
#[test]
fn a_living_server_is_not_swept() {
    let living = TempServer::start().unwrap();
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..3 {
                    let server = TempServer::start().unwrap();
                    assert!(answers(server.port()));
                    assert!(server.folder().exists());
                }
            });
        }
    });
    assert!(answers(living.port()));
    assert!(living.folder().join("log").exists());
}

#[test]
fn two_live_at_once() {
    let [first, second] = [TempServer::start().unwrap(), TempServer::start().unwrap()];
    assert_ne!(first.port(), second.port());
    assert_ne!(first.url(), second.url());
    assert!(answers(first.port()) && answers(second.port()));
    let port = second.port();
    drop(first);
    assert!(answers(port));
}

#[test]
fn takes_another_port_when_somebody_has_taken_the_first() {
    let taken = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = taken.local_addr().unwrap().port();
    let server = TempServer::options().port(port).start().unwrap();
    assert_ne!(server.port(), port);
    assert!(answers(server.port()));
}

#[test]
fn is_the_same_server_after_a_hard_kill_and_a_restart() {
    let mut server = TempServer::start().unwrap();
    let url = server.url();
    server.kill().unwrap();
    assert!(!answers(server.port()));
    server.restart().unwrap();
    assert!(answers(server.port()));
    assert_eq!(server.url(), url);
}

#[test]
fn shows_the_log_and_leaves_nothing_when_the_server_does_not_start() {
    let temporary = tempfile::tempdir().unwrap();
    let error = Program::try_in(temporary.path());
    assert!(
        error.contains("could not start the server") || error.contains("could not create"),
        "{error}"
    );
    assert!(error.contains("help: "), "{error}");
    assert!(error.contains("no-such-option"), "{error}");
    assert_eq!(fs::read_dir(temporary.path()).unwrap().count(), 0);
}

impl Program {
    /// Starts a server with an argument that it refuses, in a separate temporary folder; returns the error's text.
    fn try_in(temporary: &Path) -> String {
        let output = Command::new(env::current_exe().unwrap())
            .args([
                "--exact",
                "a_program_that_fails",
                "--ignored",
                "--nocapture",
            ])
            .env("TMPDIR", temporary)
            .output()
            .unwrap();
        String::from_utf8(output.stdout).unwrap()
    }
}

/// Not a test: the part that is played by the other program.
#[test]
#[ignore = "a program that the tests start"]
fn a_program_that_fails() {
    let error = TempServer::options()
        .argument("--no-such-option")
        .start()
        .unwrap_err();
    assert!(matches!(error, Error::Ended { .. }));
    println!("{error}");
}

/// A temporary folder whose name is longer than a socket's path may be, and has to be quoted.
#[test]
fn starts_in_a_temporary_folder_with_a_long_and_strange_name() {
    let temporary = tempfile::tempdir().unwrap();
    let strange = temporary
        .path()
        .join(format!("it's \"{}\" $HOME", "long ".repeat(30)));
    fs::create_dir(&strange).unwrap();
    Program::start_with("drop", |command| {
        command.env("TMPDIR", &strange);
    })
    .ends();
    assert_eq!(fs::read_dir(&strange).unwrap().count(), 0);
}

/// As root it needs an option that others may not give; this is about the others.
#[test]
fn works_for_an_ordinary_user() {
    let temporary = tempfile::tempdir().unwrap();
    let we_are_root =
        std::os::unix::fs::MetadataExt::uid(&fs::metadata(temporary.path()).unwrap()) == 0;
    if !we_are_root {
        return; // then every other test has shown it
    }
    let nobody = 65534;
    // The program is copied to where that user can read it.
    let copy = temporary.path().join("program");
    // By another process: a program cannot start while a process has it open for writing, and a child that another thread
    // starts at that moment inherits the open file.
    let copied = Command::new("cp")
        .arg(env::current_exe().unwrap())
        .arg(&copy)
        .status();
    assert!(copied.unwrap().success());
    std::os::unix::fs::chown(temporary.path(), Some(nobody), Some(nobody)).unwrap();
    let own_folder = temporary.path().to_owned();
    Program::start_with("drop", |command| {
        let mut other = Command::new(&copy);
        other
            .args(command.get_args())
            .env("TMPDIR", &own_folder)
            .env("PATH", "/usr/bin:/bin")
            .current_dir("/")
            .uid(nobody)
            .gid(nobody);
        *command = other;
    })
    .ends();
}

/// Everything that the server has is in the folder, its socket among it.
#[test]
fn its_folder_admits_its_owner_only_whatever_the_umask_is() {
    let program = Program::start_after("umask 000");
    let mode = fs::metadata(&program.folder).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
    let password = program.folder.join("server/init.sql");
    assert!(!password.exists(), "the server has read it");
    program.ends();
}

/// A folder that is closed after it was made could be entered before.
#[test]
fn its_folder_and_the_file_with_the_password_are_private_from_their_first_moment() {
    let can_trace = Command::new("strace")
        .args(["-o", "/dev/null", "true"])
        .output();
    if !can_trace.is_ok_and(|output| output.status.success()) {
        return println!("not tried: `strace` does not work here");
    }
    let temporary = tempfile::tempdir().unwrap();
    let trace = temporary.path().join("trace");
    Program::start_with("drop", |command| {
        let mut traced = Command::new("strace");
        traced.args(["-f", "-s", "4096", "-e", "trace=%file", "-o"]);
        traced
            .arg(&trace)
            .arg(command.get_program())
            .args(command.get_args());
        traced.env("TMPDIR", temporary.path());
        *command = traced;
    })
    .ends();
    let trace = fs::read_to_string(trace).unwrap();
    let calls = |of: &str, on: &str| -> Vec<&str> {
        let calls = trace
            .lines()
            .filter(|call| call.contains(of) && call.contains(on));
        calls.collect()
    };
    let made = calls(" mkdir", "/temp-mariadb-");
    assert!(made[0].contains(", 0700"), "{made:#?}");
    let written: Vec<_> = calls(" open", "init.sql\"")
        .into_iter()
        .filter(|call| call.contains("O_CREAT"))
        .collect();
    assert!(
        written.len() == 1 && written[0].contains("O_EXCL") && written[0].contains(", 0600"),
        "{written:#?}"
    );
}

/// The sweep does not follow a link that another user has created under the prefix.
#[test]
fn the_sweep_follows_no_symbolic_link() {
    let temporary = tempfile::tempdir().unwrap();
    let precious = temporary.path().join("precious");
    fs::create_dir(&precious).unwrap();
    File::create(precious.join("log")).unwrap();
    let swept = temporary.path().join("temporary");
    fs::create_dir(&swept).unwrap();
    std::os::unix::fs::symlink(&precious, swept.join("temp-mariadb-link")).unwrap();
    Program::start_with("drop", |command| {
        command.env("TMPDIR", &swept);
    })
    .ends();
    assert!(precious.join("log").exists());
}
