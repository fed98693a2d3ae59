//! What the fetches return: the right rows, read by name, or an error that says which value does not fit.

mod support;

use mysql_async::prelude::Queryable;
use mysql_pool::{Error, fetch_concurrently, fetch_older_users, fetch_users, with_pool};
use shared::{User, sample_users};
use support::{Database, run, waits_for_a_lock};

async fn all(database: &Database) -> Result<Vec<User>, Error> {
    with_pool(&database.url, 2, async |pool| fetch_users(pool).await).await
}

#[test]
fn fetches_every_user_in_id_order() {
    run(async {
        let database = Database::create().await;
        assert_eq!(all(&database).await.unwrap(), sample_users());
    });
}

#[test]
fn fetches_the_users_who_are_older_and_not_those_of_exactly_that_age() {
    run(async {
        let database = Database::create().await;
        for age in [0, 24, 25, 39, 40, 41, 72, 73, 1000, u32::MAX] {
            let older = with_pool(&database.url, 1, async |pool| fetch_older_users(pool, age).await)
                .await
                .unwrap();
            let expected: Vec<User> = sample_users().into_iter().filter(|user| user.age > age).collect();
            assert_eq!(older, expected, "older than {age}");
        }
    });
}

#[test]
fn both_lists_at_once_are_the_same_two_lists() {
    run(async {
        let database = Database::create().await;
        let (all, older) = with_pool(&database.url, 10, async |pool| fetch_concurrently(pool, 40).await)
            .await
            .unwrap();
        assert_eq!(all, sample_users());
        assert_eq!(
            older,
            sample_users()
                .into_iter()
                .filter(|user| user.age > 40)
                .collect::<Vec<_>>()
        );
    });
}

/// No clock: the server shows both of them standing at the gate, each on a connection of its own.
#[test]
fn the_two_queries_run_at_the_same_time() {
    run(async {
        let mut database = Database::create().await;
        database.sql("DO GET_LOCK('same time', 0)").await;
        database.gate("same time").await;
        let url = database.url.clone();
        let both =
            tokio::spawn(
                async move { with_pool(&url, 2, async |pool| fetch_concurrently(pool, 40).await).await },
            );
        let waiting = |list: &[support::Process]| list.iter().filter(|one| waits_for_a_lock(one)).count();
        database.until("both wait", |list| waiting(list) == 2).await;
        database.sql("DO RELEASE_LOCK('same time')").await;
        let (all, older) = both.await.unwrap().unwrap();
        assert_eq!((all.len(), older.len()), (12, 4));
    });
}

#[test]
fn a_pool_of_one_connection_is_enough() {
    run(async {
        let database = Database::create().await;
        with_pool(&database.url, 1, async |pool| {
            let many: Vec<_> = (0..20)
                .map(|_| {
                    let pool = pool.clone();
                    tokio::spawn(async move { fetch_concurrently(&pool, 40).await })
                })
                .collect();
            for one in many {
                assert_eq!(one.await.unwrap()?.0, sample_users());
            }
            Ok(())
        })
        .await
        .unwrap();
    });
}

#[test]
fn columns_in_another_order_and_more_of_them_read_the_same() {
    run(async {
        let mut database = Database::create().await;
        database.sql("RENAME TABLE users TO old").await;
        database
            .sql(
                "CREATE TABLE users (extra DATE, AGE SMALLINT UNSIGNED, email TEXT, `more` BLOB, name TEXT, id INT) \
                 CHARACTER SET utf8mb4",
            )
            .await;
        database
            .sql(
                "INSERT INTO users (id, name, email, age) SELECT id, name, email, age FROM old ORDER BY name",
            )
            .await;
        assert_eq!(all(&database).await.unwrap(), sample_users());
    });
}

/// What the row with id 3 holds, in a table whose columns take anything, and what the error must say of it.
async fn misfit(column: &str, of_type: &str, value: &str) -> String {
    let mut database = Database::create().await;
    database
        .sql(&format!("ALTER TABLE users MODIFY {column} {of_type} NULL"))
        .await;
    database
        .sql(&format!("UPDATE users SET {column} = {value} WHERE id = 3"))
        .await;
    let error = all(&database).await.unwrap_err().to_string();
    assert!(error.contains(column), "{error}");
    // The connection has read the rest, and the error says where.
    let both = with_pool(&database.url, 2, async |pool| fetch_concurrently(pool, 40).await).await;
    assert!(both.unwrap_err().to_string().contains(column));
    error
}

#[test]
fn an_age_that_is_null_is_an_error_that_names_column_and_row() {
    run(async {
        let error = misfit("age", "INT", "NULL").await;
        assert!(error.contains('3'), "{error}");
    });
}

#[test]
fn an_age_that_is_negative_is_an_error_that_names_column_and_row() {
    run(async {
        let error = misfit("age", "INT", "-1").await;
        assert!(error.contains('3'), "{error}");
    });
}

