//! More about queries at the same time: on a pool of one connection, and on a runtime with one thread.

use mysql_pool::{fetch_concurrently, with_pool};
use testkit::expect::expect_ok;
use tokio::runtime::Builder;

use crate::support::{check, check_on_a_thread, outside};

#[test]
fn many_fetches_take_turns_on_one_connection() {
    let hint = "a query that holds the only connection must wait for nothing but its own result";
    check(hint, async |server| {
        let counted = with_pool(&server.url, 1, async |pool| {
            let many: Vec<_> = (0..20)
                .map(|_| {
                    let pool = pool.clone();
                    tokio::spawn(async move { fetch_concurrently(&pool, 40).await })
                })
                .collect();
            let mut count = 0;
            for one in many {
                count += one.await.expect("no panic")?.0.len();
            }
            Ok(count)
        });
        let counted = expect_ok("twenty times both lists", counted.await);
        assert_eq!(counted, 20 * server.users.len());
    });
}

#[test]
fn works_on_a_runtime_with_one_thread() {
    let hint = "do not block the thread: every Tokio task of this runtime needs it";
    check_on_a_thread(hint, |server| {
        let runtime = Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        let both = runtime.block_on(async {
            with_pool(&server.url, 2, async |pool| {
                fetch_concurrently(pool, 40).await
            })
            .await
        });
        let (all, _) = expect_ok("both lists", both);
        assert_eq!(all.len(), server.users.len());
        outside(server.until_no_connection_is_left("after with_pool"));
    });
}
