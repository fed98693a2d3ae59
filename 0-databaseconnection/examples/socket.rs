//! A TCP connection that closes at the end of its scope, seen from the other end.
//!
//! ```python
//! with socket.create_connection((host, port)) as client:
//!     client.sendall(b"GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n")
//!     print(client.recv(1024))
//! ```
//!
//! The example starts an HTTP server on 127.0.0.1 and a free port. The server keeps each connection open after its
//! answer, as HTTP/1.1 does, and waits for another request. Look at what ends that wait: the client's socket goes out
//! of scope, and the server reads the end of the stream. The same happens if the client fails and returns with `?`.
//! There is no function `close` to call.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::thread;

fn main() -> io::Result<()> {
    lesson()
}

pub fn lesson() -> io::Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let address = listener.local_addr()?;
    for path in ["/hello", "/nowhere"] {
        thread::scope(|scope| {
            let server = scope.spawn(|| serve_one_connection(&listener));
            match get(address, path) {
                Ok(text) => println!("client: has left the scope with {text:?}"),
                Err(error) => println!("client: has left the scope by `?`: {error}"),
            }
            let ended = server.join().expect("the server does not panic")?;
            println!("server: {ended}\n");
            io::Result::Ok(())
        })?;
    }
    Ok(())
}

fn get(server: SocketAddr, path: &str) -> io::Result<String> {
    let mut socket = TcpStream::connect(server)?;
    println!("client: GET {path}");
    write!(socket, "GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n")?;
    // It borrows the socket, so it cannot outlive it.
    let mut answer = BufReader::new(&socket);
    let head = read_head(&mut answer)?;
    let mut text = vec![0; length(&head)];
    answer.read_exact(&mut text)?;
    if !head.starts_with("HTTP/1.1 200 ") {
        return Err(io::Error::other(head.lines().next().unwrap_or_default()));
    }
    String::from_utf8(text).map_err(io::Error::other)
} // The socket is closed here.

fn serve_one_connection(listener: &TcpListener) -> io::Result<&'static str> {
    let (socket, _) = listener.accept()?;
    let mut requests = BufReader::new(&socket);
    loop {
        let head = read_head(&mut requests)?;
        if head.is_empty() {
            return Ok("the end of the stream: the client's socket is closed");
        }
        let (status, text) = match head.split(' ').nth(1) {
            Some("/hello") => ("200 OK", "Hello!"),
            _ => ("404 Not Found", ""),
        };
        println!("server: {status}, and waits for another request");
        let length = text.len();
        write!(
            &socket,
            "HTTP/1.1 {status}\r\nContent-Length: {length}\r\n\r\n{text}"
        )?;
    }
}

/// Returns the text up to the empty line, or an empty string at the end of the stream.
fn read_head(stream: &mut impl BufRead) -> io::Result<String> {
    let mut head = String::new();
    while stream.read_line(&mut head)? > 0 && !head.ends_with("\r\n\r\n") {}
    Ok(head)
}

fn length(head: &str) -> usize {
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("Content-Length: "));
    length
        .and_then(|length| length.parse().ok())
        .unwrap_or_default()
}
