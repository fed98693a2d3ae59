//! A private Galera cluster with HAProxy in front.
//!
//! Each node is a [`TempServer`] with its own supervisor and folder, and so is HAProxy a process with both. So everything
//! ends as a single server does.

use super::{
    Error, Options, Started, TempServer, arguments,
    error::Doing,
    folder::Folder,
    free_port,
    programs::{Program, find_on_path},
    random_password,
    supervised::{ENDED, Supervised},
};
use std::{
    collections::BTreeMap,
    fs::{self, Permissions},
    io::{self, Read, Write},
    net::Shutdown,
    os::unix::{
        fs::{MetadataExt, PermissionsExt, chown},
        net::UnixStream,
    },
    path::Path,
    thread,
    time::{Duration, Instant},
};

/// The folder in the configuration files that stands for the private folder.
const HOME: &str = "/srv/galera";

/// The first digits of each port in the configuration files. A port has five.
const PORTS: &str = "330";

/// The number of times that a cluster is formed, because another process may take one of its ports.
const ATTEMPTS: usize = 3;

/// The user that runs the nodes of root: a state transfer by rsync fails as root, because rsync's daemon gives up root's
/// rights and then cannot write into the folder of a node.
const NOBODY: u32 = 65534;

/// The time limit for nodes to be in the state that a caller waits for.
const LIMIT: Duration = Duration::from_secs(60);

/// What a cluster needs besides the server: a program on the PATH, or a file, and the Debian package that contains it.
const NEEDED: [(&str, &str); 5] = [
    ("haproxy", "haproxy"),
    ("rsync", "rsync"),
    ("wsrep_sst_rsync", "mariadb-server"),
    ("my_print_defaults", "mariadb-client-core"),
    ("/usr/lib/galera/libgalera_smm.so", "galera-4"),
];

/// A Galera cluster and HAProxy, which run as long as this value exists.
///
/// Dropping it ends all processes and removes their folders, and waits until they are gone. The same happens when the
/// program ends in another way.
#[derive(Debug)]
#[must_use = "the cluster ends when this value is dropped"]
pub struct TempCluster {
    balancer: Supervised,
    port: u16,
    nodes: Vec<TempServer>,
}

