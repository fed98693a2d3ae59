//! Runs every example and compares its complete output.

use std::cell::Cell;
use std::fs;
use std::process::Command;
use std::time::Duration;

use rusqlite::Connection;
use testkit::examples::{printed, without_a_test};

/// Collects what the modules below print: see `testkit::examples`.
macro_rules! println {
    ($($text:tt)*) => { testkit::examples::print(format_args!($($text)*)) };
}

// Their `main` is not called.
#[expect(dead_code)]
#[path = "../../examples/lock.rs"]
mod lock;
#[expect(dead_code)]
#[path = "../../examples/open_file.rs"]
mod open_file;
#[expect(dead_code)]
#[path = "../../examples/socket.rs"]
mod socket;
#[expect(dead_code)]
#[path = "../../examples/timer.rs"]
mod timer;
#[expect(dead_code)]
#[path = "../../examples/transaction.rs"]
mod transaction;

#[test]
fn every_example_has_a_test() {
    let without = without_a_test(env!("CARGO_MANIFEST_DIR"), include_str!("main.rs"));
    assert_eq!(without, [""; 0]);
}

#[test]
fn open_file_exits_after_the_body_and_before_the_error_is_seen() {
    let folder = tempfile::tempdir().unwrap();
    let output = printed(|| open_file::lesson(&folder.path().join("note.txt")).unwrap());
    let expected = "\
a file of std's: \"closed by itself\\n\"

the same with enter and exit:
  enter
    body: read
  exit
after the scope: \"closed by itself\\n\"

a body that fails:
  enter
    body: read
  exit
after the scope: invalid digit found in string
";
    assert_eq!(output, expected);
}

#[test]
fn transaction_ends_before_the_connection_does() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("users.db");
    let table = "CREATE TABLE users (name TEXT UNIQUE)";
    Connection::open(&database)
        .unwrap()
        .execute_batch(table)
        .unwrap();
    let output = printed(|| transaction::lesson(&database).unwrap());
    let expected = "\
after a body that succeeds: 1 committed, 1 open
UNIQUE constraint failed: users.name
after a body that fails: 1 committed, 1 open
after the connection's scope: 1 committed, 0 open
";
    assert_eq!(output, expected);
}

/// The example quotes what Python prints. Compares the two if Python is installed.
#[test]
fn transaction_in_python_does_not_close_the_connection() {
    let folder = tempfile::tempdir().unwrap();
    let examples = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/transaction");
    let run = Command::new("python3")
        .arg(format!("{examples}.py"))
        .arg(folder.path().join("users.db"))
        .output();
    let output = match run {
        Ok(output) if !String::from_utf8_lossy(&output.stderr).contains("ModuleNotFoundError") => {
            output
        }
        _ => {
            eprintln!("python3 with sqlite3 is not installed: nothing was compared");
            return;
        }
    };
    let text = fs::read_to_string(format!("{examples}.rs")).unwrap();
    let (_, said) = text.split_once("//! ```text\n").unwrap();
    let (said, _) = said.split_once("//! ```\n").unwrap();
    let found = String::from_utf8(output.stdout).unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert_eq!(found, said.replace("//! ", ""));
}

#[test]
fn lock_is_released_by_the_end_of_the_scope_and_by_a_panic_which_poisons_it() {
    let output = printed(lock::lesson);
    let expected = "\
within the scope: locked
after the scope: free, Accounts { alice: 70, bob: 30 }
within the scope: locked
the worker has panicked: Some(\"overdrawn\")
after the panic: free, and poisoned
what it has left: Accounts { alice: -930, bob: 30 }
after the repair: free, Accounts { alice: -930, bob: 1030 }
";
    assert_eq!(output, expected);
}

#[test]
fn socket_is_closed_at_the_end_of_its_scope_and_by_an_error() {
    let output = printed(|| socket::lesson().unwrap());
    let expected = "\
client: GET /hello
server: 200 OK, and waits for another request
client: has left the scope with \"Hello!\"
server: the end of the stream: the client's socket is closed

client: GET /nowhere
server: 404 Not Found, and waits for another request
client: has left the scope by `?`: HTTP/1.1 404 Not Found
server: the end of the stream: the client's socket is closed

";
    assert_eq!(output, expected);
}

#[test]
fn timer_prints_on_every_way_out() {
    // Each call of the clock takes one second.
    let time = Cell::new(Duration::ZERO);
    let clock = || time.replace(time.get() + Duration::from_secs(1));
    let output = printed(|| timer::lesson(&clock));
    let expected = "  at work
the sum of 1000000 numbers: 1s
  the sum is Some(499999500000)
  at work
the sum of 0 numbers: 1s
  the sum is None
  at work
the sum of many numbers: 1s
  an error: invalid digit found in string
  at work
the sum of 13 numbers: 1s
  a panic
values are dropped in reverse order of creation, so the outermost timer comes last
all of it: 9s
";
    assert_eq!(output, expected);
}
