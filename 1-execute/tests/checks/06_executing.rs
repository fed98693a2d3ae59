//! `execute` runs an `INSERT`, `UPDATE` or `DELETE` to its end and returns how many rows it changed. The change is
//! permanent: SQLite commits every statement unless your code began a transaction. (Python's `sqlite3` begins one
//! before the statement, and forgetting the `commit()` loses the change.)
//!
//! Read: `rusqlite::Statement::execute`, `rusqlite::Connection::changes`.

use execute::ExecuteQuery;
use rusqlite::ToSql;
use testkit::check;

use crate::NONE;

#[test]
fn execute_returns_the_number_of_changed_rows() {
    let hint = "return what `Statement::execute` returns, the number of changed rows; `last_insert_rowid` is an id";
    check(hint, |database| {
        let of_that_age = database
            .users()
            .iter()
            .filter(|user| user.age == database.age())
            .count();
        let sql = "UPDATE users SET name = 'Ada' WHERE age = ?";
        let changed = ExecuteQuery::new(database.path(), sql, [database.age()]).execute();
        let changed = database.expect_ok("an UPDATE succeeds", changed);
        database.expect(
            &format!("{of_that_age} rows changed by the UPDATE\nfound: {changed}"),
            changed == of_that_age,
        );

        let sql = "INSERT INTO users VALUES (?, 'Ada', 'ada@example.com', 36)";
        let changed = ExecuteQuery::new(database.path(), sql, [20_000]).execute();
        let changed = database.expect_ok("an INSERT succeeds", changed);
        database.expect(
            &format!("1 row changed by the INSERT\nfound: {changed}"),
            changed == 1,
        );

        let sql = "DELETE FROM users WHERE id = ?";
        let changed = ExecuteQuery::new(database.path(), sql, [-1]).execute();
        let changed = database.expect_ok("a DELETE succeeds", changed);
        database.expect(
            &format!("0 rows changed by a DELETE of an unknown id\nfound: {changed}"),
            changed == 0,
        );
    });
}

#[test]
fn execute_saves_its_changes() {
    let hint = "did your code begin a transaction? It is rolled back when the connection closes, unless you call `commit`";
    check(hint, |database| {
        let delete = "DELETE FROM users WHERE id = ?";
        let outcome =
            ExecuteQuery::new(database.path(), delete, [database.users()[0].id]).execute();
        database.expect_ok("a DELETE succeeds", outcome);
        let left = database.count();
        database.expect(
            "the deleted user is gone from the table",
            left + 1 == database.users().len() as i64,
        );
    });
}

#[test]
fn execute_binds_its_parameters() {
    let hint = "`execute` must bind the values, as `run` does: pass them to `Statement::execute`";
    check(hint, |database| {
        let (hostile, user) = ("x', age = 0 --", &database.users()[0]);
        let sql = "UPDATE users SET name = ? WHERE id = ?";
        let parameters: [&dyn ToSql; 2] = [&hostile, &user.id];
        let _ = ExecuteQuery::new(database.path(), sql, parameters).execute();
        let name = "SELECT name FROM users WHERE id = ?1";
        let name: String = database
            .outside()
            .query_one(name, [user.id], |row| row.get(0))
            .expect("the user");
        database.expect(
            &format!("the name {hostile:?} in the table\nfound: {name:?}"),
            name == hostile,
        );
    });
}

#[test]
fn execute_refuses_the_same_input_as_run() {
    let hint = "open, prepare and bind in `execute` as in `run`: one private function could do it for both";
    check(hint, |database| {
        let one = "DELETE FROM users WHERE id = ?";
        let execute = |sql: &str, parameters: &[i64]| {
            ExecuteQuery::new(database.path(), sql, parameters.iter().copied()).execute()
        };
        database.expect_error("one `?` and no parameter", execute(one, &[]));
        database.expect_error("one `?` and two parameters", execute(one, &[-1, -1]));
        let two = "DELETE FROM users WHERE id = -1; DELETE FROM users";
        database.expect_error("two statements", execute(two, &[]));
        let left = database.count();
        database.expect("no user is deleted", left == database.users().len() as i64);

        let missing = database.folder().join("missing.db");
        let outcome = ExecuteQuery::new(&missing, "DELETE FROM users", NONE).execute();
        database.expect("no file is created", !missing.exists());
        database.expect_error("`execute` on a file that does not exist", outcome);
        for path in [":memory:", ""] {
            let outcome = ExecuteQuery::new(path, "CREATE TABLE t (n)", NONE).execute();
            database.expect_error(&format!("the path {path:?}"), outcome);
        }
    });
}

#[test]
fn an_insert_that_violates_a_constraint_is_an_error() {
    let hint = "pass on the error of `Statement::execute` with `?`; 0 means that no row matched";
    check(hint, |database| {
        let twice = "INSERT INTO users VALUES (?, 'Ada', 'ada@example.com', 36)";
        let outcome = ExecuteQuery::new(database.path(), twice, [database.users()[0].id]).execute();
        database.expect_error("an id that already exists", outcome);
    });
}
