//! Configuration: defaults < file < environment < flags.

pub mod agent;
pub mod env;
pub mod secret;
