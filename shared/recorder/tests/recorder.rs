//! The recorder reports what really happened.

use std::pin::pin;
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::task::{Context, Wake};

use recorder::timeline::{End, Statement};
use recorder::{Deadline, Recording};
use rusqlite::Connection;

#[path = "support/mod.rs"]
mod support;

use support::{ENDLESS, TempDatabase, make_users_fail_at};

/// The one statement that was begun, or tried.
fn only_statement(recording: &Recording) -> Statement {
    let timeline = recording.timeline();
    let statements: Vec<_> = timeline.statements().cloned().collect();
    let [statement] = statements.try_into().expect("one statement");
    statement
}

fn how_it_ended(recording: &Recording) -> End {
    only_statement(recording).ended.expect("it has ended").1
}

#[test]
fn two_recordings_in_one_process_are_told_apart_by_their_files() {
    let (one, other) = (TempDatabase::sample(), TempDatabase::sample());
    let recording = Recording::start(one.path());
    let _one = one.connection();
    let _other = other.connection();
    assert_eq!(recording.opened_connections(), 1);
}

#[test]
fn a_forgotten_statement_keeps_a_closed_connection_alive_and_the_recorder_says_so() {
    let temporary = TempDatabase::sample();
    let recording = Recording::start(temporary.path());
    let connection = temporary.connection();
    std::mem::forget(connection.prepare("SELECT * FROM users").unwrap());
    drop(connection);
    let connection = &recording.timeline().connections[0];
    assert!(connection.closing.is_some(), "it was tried\n{recording}");
    assert!(connection.closed.is_none(), "in vain\n{recording}");
    assert_eq!(recording.open_connections(), 1);
}

#[test]
fn a_statement_is_recorded_as_written_with_its_parameters_and_rows() {
    let temporary = TempDatabase::sample();
    let recording = Recording::start(temporary.path());
    let connection = temporary.connection();
    let sql = "-- why\nSELECT id FROM users WHERE age > ?1 AND name <> ?2";
    let mut statement = connection.prepare(sql).unwrap();
    let count = statement
        .query_map((40, "it's"), |_| Ok(()))
        .unwrap()
        .count();
    let told = only_statement(&recording);
    assert_eq!(told.sql, sql);
    assert_eq!(
        told.expanded,
        "-- why\nSELECT id FROM users WHERE age > 40 AND name <> 'it''s'"
    );
    assert_eq!((told.rows, count), (4, 4));
    let (ended, how) = told.ended.unwrap();
    assert_eq!(how, End::Done);
    let connection = &recording.timeline().connections[0];
    assert!(connection.opened <= told.begun && told.begun <= ended);
}

#[test]
fn a_statement_that_still_runs_has_no_end_and_a_dropped_one_is_left() {
    let temporary = TempDatabase::sample();
    let recording = Recording::start(temporary.path());
    let connection = temporary.connection();
    let mut statement = connection.prepare("SELECT * FROM users").unwrap();
    let mut rows = statement.query([]).unwrap();
    rows.next().unwrap();
    assert_eq!(only_statement(&recording).ended, None);
    drop(rows);
    assert_eq!(how_it_ended(&recording), End::Left);
    assert_eq!(only_statement(&recording).rows, 1);
}

#[test]
fn a_statement_that_fails_ends_with_its_reason() {
    let temporary = TempDatabase::sample();
    make_users_fail_at(&temporary.connection(), 3);
    let recording = Recording::start(temporary.path());
    let connection = temporary.connection();
    let mut statement = connection.prepare("SELECT * FROM users").unwrap();
    let outcomes: Vec<_> = statement.query_map([], |_| Ok(())).unwrap().collect();
    assert!(outcomes[2].is_err());
    assert_eq!(only_statement(&recording).rows, 2);
    assert_eq!(
        how_it_ended(&recording),
        End::Failed("failed on purpose".to_owned())
    );
}

#[test]
fn a_constraint_that_is_broken_in_a_trigger_is_the_reason_why_the_statement_failed() {
    let temporary = TempDatabase::sample();
    let trigger = "CREATE TRIGGER t AFTER DELETE ON users BEGIN UPDATE users SET name = NULL WHERE id = 2; END";
    temporary.connection().execute_batch(trigger).unwrap();
    let recording = Recording::start(temporary.path());
    let long = format!("DELETE FROM users WHERE id = 1 -- {}", "long ".repeat(100));
    temporary.connection().execute(&long, []).unwrap_err();
    let reason = "NOT NULL constraint failed: users.name".to_owned();
    assert_eq!(how_it_ended(&recording), End::Failed(reason), "{recording}");
}

