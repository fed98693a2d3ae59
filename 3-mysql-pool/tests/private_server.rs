//! Nobody but the user who started it, and who knows its password, can use a private server: tests of
//! `shared/src/mariadb.rs`, here because the driver is. They do not use this task's library.
#![cfg(unix)]

use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs, io};

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Error, Opts, OptsBuilder};
use temp_mariadb::TempServer;
use tokio::runtime::Runtime;

/// Debian's `nobody`. It need not have a name.
const NOBODY: u32 = 65534;

/// Names that servers and systems give to accounts without a password.
const NAMES: [&str; 7] = [
    "",
    "root",
    "mysql",
    "mariadb.sys",
    "PUBLIC",
    "nobody",
    "temp",
];

fn run<T>(work: impl Future<Output = T>) -> T {
    Runtime::new().unwrap().block_on(work)
}

fn socket(folder: &Path) -> PathBuf {
    folder.join("server/data/socket")
}

/// Connects with the rights of the private server's own user.
async fn connect(server: &TempServer) -> Conn {
    let options =
        OptsBuilder::from_opts(Opts::from_url(&server.url()).unwrap()).prefer_socket(false);
    Conn::new(options).await.unwrap()
}

/// Connects without a password: over TCP, or over this socket.
async fn without_password(user: &str, port: u16, socket: Option<&Path>) -> Result<Conn, Error> {
    let options = OptsBuilder::default()
        .ip_or_hostname("127.0.0.1")
        .tcp_port(port)
        .user(Some(user))
        .prefer_socket(false)
        .socket(socket.map(|socket| socket.display().to_string()));
    Conn::new(options).await
}

fn is_refused(outcome: &Result<Conn, Error>) -> bool {
    // Access denied; access denied because there is no password; the account is locked.
    matches!(outcome, Err(Error::Server(error)) if [1045, 1698, 3118, 4151].contains(&error.code))
}

#[test]
fn no_account_is_without_a_password() {
    run(async {
        let server = TempServer::with(shared::schema::mysql_sample()).unwrap();
        let mut own = connect(&server).await;
        let accounts: Vec<String> = own.query("SELECT User FROM mysql.user").await.unwrap();
        assert!(accounts.contains(&"temp".to_owned()), "{accounts:?}");
        let socket = socket(server.folder());
        let names = accounts.iter().map(String::as_str).chain(NAMES);
        for name in names {
            for socket in [None, Some(&*socket)] {
                let outcome = without_password(name, server.port(), socket).await;
                assert!(
                    is_refused(&outcome),
                    "{name:?} over {socket:?}: {outcome:?}"
                );
            }
        }
    });
}

#[test]
fn statements_write_files_in_the_servers_folder_only() {
    run(async {
        let server = TempServer::with(shared::schema::mysql_sample()).unwrap();
        let elsewhere = tempfile::tempdir().unwrap();
        let mut own = connect(&server).await;
        for folder in [elsewhere.path(), &server.folder().join("server/data")] {
            let file = folder.join("x");
            let statement = format!("SELECT 'x' INTO OUTFILE '{}'", file.display());
            let error = own.query_drop(&statement).await.unwrap_err();
            // The server runs with --secure-file-priv.
            assert!(
                matches!(&error, Error::Server(error) if error.code == 1290),
                "{error}"
            );
            assert!(!file.exists());
        }
        let inside = server.folder().join("server/files/x");
        let statement = format!("SELECT 'x' INTO OUTFILE '{}'", inside.display());
        own.query_drop(&statement).await.unwrap();
        assert_eq!(fs::read_to_string(inside).unwrap(), "x\n");
    });
}

#[test]
fn another_user_of_the_machine_cannot_use_it() {
    let place = tempfile::tempdir().unwrap();
    if fs::metadata(place.path()).unwrap().uid() != 0 {
        return println!("not tried: only root can become another user");
    }
    let server = TempServer::with(shared::schema::mysql_sample()).unwrap();
    // Where that user can run it.
    let program = place.path().join("program");
    fs::copy(env::current_exe().unwrap(), &program).unwrap();
    for path in [place.path(), &program] {
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let output = Command::new(program)
        .args(["--exact", "a_stranger", "--ignored", "--nocapture"])
        .env("FOLDER", server.folder())
        .env("PORT", server.port().to_string())
        .current_dir("/")
        .uid(NOBODY)
        .gid(NOBODY)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{output:?}");
    assert!(said.contains("the stranger has tried everything"), "{said}");
}

/// Not a test: the part of another user of the machine.
#[test]
#[ignore = "a program that a test starts"]
fn a_stranger() {
    let Some(folder) = env::var_os("FOLDER").map(PathBuf::from) else {
        return;
    };
    let port = env::var("PORT").unwrap().parse().unwrap();
    let is_denied = |error: io::Error| error.kind() == io::ErrorKind::PermissionDenied;
    assert!(fs::read_dir(&folder).is_err_and(is_denied));
    for file in [
        "log",
        "server/init.sql",
        "server/data/mysql/global_priv.MAD",
    ] {
        assert!(fs::read(folder.join(file)).is_err_and(is_denied), "{file}");
    }
    run(async {
        for name in NAMES {
            let over_tcp = without_password(name, port, None).await;
            assert!(is_refused(&over_tcp), "{name:?}: {over_tcp:?}");
            let over_socket = without_password(name, port, Some(&socket(&folder))).await;
            assert!(
                matches!(over_socket, Err(Error::Io(_))),
                "{name:?}: {over_socket:?}"
            );
        }
    });
    println!("the stranger has tried everything");
}
