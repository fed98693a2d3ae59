//! A wait ends when its process is idle, and not while anything that could make the event happen still works, or waits for a
//! core.
//!
//! Each case runs in a separate process, because the other tests of this program would keep it from being idle. Its
//! limit is 2 seconds, which is less than the time that a wait is idle before it ends.
#![cfg(target_os = "linux")]

use std::env;
use std::fs;
use std::hint::spin_loop;
use std::io::Read;
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread::{self, available_parallelism};
use std::time::Duration;

use recorder::Deadline;

const CASE: &str = "CASE_OF_A_DEADLINE";
const SPIN: [&str; 3] = ["sh", "-c", "while :; do :; done"];

/// Runs a case in a separate process, with these seconds as its limit, and expects that it succeeds.
fn run_alone(test: &str, limit: &str, case: fn()) {
    if env::var_os(CASE).is_some() {
        return case();
    }
    let output = Command::new(env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .env(CASE, test)
        .env("CHECK_DEADLINE", limit)
        .output();
    let Output { status, stderr, .. } = output.unwrap();
    assert!(status.success(), "{}", String::from_utf8_lossy(&stderr));
}

/// Waits for an event that never happens, and returns for how long the process was idle.
fn wait_in_vain() -> Duration {
    let (_send, never): (_, Receiver<()>) = channel();
    let deadline = Deadline::start();
    assert_eq!(deadline.recv(&never), None);
    deadline.idle()
}

/// A process that is killed when the value is dropped.
struct Killed(Child);

impl Killed {
    fn start(command: &[&str]) -> Killed {
        let child = Command::new(command[0]).args(&command[1..]).spawn();
        Killed(child.unwrap())
    }
}

impl Drop for Killed {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

#[test]
fn a_process_whose_threads_all_wait_is_idle() {
    // Without the count of idle time, this test takes the limit.
    run_alone("a_process_whose_threads_all_wait_is_idle", "1000", || {
        for _ in 0..3 {
            thread::spawn(thread::park);
        }
        let _child = Killed::start(&["sleep", "1000"]);
        assert!(wait_in_vain() >= Duration::from_secs(4));
    });
}

#[test]
fn a_process_with_a_thread_that_computes_is_not_idle() {
    run_alone(
        "a_process_with_a_thread_that_computes_is_not_idle",
        "2",
        || {
            thread::spawn(|| {
                loop {
                    spin_loop();
                }
            });
            assert_eq!(wait_in_vain(), Duration::ZERO);
        },
    );
}

#[test]
fn a_process_with_a_grandchild_that_computes_is_not_idle() {
    run_alone(
        "a_process_with_a_grandchild_that_computes_is_not_idle",
        "2",
        || {
            // It ends when its parent, which is killed, has ended.
            let script = "(echo begun; while kill -0 $$; do :; done) & wait";
            let child = Command::new("sh")
                .args(["-c", script])
                .stdout(Stdio::piped())
                .spawn();
            let mut child = Killed(child.unwrap());
            let mut begun = [0];
            let mut stdout = child.0.stdout.take().unwrap();
            stdout.read_exact(&mut begun).unwrap();
            assert_eq!(wait_in_vain(), Duration::ZERO);
        },
    );
}

#[test]
fn a_process_that_gets_no_core_is_not_idle() {
    let test = "a_process_that_gets_no_core_is_not_idle";
    // Not children of the process that waits: they would keep it from being idle.
    let is_case = env::var_os(CASE).is_some();
    let cores = if is_case {
        0
    } else {
        available_parallelism().unwrap().get()
    };
    let _others: Vec<Killed> = (0..2 * cores).map(|_| Killed::start(&SPIN)).collect();
    run_alone(test, "2", || {
        let starved = Killed::start(&[&["nice", "-n", "19"], &SPIN[..]].concat());
        let idle = wait_in_vain();
        // How long it has run, and how long it has waited for a core, in nanoseconds.
        let times = fs::read_to_string(format!("/proc/{}/schedstat", starved.0.id())).unwrap();
        let mut times = times.split(' ').map(|time| time.parse::<u64>().unwrap());
        let (ran, waited) = (times.next().unwrap(), times.next().unwrap());
        assert!(waited > 5 * ran, "it is not starved: {ran}, {waited}");
        assert_eq!(idle, Duration::ZERO);
    });
}
