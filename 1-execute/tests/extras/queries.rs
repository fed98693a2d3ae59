//! Unusual queries and tables, the order of the rows, and one connection for each run.

use execute::ExecuteQuery;
use shared::User;
use testkit::{cases, check};

use crate::NONE;

#[test]
fn a_semicolon_does_not_always_begin_a_second_statement() {
    let hint = "do not search the SQL for `;`: rusqlite reports a second statement as `Error::MultipleStatement`";
    check(hint, |database| {
        for (what, sql) in [
            (
                "every user, with a comment after the `;`",
                "SELECT * FROM users; -- all of them",
            ),
            (
                "every user, with a `;` in a string",
                "SELECT * FROM users WHERE name <> ';'",
            ),
        ] {
            let found = ExecuteQuery::new(database.path(), sql, NONE).fetch_users();
            let found = database.expect_ok(what, found);
            database.expect_same_people(what, &found, database.users());
        }
    });
}

#[test]
fn a_question_mark_in_a_string_is_not_a_placeholder() {
    let hint = "do not count the `?` in the SQL: SQLite knows which are placeholders (`Statement::parameter_count`)";
    check(hint, |database| {
        let query = ExecuteQuery::new(database.path(), "SELECT '?' || ? || ?", ["why?", "?"]);
        let found = query.run(|rows| Ok(rows.next()?.expect("one row").get(0)?));
        let found: String = database.expect_ok("a query with two parameters succeeds", found);
        database.expect(&format!("`?why??`\nfound: `{found}`"), found == "?why??");
    });
}

#[test]
fn ignores_case_in_column_names() {
    let hint = "SQL ignores case in column names: `Age` and `age` are the same column";
    check(hint, |database| {
        for case in cases::readable(&mut database.random()) {
            let query = ExecuteQuery::new(case.database(), "SELECT * FROM users ORDER BY id", NONE);
            case.expect(&query.fetch_users());
        }
    });
}

#[test]
fn keeps_the_order_of_the_query() {
    let hint = "return the rows in the order of the query; do not sort them";
    check(hint, |database| {
        let sql = "SELECT * FROM users ORDER BY id DESC";
        let found = ExecuteQuery::new(database.path(), sql, NONE).fetch_users();
        let backwards: Vec<User> = database.users().iter().rev().cloned().collect();
        database.expect_users("the users from the last id to the first", found, &backwards);
    });
}

#[test]
fn each_run_opens_one_connection() {
    let hint = "open one connection in `run`, and use it for everything";
    check(hint, |database| {
        let query = ExecuteQuery::new(database.path(), "SELECT * FROM users", NONE);
        for times in 1..=3 {
            database.expect_ok("`fetch_users` succeeds", query.fetch_users());
            database.expect_all_closed(&format!("after run number {times}"), times);
        }
    });
}
