//! `ExecuteQuery` keeps a query. It opens nothing until it is run, and can be run again: each run opens a connection
//! and closes it. `run` is the `with` block, and its body is a closure that gets the rows. SQLite finds each row only
//! when the body asks for it, so a body that stops after one row costs one row.
//!
//! Python's class takes the query in `__init__`, opens and executes in `__enter__`, and closes in `__exit__`.
//!
//! Read: the Rust book, chapter 13.1 (closures); `rusqlite::Statement::query`, `rusqlite::Rows::next`.

use execute::ExecuteQuery;
use testkit::expect::expect_word;
use testkit::{attempt, check};

use crate::NONE;

#[test]
fn new_opens_no_connection() {
    let hint = "`new` keeps the path and the query; open the database in `run`";
    check(hint, |database| {
        let query = ExecuteQuery::new(
            database.path(),
            "SELECT * FROM users WHERE age > ?",
            [database.age()],
        );
        database.expect(
            "`new` opens no connection",
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
fn runs_the_given_query() {
    let hint = "pass the query that `new` was given to `prepare`, unchanged";
    check(hint, |database| {
        for user in [&database.users()[0], &database.users()[1]] {
            let sql = format!("SELECT * FROM users WHERE id = {}", user.id);
            let found = ExecuteQuery::new(database.path(), &sql, NONE).fetch_users();
            let expected = format!("the user whose id is {}", user.id);
            let found = database.expect_ok(&expected, found);
            database.expect_same_people(&expected, &found, std::slice::from_ref(user));
        }
    });
}

#[test]
fn excludes_users_of_exactly_the_given_age() {
    let hint =
        "the query says `age > ?`: does your code change `>` into `>=`, or filter the rows again?";
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
            "no user of age 25 among the users older than 25",
            older.iter().all(|user| user.age != 25),
        );
    });
}

#[test]
fn can_be_run_more_than_once() {
    let hint =
        "`run` takes `&self`: are the query and all its parameters still there for the next run?";
    check(hint, |database| {
        let query = ExecuteQuery::new(
            database.path(),
            "SELECT * FROM users WHERE age > ?",
            [database.age()],
        );
        let first = database.expect_ok("the first run", query.fetch_users());
        for time in [
            "the same users in the second run",
            "the same users in the third run",
        ] {
            database.expect_users(time, query.fetch_users(), &first);
        }
    });
}

#[test]
fn reads_only_the_rows_that_the_body_asks_for() {
    let hint = "call `body` with the `Rows` of `Statement::query`; do not collect the rows first";
    check(hint, |database| {
        let all = ExecuteQuery::new(database.path(), "SELECT * FROM users", NONE);
        let outcome = all.run(|rows| Ok(rows.next()?.is_some()));
        database.expect_ok("a body that stops after one row succeeds", outcome);
        let stepped: u64 = database
            .recording()
            .timeline()
            .statements()
            .map(|statement| statement.rows)
            .sum();
        let few = stepped < database.users().len() as u64 / 2;
        database.expect(
            &format!("few rows stepped by a body that stops after one row\nfound: {stepped}"),
            few,
        );
    });
}

#[test]
fn returns_the_error_of_the_body() {
    let hint = "return the error that the body returned; if you wrap it in another error, its `source()` must return it";
    check(hint, |database| {
        let query = ExecuteQuery::new(database.path(), "SELECT * FROM users", NONE);
        let outcome: execute::Result<()> = query.run(|_| Err(crate::on_purpose()));
        let error = database.expect_error("a body that fails", outcome).into();
        let error: Box<dyn std::error::Error + Send + Sync> = error;
        expect_word(&*error, "on purpose");
    });
}
