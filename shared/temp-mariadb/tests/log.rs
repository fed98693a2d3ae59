//! The record of a server that nobody has connected to. With clients it is tested in task 3, which has a driver.
#![cfg(unix)]

use recorder::timeline::Timeline;
use std::time::Duration;
use temp_mariadb::TempServer;

/// What the server does by itself, to begin with, and its first statements, which make the table, are not told.
#[test]
fn nothing_has_happened_before_the_first_connection() {
    let server = TempServer::options().recorded().start().unwrap();
    assert_eq!(server.timeline().unwrap(), Timeline::default());
    // Nobody has to leave.
    let timeline = server.timeline_when_all_have_left(Duration::MAX).unwrap();
    assert_eq!(timeline, Timeline::default());
}

#[test]
#[should_panic(expected = "Options::recorded")]
fn a_server_without_a_record_does_not_pretend_that_nothing_has_happened() {
    let _ = TempServer::start().unwrap().timeline();
}
