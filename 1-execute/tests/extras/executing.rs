//! Statements that fail, that return rows, or that change none.

use execute::ExecuteQuery;
use testkit::check;

use crate::NONE;

#[test]
fn a_statement_that_fails_changes_no_row() {
    let hint = "run it as one statement: SQLite undoes all changes of a statement that fails";
    check(hint, |database| {
        let outcome =
            ExecuteQuery::new(database.path(), "UPDATE users SET id = max(id, ?)", [5000])
                .execute();
        database.expect_error("an UPDATE that gives several users one id", outcome);
        let found = ExecuteQuery::new(database.path(), "SELECT * FROM users ORDER BY id", NONE)
            .fetch_users();
        database.expect_users("the users as they were", found, database.users());
    });
}

#[test]
fn execute_returns_0_for_a_create_table() {
    let hint = "`Connection::changes` counts the rows of the last INSERT, UPDATE or DELETE: on a new connection it is 0";
    check(hint, |database| {
        let create = "CREATE TABLE copies AS SELECT * FROM users";
        let changed = database.expect_ok(
            "a CREATE TABLE succeeds",
            ExecuteQuery::new(database.path(), create, NONE).execute(),
        );
        database.expect(
            &format!("0 rows changed by a CREATE TABLE\nfound: {changed}"),
            changed == 0,
        );
    });
}

#[test]
fn counts_the_rows_of_a_statement_with_returning() {
    let hint = "`Statement::execute` reports the rows of a RETURNING as an error, after the change: use `query` and `changes`";
    check(hint, |database| {
        let delete = "DELETE FROM users RETURNING id";
        let changed = database.expect_ok(
            "a DELETE with RETURNING succeeds",
            ExecuteQuery::new(database.path(), delete, NONE).execute(),
        );
        let all = database.users().len();
        database.expect(
            &format!("{all} rows changed\nfound: {changed}"),
            changed == all,
        );
    });
}

#[test]
fn execute_refuses_a_query_that_only_reads() {
    let hint = "the caller of `execute` would lose the rows of a SELECT: return an error";
    check(hint, |database| {
        let select = "SELECT * FROM users";
        database.expect_error(
            "a SELECT",
            ExecuteQuery::new(database.path(), select, NONE).execute(),
        );
    });
}
