//! The time limit of every wait.

use std::env;
use std::sync::LazyLock;
use std::time::Duration;

/// The time that a test waits for an event before it fails: 30 seconds, or as many as the environment variable
/// `CHECK_DEADLINE` says. Only a failure waits that long.
pub static DEADLINE: LazyLock<Duration> = LazyLock::new(|| {
    let given = env::var("CHECK_DEADLINE").ok();
    let seconds = given.map_or(30, |text| {
        text.parse().expect("CHECK_DEADLINE is a number of seconds")
    });
    Duration::from_secs(seconds)
});
