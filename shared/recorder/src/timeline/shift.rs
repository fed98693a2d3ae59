//! Changes the beginning from which a timeline counts its times.

use std::time::Duration;

use super::Timeline;

impl Timeline {
    /// Keeps the last `count` connections, and counts the times from the opening of the first of them. Returns the
    /// number of connections that it removed.
    pub fn keep_last(&mut self, count: usize) -> usize {
        let removed = self.connections.len().saturating_sub(count);
        self.connections.drain(..removed);
        self.start_at_first_opening();
        removed
    }

    /// Counts all times from the opening of the first connection. Sets the end of the recording to the last of them, if
    /// that is later.
    pub fn start_at_first_opening(&mut self) {
        let first = self.connections.first();
        let beginning = first.map_or(self.watched, |connection| connection.opened);
        let mut watched = self.watched;
        for at in self.times() {
            watched = watched.max(*at);
            *at = at.saturating_sub(beginning);
        }
        self.watched = watched.saturating_sub(beginning);
    }

    /// Every time of its connections.
    fn times(&mut self) -> impl Iterator<Item = &mut Duration> {
        self.connections.iter_mut().flat_map(|connection| {
            let statements = connection.statements.iter_mut().flat_map(|statement| {
                let ended = statement.ended.as_mut().map(|(at, _)| at);
                std::iter::once(&mut statement.begun).chain(ended)
            });
            std::iter::once(&mut connection.opened)
                .chain(&mut connection.closing)
                .chain(&mut connection.closed)
                .chain(statements)
        })
    }
}
