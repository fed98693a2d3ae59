//! Submissions that try to reach something outside the full sandbox, while they are compiled and while their checks run.

#[path = "support/sandboxes.rs"]
mod sandboxes;
#[path = "support/submission.rs"]
mod submission;

use std::env;
use std::fs;
use std::io::ErrorKind;
use std::net::TcpListener;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::fs::symlink;
use std::os::unix::net::{SocketAddr, UnixListener};
use std::path::{Path, PathBuf};
use std::process;
use std::sync::{Mutex, OnceLock, PoisonError};

use checker::compile::Compiled;
use checker::outcome::{Problem, Verdict, Whose};
use checker::sandbox::Sandbox;
use checker::task::workspace;
use tempfile::TempDir;

use sandboxes::sandboxes;
use submission::{CHECK, checks, reference, with_twist};

/// Carries out the orders in a file next to its program, and prints the result of each.
const SPY: &str = r#"
fn twist() {
    let program = std::env::current_exe().unwrap();
    let orders = std::fs::read_to_string(program.with_file_name("orders")).unwrap();
    for order in orders.lines() {
        let (verb, object) = order.split_once(' ').unwrap();
        println!("\n{order}: {}", act(verb, object).unwrap_or_else(|error| format!("{NO}, {error}")));
    }
    std::process::exit(0);
}

const NO: &str = "no";

fn act(verb: &str, object: &str) -> std::io::Result<String> {
    use std::io::{Error, Write};
    use std::os::linux::net::SocketAddrExt;
    use std::os::unix::net::{SocketAddr, UnixStream};
    unsafe extern "C" {
        fn kill(process: i32, signal: i32) -> i32;
        fn ptrace(request: i64, process: i32, address: usize, data: usize) -> i64;
    }
    match verb {
        "read" => {
            let bytes = std::fs::read(object)?;
            return Ok(format!("yes, {}", String::from_utf8_lossy(&bytes).replace('\0', " ").replace('\n', " ")));
        }
        "list" => {
            let entries = std::fs::read_dir(object)?.flatten();
            return Ok(format!("yes, {:?}", entries.map(|entry| entry.file_name()).collect::<Vec<_>>()));
        }
        "create" => drop(std::fs::File::create_new(object)?),
        "open" => drop(std::fs::OpenOptions::new().write(true).open(object)?),
        "fill" => {
            for index in 0..6 {
                let mut file = std::fs::File::create(format!("{object}/{index}"))?;
                for _ in 0..512 { file.write_all(&[1; 1 << 20])?; }
            }
        }
        "connect" => drop(std::net::TcpStream::connect(object)?),
        "accept" => {
            let listener = std::net::TcpListener::bind(object)?;
            std::net::TcpStream::connect(listener.local_addr()?)?;
        }
        "call" => drop(UnixStream::connect_addr(&SocketAddr::from_abstract_name(object)?)?),
        "signal" => if unsafe { kill(object.parse().unwrap(), 0) } != 0 { return Err(Error::last_os_error()); },
        "attach" => if unsafe { ptrace(16, object.parse().unwrap(), 0, 0) } != 0 { return Err(Error::last_os_error()); },
        "run" => {
            let output = std::process::Command::new("/bin/sh").args(["-c", object]).output()?;
            if !output.status.success() { return Err(Error::other(String::from_utf8_lossy(&output.stderr).replace('\n', " "))); }
        }
        _ => panic!("{verb}"),
    }
    Ok("yes".to_owned())
}
"#;

#[test]
fn sees_nothing_of_the_environment() {
    let Some(sandbox) = closed() else { return };
    // Cargo has set that for the test.
    let secret = env::var("CARGO_PKG_DESCRIPTION").expect("a test that Cargo runs");
    for process in ["self", "1", "2", "3"] {
        expect_not_said(
            &try_to("read", format!("/proc/{process}/environ"), &sandbox),
            &secret,
        );
    }
    let is_the_tasks = r#"const _: () = assert!(env!("CARGO_PKG_DESCRIPTION").is_empty());"#;
    assert_eq!(compile(is_the_tasks, &sandbox).map(drop), Ok(()));
}

#[test]
fn has_the_variables_of_its_package() {
    let Some(sandbox) = closed() else { return };
    let code = r#"const _: &str = concat!(env!("CARGO_MANIFEST_DIR"), env!("CARGO_PKG_NAME"));"#;
    assert_eq!(compile(code, &sandbox).map(drop), Ok(()));
}

