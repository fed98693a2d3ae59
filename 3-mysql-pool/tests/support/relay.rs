//! A relay between client and server that knows where a packet of MySQL's protocol begins and ends, and can hold one.
//!
//! A packet is a length of three bytes, a number of one byte, and that many bytes. The packets of all connections,
//! in both directions, are counted in the order in which they arrive here.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use testkit::DEADLINE;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// Relays as long as this value lives.
pub struct Relay {
    pub port: u16,
    state: Arc<State>,
    task: JoinHandle<()>,
}

struct State {
    arrived: AtomicUsize,
    hold: AtomicUsize,
    held: Semaphore,
    released: Semaphore,
    /// How many connections there are, also those which have not said yet whose they are.
    open: watch::Sender<usize>,
}

const NONE: usize = usize::MAX;

impl Relay {
    /// To the server on this port of this machine.
    pub async fn start(server: u16) -> Relay {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::new(State {
            arrived: AtomicUsize::new(0),
            hold: AtomicUsize::new(NONE),
            held: Semaphore::new(0),
            released: Semaphore::new(0),
            open: watch::Sender::new(0),
        });
        let shared = state.clone();
        let task = tokio::spawn(async move {
            loop {
                let (client, _) = listener.accept().await.unwrap();
                let Ok(server) = TcpStream::connect(("127.0.0.1", server)).await else {
                    continue;
                };
                for stream in [&client, &server] {
                    stream.set_nodelay(true).unwrap();
                }
                let (from_client, to_client) = client.into_split();
                let (from_server, to_server) = server.into_split();
                let state = shared.clone();
                state.open.send_modify(|open| *open += 1);
                tokio::spawn(async move {
                    let there = tokio::spawn(pass(from_client, to_server, state.clone()));
                    pass(from_server, to_client, state.clone()).await;
                    let _ = there.await;
                    state.open.send_modify(|open| *open -= 1);
                });
            }
        });
        Relay { port, state, task }
    }

    /// From now on, holds the packet that arrives as the `number`th, counted from 0.
    pub fn hold(&self, number: usize) {
        self.state.arrived.store(0, Ordering::SeqCst);
        self.state.hold.store(number, Ordering::SeqCst);
    }

    /// Waits until that packet is here.
    pub async fn held(&self) {
        self.state.held.acquire().await.unwrap().forget();
    }

    /// Waits until both ends of every connection are closed.
    pub async fn until_all_closed(&self, when: &str) {
        let mut open = self.state.open.subscribe();
        let closed = timeout(*DEADLINE, open.wait_for(|open| *open == 0)).await;
        assert!(
            closed.is_ok(),
            "expected: every connection closed {when}\nfound: {} open",
            *self.state.open.borrow()
        );
    }

    /// Lets it go on, if it is here, and holds none any more.
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

async fn pass(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, state: Arc<State>) {
    loop {
        let mut header = [0; 4];
        if from.read_exact(&mut header).await.is_err() {
            break;
        }
        let length = u32::from_le_bytes([header[0], header[1], header[2], 0]) as usize;
        let mut packet = vec![0; 4 + length];
        packet[..4].copy_from_slice(&header);
        if from.read_exact(&mut packet[4..]).await.is_err() {
            break;
        }
        let number = state.arrived.fetch_add(1, Ordering::SeqCst);
        if state
            .hold
            .compare_exchange(number, NONE, Ordering::SeqCst, Ordering::SeqCst)
            .is_ok()
        {
            state.held.add_permits(1);
            state.released.acquire().await.unwrap().forget();
        }
        if to.write_all(&packet).await.is_err() {
            break;
        }
    }
    let _ = to.shutdown().await;
}
