//! The record of a server without clients. Task 3, which has a driver, tests it with clients.
#![cfg(unix)]

use recorder::timeline::Timeline;
use std::time::Duration;
use temp_mariadb::TempServer;

/// Internal connections of the server, and the first statements, which create the table, are not in the record.
#[test]
fn nothing_has_happened_before_the_first_connection() {
    let server = TempServer::options().recorded().start().unwrap();
    assert_eq!(server.timeline().unwrap(), Timeline::default());
    // There is no connection to wait for.
    let timeline = server.timeline_when_all_have_left(Duration::MAX).unwrap();
    assert_eq!(timeline, Timeline::default());
}

#[test]
#[should_panic(expected = "Options::recorded")]
fn a_server_without_a_record_does_not_pretend_that_nothing_has_happened() {
    let _ = TempServer::start().unwrap().timeline();
}
