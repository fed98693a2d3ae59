//! Parameters are bound: SQLite gets the query with its `?` placeholders, and the values separately. A value that is
//! written into the query's text becomes SQL, and the person who chooses the value chooses what is executed (SQL
//! injection).
//!
//! Read: `rusqlite::Statement::query`, `rusqlite::params_from_iter`. To keep `impl ToSql` values until the query is
//! run: `rusqlite::types::{ToSql, ToSqlOutput, Value}`.

use execute::ExecuteQuery;
use rusqlite::ToSql;
use testkit::check;

use crate::count_rows;

#[test]
fn keeps_the_values_out_of_the_sql() {
    let hint = "pass the query to `prepare` unchanged, and the values to `Statement::query`";
    check(hint, |database| {
        let value = database.random().i64(1_000_000..1_000_000_000);
        let sql = "SELECT * FROM users WHERE id <> ?";
        let outcome = count_rows(&ExecuteQuery::new(database.path(), sql, [value]));
        database.expect_ok("a query with one parameter succeeds", outcome);

        let timeline = database.recording().timeline();
        let sees = |text: &str| {
            timeline
                .statements()
                .any(|statement| statement.sql.contains(text))
        };
        database.expect("the SQL that SQLite runs has a `?`", sees("<> ?"));
        database.expect(
            &format!("the SQL that SQLite runs does not have the value {value}"),
            !sees(&value.to_string()),
        );
    });
}

#[test]
fn sql_inside_a_parameter_is_not_executed() {
    let hint = "bind the value with `Statement::query`; `format!` would make it a part of the SQL";
    check(hint, |database| {
        for hostile in ["x' OR '1' = '1", "x' OR 1 = 1 --", "x\" OR \"1\" = \"1"] {
            let query = ExecuteQuery::new(
                database.path(),
                "SELECT * FROM users WHERE name = ?",
                [hostile],
            );
            let found = database.expect_ok(
                "a name that no user has is an empty list",
                query.fetch_users(),
            );
            database.expect(
                &format!("no user is found with the name {hostile:?}"),
                found.is_empty(),
            );
        }
    });
}

#[test]
fn uses_the_given_parameter() {
    let hint = "bind the parameter that `new` was given, not a fixed value";
    check(hint, |database| {
        for user in [&database.users()[0], &database.users()[1]] {
            let query = ExecuteQuery::new(
                database.path(),
                "SELECT * FROM users WHERE id = ?",
                [user.id],
            );
            let found =
                database.expect_ok("a query with one parameter succeeds", query.fetch_users());
            let expected = format!("the user whose id is {}", user.id);
            database.expect_same_people(&expected, &found, std::slice::from_ref(user));
        }
    });
}

#[test]
fn binds_the_parameters_in_order() {
    let hint = "bind the first parameter to the first `?`; SQLite counts parameters from 1";
    check(hint, |database| {
        let asked = [1, 2, 3].map(|_| database.random().i64(..));
        let sql = "SELECT CAST(? AS INTEGER), CAST(? AS INTEGER), CAST(? AS INTEGER)";
        let query = ExecuteQuery::new(database.path(), sql, asked);
        let answer = query.run(|rows| {
            let row = rows.next()?.expect("one row");
            Ok([row.get(0)?, row.get(1)?, row.get(2)?])
        });
        let answer: [i64; 3] = database.expect_ok("a query with three parameters succeeds", answer);
        database.expect(
            &format!("{asked:?} in this order\nfound: {answer:?}"),
            answer == asked,
        );
    });
}

#[test]
fn a_parameter_keeps_its_type() {
    let hint = "1 and '1' are different values in SQL: keep each parameter as a `rusqlite::types::Value`, not as a `String`";
    check(hint, |database| {
        let parameters: [(&dyn ToSql, &str); 5] = [
            (&1, "integer"),
            (&1.5, "real"),
            (&"1", "text"),
            (&b"1".as_slice(), "blob"),
            (&rusqlite::types::Null, "null"),
        ];
        for (parameter, expected) in parameters {
            let query = ExecuteQuery::new(database.path(), "SELECT typeof(?)", [parameter]);
            let found = query.run(|rows| Ok(rows.next()?.expect("one row").get(0)?));
            let found: String = database.expect_ok("a query with one parameter succeeds", found);
            database.expect(
                &format!("SQLite gets a value of type {expected}\nfound: {found}"),
                found == expected,
            );
        }
    });
}
