//! Only the user who started a temporary server, and who knows its password, can use it: tests of `shared/temp-mariadb`.

use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs, io};

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Error, Opts, OptsBuilder};
use temp_mariadb::TempServer;
use tokio::runtime::Runtime;

/// The id of Debian's user `nobody`. The account need not exist.
const NOBODY: u32 = 65534;

/// Names of accounts that often have no password.
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

/// Connects as the administrator of the temporary server.
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
    // A folder from which that user can run the program.
    let program = place.path().join("program");
    // By another process: a program cannot start while a process has it open for writing, and a child that another thread
    // starts at that moment inherits the open file.
    let copied = Command::new("cp")
        .arg(env::current_exe().unwrap())
        .arg(&program)
        .status();
    assert!(copied.unwrap().success());
    for path in [place.path(), &program] {
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let output = Command::new(program)
        .args([
            "--exact",
            "private_server::another_user_tries",
            "--ignored",
            "--nocapture",
        ])
        .env("FOLDER", server.folder())
        .env("PORT", server.port().to_string())
        .current_dir("/")
        .uid(NOBODY)
        .gid(NOBODY)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{output:?}");
    assert!(said.contains("all attempts were refused"), "{said}");
}

/// Not a test: the program that another user of the machine runs.
#[test]
#[ignore = "a program that a test starts"]
fn another_user_tries() {
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
    println!("all attempts were refused");
}
