//! `execute` runs an `INSERT`, `UPDATE` or `DELETE` to its end and says how many rows it changed. What it changed stays:
//! SQLite commits every statement by itself unless somebody began a transaction. (Python's `sqlite3` begins one without
//! being asked, and then everybody forgets the commit.)
//!
//! Read: `rusqlite::Statement::execute`, `rusqlite::Connection::changes`.

use execute::ExecuteQuery;
use rusqlite::ToSql;
use testkit::check;

use crate::NONE;

#[test]
fn execute_says_how_many_rows_it_changed() {
    let hint = "which of SQLite's numbers is it: the rows changed, or the id that was given last?";
    check(hint, |database| {
        let of_that_age = database
            .users()
            .iter()
            .filter(|user| user.age == database.age())
            .count();
        let sql = "UPDATE users SET name = 'Ada' WHERE age = ?";
        let changed = ExecuteQuery::new(database.path(), sql, [database.age()]).execute();
        let changed = database.expect_ok(sql, changed);
        database.expect(
            &format!("{of_that_age} rows changed, and not {changed}"),
            changed == of_that_age,
        );

        let sql = "INSERT INTO users VALUES (?, 'Ada', 'ada@example.com', 36)";
        let changed = ExecuteQuery::new(database.path(), sql, [20_000]).execute();
        let changed = database.expect_ok(sql, changed);
        database.expect(&format!("1 row changed, and not {changed}"), changed == 1);

        let sql = "DELETE FROM users WHERE id = ?";
        let changed = ExecuteQuery::new(database.path(), sql, [-1]).execute();
        let changed = database.expect_ok(sql, changed);
        database.expect(&format!("0 rows changed, and not {changed}"), changed == 0);
    });
}

#[test]
fn what_execute_changed_stays_changed() {
    let hint = "a transaction that nobody commits is rolled back when the connection closes";
    check(hint, |database| {
        let delete = "DELETE FROM users WHERE id = ?";
        let outcome =
            ExecuteQuery::new(database.path(), delete, [database.users()[0].id]).execute();
        database.expect_ok(delete, outcome);
        let left = database.count();
        database.expect(
            "the user is gone afterwards",
            left + 1 == database.users().len() as i64,
        );
    });
}

#[test]
fn execute_binds_its_parameters() {
    let hint =
        "`execute` is given a text and values, as `run` is: what does it do with the values?";
    check(hint, |database| {
        let (hostile, user) = ("x', age = 0 --", &database.users()[0]);
        let sql = "UPDATE users SET name = ? WHERE id = ?";
        let parameters: [&dyn ToSql; 2] = [&hostile, &user.id];
        let _ = ExecuteQuery::new(database.path(), sql, parameters).execute();
        let name = "SELECT name FROM users WHERE id = ?1";
        let name: String = database
            .outside()
            .query_one(name, [user.id], |row| row.get(0))
            .expect("the user is there");
        database.expect(
            &format!("the user is called {hostile:?}, and not {name:?}"),
            name == hostile,
        );
    });
}

#[test]
fn execute_refuses_what_run_refuses() {
    let hint = "who sees to it, in `run`, that the query and its parameters fit together; and who does here?";
    check(hint, |database| {
        let one = "DELETE FROM users WHERE id = ?";
        let execute = |sql: &str, parameters: &[i64]| {
            ExecuteQuery::new(database.path(), sql, parameters.iter().copied()).execute()
        };
        database.expect_error("one `?`, and no parameter", execute(one, &[]));
        database.expect_error("one `?`, and two parameters", execute(one, &[-1, -1]));
        let two = "DELETE FROM users WHERE id = -1; DELETE FROM users";
        database.expect_error("two statements", execute(two, &[]));
        let left = database.count();
        database.expect("nobody is deleted", left == database.users().len() as i64);
    });
}

#[test]
fn a_statement_that_the_table_refuses_is_an_error() {
    let hint = "no rows changed and not allowed to are not the same";
    check(hint, |database| {
        let twice = "INSERT INTO users VALUES (?, 'Ada', 'ada@example.com', 36)";
        let outcome = ExecuteQuery::new(database.path(), twice, [database.users()[0].id]).execute();
        database.expect_error("an id that is taken", outcome);
    });
}

#[test]
#[ignore = "extra"]
fn a_statement_that_the_table_refuses_half_way_changes_nothing() {
    let hint = "SQLite undoes a statement that fails, as a whole";
    check(hint, |database| {
        let outcome =
            ExecuteQuery::new(database.path(), "UPDATE users SET id = max(id, ?)", [5000])
                .execute();
        database.expect_error("several users with one id", outcome);
        let found = ExecuteQuery::new(database.path(), "SELECT * FROM users ORDER BY id", NONE)
            .fetch_users();
        database.expect_users("the users as they were", found, database.users());
    });
}

#[test]
#[ignore = "extra"]
fn a_statement_that_changes_no_rows_of_a_table_changes_none() {
    let hint = "what does `changes` say before anything was changed?";
    check(hint, |database| {
        let create = "CREATE TABLE copies AS SELECT * FROM users";
        let changed = database.expect_ok(
            create,
            ExecuteQuery::new(database.path(), create, NONE).execute(),
        );
        database.expect(&format!("0 rows changed, and not {changed}"), changed == 0);
    });
}

#[test]
#[ignore = "extra"]
fn the_rows_of_a_returning_are_counted_too() {
    let hint = "rusqlite takes the rows of a RETURNING for a mistake, after the changes are made";
    check(hint, |database| {
        let delete = "DELETE FROM users RETURNING id";
        let changed = database.expect_ok(
            delete,
            ExecuteQuery::new(database.path(), delete, NONE).execute(),
        );
        let all = database.users().len();
        database.expect(
            &format!("{all} rows changed, and not {changed}"),
            changed == all,
        );
    });
}

#[test]
#[ignore = "extra"]
fn a_query_that_only_reads_is_not_for_execute() {
    let hint = "who executes a SELECT wanted its rows";
    check(hint, |database| {
        let select = "SELECT * FROM users";
        database.expect_error(
            select,
            ExecuteQuery::new(database.path(), select, NONE).execute(),
        );
    });
}
