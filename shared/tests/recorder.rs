//! The recorder tells what really happened, and is not fooled.

use shared::fixture::{ENDLESS, Fixture};
use shared::recorder::{Recording, What};

#[test]
fn two_recordings_in_one_process_are_told_apart_by_their_files() {
    let (one, other) = (Fixture::sample(), Fixture::sample());
    let recording = Recording::start(one.path());
    let _one = one.connection();
    let _other = other.connection();
    assert_eq!(recording.opened_connections(), 1);
}

#[test]
fn a_forgotten_statement_keeps_a_closed_connection_alive_and_the_recorder_says_so() {
    let fixture = Fixture::sample();
    let recording = Recording::start(fixture.path());
    let connection = fixture.connection();
    std::mem::forget(connection.prepare("SELECT * FROM users").unwrap());
    drop(connection);
    let whats: Vec<What> = recording.events().into_iter().map(|event| event.what).collect();
    assert!(whats.contains(&What::Closing), "it was tried\n{recording}");
    assert!(!whats.contains(&What::Closed), "in vain\n{recording}");
    assert_eq!(recording.open_connections(), 1);
}

#[test]
fn a_statement_is_told_of_with_its_placeholders_its_rows_and_its_end() {
    let fixture = Fixture::sample();
    let recording = Recording::start(fixture.path());
    let connection = fixture.connection();
    let sql = "-- why\nSELECT id FROM users WHERE age > ?1";
    let count = connection
        .prepare(sql)
        .unwrap()
        .query_map([40], |_| Ok(()))
        .unwrap()
        .count();
    let whats: Vec<What> = recording
        .events()
        .into_iter()
        .skip(1)
        .map(|event| event.what)
        .collect();
    assert_eq!(
        whats[0],
        What::Begun {
            statement: 0,
            sql: sql.to_owned()
        }
    );
    assert_eq!(whats[1..5], vec![What::Row { statement: 0 }; count]);
    assert_eq!(whats[5..], [What::Ended { statement: 0 }]);
}

#[test]
fn a_trigger_is_part_of_the_statement_that_fires_it() {
    let fixture = Fixture::sample();
    fixture
        .connection()
        .execute_batch(
            "CREATE TRIGGER t AFTER DELETE ON users BEGIN UPDATE users SET age = 1 WHERE id = 2; END",
        )
        .unwrap();
    let recording = Recording::start(fixture.path());
    fixture
        .connection()
        .execute("DELETE FROM users WHERE id = 1", [])
        .unwrap();
    let begun = recording
        .events()
        .iter()
        .filter(|event| matches!(event.what, What::Begun { .. }))
        .count();
    assert_eq!(begun, 1, "{recording}");
}

#[test]
fn a_statement_that_is_interrupted_ends() {
    let fixture = Fixture::sample();
    let recording = Recording::start(fixture.path());
    let connection = fixture.connection();
    let interrupt = connection.get_interrupt_handle();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            recording.wait_until("it has begun", |events| events.len() > 1);
            interrupt.interrupt();
        });
        assert!(connection.query_one(ENDLESS, [], |_| Ok(())).is_err());
    });
    assert!(
        recording
            .events()
            .iter()
            .any(|event| event.what == What::Ended { statement: 0 }),
        "{recording}"
    );
}

#[test]
fn connections_open_and_close_on_many_threads_while_recordings_start_and_stop() {
    let fixture = Fixture::sample();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..1250 {
                    let connection = fixture.connection();
                    connection.query_one("SELECT 1", [], |_| Ok(())).unwrap();
                }
            });
        }
        for _ in 0..200 {
            drop(Recording::start(fixture.path()));
        }
    });
    let recording = Recording::start(fixture.path());
    drop(fixture.connection());
    assert_eq!(
        (recording.opened_connections(), recording.open_connections()),
        (1, 0)
    );
}
