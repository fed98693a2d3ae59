//! Servers whose settings change what a session reads. The users must arrive as they are stored, over a new connection and
//! over one that was reset.

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Opts, OptsBuilder};
use shared::sample_users;
use temp_mariadb::TempServer;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;

use crate::{Result, fetch_users, with_pool};

/// Values that change a result, of every variable that [`super::SETTINGS`] sets.
const HOSTILE: [&str; 12] = [
    "character_set_client = latin1",
    "character_set_connection = latin1",
    "character_set_results = latin1",
    "sql_select_limit = 3",
    "max_join_size = 1",
    "sql_big_selects = 0",
    "autocommit = 0",
    "completion_type = 'RELEASE'",
    "sql_mode = 'STRICT_TRANS_TABLES,PAD_CHAR_TO_FULL_LENGTH'",
    "max_statement_time = 50",
    "tx_isolation = 'READ-UNCOMMITTED'",
    "system_versioning_asof = '2000-01-01 00:00:00'",
];

fn hostile_statement() -> String {
    format!("SET {}", HOSTILE.join(", "))
}

fn run<T>(test: impl Future<Output = T>) -> T {
    let deadline = testkit::Deadline::start_outer();
    Runtime::new()
        .unwrap()
        .block_on(deadline.timeout(test))
        .expect("a test that ends")
}

/// Prepares the database. Returns a connection that these settings do not affect.
async fn admin(server: &TempServer) -> Conn {
    let options = OptsBuilder::from_opts(Opts::from_url(&server.url()).unwrap());
    let options = options
        .prefer_socket(false)
        .setup(vec![super::setup("temp")]);
    let mut admin = Conn::new(options).await.unwrap();
    for statement in [
        // Few rights, because a server runs `init_connect` only for users without SUPER.
        "CREATE USER ada@'%' IDENTIFIED BY 'secret'",
        "GRANT SELECT, INSERT, UPDATE ON temp.* TO ada@'%'",
        "ALTER TABLE users MODIFY name CHAR(60) CHARACTER SET utf8mb4 NOT NULL",
        "ALTER TABLE users ADD SYSTEM VERSIONING",
    ] {
        admin.query_drop(statement).await.expect(statement);
    }
    admin
}

fn url_of_ada(port: u16) -> String {
    format!("mysql://ada:secret@127.0.0.1:{port}/temp")
}

/// Expects the sample over each connection, and that changes of other clients become visible when they are committed.
async fn expect_the_sample(url: &str, admin: &mut Conn) {
    let seen = with_pool(url, 1, async |pool| -> Result<()> {
        for _ in ["a new connection", "one that was reset"] {
            admin.query_drop("START TRANSACTION").await?;
            admin
                .query_drop("INSERT INTO users VALUES (13, 'Ada', 'ada@example.com', 36)")
                .await?;
            assert_eq!(fetch_users(pool).await?, sample_users());
            admin.query_drop("COMMIT").await?;
            assert_eq!(fetch_users(pool).await?.len(), 13);
            admin.query_drop("DELETE FROM users WHERE id = 13").await?;
            assert_eq!(fetch_users(pool).await?, sample_users());

            let mut connection = pool.get_conn().await?;
            let limit: Option<f64> = connection
                .query_first("SELECT @@max_statement_time")
                .await?;
            assert_eq!(limit, Some(0.0));
            connection.query_drop("START TRANSACTION").await?;
            connection.query_drop("COMMIT").await?;
            let named: Vec<i64> = connection
                .exec("SELECT id FROM users WHERE name = ?", ("Inés Peña",))
                .await?;
            assert_eq!(named, [9], "what is sent is understood");
            connection
                .query_drop("UPDATE users SET age = 31 WHERE id = 1")
                .await?;
            drop(connection);
            let age: Option<u32> = admin
                .query_first("SELECT age FROM users WHERE id = 1")
                .await?;
            assert_eq!(age, Some(31), "what is written is committed");
            admin
                .query_drop("UPDATE users SET age = 30 WHERE id = 1")
                .await?;
        }
        Ok(())
    });
    seen.await.unwrap();
}

