//! Combines the logs: finds the connection of each row, and the end of each statement.

use super::{
    Logs,
    failures::{self, Failure},
    prepared::as_written,
    rows::{moment, rows, span},
};
use recorder::timeline::{Connection, End, Statement, Timeline};
use std::{
    collections::{BTreeMap, HashMap, HashSet},
    time::Duration,
};

/// The connections by their numbers, which the logs call threads.
type Sessions = BTreeMap<u64, Session>;

/// A connection, with all times since 1970, and more that is known about it.
#[derive(Default)]
struct Session {
    connection: Connection,
    /// Its user and host, as in the general log.
    user_and_host: String,
    /// The time of its last row in the general log.
    last: Duration,
    /// The texts of its prepared statements.
    prepared: HashSet<String>,
    /// Statements that followed another in one text.
    followers: Vec<Statement>,
}

/// A `KILL`: its time, its connection, and whether it kills the connection or only its statement.
struct Kill {
    at: Duration,
    thread: u64,
    whole: bool,
}

impl Logs {
    /// Returns the connections whose user and host are wanted; `None` if a row cannot be read.
    pub fn timeline(&self, is_wanted: impl Fn(&str) -> bool) -> Option<Timeline> {
        let mut sessions = Sessions::new();
        let kills = read_general(&self.general, &mut sessions)?;
        read_slow(&self.slow, failures::read(&self.failures), &mut sessions)?;
        for kill in kills {
            if let Some(session) = sessions.get_mut(&kill.thread) {
                session.kill(&kill);
            }
        }
        for line in self.own.lines() {
            // `2026-11-20 16:23:45 7 [Warning] Aborted connection 7 to db: …`
            let Some((head, tail)) = line.split_once("Aborted connection ") else {
                continue;
            };
            let thread = tail
                .split(' ')
                .next()
                .and_then(|number| number.parse().ok());
            let session = thread.and_then(|thread: u64| sessions.get_mut(&thread));
            if let (Some(second), Some(session)) = (head.get(..19).and_then(moment), session) {
                let at = second.max(session.last_seen());
                session.connection.closed.get_or_insert(at);
            }
        }
        let mut connections: Vec<Connection> = sessions
            .into_values()
            .filter(|session| is_wanted(&session.user_and_host))
            .map(Session::finish)
            .collect();
        connections.sort_by_key(|connection| connection.opened);
        let mut timeline = Timeline {
            connections,
            watched: self.now,
        };
        timeline.start_at_first_opening();
        Some(timeline)
    }
}

fn read_general(general: &str, sessions: &mut Sessions) -> Option<Vec<Kill>> {
    let mut kills = Vec::new();
    for row in rows(general) {
        let [at, user_and_host, thread, _, command, text] = <[String; 6]>::try_from(row).ok()?;
        let (at, thread) = (moment(&at)?, thread.parse().ok()?);
        if command == "Connect" {
            sessions
                .entry(thread)
                .or_insert_with(|| Session::opened(at, user_and_host));
        }
        let Some(session) = sessions.get_mut(&thread) else {
            continue; // an internal connection of the server
        };
        session.last = at;
        let connection = &mut session.connection;
        match &*command {
            // In MariaDB this follows the row of the attempt to connect, in MySQL it replaces it.
            "Connect" if text.starts_with("Access denied") => connection.closed = Some(at),
            "Quit" => (connection.closing, connection.closed) = (Some(at), Some(at)),
            "Prepare" => _ = session.prepared.insert(text),
            "Query" | "Execute" => {
                kills.extend(Kill::read(&text, thread, at));
                let sql = match &*command {
                    "Execute" => as_written(&text, &session.prepared).to_owned(),
                    _ => text.clone(),
                };
                connection.statements.push(Statement {
                    sql,
                    expanded: text,
                    begun: at,
                    rows: 0,
                    ended: None,
                });
            }
            _ => {}
        }
    }
    Some(kills)
}

