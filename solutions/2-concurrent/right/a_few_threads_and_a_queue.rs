//! Right: a few threads that live as long as the program, and a queue of jobs for them. SQLite is interrupted from
//! outside, repeatedly, until the thread has noticed.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock, Mutex, mpsc};
use std::thread;
use std::time::Duration;

use rusqlite::{Connection, InterruptHandle};
use shared::User;
use shared::sqlite::{open, outcome, read_users};
use tokio::sync::oneshot;

pub use shared::sqlite::{Error, Result};

type Job = Box<dyn FnOnce() + Send>;

static QUEUE: LazyLock<mpsc::Sender<Job>> = LazyLock::new(|| {
    let (sender, receiver) = mpsc::channel::<Job>();
    let receiver = Arc::new(Mutex::new(receiver));
    for _ in 0..32 {
        let receiver = receiver.clone();
        thread::spawn(move || {
            loop {
                let job = receiver.lock().expect("no job runs with the lock").recv();
                match job {
                    Ok(job) => job(),
                    Err(_) => return,
                }
            }
        });
    }
    sender
});

/// The state that a future shares with its job.
#[derive(Default)]
struct Shared {
    is_dropped: AtomicBool,
    handle: Mutex<Option<InterruptHandle>>,
}

struct InterruptOnDrop(Arc<Shared>);

impl Drop for InterruptOnDrop {
    fn drop(&mut self) {
        self.0.is_dropped.store(true, Ordering::SeqCst);
        let shared = self.0.clone();
        if shared.handle.lock().expect("no panic with it").is_none() {
            return;
        }
        // An interrupt stops only the running statement, so repeat it until the connection is closed.
        thread::spawn(move || {
            while let Some(handle) = &*shared.handle.lock().expect("no panic with it") {
                handle.interrupt();
                thread::sleep(Duration::from_millis(5));
            }
        });
    }
}

pub async fn with_connection<T: Send + 'static>(
    database: &Path,
    body: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
) -> Result<T> {
    let path = database.to_owned();
    let shared = Arc::new(Shared::default());
    let _interrupt_on_drop = InterruptOnDrop(shared.clone());
    let (tell, told) = oneshot::channel();
    let job: Job = Box::new(move || {
        let work = || work(&path, &shared, body);
        let outcome = catch_unwind(AssertUnwindSafe(work));
        *shared.handle.lock().expect("no panic with it") = None;
        let _ = tell.send(outcome);
    });
    QUEUE
        .send(job)
        .expect("the threads live as long as the program");
    match told.await.expect("every job tells its outcome") {
        Ok(outcome) => outcome.map_err(|error| error.in_database(database)),
        Err(panic) => resume_unwind(panic),
    }
}

fn work<T>(path: &Path, shared: &Shared, body: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
    let connection = open(path)?;
    connection.busy_timeout(Duration::from_millis(250))?;
    *shared.handle.lock().expect("no panic with it") = Some(connection.get_interrupt_handle());
    if shared.is_dropped.load(Ordering::SeqCst) {
        return Err(rusqlite::Error::InvalidQuery.into()); // the future is gone, so no caller sees it
    }
    let worked = in_transaction(&connection, body);
    let closed = connection.close().map_err(|(_, error)| error.into());
    outcome(worked, closed)
}

fn in_transaction<T>(
    connection: &Connection,
    body: impl FnOnce(&Connection) -> Result<T>,
) -> Result<T> {
    let transaction = connection.unchecked_transaction()?;
    let value = body(&transaction)?;
    transaction.commit()?;
    Ok(value)
}

pub async fn async_fetch_users(database: &Path) -> Result<Vec<User>> {
    with_connection(database, |connection| {
        let mut statement = connection.prepare("SELECT * FROM users ORDER BY id")?;
        read_users(&mut statement.query([])?)
    })
    .await
}

pub async fn async_fetch_older_users(database: &Path, age: u32) -> Result<Vec<User>> {
    with_connection(database, move |connection| {
        let mut statement = connection.prepare("SELECT * FROM users WHERE age > ? ORDER BY id")?;
        read_users(&mut statement.query([age])?)
    })
    .await
}

pub async fn fetch_concurrently(
    database: &Path,
    older_than: u32,
) -> Result<(Vec<User>, Vec<User>)> {
    tokio::try_join!(
        async_fetch_users(database),
        async_fetch_older_users(database, older_than)
    )
}