#[test]
fn a_servers_settings_do_not_change_what_is_read() {
    run(async {
        let server = TempServer::options()
            .run(shared::schema::mysql_sample())
            .argument("--skip-character-set-client-handshake")
            .argument("--character-set-server=latin1")
            .start()
            .unwrap();
        let mut admin = admin(&server).await;
        for setting in HOSTILE
            .iter()
            .filter(|setting| !setting.starts_with("character_set"))
        {
            let statement = format!("SET GLOBAL {setting}");
            admin.query_drop(&statement).await.expect(&statement);
        }
        expect_the_sample(&url_of_ada(server.port()), &mut admin).await;
    });
}

#[test]
fn what_a_server_runs_for_each_connection_does_not_change_what_is_read() {
    run(async {
        let server = TempServer::options()
            .run(shared::schema::mysql_sample())
            .argument(format!("--init-connect={}", hostile_statement()))
            .start()
            .unwrap();
        let mut admin = admin(&server).await;
        expect_the_sample(&url_of_ada(server.port()), &mut admin).await;
    });
}

/// After a reset, MySQL uses the server's character sets, and MariaDB the client's. So a relay does here what MySQL does, for
/// every other setting as well.
#[test]
fn a_reset_does_not_change_what_is_read() {
    run(async {
        let server = TempServer::with(shared::schema::mysql_sample()).unwrap();
        let mut admin = admin(&server).await;
        let port = relay(server.port()).await;
        expect_the_sample(&url_of_ada(port), &mut admin).await;
    });
}

#[test]
fn a_database_whose_name_has_an_accent_is_found_whatever_the_character_set() {
    run(async {
        let server = TempServer::options()
            .run(shared::schema::mysql_sample())
            .argument("--skip-character-set-client-handshake")
            .start()
            .unwrap();
        let mut admin = admin(&server).await;
        admin.query_drop("CREATE DATABASE `schöl`").await.unwrap();
        admin
            .query_drop("CREATE TABLE `schöl`.users AS SELECT * FROM users")
            .await
            .unwrap();
        let url = format!("{}sch%C3%B6l", server.url().strip_suffix("temp").unwrap());
        let users = with_pool(&url, 1, async |pool| {
            pool.get_conn().await?.query_drop("USE mysql").await?;
            fetch_users(pool).await
        });
        assert_eq!(users.await.unwrap(), sample_users());
    });
}

/// Relays to the server, and sets [`HOSTILE`] in each session that was reset.
async fn relay(server: u16) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let server = TcpStream::connect(("127.0.0.1", server)).await.unwrap();
            tokio::spawn(relay_one(client, server));
        }
    });
    port
}

async fn relay_one(client: TcpStream, server: TcpStream) -> std::io::Result<()> {
    const COM_RESET_CONNECTION: &[u8] = b"\x01\0\0\0\x1f";
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let (send_replies, mut replies) = tokio::sync::mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok(packet) = packet(&mut from_server).await {
            let _ = send_replies.send(packet);
        }
    });
    loop {
        tokio::select! {
            reply = replies.recv() => match reply {
                Some(reply) => to_client.write_all(&reply).await?,
                None => return Ok(()),
            },
            request = packet(&mut from_client) => {
                let request = request?;
                to_server.write_all(&request).await?;
                if request == COM_RESET_CONNECTION {
                    let done = replies.recv().await.expect("a reply");
                    let query = format!("\x03{}", hostile_statement());
                    let length = u32::try_from(query.len()).unwrap().to_le_bytes();
                    to_server.write_all(&[&length, query.as_bytes()].concat()).await?;
                    assert_eq!(replies.recv().await.expect("a reply")[4], 0, "an OK");
                    to_client.write_all(&done).await?;
                }
            }
        }
    }
}

/// A packet of MySQL's protocol: a length of three bytes, a number of one byte, and that many bytes.
async fn packet(from: &mut (impl AsyncReadExt + Unpin)) -> std::io::Result<Vec<u8>> {
    let mut packet = vec![0; 4];
    from.read_exact(&mut packet).await?;
    let length = u32::from_le_bytes([packet[0], packet[1], packet[2], 0]);
    packet.resize(4 + length as usize, 0);
    from.read_exact(&mut packet[4..]).await?;
    Ok(packet)
}