#[test]
fn a_trigger_is_part_of_the_statement_that_fires_it() {
    let temporary = TempDatabase::sample();
    let trigger =
        "CREATE TRIGGER t AFTER DELETE ON users BEGIN UPDATE users SET age = 1 WHERE id = 2; END";
    temporary.connection().execute_batch(trigger).unwrap();
    let recording = Recording::start(temporary.path());
    temporary
        .connection()
        .execute("DELETE FROM users WHERE id = 1", [])
        .unwrap();
    assert_eq!(how_it_ended(&recording), End::Done, "{recording}");
}

#[test]
fn sql_that_is_not_accepted_is_recorded_although_it_never_ran() {
    let temporary = TempDatabase::sample();
    let recording = Recording::start(temporary.path());
    let sql = "SELECT \"a\" FROM nowhere";
    temporary.connection().prepare(sql).unwrap_err();
    let told = only_statement(&recording);
    assert_eq!((told.sql.as_str(), told.rows), (sql, 0));
    assert_eq!(
        how_it_ended(&recording),
        End::Refused("no such table: nowhere".to_owned())
    );
}

#[test]
fn a_wait_for_a_lock_that_is_never_released_is_a_failure() {
    let temporary = TempDatabase::sample();
    let other = temporary.connection();
    let recording = Recording::start(temporary.path());
    let connection = temporary.connection();
    connection.busy_timeout(std::time::Duration::ZERO).unwrap();
    let mut select = connection.prepare("SELECT * FROM users").unwrap();
    other.execute_batch("BEGIN EXCLUSIVE").unwrap();
    assert!(select.query([]).unwrap().next().is_err());
    assert_eq!(
        how_it_ended(&recording),
        End::Failed("database is locked".to_owned())
    );
}

#[test]
fn a_database_that_may_not_grow_is_full() {
    let temporary = TempDatabase::sample();
    let recording = Recording::start(temporary.path());
    recording.forbid_growth();
    let connection = temporary.connection();
    connection
        .execute(
            "INSERT INTO users VALUES (13, ?1, 'long@example.com', 1)",
            ["x".repeat(100_000)],
        )
        .unwrap_err();
    assert_eq!(
        how_it_ended(&recording),
        End::Failed("database or disk is full".to_owned())
    );
}

#[test]
fn a_statement_that_is_interrupted_from_another_thread_ends_as_interrupted() {
    let temporary = TempDatabase::sample();
    let recording = Recording::start(temporary.path());
    let connection = temporary.connection();
    let handle = connection.get_interrupt_handle();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            recording.wait_until("it has begun", |timeline| {
                timeline.statements().count() == 1
            });
            handle.interrupt();
        });
        connection.query_one(ENDLESS, [], |_| Ok(())).unwrap_err();
    });
    assert_eq!(how_it_ended(&recording), End::Interrupted, "{recording}");
}

#[test]
fn a_statement_that_a_progress_handler_stops_ends_as_interrupted_too() {
    let temporary = TempDatabase::sample();
    let recording = Recording::start(temporary.path());
    let connection = temporary.connection();
    connection.progress_handler(1000, Some(|| true)).unwrap();
    connection.query_one(ENDLESS, [], |_| Ok(())).unwrap_err();
    assert_eq!(how_it_ended(&recording), End::Interrupted, "{recording}");
}

#[test]
fn a_statement_that_sqlite_prepares_again_is_one_statement_and_ends_as_its_last_run_does() {
    let temporary = TempDatabase::sample();
    let outside = temporary.connection();
    let sql = "SELECT * FROM users";
    for (change, rows, end) in [
        ("CREATE TABLE other (id)", 12, End::Done),
        (
            "DROP TABLE users",
            0,
            End::Refused("no such table: users".to_owned()),
        ),
    ] {
        let recording = Recording::start(temporary.path());
        let connection = temporary.connection();
        let mut statement = connection.prepare(sql).unwrap();
        outside.execute_batch(change).unwrap();
        let outcomes: Vec<_> = statement.query_map([], |_| Ok(())).unwrap().collect();
        drop(statement);
        drop(connection);
        let told = only_statement(&recording);
        assert_eq!(told.rows, rows, "{recording}");
        assert_eq!(outcomes.iter().all(Result::is_ok), end == End::Done);
        assert_eq!(how_it_ended(&recording), end, "{recording}");
    }
}

