//! Faults of the machine are not the submission's fault: there is no grade, and the cache does not get a verdict.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{self, sleep};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use super::program::{Class, Ran, checker, solution};

/// In the notice about verdicts from the cache.
const KNOWN: &str = "--fresh";

fn grade(arguments: &[&str]) -> Command {
    let mut command = checker(["grade", "--format", "json"]);
    if checker::bubblewrap::find().is_err() {
        command.arg("--unsandboxed");
    }
    command.args(arguments);
    command
}

fn graded(arguments: &[&str]) -> Ran {
    Ran::new(grade(arguments).output().expect("the program starts"))
}

/// Returns the problem of the only submission, which must be the machine's.
#[track_caller]
fn problem_of_the_machine(ran: &Ran) -> String {
    assert_eq!(ran.status, Some(1), "{ran:?}");
    let json: Value = serde_json::from_str(&ran.stdout).expect("JSON");
    let problem = &json["submissions"][0]["tasks"][0]["problem"];
    assert_eq!(problem["whose"], "your_machine", "{ran:?}");
    problem["message"].to_string()
}

/// Grades a submission, and kills each of its processes that `fits` accepts: a check that was left would wait for its time
/// limit.
fn killed(submission: &str, fits: impl Fn(&Path) -> Option<i32> + Sync) -> Ran {
    let child = grade(&[submission])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let (kills, has_ended) = (AtomicUsize::new(0), AtomicBool::new(false));
    let output = thread::scope(|scope| {
        scope.spawn(|| {
            while !has_ended.load(Ordering::Relaxed) {
                let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
                for found in processes.filter_map(|process| fits(&process.path())) {
                    let process = Pid::from_raw(found).expect("a number");
                    if kill_process(process, Signal::KILL).is_ok() {
                        kills.fetch_add(1, Ordering::Relaxed);
                    }
                }
                sleep(Duration::from_millis(10)); // leaves time for the build
            }
        });
        let output = child.wait_with_output();
        has_ended.store(true, Ordering::Relaxed);
        output
    });
    assert!(kills.into_inner() > 0, "no process fits");
    Ran::new(output.expect("its end"))
}

fn number(process: &Path) -> Option<i32> {
    process.file_name()?.to_str()?.parse().ok()
}

fn contains(file: &Path, text: &str) -> bool {
    fs::read(file).is_ok_and(|bytes| {
        bytes
            .windows(text.len())
            .any(|part| part == text.as_bytes())
    })
}

#[test]
fn a_killed_compiler_is_the_machines_problem_and_is_not_cached() {
    let class = Class::new();
    let endless = "#![allow(long_running_const_eval)]\nconst _: () = loop {};\n";
    let alice = class.add("alice", endless);
    let compiler = |process: &Path| {
        let is_it = fs::read_to_string(process.join("comm"))
            .is_ok_and(|name| name.trim() == "rustc")
            && contains(&process.join("cmdline"), &alice);
        is_it.then(|| number(process)).flatten()
    };
    let message = problem_of_the_machine(&killed(&alice, compiler));
    assert!(
        message.contains("the compiler was killed from outside"),
        "{message}"
    );
    class.add("alice", &solution());
    let ran = graded(&[&alice]);
    assert_eq!(
        (ran.status, ran.stderr.contains(KNOWN)),
        (Some(0), false),
        "{ran:?}"
    );
}

#[test]
fn a_killed_check_is_the_machines_problem_and_is_not_cached() {
    let class = Class::new();
    let marker = format!("killed-{}", std::process::id());
    let hangs = solution().replace(
        "pub fn fetch_users(",
        &format!("pub fn fetch_users(c: &Connection) -> Result<Vec<User>> {{ let _ = std::process::Command::new(\"sleep\").arg(\"1000\").env(\"WHO\", \"{marker}\").status(); fetch(c) }}\nfn fetch("),
    );
    let alice = class.add("alice", &hangs);
    // The check is the parent of the program that it started.
    let check = |process: &Path| {
        let is_its = fs::read_to_string(process.join("comm"))
            .is_ok_and(|name| name.trim() == "sleep")
            && contains(&process.join("environ"), &marker);
        let status = is_its
            .then(|| fs::read_to_string(process.join("status")).ok())
            .flatten()?;
        status
            .lines()
            .find_map(|line| line.strip_prefix("PPid:"))?
            .trim()
            .parse()
            .ok()
    };
    let message = problem_of_the_machine(&killed(&alice, check));
    assert!(
        message.contains("a check was killed from outside"),
        "{message}"
    );
}

#[test]
fn a_temporary_folder_with_noexec_is_the_machines_problem_and_is_not_cached() {
    let class = Class::new();
    let alice = class.add("alice", &solution());
    let folder = class.named("noexec");
    fs::create_dir(&folder).expect("a folder");
    let script = r#"mount -t tmpfs -o noexec none "$0" && TMPDIR="$0" exec "$@""#;
    let mount = |command: &[&str]| {
        let mut unshare = Command::new("unshare");
        unshare
            .args([
                "--user",
                "--map-root-user",
                "--mount",
                "sh",
                "-c",
                script,
                &folder,
            ])
            .args(command);
        unshare.output()
    };
    if !mount(&["true"]).is_ok_and(|output| output.status.success()) {
        eprintln!("skipped: nothing can be mounted here");
        return;
    }
    let program = env!("CARGO_BIN_EXE_checker");
    let output = mount(&[
        program,
        "grade",
        &alice,
        "--unsandboxed",
        "--format",
        "json",
    ]);
    let message = problem_of_the_machine(&Ran::new(output.expect("it starts")));
    assert!(
        message.contains(&format!("programs in {folder}")),
        "{message}"
    );
    let ran = graded(&[&alice, "--unsandboxed"]);
    assert_eq!(
        (ran.status, ran.stderr.contains(KNOWN)),
        (Some(0), false),
        "{ran:?}"
    );
}

/// An instructor who builds for several machines may have configured Cargo like this.
#[test]
fn cargo_may_be_configured_for_a_target() {
    let class = Class::new();
    let alice = class.add("alice", &solution());
    let mut command = grade(&[&alice]);
    let ran = Ran::new(
        command
            .env("CARGO_BUILD_TARGET", "host-tuple")
            .output()
            .expect("the program starts"),
    );
    assert_eq!(ran.status, Some(0), "{ran:?}");
    assert!(
        ran.stdout.contains("\"passed\": true") || ran.stdout.contains("\"passed\":true"),
        "{ran:?}"
    );
}

#[test]
fn a_module_named_target_and_a_hidden_file_count() {
    let class = Class::new();
    let alice = class.add(
        "alice",
        &(solution() + "\nmod target;\nconst _: &str = include_str!(\".hidden\");\n"),
    );
    let source = class.path().join("alice/0-databaseconnection/src");
    fs::create_dir(source.join("target")).expect("a folder");
    let (module, hidden) = (source.join("target/mod.rs"), source.join(".hidden"));
    fs::write(&module, "").expect("a file");
    fs::write(&hidden, "").expect("a file");
    assert!(!graded(&[&alice]).stderr.contains(KNOWN));
    fs::write(&module, "// changed").expect("a file");
    assert!(!graded(&[&alice]).stderr.contains(KNOWN));
    fs::write(&hidden, "changed").expect("a file");
    assert!(!graded(&[&alice]).stderr.contains(KNOWN));
    assert!(graded(&[&alice]).stderr.contains(KNOWN));
}
