//! Runs every example, and compares its whole output.

use std::io;

use recorder::Recording;
use shared::User;
use testkit::TempDatabase;
use testkit::examples::{printed, without_a_test};
use tokio::runtime::Builder;

/// Passes to the tests what the modules below print: see `testkit::examples`.
macro_rules! println {
    ($($text:tt)*) => { testkit::examples::print(format_args!($($text)*)) };
}

// Their `main` is not called.
#[expect(dead_code)]
#[path = "../../examples/async_connection.rs"]
mod async_connection;
#[expect(dead_code)]
#[path = "../../examples/async_file.rs"]
mod async_file;
#[expect(dead_code)]
#[path = "../../examples/async_timer.rs"]
mod async_timer;
#[expect(dead_code)]
#[path = "../../examples/get_connection.rs"]
mod get_connection;
#[expect(dead_code)]
#[path = "../../examples/greet.rs"]
mod greet;
#[expect(dead_code)]
#[path = "../../examples/on_every_runtime.rs"]
mod on_every_runtime;
#[expect(dead_code)]
#[path = "../../examples/on_sqlx.rs"]
mod on_sqlx;
#[expect(dead_code)]
#[path = "../../examples/one_after_the_other.rs"]
mod one_after_the_other;

mod on_sqlx_checks;
#[path = "../checks/steps.rs"]
mod steps;

use on_every_runtime::Runtime;

const RUNTIMES: [Runtime; 3] = [Runtime::Tokio, Runtime::AsyncStd, Runtime::Smol];

#[test]
fn on_sqlx_and_on_every_runtime_fetch_the_lists_of_the_task() {
    let temporary = TempDatabase::sample();
    for runtime in RUNTIMES {
        let ours = concurrent::fetch_concurrently(temporary.path(), 40);
        let on_sqlx = on_sqlx::fetch_concurrently(temporary.path(), 40);
        let (ours, on_sqlx) = (runtime.block_on(ours), runtime.block_on(on_sqlx));
        assert_eq!(ours.unwrap(), on_sqlx.unwrap(), "{runtime:?}");
    }
}

#[test]
fn every_example_has_a_test() {
    let without = without_a_test(env!("CARGO_MANIFEST_DIR"), include_str!("main.rs"));
    assert_eq!(without, [""; 0]);
}

/// Runs work on a clock that stands still while there is anything to do, and then jumps to the next timer. Times are
/// exact, and the test does not wait.
fn on_a_paused_clock<T>(work: impl Future<Output = T>) -> T {
    let mut runtime = Builder::new_current_thread();
    runtime
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap()
        .block_on(work)
}

/// Runs work that waits for threads. A paused clock does not wait for them.
fn on_tokio<T>(work: impl Future<Output = T>) -> T {
    Builder::new_current_thread()
        .build()
        .unwrap()
        .block_on(work)
}

#[test]
fn greet_takes_one_second_and_not_two() {
    let output = printed(|| on_a_paused_clock(greet::lesson()));
    let expected = "\
Hello Alice
Hello Bob
Goodbye Alice
Goodbye Bob
at the same time: 1.0s

Hello Alice
Goodbye Alice
Hello Bob
Goodbye Bob
one after the other: 2.0s
";
    assert_eq!(output, expected);
}

#[test]
fn async_timer_is_right_even_when_the_work_is_cancelled() {
    let output = printed(|| on_a_paused_clock(async_timer::lesson()));
    let expected = "\
two awaits: 1.0s
Alice's two: 1.0s
Bob's two: 1.0s
both together: 1.0s
cut by a timeout: 700.0ms
  ended in time: false
  abort only asks the task to end
cut by an abort: 700.0ms
  cancelled: true
a future that was never polled has no timer to drop
";
    assert_eq!(output, expected);
}

#[test]
fn async_connection_is_closed_on_every_way_out_of_the_function_and_not_of_the_type() {
    let output = printed(|| on_a_paused_clock(async_connection::lesson()).unwrap());
    let expected = "\
--- the type
Opening connection...
Connection opened.
Using connection: Connected
Closing connection...
Connection closed.
--- the function
Opening connection...
Connection opened.
Using connection: Connected
Closing connection...
Connection closed.
--- the type is cancelled
Opening connection...
Connection opened.
Using connection: Connected
Dropped while it is open: a drop cannot await.
the caller goes on, cancelled: true
--- the function's body fails
Opening connection...
Connection opened.
Closing connection...
Connection closed.
the caller goes on: Err(\"no such table\")
--- the function's body panics
Opening connection...
Connection opened.
Closing connection...
Connection closed.
the panic goes on: Some(\"a bug\")
--- the function's body is cancelled
Opening connection...
Connection opened.
the caller goes on, cancelled: true
Closing connection...
Connection closed.
all scopes have ended
";
    assert_eq!(output, expected);
}

#[test]
fn get_connection_logs_the_release_before_the_outcome() {
    let temporary = TempDatabase::sample();
    let subscriber = tracing_subscriber::fmt()
        .without_time()
        .with_target(false)
        .with_writer(|| Log)
        .finish();
    let output = printed(|| {
        tracing::subscriber::with_default(subscriber, || {
            on_tokio(get_connection::lesson(temporary.path())).unwrap();
        });
    });
    let expected = r#" INFO get_connection{database=users.db}: acquire
 INFO get_connection{database=users.db}: acquired
 INFO get_connection{database=users.db}: query="SELECT name FROM users WHERE age > ? ORDER BY id"
 INFO get_connection{database=users.db}: release
 INFO get_connection{database=users.db}: released
Farid Haddad, Kwame Boateng
 INFO get_connection{database=users.db}: acquire
 INFO get_connection{database=users.db}: acquired
 INFO get_connection{database=users.db}: query="SELECT name FROM strangers WHERE age > ? ORDER BY id"
 INFO get_connection{database=users.db}: release
 INFO get_connection{database=users.db}: released
ERROR error returned from database: (code: 1) no such table: strangers
"#;
    assert_eq!(output, expected);
}

/// Prints the lines of the log among the others. The subscriber writes one line at a time.
struct Log;

impl io::Write for Log {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        println!("{}", String::from_utf8_lossy(line).trim_end());
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn async_file_leaves_the_executor_free() {
    let folder = tempfile::tempdir().unwrap();
    let output = printed(|| on_tokio(async_file::lesson(folder.path().join("note.txt"))).unwrap());
    let expected = "\
a line: one
a line: two
the reader waits for what is not written yet
the executor is free while the reader waits
the reader has got: three
";
    assert_eq!(output, expected);
}

#[test]
fn one_after_the_other_starts_the_second_query_when_the_first_has_ended() {
    // Enough rows that an overlap would be seen.
    let users: Vec<User> = (1..=10_000)
        .map(|id| User {
            id,
            name: format!("Number {id}"),
            email: format!("{id}@example.com"),
            age: 39 + u32::from(id % 4 == 0) * 2,
        })
        .collect();
    let temporary = TempDatabase::with_users(users.clone());
    let recording = Recording::start(temporary.path());
    let (all, older) =
        on_tokio(one_after_the_other::one_after_the_other(temporary.path())).unwrap();
    assert!(older.iter().eq(users.iter().filter(|user| user.age > 40)));
    assert!(all == users);

    let timeline = recording.timeline();
    let [first, .., last] = &timeline.connections[..] else {
        panic!("{timeline:#?}")
    };
    let ends = first
        .statements
        .iter()
        .map(|statement| statement.end(timeline.watched));
    assert!(ends.max() <= Some(last.opened), "{timeline:#?}");
}
