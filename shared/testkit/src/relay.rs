//! A relay between client and server that can hold one packet of MySQL's protocol. It can also act as an address that moves
//! to another server, and as a proxy that numbers connections itself.
//!
//! A packet is a length of three bytes, a number of one byte, and that many bytes. The packets of all connections,
//! in both directions, are counted in the order in which they arrive here.

use std::mem;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU16, AtomicU32, AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinHandle;

use crate::Deadline;

/// A relay on a port of 127.0.0.1, to a MySQL server on another. It works until it is dropped, on the Tokio runtime on
/// which it was started.
///
/// ```no_run
/// # async fn test() {
/// let relay = testkit::Relay::start(3306).await;
/// relay.hold(5); // the sixth packet from now on
/// let query = tokio::spawn(query_through(relay.port()));
/// relay.held().await;
/// query.abort(); // drops its future while the packet is held
/// relay.release();
/// relay.until_all_closed("after the drop").await;
/// # }
/// # async fn query_through(port: u16) {}
/// ```
pub struct Relay {
    port: u16,
    state: Arc<State>,
    task: JoinHandle<()>,
}

struct State {
    /// The port of the server that new connections lead to.
    server: AtomicU16,
    /// The number that is added to the connection ids in greetings.
    added: AtomicU32,
    keeps_clients: AtomicBool,
    arrived: AtomicUsize,
    hold: AtomicUsize,
    held: Semaphore,
    released: Semaphore,
    /// The number of open connections, including those that have not logged in yet.
    open: watch::Sender<usize>,
}

const NONE: usize = usize::MAX;

impl Relay {
    /// Starts a relay to the server on this port of this machine.
    ///
    /// # Panics
    ///
    /// When no port is free.
    pub async fn start(server: u16) -> Relay {
        let listener = TcpListener::bind(("127.0.0.1", 0))
            .await
            .expect("a free port");
        let port = listener.local_addr().expect("a port").port();
        let state = Arc::new(State {
            server: AtomicU16::new(server),
            added: AtomicU32::new(0),
            keeps_clients: AtomicBool::new(false),
            arrived: AtomicUsize::new(0),
            hold: AtomicUsize::new(NONE),
            held: Semaphore::new(0),
            released: Semaphore::new(0),
            open: watch::Sender::new(0),
        });
        let shared = state.clone();
        let task = tokio::spawn(async move {
            loop {
                let (client, _) = listener.accept().await.expect("a client");
                let server = shared.server.load(Ordering::SeqCst);
                let Ok(server) = TcpStream::connect(("127.0.0.1", server)).await else {
                    continue;
                };
                for stream in [&client, &server] {
                    stream.set_nodelay(true).expect("an open stream");
                }
                let (from_client, to_client) = client.into_split();
                let (from_server, to_server) = server.into_split();
                let state = shared.clone();
                state.open.send_modify(|open| *open += 1);
                tokio::spawn(async move {
                    let there = state.clone();
                    let there = tokio::spawn(async move {
                        let mut to_server = pass(from_client, to_server, there, 0).await;
                        let _ = to_server.shutdown().await;
                    });
                    let added = state.added.load(Ordering::SeqCst);
                    let mut to_client = pass(from_server, to_client, state.clone(), added).await;
                    if !state.keeps_clients.load(Ordering::SeqCst) {
                        let _ = to_client.shutdown().await;
                    }
                    let _ = there.await;
                    state.open.send_modify(|open| *open -= 1);
                });
            }
        });
        Relay { port, state, task }
    }

    /// Returns the port for the client.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Leads new connections to the server on another port. Those that exist stay.
    pub fn lead_to(&self, server: u16) {
        self.state.server.store(server, Ordering::SeqCst);
    }

    /// Adds a number to the connection id that new clients receive.
    pub fn add_to_ids(&self, added: u32) {
        self.state.added.store(added, Ordering::SeqCst);
    }

    /// From now on, keeps a client's connection open when the server closes its end.
    pub fn keep_clients(&self) {
        self.state.keeps_clients.store(true, Ordering::SeqCst);
    }

    /// From now on, holds the packet that arrives as the `number`th, counted from 0.
    pub fn hold(&self, number: usize) {
        self.state.arrived.store(0, Ordering::SeqCst);
        self.state.hold.store(number, Ordering::SeqCst);
    }

    /// Waits until the relay holds that packet.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped, the packet stays held.
    pub async fn held(&self) {
        self.state
            .held
            .acquire()
            .await
            .expect("never closed")
            .forget();
    }

    /// Waits until both ends of every connection are closed.
    ///
    /// # Panics
    ///
    /// When the [`Deadline`] passes first.
    pub async fn until_all_closed(&self, when: &str) {
        let mut open = self.state.open.subscribe();
        let all_closed = open.wait_for(|open| *open == 0);
        let closed = Deadline::start().timeout(all_closed).await;
        assert!(
            closed.is_some(),
            "expected: every connection closed {when}\nfound: {} open",
            *self.state.open.borrow()
        );
    }

    /// Releases the packet, if it is held, and holds no other.
    pub fn release(&self) {
        if self.state.hold.swap(NONE, Ordering::SeqCst) == NONE {
            self.state.released.add_permits(1);
        }
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Passes packets on until one side is closed. `added` is added to the connection id in the server's greeting.
async fn pass(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    state: Arc<State>,
    mut added: u32,
) -> OwnedWriteHalf {
    loop {
        let mut header = [0; 4];
        if from.read_exact(&mut header).await.is_err() {
            return to;
        }
        let length = u32::from_le_bytes([header[0], header[1], header[2], 0]) as usize;
        let mut packet = vec![0; 4 + length];
        packet[..4].copy_from_slice(&header);
        if from.read_exact(&mut packet[4..]).await.is_err() {
            return to;
        }
        renumber(&mut packet, mem::take(&mut added));
        let number = state.arrived.fetch_add(1, Ordering::SeqCst);
        if state
            .hold
            .compare_exchange(number, NONE, Ordering::SeqCst, Ordering::SeqCst)
            .is_ok()
        {
            state.held.add_permits(1);
            state
                .released
                .acquire()
                .await
                .expect("never closed")
                .forget();
        }
        if to.write_all(&packet).await.is_err() {
            return to;
        }
    }
}

/// Changes the id in a greeting. The id follows the header, the protocol's version, and the server's version with a 0.
fn renumber(greeting: &mut [u8], added: u32) {
    if added > 0 {
        let end = greeting[5..]
            .iter()
            .position(|byte| *byte == 0)
            .expect("a greeting");
        let id = greeting[5 + end + 1..]
            .first_chunk_mut::<4>()
            .expect("an id");
        *id = (u32::from_le_bytes(*id) + added).to_le_bytes();
    }
}