#[test]
fn an_age_that_is_too_large_is_an_error_that_names_column_and_row() {
    run(async {
        for value in ["4294967296", "18446744073709551615"] {
            let error = misfit("age", "BIGINT UNSIGNED", value).await;
            assert!(error.contains('3'), "{error}");
        }
    });
}

/// Also a text that looks like a number: a database that holds one holds others.
#[test]
fn an_age_that_is_text_is_an_error() {
    run(async {
        for value in ["'forty'", "'41'", "''"] {
            misfit("age", "VARCHAR(20)", value).await;
        }
    });
}

#[test]
fn an_age_that_is_a_fraction_is_an_error() {
    run(async {
        misfit("age", "DOUBLE", "41.5").await;
        misfit("age", "DECIMAL(5,2)", "41.5").await;
    });
}

#[test]
fn a_name_or_email_that_is_null_or_no_text_is_an_error_that_names_column_and_row() {
    run(async {
        for column in ["name", "email"] {
            let error = misfit(column, "VARCHAR(255)", "NULL").await;
            assert!(error.contains('3'), "{error}");
        }
        let error = misfit("name", "VARBINARY(255)", "X'FF00'").await;
        assert!(error.contains('3'), "{error}");
    });
}

#[test]
fn an_id_that_is_null_is_an_error() {
    run(async {
        let mut database = Database::create().await;
        database
            .sql("ALTER TABLE users MODIFY id BIGINT NULL, DROP PRIMARY KEY")
            .await;
        database.sql("UPDATE users SET id = NULL WHERE id = 3").await;
        let error = all(&database).await.unwrap_err().to_string();
        assert!(error.contains("id"), "{error}");
    });
}

#[test]
fn a_missing_column_is_an_error_that_says_which() {
    run(async {
        let mut database = Database::create().await;
        database.sql("ALTER TABLE users DROP COLUMN age").await;
        let error = all(&database).await.unwrap_err().to_string();
        assert!(error.contains("age"), "{error}");
    });
}

#[test]
fn an_empty_table_is_an_empty_list() {
    run(async {
        let mut database = Database::create().await;
        database.sql("DELETE FROM users").await;
        let both = with_pool(&database.url, 2, async |pool| fetch_concurrently(pool, 40).await)
            .await
            .unwrap();
        assert_eq!(both, (vec![], vec![]));
    });
}

#[test]
fn a_missing_table_is_an_error_that_says_which_and_on_which_database() {
    run(async {
        let mut database = Database::create().await;
        database.sql("DROP TABLE users").await;
        for connections in [1, 2] {
            let both = with_pool(&database.url, connections, async |pool| {
                fetch_concurrently(pool, 40).await
            })
            .await;
            let error = both.unwrap_err().to_string();
            assert!(error.contains("users"), "{error}");
            assert!(
                error.contains("127.0.0.1") && error.contains(&database.port().to_string()),
                "{error}"
            );
        }
        database.until_nobody_is_left().await;
    });
}

#[test]
fn a_hundred_thousand_rows_are_all_there() {
    run(async {
        let mut database = Database::create().await;
        database.sql("DELETE FROM users").await;
        database
            .sql(
                "INSERT INTO users (id, name, email, age) \
                 SELECT seq, CONCAT('Name ', seq), CONCAT('n', seq, '@example.com'), seq % 90 \
                 FROM seq_1_to_100000",
            )
            .await;
        let (all, older) = with_pool(&database.url, 2, async |pool| fetch_concurrently(pool, 40).await)
            .await
            .unwrap();
        assert_eq!(all.len(), 100_000);
        assert!(
            all.iter()
                .zip(1..)
                .all(|(user, id)| user.id == id && i64::from(user.age) == id % 90)
        );
        assert_eq!(older.len(), all.iter().filter(|user| user.age > 40).count());
    });
}

/// Another server of the same kind may have a different idea of what a SELECT begins.
#[test]
fn a_fetch_leaves_no_transaction_open_where_autocommit_is_off() {
    run(async {
        let options = shared::mariadb::Throwaway::options().argument("--autocommit=0");
        let mut database = Database::on_server_with(options).await;
        database.sql("COMMIT").await;
        let url = database.url.clone();
        with_pool(&url, 1, async |pool| {
            assert_eq!(fetch_users(pool).await?.len(), 12);
            database
                .sql("INSERT INTO users (id, name, email, age) VALUES (13, 'M', 'm@example.com', 1)")
                .await;
            database.sql("COMMIT").await;
            // On the same connection. In the first one's transaction it would see twelve.
            let mut connection = pool.get_conn().await?;
            let count: Option<u64> = connection.query_first("SELECT COUNT(*) FROM users").await?;
            assert_eq!(count, Some(13));
            Ok(())
        })
        .await
        .unwrap();
    });
}
