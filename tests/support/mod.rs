//! The one harness of the tests: the real binary in a place of its own, and what agents meet.

#![allow(dead_code, unreachable_pub)] // every test file uses its own part of it
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::must_use_candidate)] // a test that cannot go on fails

pub mod agent;
#[cfg(target_os = "linux")]
pub mod ahead;
pub mod atlas;
pub mod engine;
pub mod host;
pub mod http;
pub mod incident_pages;
pub mod install;
pub mod inventory;
#[cfg(target_os = "linux")]
pub mod lan;
pub mod mcp;
pub mod model;
pub mod network;
pub mod people;
pub mod proxy;
pub mod running;
pub mod schema;
pub mod server;
pub mod tls;
pub mod watch;
pub mod wire;
