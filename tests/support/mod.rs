//! The one harness of the tests.
#![allow(dead_code, unreachable_pub)] // every test file uses its own part of it
#![allow(clippy::unwrap_used)] // a test that cannot go on fails

pub mod agent;
pub mod server;
