//! What a user has done on the server, from the server's own logs. Those are of the whole server; here they are cut down
//! to the connections of one user.

use std::time::Duration;

use mysql_async::Conn;
use mysql_async::prelude::Queryable;
use recorder::timeline::Timeline;
use temp_mariadb::TempServer;

use super::Failure;

/// When a connection was opened, in microseconds since the first one was, and whether it is the user's.
pub type Opening = (u64, bool);

/// The connections that have been opened. A timeline has no names: one is known by the microsecond in which that was.
pub async fn openings(user: &str, admin: &mut Conn) -> Result<Vec<Opening>, Failure> {
    let query = format!(
        "SELECT TIMESTAMPDIFF(MICROSECOND, MIN(event_time) OVER (), event_time), user_host LIKE '%[{user}]%' \
         FROM mysql.general_log WHERE command_type = 'Connect'"
    );
    Ok(admin.query(query).await?)
}

/// What happened on the connections that the user has made, from the first of them on.
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

/// Lets all times count from the opening of the first connection.
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