impl TempCluster {
    /// Returns the Debian packages that a cluster needs and that are not installed; none if a cluster can be started.
    pub fn missing_packages() -> Vec<&'static str> {
        let missing = NEEDED
            .iter()
            .filter(|(name, _)| find_on_path(&[name]).is_none());
        missing.map(|(_, package)| *package).collect()
    }

    /// Starts a cluster from the files `node1.cnf`, `node2.cnf`, … and `haproxy.cfg` of a folder, and returns when HAProxy
    /// sees every node, which takes about ten seconds. Blocks the thread.
    ///
    /// Each number of five digits in these files that starts with 330 is a port on 127.0.0.1, and is replaced by one that is
    /// free. The first one after `bind` is HAProxy's. The path `/srv/galera` is replaced by a private folder. HAProxy's servers
    /// must have the names `node1`, `node2`, … and it may log in as the user `haproxy`, without a password.
    ///
    /// The first node runs these statements before the others join; see [`Options::run`].
    ///
    /// # Errors
    ///
    /// When a file cannot be read, when a program is missing, and when a node ends or is not ready within a minute. Nothing
    /// is left behind.
    pub fn start(
        configuration: &Path,
        statements: impl IntoIterator<Item = String>,
    ) -> Result<TempCluster, Error> {
        let mut all = vec!["CREATE USER haproxy@127.0.0.1".to_owned()];
        all.extend(statements);
        let mut attempt = 1;
        loop {
            match TempCluster::form(configuration, &all) {
                Err(Error::Ended { log, .. })
                    if attempt < ATTEMPTS && log.contains("Address already in use") =>
                {
                    attempt += 1;
                }
                formed => return formed,
            }
        }
    }

    fn form(configuration: &Path, statements: &[String]) -> Result<TempCluster, Error> {
        let doing = "read the configuration of the cluster";
        let read = |name: &str| fs::read_to_string(configuration.join(name)).doing(doing);
        let mut ports = Ports::default();
        let balancer = read("haproxy.cfg")?;
        let mut files = Vec::new();
        while configuration
            .join(format!("node{}.cnf", files.len() + 1))
            .exists()
        {
            files.push(read(&format!("node{}.cnf", files.len() + 1))?);
        }
        let files: Vec<String> = files
            .iter()
            .map(|file| ports.replace(file))
            .collect::<Result<_, _>>()?;
        let balancer = ports.replace(&balancer)?;
        let port = after(&balancer, "bind 127.0.0.1:").ok_or_else(|| bad("bind 127.0.0.1:"))?;

        let nodes = start_nodes(&files, statements)?;
        let mut cluster = TempCluster {
            balancer: start_balancer(&balancer)?,
            port,
            nodes,
        };
        cluster.wait_until("every node is up", |states| {
            states.values().all(|state| state.starts_with("UP"))
        })?;
        Ok(cluster)
    }

    /// Returns the cluster's address through HAProxy: `mysql://user:password@127.0.0.1:port/database`.
    pub fn url(&self) -> String {
        let (node, own) = (&self.nodes[0], format!(":{}/", self.port));
        node.url().replace(&format!(":{}/", node.port()), &own)
    }

    /// Returns the nodes. Each has its own [`url`](TempServer::url).
    pub fn nodes(&self) -> &[TempServer] {
        &self.nodes
    }

    /// Returns a node, to kill, restart, freeze or thaw it. The first one is 0.
    ///
    /// # Panics
    ///
    /// When there is no such node.
    pub fn node(&mut self, number: usize) -> &mut TempServer {
        &mut self.nodes[number]
    }

    /// Starts a node again after [`kill`](TempServer::kill), as Debian's service does: from the position that its data has
    /// reached, so that the others send only what it has missed. Before that, wait until the others have excluded it.
    ///
    /// # Errors
    ///
    /// See [`TempServer::restart`].
    pub fn restart(&mut self, number: usize) -> Result<(), Error> {
        let node = &mut self.nodes[number];
        let position = node.position()?;
        node.arguments
            .push(format!("--wsrep-start-position={position}"));
        let restarted = node.restart();
        node.arguments.pop();
        restarted
    }

    /// Returns what HAProxy says about each node, by name, such as `UP`, `UP 1/3`, `DOWN`, `DRAIN` or `MAINT`.
    ///
    /// # Errors
    ///
    /// When HAProxy does not answer.
    pub fn states(&mut self) -> Result<BTreeMap<String, String>, Error> {
        let table = self.tell("show stat")?;
        Ok(table
            .lines()
            .filter_map(|line| {
                let cells: Vec<&str> = line.split(',').collect();
                let (name, state) = (cells.get(1)?, cells.get(17)?);
                name.starts_with("node")
                    .then(|| (name.to_string(), state.to_string()))
            })
            .collect())
    }

    /// Waits until HAProxy's states of the nodes are as wanted; see [`states`](TempCluster::states). Blocks the thread.
    ///
    /// # Errors
    ///
    /// When this takes more than a minute.
    pub fn wait_until(
        &mut self,
        what: &str,
        mut wanted: impl FnMut(&BTreeMap<String, String>) -> bool,
    ) -> Result<(), Error> {
        let begun = Instant::now();
        loop {
            let states = self.states()?;
            if !states.is_empty() && wanted(&states) {
                return Ok(());
            }
            if begun.elapsed() > LIMIT {
                let log = format!("HAProxy was to say that {what}, but says: {states:?}");
                return Err(Error::TooSlow { waited: LIMIT, log });
            }
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Sends HAProxy a command, such as `set server galera/node1 state drain`, and returns its answer.
    ///
    /// # Errors
    ///
    /// When HAProxy does not answer.
    pub fn tell(&mut self, command: &str) -> Result<String, Error> {
        let socket = self.balancer.folder().join("server/haproxy.sock");
        let begun = Instant::now();
        let answer = loop {
            let answer = UnixStream::connect(&socket).and_then(|mut stream| {
                writeln!(stream, "{command}")?;
                stream.shutdown(Shutdown::Write)?;
                let mut answer = String::new();
                stream.read_to_string(&mut answer)?;
                Ok(answer)
            });
            // The socket appears a moment after HAProxy has started.
            match answer {
                Err(_) if begun.elapsed() < Duration::from_secs(10) => {
                    if fs::exists(self.balancer.folder().join("server/ended")).unwrap_or(true) {
                        return Err(self.balancer.ended("start HAProxy"));
                    }
                    thread::sleep(Duration::from_millis(5));
                }
                answer => break answer,
            }
        };
        answer.doing("speak to HAProxy")
    }
}

impl TempServer {
    /// Stops the server's process with SIGSTOP, for tests: its connections stay open, and nothing answers.
    ///
    /// # Errors
    ///
    /// When the supervisor is gone.
    pub fn freeze(&mut self) -> Result<(), Error> {
        self.signal("STOP", "freeze the server")
    }

    /// Lets the server go on after [`freeze`](TempServer::freeze).
    ///
    /// # Errors
    ///
    /// When the supervisor is gone.
    pub fn thaw(&mut self) -> Result<(), Error> {
        self.signal("CONT", "let the server go on")
    }

    /// Lets the server end in an orderly way, which keeps its position in a file.
    fn stop(&mut self) -> Result<(), Error> {
        let doing = "stop a node";
        self.signal("TERM", doing)?;
        self.process.wait_for(doing, &[ENDED])?;
        self.process.kill(doing)
    }

    /// Returns the last write of the cluster that the data of a dead node contains.
    fn position(&mut self) -> Result<String, Error> {
        let doing = "find the position of a node";
        let begin = self.process.read;
        self.run_to_its_end(doing, "/dev/null", &["--wsrep-recover"])?;
        let log = fs::read(self.folder().join("log")).doing(doing)?;
        let log = String::from_utf8_lossy(&log[begin.min(log.len())..]);
        let position = log
            .split_once("WSREP: Recovered position: ")
            .and_then(|(_, rest)| rest.lines().next());
        position
            .map(String::from)
            .ok_or_else(|| self.process.ended(doing))
    }

    fn signal(&mut self, signal: &str, doing: &'static str) -> Result<(), Error> {
        let order = self.process.order("signal", &[signal.to_owned()]);
        order.doing(doing)?;
        self.process
            .wait_for(doing, &["supervisor: sent the signal\n"])
            .map(drop)
    }
}

/// Starts the nodes. The first one runs the statements, and stops. All begin with a copy of its data, because that takes less
/// time than to let it send its data to the others, one after the other.
fn start_nodes(files: &[String], statements: &[String]) -> Result<Vec<TempServer>, Error> {
    let doing = "prepare a node of the cluster";
    let program = Program::find()?;
    let password = random_password()?;
    let mut nodes = files
        .iter()
        .map(|file| new_node(file, &program, &password))
        .collect::<Result<Vec<_>, _>>()?;
    let (first, others) = nodes.split_first_mut().ok_or_else(|| bad("node1.cnf"))?;
    first.create_tables(&program, statements)?;
    own(first)?;
    first.arguments.push("--wsrep-new-cluster".into());
    start_node(first, true)?;
    first.stop()?;
    for node in &mut *others {
        let data = |node: &TempServer| node.folder().join("server/data");
        copy(&data(first), &data(node)).doing(doing)?;
        own(node)?;
    }
    start_node(first, false)?;
    first.arguments.pop();
    let started: Vec<_> = thread::scope(|scope| {
        let starting: Vec<_> = others
            .iter_mut()
            .map(|node| scope.spawn(|| start_node(node, false)))
            .collect();
        starting.into_iter().map(|one| one.join()).collect()
    });
    for one in started {
        one.expect("starting a node does not panic")?;
    }
    Ok(nodes)
}

/// Prepares a node that has no data yet.
fn new_node(configuration: &str, program: &Program, password: &str) -> Result<TempServer, Error> {
    let doing = "prepare a node of the cluster";
    let folder = Folder::create()?;
    let server = folder.path.join("server");
    let mut arguments = arguments(&folder, program, &Options::default());
    arguments[0] = format!("--defaults-file={}/node.cnf", server.display());
    arguments.push(format!("--tmpdir={}/tmp", server.display()));
    let node = TempServer {
        arguments,
        process: Supervised::start(folder)?,
        program: program.path.clone(),
        port: after(configuration, "\nport = ").ok_or_else(|| bad("port = "))?,
        password: password.to_owned(),
        recorded: false,
    };
    let configuration = configuration.replace(HOME, &server.display().to_string());
    fs::write(server.join("node.cnf"), configuration).doing(doing)?;
    node.create_folders()?;
    fs::create_dir(server.join("tmp")).doing(doing)?;
    Ok(node)
}

/// Gives what a node must write to the user who will run it.
fn own(node: &mut TempServer) -> Result<(), Error> {
    let doing = "prepare a node of the cluster";
    let home = node.folder().to_owned();
    if fs::metadata(&home).doing(doing)?.uid() != 0 {
        return Ok(());
    }
    // The folder can be entered, but what is in it belongs to the node alone.
    fs::set_permissions(&home, Permissions::from_mode(0o711)).doing(doing)?;
    for name in ["data", "files", "tmp", "init.sql"] {
        let path = home.join("server").join(name);
        if path.exists() {
            give_to_nobody(&path).doing(doing)?;
        }
    }
    // Not beside `--user=root`: the server takes the first of two.
    node.arguments.retain(|argument| argument != "--user=root");
    node.arguments.push("--user=nobody".into());
    Ok(())
}

fn start_node(node: &mut TempServer, first_time: bool) -> Result<(), Error> {
    match node.start_server(first_time)? {
        Started::Ready => Ok(()),
        Started::PortTaken => Err(node.process.ended("start a node: Address already in use")),
    }
}

/// Copies a node's data, but neither its cache of writes, which is large, nor its view of the cluster.
fn copy(from: &Path, to: &Path) -> io::Result<()> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let name = entry.file_name();
        if name == "galera.cache" || name == "gvwstate.dat" {
            continue;
        }
        let to = to.join(name);
        if entry.file_type()?.is_dir() {
            fs::create_dir(&to)?;
            copy(&entry.path(), &to)?;
        } else {
            fs::copy(entry.path(), &to)?;
        }
    }
    Ok(())
}

