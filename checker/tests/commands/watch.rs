//! `checker watch`.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use super::program::{Class, checker, solution, wrong};

/// Generous: only a failure reaches it.
const LIMIT: Duration = Duration::from_secs(300);

/// A program that watches.
struct Watching {
    child: Child,
    lines: Receiver<String>,
}

impl Watching {
    fn start(folder: &str) -> Watching {
        Watching::run(&mut checker(["watch", folder]))
    }

    fn run(command: &mut Command) -> Watching {
        let mut child = command
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let (send, lines) = channel();
        let stdout = BufReader::new(child.stdout.take().expect("a pipe"));
        thread::spawn(move || {
            stdout
                .lines()
                .map_while(Result::ok)
                .all(|line| send.send(line).is_ok())
        });
        Watching { child, lines }
    }

    /// Returns what it prints until the next verdict is complete.
    fn verdict(&self) -> String {
        let mut text = String::new();
        loop {
            let line = self.lines.recv_timeout(LIMIT).expect("a verdict");
            text += &format!("{line}\n");
            if line.contains("at each save") {
                return text;
            }
        }
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn each_save_gets_its_verdict_and_a_ctrl_c_ends_it() {
    let class = Class::new();
    let folder = class.add("alice", &wrong("a_list_of_open_connections"));
    let lib = class.path().join("alice/0-databaseconnection/src/lib.rs");
    let mut watching = Watching::start(&folder);
    let first = watching.verdict();
    assert!(
        first.contains("24 of 28") && first.contains("closes at the end of the scope"),
        "{first}"
    );
    assert!(
        !first.contains("passed   ") && first.matches("  failed ").count() == 1,
        "only the first check that fails is shown: {first}"
    );

    fs::write(&lib, solution()).expect("a save");
    let done = watching.verdict();
    assert!(
        done.contains("28 of 28") && done.contains("0-databaseconnection is done"),
        "{done}"
    );

    // As many an editor saves: another file takes the place of the old one.
    let beside = lib.with_extension("rs.new");
    fs::write(&beside, "pub fn").expect("a file");
    fs::rename(&beside, &lib).expect("a save");
    assert!(watching.verdict().contains("it does not compile"));

    // As when Git changes branches: the folder goes, and comes back.
    let source = lib.parent().expect("src");
    let away = source.with_file_name("away");
    fs::rename(source, &away).expect("a folder moved away");
    assert!(watching.verdict().contains("there is no src/lib.rs"));
    fs::rename(&away, source).expect("a folder moved back");
    assert!(watching.verdict().contains("it does not compile"));
    fs::write(&lib, solution()).expect("a save");
    assert!(watching.verdict().contains("28 of 28"));

    let pid = Pid::from_child(&watching.child);
    kill_process(pid, Signal::INT).expect("it runs");
    let status = watching.child.wait().expect("its end");
    assert_eq!(status.code(), Some(0));
}

/// As on a network drive, on a Windows drive below WSL, in Docker Desktop, and where other programs have taken all watches.
#[test]
fn a_save_that_the_system_does_not_report_gets_its_verdict() {
    let set = "echo 1 > /proc/sys/user/max_inotify_watches";
    let is_possible = Command::new("unshare")
        .args(["-Ur", "sh", "-c", set])
        .status();
    if !is_possible.is_ok_and(|status| status.success()) {
        eprintln!(
            "skipped: a limit on watches can be set in a user namespace only, which is not allowed here"
        );
        return;
    }
    let class = Class::new();
    let folder = class.add("alice", &wrong("a_list_of_open_connections"));
    let errors = class.path().join("errors");
    let program = checker(["watch", &folder]);
    let mut command = Command::new("unshare");
    command
        .args(["-Ur", "sh", "-c", &format!("{set}; exec \"$0\" \"$@\"")])
        .arg(program.get_program())
        .args(program.get_args())
        .stderr(fs::File::create(&errors).expect("a file"));
    let watching = Watching::run(&mut command);
    assert!(watching.verdict().contains("24 of 28"));

    let lib = class.path().join("alice/0-databaseconnection/src/lib.rs");
    fs::write(&lib, solution()).expect("a save");
    assert!(watching.verdict().contains("28 of 28"));
    fs::write(&lib, "pub fn").expect("a save");
    assert!(watching.verdict().contains("it does not compile"));

    let errors = fs::read_to_string(&errors).expect("its errors");
    assert_eq!(
        errors.matches("could not watch the files").count(),
        1,
        "{errors}"
    );
    assert!(errors.contains("max_user_watches"), "{errors}");
}
