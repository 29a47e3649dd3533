//! What the tests of the whole program share: the real binary in a place of its own.

#![allow(dead_code, unreachable_pub)] // each test crate uses its part of it
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::must_use_candidate)] // a test that cannot go on fails

pub mod atlas;
pub mod http;
pub mod running;
