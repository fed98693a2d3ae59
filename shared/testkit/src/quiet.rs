//! Checks from another process that nothing is printed.

use std::env;
use std::panic::{self, AssertUnwindSafe, catch_unwind};
use std::process::{Command, Stdio};

/// Printed before and after the work's output.
const MARK: &str = "--- what the work prints stands between two of these ---";

/// Set in the environment of the process that does the work.
const WITHIN: &str = "CHECK_QUIET";

/// Expects that some work prints nothing to standard output or standard error.
///
/// The test harness captures the output of a test. So this runs the test binary again, only the test of this name (its
/// whole path, such as `quiet::the_library_prints_nothing`), with these variables in its environment, and that process
/// does the work. The work may fail, and a panic's message does not count.
///
/// # Panics
///
/// When it prints something.
#[track_caller]
pub fn expect_quiet(test: &str, environment: &[(&str, &str)], work: impl FnOnce()) {
    if env::var_os(WITHIN).is_some() {
        panic::set_hook(Box::new(|_| {}));
        println!("{MARK}");
        eprintln!("{MARK}");
        let _ = catch_unwind(AssertUnwindSafe(work));
        println!("{MARK}");
        eprintln!("{MARK}");
        return;
    }
    let output = Command::new(env::current_exe().expect("the path of this program"))
        .args(["--exact", test, "--nocapture"])
        .envs(environment.iter().copied())
        .env(WITHIN, "1")
        .stdin(Stdio::null())
        .output()
        .expect("this program starts once more");
    for (stream, printed) in [
        ("standard output", output.stdout),
        ("standard error", output.stderr),
    ] {
        let printed = String::from_utf8_lossy(&printed);
        let parts: Vec<&str> = printed.split(MARK).collect();
        let [_, between, _] = parts[..] else {
            panic!("expected: {test} runs in a separate process\nfound: {printed:?}");
        };
        // The line feed is the mark's.
        let found = between.strip_prefix('\n').unwrap_or(between);
        assert!(
            found.is_empty(),
            "expected: nothing on {stream}\nfound: {found:?}"
        );
    }
}