#[test]
fn cannot_read_the_home_other_submissions_results_or_the_checks() {
    let Some(sandbox) = closed() else { return };
    let beside = TempDir::new().unwrap();
    let others = beside.path().join("others.rs");
    fs::write(&others, "\"another user's\"").unwrap();
    let home = env::var("HOME").unwrap_or("/root".to_owned());
    for folder in [
        Path::new(&home),
        beside.path(),
        workspace(),
        Path::new("/root"),
        Path::new("/home"),
    ] {
        expect_no(&try_to("list", folder.display(), &sandbox));
    }
    let reference = workspace().join("0-databaseconnection/tests/checks/main.rs");
    for file in [
        &others,
        &reference,
        &workspace().join("Cargo.lock"),
        Path::new("/etc/shadow"),
    ] {
        expect_no(&try_to("read", file.display(), &sandbox));
        for including in ["include_str", "include_bytes", "include"] {
            let code = format!("const _: &str = {including}!({file:?});");
            let error = compile(&code, &sandbox).unwrap_err();
            assert!(error.details.contains("couldn't read"), "{}", error.details);
        }
    }
}

#[test]
fn writes_only_to_its_folder_for_temporary_files() {
    let Some(sandbox) = closed() else { return };
    for folder in [
        "/", "/usr", "/usr/bin", "/etc", "/dev", "/proc", "/var", "/root", "/run",
    ] {
        expect_no(&try_to("create", format!("{folder}/created"), &sandbox));
    }
    let name = format!("/tmp/{}", fastrand::u64(..));
    expect_yes(&try_to("create", &name, &sandbox));
    assert!(!Path::new(&name).exists(), "it is there outside as well");
    let results = tempfile::NamedTempFile::new().unwrap();
    for file in [
        "/proc/self/exe",
        "/proc/sys/kernel/core_pattern",
        "/proc/sysrq-trigger",
        "/usr/bin/env",
    ] {
        expect_no(&try_to("open", file, &sandbox));
    }
    expect_no(&try_to("open", results.path().display(), &sandbox));
}

/// Tested as root, because the kernel treats it as the machine's root for files, and in a new user namespace.
#[test]
fn has_no_rights_to_undo_the_sandbox() {
    let Some(sandbox) = closed() else { return };
    let status = try_to("read", "/proc/self/status", &sandbox);
    assert!(status.contains("CapEff:\t0000000000000000"), "{status}");
    let ways = [
        "mount -o remount,rw,bind /usr",
        "mount -o remount,rw /proc",
        "mount -t proc proc /proc",
    ];
    for way in ways {
        expect_no(&try_to("run", way, &sandbox));
        let in_a_namespace = format!("unshare --user --map-root-user --mount --pid --fork {way}");
        expect_no(&try_to("run", in_a_namespace, &sandbox));
    }
}

#[test]
fn cannot_write_to_its_program_or_next_to_it() {
    let Some(sandbox) = closed() else { return };
    let folder = spy()
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .folder()
        .to_owned();
    expect_no(&try_to(
        "open",
        folder.join("libdatabaseconnection.rlib").display(),
        &sandbox,
    ));
    expect_no(&try_to(
        "create",
        folder.join("created").display(),
        &sandbox,
    ));
}

#[test]
fn fills_no_disk_and_only_limited_memory() {
    let Some(sandbox) = closed() else { return };
    for folder in ["/tmp", "/dev/shm"] {
        let tried = try_to("fill", folder, &sandbox);
        assert!(tried.contains("No space left"), "{tried}");
    }
}

#[test]
fn reaches_no_network_but_its_own() {
    let Some(sandbox) = closed() else { return };
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    expect_no(&try_to("connect", listener.local_addr().unwrap(), &sandbox));
    assert_eq!(listener.accept().unwrap_err().kind(), ErrorKind::WouldBlock);
    // An address reserved for documentation: there is no route to any network.
    let tried = try_to("connect", "192.0.2.1:80", &sandbox);
    assert!(tried.contains("unreachable"), "{tried}");
    // In the checks of task 3, MariaDB listens on the loopback.
    expect_yes(&try_to("accept", "127.0.0.1:0", &sandbox));
}

#[test]
fn reaches_no_socket_without_a_file() {
    let Some(sandbox) = closed() else { return };
    let name = fastrand::u64(..).to_string();
    let _listener =
        UnixListener::bind_addr(&SocketAddr::from_abstract_name(&name).unwrap()).unwrap();
    expect_no(&try_to("call", &name, &sandbox));
}

