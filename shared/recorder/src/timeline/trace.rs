//! A timeline in the trace-event format, which Perfetto (<https://ui.perfetto.dev>) and `chrome://tracing` open.

use std::cmp::Reverse;
use std::time::Duration;

use serde_json::{Value, json};

use super::layout::{Life, State};
use super::words::{cut, one_line};
use super::{Connection, End, Statement, Timeline};

/// Writes it as a JSON object with one event a line in `traceEvents`. A connection has its name, its lifetime, and the
/// moment when it was asked to close. A statement has its run, with its SQL, rows and end in `args`. A connection or
/// statement without an end is drawn to the end of the timeline, and its `args` say so.
pub fn draw(timeline: &Timeline) -> String {
    let mut trace = Trace {
        events: vec![metadata("process_name", 0, json!({ "name": "database" }))],
        threads: timeline.connections.len(),
    };
    for (number, connection) in (1..).zip(&timeline.connections) {
        trace.connection(number, connection, timeline.watched);
    }
    let events: Vec<String> = trace.events.iter().map(Value::to_string).collect();
    // Times are always in microseconds; this only makes the viewer show their fractions.
    format!(
        "{{\"displayTimeUnit\":\"ns\",\"traceEvents\":[\n{}\n]}}\n",
        events.join(",\n")
    )
}

/// An unfinished trace.
struct Trace {
    events: Vec<Value>,
    /// The number of threads. The first of them are the connections.
    threads: usize,
}

impl Trace {
    fn connection(&mut self, number: usize, connection: &Connection, watched: Duration) {
        let (from, to) = (connection.opened, connection.closed.unwrap_or(watched));
        let name = format!("connection {number}");
        let ended = match Life::of(connection) {
            Life::Closed => "closed".to_owned(),
            Life::Cut => Life::Cut.word().to_owned(),
            life => format!("{}; drawn to the end of the timeline", life.word()),
        };
        self.thread(number, number, name.clone());
        self.events.push(slice(
            number,
            "connection",
            &name,
            (from, to),
            json!({ "ended": ended }),
        ));
        if let Some(asked) = connection.closing {
            self.events.push(json!({
                "ph": "i", "s": "t", "pid": PROCESS, "tid": number,
                "cat": "connection", "name": "asked to close", "ts": microseconds(asked),
            }));
        }

        // A viewer drops slices of a thread that overlap without being nested. Two statements that a connection runs in
        // turn may overlap: then one of them goes to a separate thread.
        let mut threads = vec![(number, from, vec![to])];
        let mut statements: Vec<&Statement> = connection.statements.iter().collect();
        statements.sort_by_key(|statement| (statement.begun, Reverse(statement.end(watched))));
        for statement in statements {
            let span = (statement.begun, statement.end(watched).max(statement.begun));
            let free = threads.iter_mut().position(|(_, since, ends)| {
                ends.retain(|end| *end > span.0);
                span.0 >= *since && ends.last().is_none_or(|end| *end >= span.1)
            });
            let free = free.unwrap_or_else(|| {
                self.threads += 1;
                self.thread(self.threads, number, format!("{name}, at the same time"));
                threads.push((self.threads, span.0, Vec::new()));
                threads.len() - 1
            });
            let (thread, _, ends) = &mut threads[free];
            ends.push(span.1);
            let name = cut(&one_line(&statement.sql), 100);
            self.events.push(slice(
                *thread,
                "statement",
                &name,
                span,
                arguments(statement),
            ));
        }
    }

    /// Names a thread, and sets its position among the others.
    fn thread(&mut self, thread: usize, place: usize, name: String) {
        self.events
            .push(metadata("thread_name", thread, json!({ "name": name })));
        let place = json!({ "sort_index": place });
        self.events
            .push(metadata("thread_sort_index", thread, place));
    }
}

/// The process of all threads.
const PROCESS: usize = 1;

fn metadata(name: &str, thread: usize, arguments: Value) -> Value {
    json!({ "ph": "M", "pid": PROCESS, "tid": thread, "name": name, "args": arguments })
}

/// Adds a complete event, which has a beginning and a length.
fn slice(
    thread: usize,
    category: &str,
    name: &str,
    (from, to): (Duration, Duration),
    arguments: Value,
) -> Value {
    json!({
        "ph": "X", "pid": PROCESS, "tid": thread, "cat": category, "name": name,
        "ts": microseconds(from), "dur": microseconds(to.saturating_sub(from)), "args": arguments,
    })
}

fn arguments(statement: &Statement) -> Value {
    let ended = match State::of(statement) {
        State::Done => "done",
        State::Running => "still running; drawn to the end of the timeline",
        state => state.word(),
    };
    let mut arguments = json!({
        "sql": statement.sql,
        "expanded": statement.expanded,
        "rows": statement.rows,
        "ended": ended,
    });
    if let Some((_, End::Failed(message) | End::Refused(message))) = &statement.ended {
        arguments["message"] = message.as_str().into();
    }
    arguments
}

fn microseconds(time: Duration) -> f64 {
    time.as_nanos() as f64 / 1000.0
}
