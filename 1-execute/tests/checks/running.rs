//! A query is kept, and run as often as one likes: each run opens a connection, and closes it. What the text says is what
//! is asked, and the rows are handed over as they are stepped: who wants one pays for one.
//!
//! Python's class takes the query in `__init__`, opens and executes in `__enter__`, closes in `__exit__`. Here `run` is the
//! `with` block, and the body is a closure.
//!
//! Read: the Rust book, chapter 13.1 (closures); `rusqlite::Statement::query`, `rusqlite::Rows::next`.

use execute::ExecuteQuery;
use testkit::{attempt, check};

use crate::NONE;

#[test]
fn new_opens_nothing() {
    let hint = "who makes a query and never runs it has no connection to close";
    check(hint, |database| {
        let query = ExecuteQuery::new(
            database.path(),
            "SELECT * FROM users WHERE age > ?",
            [database.age()],
        );
        database.expect(
            "nothing is opened by `new`",
            database.recording().opened_connections() == 0,
        );
        attempt(|| query.fetch_users());
        database.expect(
            "`fetch_users` opens the database",
            database.recording().opened_connections() > 0,
        );
    });
}

#[test]
fn obeys_the_query() {
    let hint = "which text is it that SQLite is given?";
    check(hint, |database| {
        for user in [&database.users()[0], &database.users()[1]] {
            let sql = format!("SELECT * FROM users WHERE id = {}", user.id);
            let found = ExecuteQuery::new(database.path(), &sql, NONE).fetch_users();
            let found = database.expect_ok(&sql, found);
            database.expect_same_people(&sql, &found, std::slice::from_ref(user));
        }
    });
}

#[test]
fn leaves_out_who_is_exactly_as_old() {
    let hint = "older than 25 begins with 26: is the comparison the one that was asked for?";
    check(hint, |database| {
        let [first, second, third] = [
            database.users()[0].id,
            database.users()[1].id,
            database.users()[2].id,
        ];
        database.sql(&format!(
            "UPDATE users SET age = 25 WHERE id IN ({first}, {second}, {third})"
        ));
        let older = ExecuteQuery::new(database.path(), "SELECT * FROM users WHERE age > ?", [25])
            .fetch_users();
        let older = database.expect_ok("the users older than 25", older);
        database.expect(
            "nobody of 25 among those older than 25",
            older.iter().all(|user| user.age != 25),
        );
    });
}

#[test]
fn can_be_run_again_and_again() {
    let hint = "`run` takes `&self`: is all that it needs still there the next time?";
    check(hint, |database| {
        let query = ExecuteQuery::new(
            database.path(),
            "SELECT * FROM users WHERE age > ?",
            [database.age()],
        );
        let first = database.expect_ok("the first run", query.fetch_users());
        for time in [
            "the second run, as the first",
            "the third run, as the first",
        ] {
            database.expect_users(time, query.fetch_users(), &first);
        }
    });
}

#[test]
fn hands_the_rows_over_as_they_are_stepped() {
    let hint = "is anything read before the body asks for it?";
    check(hint, |database| {
        let all = ExecuteQuery::new(database.path(), "SELECT * FROM users", NONE);
        let outcome = all.run(|rows| Ok(rows.next()?.is_some()));
        database.expect_ok("a body that stops after one row", outcome);
        let stepped: u64 = database
            .recording()
            .timeline()
            .statements()
            .map(|statement| statement.rows)
            .sum();
        let few = stepped < database.users().len() as u64 / 2;
        database.expect(
            &format!("a body that stops after one row steps few rows, and not {stepped}"),
            few,
        );
    });
}

#[test]
fn the_bodys_error_comes_back_and_says_what_was_wrong() {
    let hint = "the body's error is the caller's to see: itself, or as the `source` of another";
    check(hint, |database| {
        let query = ExecuteQuery::new(database.path(), "SELECT * FROM users", NONE);
        let outcome: execute::Result<()> = query.run(|_| Err(crate::on_purpose()));
        let error = database.expect_error("a body that fails", outcome).into();
        let error: Box<dyn std::error::Error + Send + Sync> = error;
        let says = testkit::says(&*error, "on purpose");
        database.expect("the error says what the body's said", says);
    });
}

#[test]
#[ignore = "extra"]
fn a_semicolon_and_a_comment_after_the_statement_are_no_second_one() {
    let hint = "rusqlite tells a second statement from a semicolon by itself";
    check(hint, |database| {
        for sql in [
            "SELECT * FROM users; -- all of them",
            "SELECT * FROM users WHERE name <> ';'",
        ] {
            let found = ExecuteQuery::new(database.path(), sql, NONE).fetch_users();
            let found = database.expect_ok(sql, found);
            database.expect_same_people(sql, &found, database.users());
        }
    });
}
