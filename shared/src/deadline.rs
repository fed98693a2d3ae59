//! How long tests wait.

use std::env;
use std::sync::LazyLock;
use std::time::Duration;

/// How long to wait for what should come at once: 30 seconds, which only a failure reaches, or as many as the
/// environment's `CHECK_DEADLINE` says.
pub static DEADLINE: LazyLock<Duration> = LazyLock::new(|| {
    let given = env::var("CHECK_DEADLINE").ok();
    let seconds = given.map_or(30, |text| {
        text.parse().expect("CHECK_DEADLINE is a number of seconds")
    });
    Duration::from_secs(seconds)
});
