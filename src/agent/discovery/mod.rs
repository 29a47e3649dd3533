//! Discovery: what is on the networks around this host.

pub mod formats;