#[test]
fn a_message_that_looks_like_the_end_of_a_line_is_still_a_message() {
    let temporary = TempDatabase::sample();
    let trigger = "CREATE TRIGGER t BEFORE DELETE ON users BEGIN SELECT RAISE(ABORT, 'no; [nothing] here'); END";
    temporary.connection().execute_batch(trigger).unwrap();
    let recording = Recording::start(temporary.path());
    temporary
        .connection()
        .execute("DELETE FROM users", [])
        .unwrap_err();
    assert_eq!(
        how_it_ended(&recording),
        End::Failed("no; [nothing] here".to_owned())
    );
}

/// As an executor does that has been shut down: what it is woken for is dropped.
#[test]
fn a_waker_may_drop_a_recorded_connection() {
    struct DropsIt(Mutex<Option<Connection>>);
    impl Wake for DropsIt {
        fn wake(self: Arc<Self>) {
            drop(self.0.lock().unwrap().take());
        }
    }
    let temporary = TempDatabase::sample();
    let (tell, told) = channel();
    std::thread::spawn(move || {
        let recording = Recording::start(temporary.path());
        let waker = Arc::new(DropsIt(Mutex::new(Some(temporary.connection())))).into();
        let mut waiting = pin!(recording.happened(|_| false));
        assert!(
            waiting
                .as_mut()
                .poll(&mut Context::from_waker(&waker))
                .is_pending()
        );
        let _other = temporary.connection();
        tell.send(recording.open_connections()).unwrap();
    });
    assert_eq!(Deadline::start().recv(&told), Some(1));
}

#[test]
fn a_second_recording_of_one_file_is_refused_and_the_first_goes_on() {
    let temporary = TempDatabase::sample();
    let recording = Recording::start(temporary.path());
    assert!(std::panic::catch_unwind(|| Recording::start(temporary.path())).is_err());
    drop(temporary.connection());
    assert_eq!(recording.opened_connections(), 1);
}

#[test]
#[cfg(target_os = "linux")]
fn a_file_whose_name_is_not_utf8_is_recorded_too() {
    use std::os::unix::ffi::OsStrExt;
    let temporary = TempDatabase::sample();
    let odd = temporary
        .folder()
        .join(std::ffi::OsStr::from_bytes(b"n\xff.db"));
    std::fs::rename(temporary.path(), &odd).unwrap();
    let recording = Recording::start(&odd);
    drop(Connection::open(&odd).unwrap());
    assert_eq!(recording.opened_connections(), 1);
}

/// SQLite's log is the process's, and names neither connection nor recording.
#[test]
fn what_fails_elsewhere_on_the_same_thread_is_no_reason_here() {
    let (temporary, other) = (TempDatabase::sample(), TempDatabase::sample());
    let other = other.connection();
    let recording = Recording::start(temporary.path());
    let connection = temporary.connection();
    other
        .execute("INSERT INTO users SELECT * FROM users", [])
        .unwrap_err();
    let mut statement = connection.prepare("SELECT count(*) FROM users").unwrap();
    let mut rows = statement.query([]).unwrap();
    rows.next().unwrap();
    other
        .execute("INSERT INTO users SELECT * FROM users", [])
        .unwrap_err();
    assert!(rows.next().unwrap().is_none());
    assert_eq!(how_it_ended(&recording), End::Done, "{recording}");
}

#[test]
fn connections_open_and_close_on_many_threads_while_recordings_start_and_stop() {
    let temporary = TempDatabase::sample();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..1250 {
                    let connection = temporary.connection();
                    connection.query_one("SELECT 1", [], |_| Ok(())).unwrap();
                    connection.prepare("SELECT nothing").unwrap_err();
                }
            });
        }
        for _ in 0..200 {
            let recording = Recording::start(temporary.path());
            recording.timeline();
        }
    });
    let recording = Recording::start(temporary.path());
    drop(temporary.connection());
    assert_eq!(
        (recording.opened_connections(), recording.open_connections()),
        (1, 0)
    );
}
