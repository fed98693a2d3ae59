//! A browser without a window.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// The time limit for a browser.
const DEADLINE: Duration = Duration::from_secs(120);

/// Returns a browser, if there is one on the PATH.
pub fn browser() -> Option<PathBuf> {
    let folders: Vec<PathBuf> = std::env::split_paths(&std::env::var_os("PATH")?).collect();
    let names = ["chromium", "chromium-browser", "google-chrome"];
    let files = names
        .iter()
        .flat_map(|name| folders.iter().map(move |folder| folder.join(name)));
    files.into_iter().find(|file| file.is_file())
}

/// The result of loading a page in a browser.
pub struct Visit {
    /// The page at the end, as HTML.
    pub page: String,
    /// The lines that the browser wrote to its log about scripts and policies.
    pub console: Vec<String>,
}

/// Opens a file, lets its scripts run, and returns what it looks like then.
pub fn visit(browser: &Path, file: &Path, scheme: &str) -> Visit {
    run(
        browser,
        file,
        &[
            "--dump-dom".to_owned(),
            format!("--blink-settings=preferredColorScheme={scheme}"),
        ],
    )
}

/// Prints a file.
pub fn print(browser: &Path, file: &Path, pdf: &Path) {
    let to = format!("--print-to-pdf={}", pdf.display());
    run(browser, file, &["--no-pdf-header-footer".to_owned(), to]);
}

fn run(browser: &Path, file: &Path, options: &[String]) -> Visit {
    let folder = tempfile::tempdir().expect("a folder");
    let errors = folder.path().join("errors");
    let mut browser = Command::new(browser)
        // No sandbox, because many containers do not allow one. A page that opens another one may look into it.
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--no-first-run",
            "--allow-file-access-from-files",
            "--enable-logging=stderr",
            "--virtual-time-budget=60000",
        ])
        .arg(format!(
            "--user-data-dir={}",
            folder.path().join("profile").display()
        ))
        .args(options)
        .arg(file)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(File::create(&errors).expect("a file"))
        .spawn()
        .expect("the browser starts");
    let mut stdout = browser.stdout.take().expect("a pipe");
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut page = String::new();
        sender.send(stdout.read_to_string(&mut page).map(|_| page))
    });
    let page = receiver.recv_timeout(DEADLINE);
    if page.is_err() {
        browser.kill().expect("it can be ended");
    }
    browser.wait().expect("its end");
    let errors = fs::read(errors).unwrap_or_default();
    let errors = String::from_utf8_lossy(&errors);
    let page = page.unwrap_or_else(|_| panic!("the browser did not exit\n{errors}"));
    let console = errors.lines().filter(|line| line.contains("CONSOLE"));
    Visit {
        page: page.expect("UTF-8"),
        console: console.map(str::to_owned).collect(),
    }
}
