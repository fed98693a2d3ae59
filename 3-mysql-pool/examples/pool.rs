//! Acquire, use, release: three users of a pool of two connections, drawn as a timeline.
//!
//! ```python
//! async with aiomysql.create_pool(**settings, maxsize=2) as pool:
//!     async with pool.acquire() as connection:
//!         async with connection.cursor() as cursor:
//!             await cursor.execute("SELECT SLEEP(0.2)")
//! ```
//!
//! There are two scopes here. The inner one borrows a connection, and its end gives it back, open. The outer one is the
//! pool's, and its end closes what was opened. Look at the timeline, which is drawn from the server's own log: two
//! connections and three sleeps, of which two lie one above the other. The third user had to wait, and then got a
//! connection that was there already. Both lines end at the end of the pool, and not where a user left.
//!
//! To give a connection back is a drop, without an await, though there is work to do: the session is reset, so that the
//! next user does not see a transaction or variables of the last. A task of the driver's does that, and only then hands
//! the connection on. (The `SET NAMES` and the `USE` before the second sleep come after a reset: it brings back the server's
//! own settings and leaves the default database as it is, so `with_pool` sets both again.) That somebody must wait for such tasks is one reason why the
//! pool's scope is a function.

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
        println!("a third user has to wait: {must_wait}");

        let released = first.id();
        drop(first);
        let mut third = asked.await?;
        println!(
            "and gets the one that is released: {}",
            third.id() == released
        );
        work(&mut third, seconds).await
        // The two that are out are released here, as they would be by each `?` above.
    })
    .await?;
    println!("the pool has closed both");
    Ok(())
}

async fn work(connection: &mut Conn, seconds: f64) -> Result<()> {
    Ok(connection.exec_drop("DO SLEEP(?)", (seconds,)).await?)
}
