//! The agent: looks at this host and judges what it saw.

pub mod checks;
pub mod inert;
pub mod spool;
pub mod state;
pub mod sys;
