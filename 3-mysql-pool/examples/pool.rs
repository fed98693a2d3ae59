//! Acquire, use, release: three users of a pool of two connections, drawn as a timeline.
//!
//! ```python
//! async with aiomysql.create_pool(**settings, maxsize=2) as pool:
//!     async with pool.acquire() as connection:
//!         async with connection.cursor() as cursor:
//!             await cursor.execute("SELECT SLEEP(0.2)")
//! ```
//!
//! There are two scopes. The inner one borrows a connection, and its end returns the connection to the pool, still open. The
//! outer one is the pool's, and its end closes the connections. The program draws the timeline from the server's log: two
//! connections and three sleeps, two of them at the same time. The third user waits, and then gets a connection that
//! already exists. Both lines end when the pool is disconnected.
//!
//! A drop returns a connection, without an `.await`. But there is work to do: the session is reset, so that the next user
//! sees no transaction and no variables of the last one. A Tokio task of the driver does that. (The `SET NAMES` and the `USE`
//! before the last sleep follow the reset. It restores the server's settings and keeps the default database, so
//! `with_pool` sets both again.) The pool must wait for such Tokio tasks, which is one reason why its scope is a function.

use std::pin::pin;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::try_join;
use mysql_async::Conn;
use mysql_async::prelude::Queryable;
use mysql_pool::{Result, with_pool};
use recorder::timeline::text;
use temp_mariadb::TempServer;

type Error = Box<dyn std::error::Error>;

fn main() -> std::result::Result<(), Error> {
    lesson(0.2)
}

pub fn lesson(seconds: f64) -> std::result::Result<(), Error> {
    let server = TempServer::options()
        .run(shared::schema::mysql_sample())
        .recorded()
        .start()?;
    three_users(&server.url(), seconds)?;
    let timeline = server.timeline_when_all_have_left(Duration::from_secs(5))?;
    println!("{}", text::draw(&timeline, 100, false));
    Ok(())
}

#[tokio::main(flavor = "current_thread")]
async fn three_users(url: &str, seconds: f64) -> Result<()> {
    with_pool(url, 2, async |pool| {
        let mut first = pool.get_conn().await?;
        let mut second = pool.get_conn().await?;
        println!("two connections are acquired, and both are used");
        try_join(work(&mut first, seconds), work(&mut second, seconds)).await?;

        let mut asked = pin!(pool.get_conn());
        let must_wait = asked.as_mut().now_or_never().is_none();
        println!("a third user must wait: {must_wait}");

        let released = first.id();
        drop(first);
        let mut third = asked.await?;
        println!(
            "and gets the one that is released: {}",
            third.id() == released
        );
        work(&mut third, seconds).await
        // `second` and `third` are released here, as they would be at each `?` above.
    })
    .await?;
    println!("the pool has closed both");
    Ok(())
}

async fn work(connection: &mut Conn, seconds: f64) -> Result<()> {
    Ok(connection.exec_drop("DO SLEEP(?)", (seconds,)).await?)
}
