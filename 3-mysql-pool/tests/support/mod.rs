//! What the checks work with: a database on a temporary server, what the server says of its connections, and a relay
//! that stands between the two.
#![allow(dead_code, unused_imports)] // no target of tests uses all of it

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
