//! Submissions with too many or too large dependencies: a local registry over HTTP, and the real Cargo.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use checker::download::{Downloads, Limits, fetch};
use checker::outcome::{Problem, Whose};
use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};
use tempfile::TempDir;

/// A registry of crates `crate-0`, `crate-1` and so on, each of which depends on the next.
struct Registry {
    crates: Vec<Vec<u8>>,
    address: String,
    /// The paths that Cargo has requested.
    asked: Mutex<Vec<String>>,
}

impl Registry {
    /// Starts a registry of that many crates, each with a file of random bytes.
    fn start(count: usize, bytes: usize) -> Arc<Registry> {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let registry = Arc::new(Registry {
            crates: (0..count).map(|index| archive(index, bytes)).collect(),
            address: format!("http://{}", listener.local_addr().expect("an address")),
            asked: Mutex::default(),
        });
        let served = registry.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let served = served.clone();
                thread::spawn(move || served.serve(&stream));
            }
        });
        registry
    }

    fn serve(&self, mut stream: &TcpStream) -> Option<()> {
        let mut lines = BufReader::new(stream).lines();
        loop {
            let path = lines.next()?.ok()?.split(' ').nth(1)?.to_owned();
            while !lines.next()?.ok()?.is_empty() {}
            self.asked.lock().unwrap().push(path.clone());
            let index = |name: &str| name.strip_prefix("crate-")?.parse::<usize>().ok();
            let body = if path == "/config.json" {
                Some(format!(r#"{{"dl":"{}/dl/{{crate}}"}}"#, self.address).into_bytes())
            } else {
                let name = path.rsplit('/').next()?;
                let bytes = index(name).and_then(|index| Some((index, self.crates.get(index)?)));
                bytes.map(|(index, bytes)| match path.starts_with("/dl/") {
                    true => bytes.clone(),
                    false => self.entry(index, bytes).into_bytes(),
                })
            };
            let (status, body) =
                body.map_or(("404 Not Found", Vec::new()), |body| ("200 OK", body));
            let head = format!(
                "HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n",
                body.len()
            );
            stream.write_all(&[head.into_bytes(), body].concat()).ok()?;
        }
    }

    fn entry(&self, index: usize, bytes: &[u8]) -> String {
        let next = index + 1;
        let depends = match next < self.crates.len() {
            true => format!(
                r#"{{"name":"crate-{next}","req":"^1","features":[],"optional":false,"default_features":true,"target":null,"kind":"normal"}}"#
            ),
            false => String::new(),
        };
        let sum = format!("{:x}", Sha256::digest(bytes));
        format!(
            r#"{{"name":"crate-{index}","vers":"1.0.0","deps":[{depends}],"cksum":"{sum}","features":{{}},"yanked":false}}"#
        ) + "\n"
    }

    /// Makes a home folder for Cargo and a package that depends on `crate-0`.
    fn package(&self) -> (TempDir, TempDir) {
        let (home, folder) = (TempDir::new().unwrap(), TempDir::new().unwrap());
        let address = &self.address;
        write(
            &home.path().join("config.toml"),
            &format!(
                "[source.crates-io]\nreplace-with = 'own'\n[source.own]\nregistry = 'sparse+{address}/'\n"
            ),
        );
        write(&folder.path().join("src/lib.rs"), "");
        let manifest = "[package]\nname = 'mine'\nedition = '2024'\n[dependencies]\ncrate-0 = '1'\n[workspace]\n";
        write(&folder.path().join("Cargo.toml"), manifest);
        (home, folder)
    }

    fn fetch(&self, limits: Limits) -> Result<(), Problem> {
        let (home, folder) = self.package();
        fetch(folder.path(), home.path(), Downloads::Allowed, &limits)
    }

    fn downloads(&self) -> usize {
        let asked = self.asked.lock().unwrap();
        asked.iter().filter(|path| path.starts_with("/dl/")).count()
    }
}

fn archive(index: usize, bytes: usize) -> Vec<u8> {
    let mut tar = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    let manifest = format!("[package]\nname = 'crate-{index}'\nversion = '1.0.0'\n");
    let noise: Vec<u8> = (0..bytes).map(|_| fastrand::u8(..)).collect();
    for (name, contents) in [
        ("Cargo.toml", manifest.as_bytes()),
        ("src/lib.rs", b""),
        ("noise", &noise),
    ] {
        let mut header = tar::Header::new_gnu();
        header.set_size(contents.len() as u64);
        header.set_mode(0o644);
        let path = format!("crate-{index}-1.0.0/{name}");
        tar.append_data(&mut header, path, contents).unwrap();
    }
    tar.into_inner().and_then(GzEncoder::finish).unwrap()
}

fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

#[test]
fn dependencies_within_the_limits_are_downloaded() {
    let registry = Registry::start(5, 1000);
    let limits = Limits {
        crates: 5,
        ..Limits::default()
    };
    assert_eq!(registry.fetch(limits), Ok(()));
    assert_eq!(registry.downloads(), 5);
}

#[test]
fn too_many_crates_are_refused_before_any_is_downloaded() {
    let registry = Registry::start(5, 1000);
    let limits = Limits {
        crates: 4,
        ..Limits::default()
    };
    let problem = registry.fetch(limits).expect_err("too many");
    assert_eq!(problem.whose, Whose::YourCode);
    assert!(problem.message.contains("more than 4 crates"), "{problem}");
    assert_eq!(registry.downloads(), 0);
}

#[test]
fn too_many_bytes_are_refused() {
    let limits = Limits {
        bytes: 4 << 20,
        ..Limits::default()
    };
    // As archives and unpacked, they take 2 MiB each.
    assert_eq!(Registry::start(1, 1 << 20).fetch(limits), Ok(()));
    let problem = Registry::start(3, 1 << 20)
        .fetch(limits)
        .expect_err("too much");
    assert_eq!(problem.whose, Whose::YourCode);
    assert!(problem.message.contains("more than 4 MiB"), "{problem}");
}

/// The registry accepts the connection and sends nothing.
#[test]
fn a_registry_that_does_not_answer_is_the_machines_problem() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let registry = Registry {
        crates: Vec::new(),
        address: format!("http://{}", listener.local_addr().expect("an address")),
        asked: Mutex::default(),
    };
    let limits = Limits {
        time: Duration::from_secs(3),
        ..Limits::default()
    };
    let problem = registry.fetch(limits).expect_err("no answer");
    assert_eq!(problem.whose, Whose::YourMachine, "{problem}");
}
