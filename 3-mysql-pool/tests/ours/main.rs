//! Tests of what a student does not write: the KILL of `src/kill.rs`, TLS, and the temporary server with its logs, which is
//! tested here because its own package has no driver. A started task does not contain this folder.

#[path = "../support/mod.rs"]
mod support;

#[path = "../extras/own_server.rs"]
mod own_server;

mod kill;
#[cfg(unix)]
mod private_server;
mod server_log;
mod tls;
