//! Libraries in Python, in a process that `python/serve.py` runs. Dropping a future here cancels the task there.

use std::collections::HashMap;
use std::env;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use questions::Result;
use questions::gate::Gate;
use questions::mysql::Library;
use serde_json::{Value, json};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

type Waiting = HashMap<usize, UnboundedSender<Value>>;

/// The process of one library.
pub struct Python {
    child: Mutex<Child>,
    /// `None` when the process has been told to end.
    requests: Mutex<Option<ChildStdin>>,
    waiting: Arc<Mutex<Waiting>>,
}

impl Python {
    async fn start(library: &str, url: &str) -> Result<Arc<Python>> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name("python");
        let python = env::var("SURVEY_PYTHON").unwrap_or("python3".to_owned());
        let mut child = Command::new(python)
            .arg(folder.join("serve.py"))
            .args([library, url])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let requests = child.stdin.take().ok_or("a pipe")?;
        let results = BufReader::new(child.stdout.take().ok_or("a pipe")?);
        let python = Arc::new(Python {
            child: Mutex::new(child),
            requests: Mutex::new(Some(requests)),
            waiting: Arc::default(),
        });
        let (send, mut ready) = unbounded_channel();
        lock(&python.waiting).insert(0, send);
        let waiting = python.waiting.clone();
        thread::spawn(move || {
            for line in results.lines().map_while(std::result::Result::ok) {
                let Ok(result) = serde_json::from_str::<Value>(&line) else {
                    continue;
                };
                let id = result["id"].as_u64().unwrap_or_default();
                let id = usize::try_from(id).unwrap_or_default();
                if let Some(request) = lock(&waiting).get(&id) {
                    let _ = request.send(result);
                }
            }
        });
        ready.recv().await.ok_or("Python ended")?;
        Ok(python)
    }

    fn send(&self, request: &Value) -> Result<()> {
        let mut requests = lock(&self.requests);
        let requests = requests.as_mut().ok_or("the process has ended")?;
        Ok(writeln!(requests, "{request}")?)
    }

    async fn call(&self, what: &str, sql: &[&str], gate: Option<&Gate>) -> Result<Value> {
        let (send, results) = unbounded_channel();
        let id = {
            let mut waiting = lock(&self.waiting);
            let id = waiting.len();
            waiting.insert(id, send);
            id
        };
        let mut request = Request {
            python: self,
            id,
            has_ended: false,
        };
        self.send(&json!({"id": id, "do": what, "sql": sql}))?;
        request.result(results, gate).await
    }
}

/// Ends `asyncio.run`, and with it the process, and waits for that as for the end of a runtime.
impl Drop for Python {
    fn drop(&mut self) {
        *lock(&self.requests) = None;
        let _ = lock(&self.child).wait();
    }
}

/// A request. Dropping it before its end cancels the task in Python.
struct Request<'p> {
    python: &'p Python,
    id: usize,
    has_ended: bool,
}

impl Request<'_> {
    async fn result(
        &mut self,
        mut results: UnboundedReceiver<Value>,
        gate: Option<&Gate>,
    ) -> Result<Value> {
        loop {
            let result = results.recv().await.ok_or("Python ended")?;
            if result.get("arrived").is_some() {
                let gate = gate.ok_or("no gate")?;
                // A panic in Python is an exception.
                let then = if gate.panics() { "raise" } else { "open" };
                if !gate.panics() {
                    gate.pass().await;
                }
                self.python.send(&json!({"id": self.id, "do": then}))?;
                continue;
            }
            self.has_ended = true;
            return match result.get("ok") {
                Some(value) => Ok(value.clone()),
                None => Err(result["error"].as_str().unwrap_or("cancelled").into()),
            };
        }
    }
}

impl Drop for Request<'_> {
    fn drop(&mut self) {
        if !self.has_ended {
            let _ = self.python.send(&json!({"id": self.id, "do": "cancel"}));
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

macro_rules! library {
    ($name:ident, $library:literal) => {
        #[derive(Clone)]
        pub struct $name(Arc<Python>);

        impl Library for $name {
            async fn open(url: &str) -> Result<Self> {
                Ok($name(Python::start($library, url).await?))
            }

            async fn users(&self) -> Result<usize> {
                let users = self.0.call("users", &[], None).await?;
                Ok(usize::try_from(users.as_u64().ok_or("a number")?)?)
            }

            async fn number(&self, sql: &'static str) -> Result<i64> {
                let number = self.0.call("number", &[sql], None).await?;
                Ok(number.as_i64().ok_or("a number")?)
            }

            async fn execute(&self, sql: &'static str) -> Result<()> {
                self.0.call("execute", &[sql], None).await?;
                Ok(())
            }

            async fn transaction(&self, sql: [&'static str; 2], gate: Gate) -> Result<()> {
                self.0.call("transaction", &sql, Some(&gate)).await?;
                Ok(())
            }

            async fn rows(&self, sql: &'static str, gate: Gate) -> Result<u64> {
                let rows = self.0.call("rows", &[sql], Some(&gate)).await?;
                Ok(rows.as_u64().ok_or("a number")?)
            }

            async fn close(self) -> Result<()> {
                self.0.call("close", &[], None).await?;
                Ok(())
            }
        }
    };
}

library!(Aiomysql, "aiomysql");
library!(Asyncmy, "asyncmy");
