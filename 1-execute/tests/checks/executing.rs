//! `execute` runs an `INSERT`, `UPDATE` or `DELETE` to its end and says how many rows it changed. What it changed stays:
//! SQLite commits every statement by itself unless somebody began a transaction. (Python's `sqlite3` begins one without
//! being asked, and then everybody forgets the commit.)
//!
//! Read: `rusqlite::Statement::execute`, `rusqlite::Connection::changes`.

use execute::ExecuteQuery;
use rusqlite::ToSql;
use shared::check::check;

use crate::NONE;

#[test]
fn execute_says_how_many_rows_it_changed() {
    let hint = "which of SQLite's numbers is it: the rows changed, or the id that was given last?";
    check(hint, |lab| {
        let of_that_age = lab.users().iter().filter(|user| user.age == lab.age()).count();
        let sql = "UPDATE users SET name = 'Ada' WHERE age = ?";
        let changed = ExecuteQuery::new(lab.database(), sql, [lab.age()]).execute();
        let changed = lab.expect_ok(sql, changed);
        lab.expect(
            &format!("{of_that_age} rows changed, and not {changed}"),
            changed == of_that_age,
        );

        let sql = "INSERT INTO users VALUES (?, 'Ada', 'ada@example.com', 36)";
        let changed = ExecuteQuery::new(lab.database(), sql, [20_000]).execute();
        let changed = lab.expect_ok(sql, changed);
        lab.expect(&format!("1 row changed, and not {changed}"), changed == 1);

        let sql = "DELETE FROM users WHERE id = ?";
        let changed = ExecuteQuery::new(lab.database(), sql, [-1]).execute();
        let changed = lab.expect_ok(sql, changed);
        lab.expect(&format!("0 rows changed, and not {changed}"), changed == 0);
    });
}

#[test]
fn what_execute_changed_stays_changed() {
    let hint = "a transaction that nobody commits is rolled back when the connection closes";
    check(hint, |lab| {
        let delete = "DELETE FROM users WHERE id = ?";
        let outcome = ExecuteQuery::new(lab.database(), delete, [lab.users()[0].id]).execute();
        lab.expect_ok(delete, outcome);
        let left = lab.count();
        lab.expect(
            "the user is gone afterwards",
            left + 1 == lab.users().len() as i64,
        );
    });
}

#[test]
fn execute_binds_its_parameters() {
    let hint = "`execute` is given a text and values, as `run` is: what does it do with the values?";
    check(hint, |lab| {
        let (hostile, user) = ("x', age = 0 --", &lab.users()[0]);
        let sql = "UPDATE users SET name = ? WHERE id = ?";
        let parameters: [&dyn ToSql; 2] = [&hostile, &user.id];
        let _ = ExecuteQuery::new(lab.database(), sql, parameters).execute();
        let name = "SELECT name FROM users WHERE id = ?1";
        let name: String = lab
            .outside()
            .query_one(name, [user.id], |row| row.get(0))
            .expect("the user is there");
        lab.expect(
            &format!("the user is called {hostile:?}, and not {name:?}"),
            name == hostile,
        );
    });
}

#[test]
fn execute_refuses_what_run_refuses() {
    let hint = "who sees to it, in `run`, that the query and its parameters fit together; and who does here?";
    check(hint, |lab| {
        let one = "DELETE FROM users WHERE id = ?";
        let execute = |sql: &str, parameters: &[i64]| {
            ExecuteQuery::new(lab.database(), sql, parameters.iter().copied()).execute()
        };
        lab.expect_error("one `?`, and no parameter", execute(one, &[]));
        lab.expect_error("one `?`, and two parameters", execute(one, &[-1, -1]));
        let two = "DELETE FROM users WHERE id = -1; DELETE FROM users";
        lab.expect_error("two statements", execute(two, &[]));
        let left = lab.count();
        lab.expect("nobody is deleted", left == lab.users().len() as i64);
    });
}

#[test]
fn a_statement_that_the_table_refuses_is_an_error() {
    let hint = "no rows changed and not allowed to are not the same";
    check(hint, |lab| {
        let twice = "INSERT INTO users VALUES (?, 'Ada', 'ada@example.com', 36)";
        let outcome = ExecuteQuery::new(lab.database(), twice, [lab.users()[0].id]).execute();
        lab.expect_error("an id that is taken", outcome);
    });
}

#[test]
#[ignore = "extra"]
fn a_statement_that_the_table_refuses_half_way_changes_nothing() {
    let hint = "SQLite undoes a statement that fails, as a whole";
    check(hint, |lab| {
        let outcome = ExecuteQuery::new(lab.database(), "UPDATE users SET id = max(id, ?)", [5000]).execute();
        lab.expect_error("several users with one id", outcome);
        let found = ExecuteQuery::new(lab.database(), "SELECT * FROM users ORDER BY id", NONE).fetch_users();
        lab.expect_users("the users as they were", found, lab.users());
    });
}

#[test]
#[ignore = "extra"]
fn a_statement_that_changes_no_rows_of_a_table_changes_none() {
    let hint = "what does `changes` say before anything was changed?";
    check(hint, |lab| {
        let create = "CREATE TABLE copies AS SELECT * FROM users";
        let changed = lab.expect_ok(create, ExecuteQuery::new(lab.database(), create, NONE).execute());
        lab.expect(&format!("0 rows changed, and not {changed}"), changed == 0);
    });
}

#[test]
#[ignore = "extra"]
fn the_rows_of_a_returning_are_counted_too() {
    let hint = "rusqlite takes the rows of a RETURNING for a mistake, after the changes are made";
    check(hint, |lab| {
        let delete = "DELETE FROM users RETURNING id";
        let changed = lab.expect_ok(delete, ExecuteQuery::new(lab.database(), delete, NONE).execute());
        let all = lab.users().len();
        lab.expect(&format!("{all} rows changed, and not {changed}"), changed == all);
    });
}

#[test]
#[ignore = "extra"]
fn a_query_that_only_reads_is_not_for_execute() {
    let hint = "who executes a SELECT wanted its rows";
    check(hint, |lab| {
        let select = "SELECT * FROM users";
        lab.expect_error(select, ExecuteQuery::new(lab.database(), select, NONE).execute());
    });
}
