//! A relay between the program and a server that changes the program's queries, or closes the connection instead.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::thread;

/// Relays as long as the process lives.
pub struct Relay {
    port: u16,
    server: u16,
}

impl Relay {
    /// Relays to this port. Each query is sent as `change` returns it; `None` closes the connection.
    pub fn start(server: u16, change: fn(&str) -> Option<String>) -> Relay {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let server = TcpStream::connect(("127.0.0.1", server)).expect("a server");
                let (mut back, mut to_client) = (
                    server.try_clone().expect("a stream"),
                    client.try_clone().expect("a stream"),
                );
                thread::spawn(move || {
                    let _ = io::copy(&mut back, &mut to_client);
                    let _ = to_client.shutdown(Shutdown::Both);
                });
                thread::spawn(move || {
                    let _ = forth(&client, &server, change);
                    let _ = (
                        client.shutdown(Shutdown::Both),
                        server.shutdown(Shutdown::Both),
                    );
                });
            }
        });
        Relay { port, server }
    }

    /// The URL of the server, through the relay.
    pub fn url(&self, url: &str) -> String {
        url.replace(&format!(":{}/", self.server), &format!(":{}/", self.port))
    }
}

fn forth(
    mut client: &TcpStream,
    mut server: &TcpStream,
    change: fn(&str) -> Option<String>,
) -> io::Result<()> {
    const COM_QUERY: u8 = 3;
    loop {
        // A packet of MySQL's protocol: a length of three bytes, a number of one byte, and that many bytes.
        let mut header = [0; 4];
        client.read_exact(&mut header)?;
        let mut body = vec![0; u32::from_le_bytes([header[0], header[1], header[2], 0]) as usize];
        client.read_exact(&mut body)?;
        if header[3] == 0
            && let Some((&COM_QUERY, query)) = body.split_first()
            && let Ok(query) = std::str::from_utf8(query)
        {
            let Some(changed) = change(query) else {
                return Ok(());
            };
            body = [&[COM_QUERY], changed.as_bytes()].concat();
            header[..3].copy_from_slice(&(body.len() as u32).to_le_bytes()[..3]);
        }
        server.write_all(&[&header[..], &body].concat())?;
    }
}
