//! Helpers of the checks: a database on a temporary server, the connections that the server shows, and a relay between
//! client and server.
#![allow(dead_code, unused_imports)] // no test target uses all of them

mod expect;
mod log;
mod relay;
mod server;

pub use expect::{
    Failure, expect, expect_copies, expect_error, expect_ok, expect_people, expect_word,
};
pub use relay::Relay;
pub use server::{
    Process, SERVER, Server, check, check_alone, check_on_a_thread, outside, runtime, shared_url,
};
