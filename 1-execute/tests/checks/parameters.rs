//! Parameters are bound: SQLite is given the query with its placeholders, and the values beside it. Spliced into the text
//! a value becomes SQL, and whoever chooses the value chooses what is run.
//!
//! Read: `rusqlite::Statement::query`, `rusqlite::params_from_iter`, `rusqlite::types::ToSql`.

use execute::ExecuteQuery;
use rusqlite::ToSql;
use testkit::check;

use crate::count_rows;

#[test]
fn gives_sqlite_the_placeholders_and_not_the_values() {
    let hint = "the text that SQLite is given is the text that `new` was given";
    check(hint, |database| {
        let value = database.random().i64(1_000_000..1_000_000_000);
        let sql = "SELECT * FROM users WHERE id <> ?";
        let outcome = count_rows(&ExecuteQuery::new(database.path(), sql, [value]));
        database.expect_ok("a query with a parameter", outcome);

        let timeline = database.recording().timeline();
        let sees = |text: &str| {
            timeline
                .statements()
                .any(|statement| statement.sql.contains(text))
        };
        database.expect("SQLite sees a `?`", sees("<> ?"));
        database.expect(
            &format!("SQLite sees no {value}"),
            !sees(&value.to_string()),
        );
    });
}

#[test]
fn a_hostile_text_finds_nobody() {
    let hint = "a value is no SQL, whatever it looks like";
    check(hint, |database| {
        for hostile in ["x' OR '1' = '1", "x' OR 1 = 1 --", "x\" OR \"1\" = \"1"] {
            let query = ExecuteQuery::new(
                database.path(),
                "SELECT * FROM users WHERE name = ?",
                [hostile],
            );
            let found = database.expect_ok("a name that nobody has", query.fetch_users());
            database.expect(&format!("nobody is called {hostile:?}"), found.is_empty());
        }
    });
}

#[test]
fn obeys_the_parameter() {
    let hint = "the same query with another parameter is another question: where does the value come from?";
    check(hint, |database| {
        for user in [&database.users()[0], &database.users()[1]] {
            let query = ExecuteQuery::new(
                database.path(),
                "SELECT * FROM users WHERE id = ?",
                [user.id],
            );
            let found = database.expect_ok("a query with a parameter", query.fetch_users());
            let expected = format!("the user whose id is {}", user.id);
            database.expect_same_people(&expected, &found, std::slice::from_ref(user));
        }
    });
}

#[test]
fn binds_each_parameter_in_its_place() {
    let hint = "the first parameter belongs to the first `?`, and SQLite counts from 1";
    check(hint, |database| {
        let asked = [1, 2, 3].map(|_| database.random().i64(..));
        let sql = "SELECT CAST(? AS INTEGER), CAST(? AS INTEGER), CAST(? AS INTEGER)";
        let query = ExecuteQuery::new(database.path(), sql, asked);
        let answer = query.run(|rows| {
            let row = rows.next()?.expect("a row without a table");
            Ok([row.get(0)?, row.get(1)?, row.get(2)?])
        });
        let answer: [i64; 3] = database.expect_ok("a query with three parameters", answer);
        database.expect(
            &format!("{asked:?} in this order, and not {answer:?}"),
            answer == asked,
        );
    });
}

#[test]
fn a_parameter_keeps_its_type() {
    let hint = "to SQL, 1 and '1' are different values: what does `new` make of them to keep them?";
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
            let found =
                query.run(|rows| Ok(rows.next()?.expect("a row without a table").get(0)?));
            let found: String = database.expect_ok("a query with a parameter", found);
            database.expect(
                &format!("SQLite gets {expected}, and not {found}"),
                found == expected,
            );
        }
    });
}

#[test]
#[ignore = "extra"]
fn a_question_mark_in_a_text_is_no_placeholder() {
    let hint = "SQLite itself knows which `?` is a placeholder";
    check(hint, |database| {
        let query = ExecuteQuery::new(database.path(), "SELECT '?' || ? || ?", ["why?", "?"]);
        let found = query.run(|rows| Ok(rows.next()?.expect("a row without a table").get(0)?));
        let found: String = database.expect_ok("a query with two parameters", found);
        database.expect(&format!("`?why??`, and not `{found}`"), found == "?why??");
    });
}