/// Gives a file, or a folder with all that is in it, to the user `nobody`, who alone may enter it.
fn give_to_nobody(path: &Path) -> io::Result<()> {
    chown(path, Some(NOBODY), Some(NOBODY))?;
    if !path.is_dir() {
        return Ok(());
    }
    fs::set_permissions(path, Permissions::from_mode(0o700))?;
    fs::read_dir(path)?.try_for_each(|entry| give_to_nobody(&entry?.path()))
}

fn start_balancer(configuration: &str) -> Result<Supervised, Error> {
    let doing = "start HAProxy";
    let mut process = Supervised::start(Folder::create()?)?;
    let server = process.folder().join("server");
    let configuration = configuration.replace(HOME, &server.display().to_string());
    fs::write(server.join("haproxy.cfg"), configuration).doing(doing)?;
    let program = find_on_path(&["haproxy"]).ok_or(Error::NotInstalled)?;
    let program = program.display().to_string();
    let words = [&program, "-db", "-f", "haproxy.cfg"].map(String::from);
    process.order("start", &words).doing(doing)?;
    Ok(process)
}

/// The free port that stands for each port of the files.
#[derive(Default)]
struct Ports(BTreeMap<String, u16>);

impl Ports {
    fn replace(&mut self, file: &str) -> Result<String, Error> {
        let mut replaced = String::new();
        let mut rest = file;
        while let Some(start) = rest.find(|one: char| one.is_ascii_digit()) {
            let digits = &rest[start..];
            let end = digits
                .find(|one: char| !one.is_ascii_digit())
                .unwrap_or(digits.len());
            let number = &digits[..end];
            replaced += &rest[..start];
            let is_word = !rest[..start].ends_with(|one: char| one.is_alphanumeric())
                && !digits[end..].starts_with(|one: char| one.is_alphanumeric());
            if is_word && number.len() == 5 && number.starts_with(PORTS) {
                if !self.0.contains_key(number) {
                    let port = free_port().doing("find a free port")?;
                    self.0.insert(number.to_owned(), port);
                }
                replaced += &self.0[number].to_string();
            } else {
                replaced += number;
            }
            rest = &digits[end..];
        }
        Ok(replaced + rest)
    }
}

/// Returns the port that stands after these words.
fn after(file: &str, words: &str) -> Option<u16> {
    let (_, rest) = file.split_once(words)?;
    let digits = rest.split(|one: char| !one.is_ascii_digit()).next()?;
    digits.parse().ok()
}

fn bad(what: &str) -> Error {
    Error::Io {
        doing: "read the configuration of the cluster",
        source: io::Error::other(format!("it has no line with `{what}`")),
    }
}