#[test]
fn cannot_see_signal_or_trace_processes_outside() {
    let Some(sandbox) = closed() else { return };
    let this = process::id();
    for verb in ["signal", "attach"] {
        let tried = try_to(verb, this, &sandbox);
        assert!(tried.contains("No such process"), "{tried}");
    }
    expect_no(&try_to("read", format!("/proc/{this}/cmdline"), &sandbox));
}

#[test]
fn finds_no_way_out_through_the_first_process() {
    let Some(sandbox) = closed() else { return };
    let secret = tempfile::NamedTempFile::new().unwrap();
    for way in [
        "/proc/1/root",
        "/proc/1/cwd/../../../..",
        "/proc/self/root",
        "/proc/self/cwd/../..",
    ] {
        expect_no(&try_to(
            "read",
            format!("{way}{}", secret.path().display()),
            &sandbox,
        ));
    }
}

#[test]
fn is_not_compiled_from_files_outside_of_its_folder() {
    let Some(sandbox) = closed() else { return };
    let outside = TempDir::new().unwrap();
    let file = outside.path().join("lib.rs");
    fs::write(&file, with_twist("fn twist() {}")).unwrap();
    let code = format!("#[path = {file:?}]\nmod outside;");
    let error = compile(&code, &sandbox).unwrap_err();
    assert!(error.details.contains("couldn't read"), "{}", error.details);

    let inside = TempDir::new().unwrap();
    let (link, folder) = (inside.path().join("lib.rs"), inside.path().join("src"));
    symlink(&file, &link).unwrap();
    symlink(outside.path(), &folder).unwrap();
    for root in [link, folder.join("lib.rs")] {
        let error = reference()
            .compile(&root, &["checks"], &sandbox)
            .unwrap_err();
        assert_eq!(error.whose, Whose::YourCode);
        assert!(error.message.ends_with("is a link"), "{}", error.message);
    }

    // A module in a file that is a link.
    symlink(&file, inside.path().join("module.rs")).unwrap();
    let root = inside.path().join("root.rs");
    fs::write(&root, with_twist("fn twist() {}\nmod module;")).unwrap();
    let error = reference()
        .compile(&root, &["checks"], &sandbox)
        .unwrap_err();
    assert!(
        error.details.contains("file not found"),
        "{}",
        error.details
    );
}

/// Returns the full sandbox, if this machine has bubblewrap.
fn closed() -> Option<Sandbox> {
    sandboxes()
        .into_iter()
        .find(|sandbox| matches!(sandbox, Sandbox::Full { .. }))
}

/// Returns what a submission prints when it has tried.
fn try_to(verb: &str, object: impl ToString, sandbox: &Sandbox) -> String {
    let spy = spy().lock().unwrap_or_else(PoisonError::into_inner);
    fs::write(
        spy.folder().join("orders"),
        format!("{verb} {}\n", object.to_string()),
    )
    .unwrap();
    let verdict = spy.run(checks(), CHECK, sandbox).unwrap().verdict;
    let Verdict::Crashed { output, .. } = verdict else {
        panic!("{verdict:?}")
    };
    let said = output
        .lines()
        .find_map(|line| line.strip_prefix(&format!("{verb} {}: ", object.to_string())));
    said.unwrap_or_else(|| panic!("{output}")).to_owned()
}

#[track_caller]
fn expect_no(said: &str) {
    assert!(said.starts_with("no, "), "{said}");
}

#[track_caller]
fn expect_yes(said: &str) {
    assert!(said.starts_with("yes"), "{said}");
}

#[track_caller]
fn expect_not_said(said: &str, secret: &str) {
    assert!(!said.contains(secret), "{said}");
}

/// Compiles the submission in the sandbox.
fn spy() -> &'static Mutex<Compiled> {
    static SPY_COMPILED: OnceLock<Mutex<Compiled>> = OnceLock::new();
    SPY_COMPILED.get_or_init(|| {
        let sandbox = closed().expect("looked at before");
        let folder = TempDir::new().unwrap();
        let root = folder.path().join("lib.rs");
        fs::write(&root, with_twist(SPY)).unwrap();
        let compiled = reference().compile(&root, &["checks"], &sandbox);
        Mutex::new(compiled.unwrap_or_else(|problem| panic!("{}", problem.details)))
    })
}

fn compile(more: &str, sandbox: &Sandbox) -> Result<Compiled, Problem> {
    let folder = TempDir::new().unwrap();
    let root: PathBuf = folder.path().join("lib.rs");
    fs::write(&root, with_twist(&format!("fn twist() {{}}\n{more}"))).unwrap();
    reference().compile(&root, &["checks"], sandbox)
}
