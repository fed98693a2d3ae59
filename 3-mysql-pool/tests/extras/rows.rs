//! More about rows: an error names the column and the row, and text never becomes a number.

use testkit::expect::{expect, expect_ok, expect_true_copies, expect_word};

use crate::failure;
use crate::support::check;

#[test]
fn ignores_case_in_column_names() {
    let hint =
        "MySQL ignores case in the names of columns: compare them with `eq_ignore_ascii_case`";
    check(hint, async |server| {
        server.change_the_columns().await;
        server
            .sql("ALTER TABLE users CHANGE age AGE INT UNSIGNED, CHANGE id Id BIGINT")
            .await;
        let found = expect_ok("users", server.fetch_all_lists(0).await).concat();
        expect("users are found", !found.is_empty());
        expect_true_copies("a user, as in the database", &found, &server.users);
    });
}

#[test]
fn the_error_of_a_row_names_the_column_and_the_row() {
    let hint = "the driver's error names neither the column nor the row: put both into yours, the row by its `id`";
    check(hint, async |server| {
        for (column, of_type, value) in [
            ("age", "INT", "NULL"),
            ("age", "INT", "-1"),
            ("age", "BIGINT UNSIGNED", "4294967296"),
            ("age", "BIGINT UNSIGNED", "18446744073709551615"),
            ("name", "VARCHAR(255)", "NULL"),
            ("email", "VARCHAR(255)", "NULL"),
            ("name", "VARBINARY(255)", "X'FF00'"),
        ] {
            let user = server.put(column, of_type, value).await;
            let error = failure("a row that does not fit", server.fetch_users().await);
            for word in [column, &user.id.to_string()] {
                expect_word(&*error, word);
            }
            // The connection has read the remaining rows, so the next query can use it.
            let error = failure(
                "a row that does not fit",
                server.fetch_concurrently(0).await,
            );
            expect_word(&*error, column);
        }
    });
}

#[test]
fn text_that_looks_like_a_number_is_an_error() {
    let hint = "the driver converts the text '41' to a number: look at the `mysql_async::Value` before you convert it";
    check(hint, async |server| {
        for (of_type, value) in [
            ("VARCHAR(20)", "'old'"),
            ("VARCHAR(20)", "'41'"),
            ("VARCHAR(20)", "''"),
            ("DOUBLE", "41.5"),
            ("DECIMAL(9,2)", "41.5"),
        ] {
            server.put("age", of_type, value).await;
            let error = failure(value, server.fetch_users().await);
            expect_word(&*error, "age");
        }
        server.put("id", "BIGINT", "NULL").await;
        let error = failure("an id that is NULL", server.fetch_users().await);
        expect_word(&*error, "id");
    });
}

#[test]
fn the_error_of_a_missing_column_names_the_column() {
    let hint = "the server's error names the missing column: keep the text of that error";
    check(hint, async |server| {
        server.sql("ALTER TABLE users DROP COLUMN age").await;
        let error = failure("a table without ages", server.fetch_users().await);
        expect_word(&*error, "age");
    });
}