fn read_slow(
    slow: &str,
    mut failures: HashMap<u64, Vec<Failure>>,
    sessions: &mut Sessions,
) -> Option<()> {
    for row in rows(slow) {
        let [
            begun,
            _,
            took,
            _,
            sent,
            _,
            _,
            _,
            _,
            _,
            text,
            thread,
            more @ ..,
        ] = &row[..]
        else {
            return None;
        };
        let (begun, thread) = (moment(begun)?, thread.parse().ok()?);
        let (end, rows) = (begun + span(took)?, sent.parse().ok()?);
        // MySQL does not log how many rows a statement has changed.
        let has_given_or_changed_rows =
            rows > 0 || more.first().is_some_and(|changed| changed != "0");
        let failure = match failures.get_mut(&thread) {
            Some(failures) if !has_given_or_changed_rows => {
                failures::take(failures, text, begun, end)
            }
            _ => None,
        };
        if let Some(session) = sessions.get_mut(&thread) {
            session.ran(Statement {
                sql: text.clone(),
                expanded: text.clone(),
                begun,
                rows,
                ended: Some((end, failure.unwrap_or(End::Done))),
            });
        }
    }
    for session in sessions.values_mut() {
        session.connection.statements.append(&mut session.followers);
        session
            .connection
            .statements
            .sort_by_key(|statement| statement.begun);
    }
    Some(())
}

impl Session {
    fn opened(at: Duration, user_and_host: String) -> Session {
        let mut session = Session {
            user_and_host,
            ..Session::default()
        };
        session.connection.opened = at;
        session
    }

    /// A row of the slow log belongs to the last statement that had begun before its end. If that has one already, it
    /// was a text of several statements, which the general log has as one, and the slow log one by one.
    fn ran(&mut self, ran: Statement) {
        let statements = &mut self.connection.statements;
        let begun =
            statements.partition_point(|statement| statement.begun <= ran.end(Duration::MAX));
        match statements[..begun].last_mut() {
            Some(statement) if statement.ended.is_none() => {
                if statement.sql.starts_with(&ran.sql) {
                    (statement.sql, statement.expanded) = (ran.sql, ran.expanded);
                }
                (statement.rows, statement.ended) = (ran.rows, ran.ended);
            }
            Some(_) => self.followers.push(ran),
            None => {} // the session has set the time
        }
    }

    /// A connection that is killed has neither a `Quit` nor, if it runs a statement, a row for it in the slow log.
    fn kill(&mut self, kill: &Kill) {
        let is_gone = kill.whole && self.connection.closed.is_none() && self.last <= kill.at;
        let mut statements = self.connection.statements.iter_mut().rev();
        if let Some(statement) = statements.find(|statement| statement.begun <= kill.at) {
            match &mut statement.ended {
                Some((end, how)) if kill.at <= *end => *how = End::Interrupted,
                ended @ None if is_gone => *ended = Some((kill.at, End::Interrupted)),
                _ => {}
            }
        }
        if is_gone {
            self.connection.closed = Some(kill.at.max(self.last_seen()));
        }
    }

    fn last_seen(&self) -> Duration {
        let statements = self.connection.statements.iter();
        let ends = statements.filter_map(|statement| Some(statement.ended.as_ref()?.0));
        ends.fold(self.last, Duration::max)
    }

    /// Ends a statement when the connection begins the next one.
    fn finish(mut self) -> Connection {
        let statements = &mut self.connection.statements;
        let last = statements.last().map(|statement| statement.begun);
        let mut next = match self.last {
            after if Some(after) > last => Some(after),
            _ => self.connection.closed,
        };
        for statement in statements.iter_mut().rev() {
            match (&mut statement.ended, next) {
                (Some((end, _)), Some(next)) => *end = next.min(*end).max(statement.begun),
                (ended @ None, Some(next)) => *ended = Some((next, End::Done)),
                (_, None) => {}
            }
            next = Some(statement.begun);
        }
        self.connection
    }
}

impl Kill {
    /// `KILL [HARD | SOFT] [CONNECTION | QUERY] number`.
    fn read(sql: &str, own: u64, at: Duration) -> Option<Kill> {
        let is = |word: &str, this: &str| word.eq_ignore_ascii_case(this);
        let mut words = sql
            .split(|c: char| c.is_whitespace() || c == ';')
            .filter(|word| !word.is_empty());
        if !is(words.next()?, "KILL") {
            return None;
        }
        let (mut word, mut whole) = (words.next()?, true);
        while ["HARD", "SOFT", "CONNECTION", "QUERY"]
            .iter()
            .any(|this| is(word, this))
        {
            whole &= !is(word, "QUERY");
            word = words.next()?;
        }
        let thread = match word {
            word if is(word, "CONNECTION_ID()") => own,
            number => number.parse().ok()?,
        };
        Some(Kill { at, thread, whole })
    }
}
