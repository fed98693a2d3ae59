//! Reads the connections of one user from the logs of the whole server.

use std::time::Duration;

use mysql_async::Conn;
use mysql_async::prelude::Queryable;
use recorder::timeline::Timeline;
use temp_mariadb::TempServer;

use super::Failure;

/// The time when a connection was opened, in microseconds after the first one, and whether it is the user's.
pub type Opening = (u64, bool);

/// Returns the connections that were opened. A timeline has no user names, so the time identifies a connection.
pub async fn openings(user: &str, admin: &mut Conn) -> Result<Vec<Opening>, Failure> {
    let query = format!(
        "SELECT TIMESTAMPDIFF(MICROSECOND, MIN(event_time) OVER (), event_time), user_host LIKE '%[{user}]%' \
         FROM mysql.general_log WHERE command_type = 'Connect'"
    );
    Ok(admin.query(query).await?)
}

/// Returns the timeline of the user's connections, beginning with the first of them.
pub fn timeline_of(server: &TempServer, openings: &[Opening]) -> Result<Timeline, Failure> {
    let mut timeline = server.timeline()?;
    let is_of_user = |at: Duration| {
        let matches = |&(micros, of_user): &Opening| of_user && Duration::from_micros(micros) == at;
        openings.iter().any(matches)
    };
    timeline
        .connections
        .retain(|connection| is_of_user(connection.opened));
    Ok(from_the_first(timeline))
}

/// Makes all times relative to the opening of the first connection.
pub fn from_the_first(mut timeline: Timeline) -> Timeline {
    let first = timeline
        .connections
        .first()
        .map(|connection| connection.opened);
    let shift = |at: &mut Duration| *at = at.saturating_sub(first.unwrap_or_default());
    shift(&mut timeline.watched);
    for connection in &mut timeline.connections {
        shift(&mut connection.opened);
        connection.closing.as_mut().map(shift);
        connection.closed.as_mut().map(shift);
        for statement in &mut connection.statements {
            shift(&mut statement.begun);
            if let Some((at, _)) = &mut statement.ended {
                shift(at);
            }
        }
    }
    timeline
}
