//! The agent.

pub mod checks;
pub mod inert;
pub mod spool;
pub mod state;
