//! Values and rules. No clock, no disk, no network, no randomness: what they give is handed in,
//! so that every rule here can be tested by calling it.

pub mod actor;
pub mod agent;
pub mod cidr;
pub mod context;
pub mod day;
pub mod digest;
pub mod docker_endpoint;
pub mod fields;
pub mod fingerprint;
pub mod hash;
pub mod incident;
pub mod integration;
pub mod inventory;
pub mod kind;
pub mod matching;
pub mod order;
pub mod password;
pub mod redact;
pub mod run;
pub mod runbook;
pub mod severity;
pub mod shell;
pub mod signal;
pub mod site;
pub mod size;
pub mod suggestion;
pub mod text;
pub mod ticks;
pub mod timestamp;
pub mod token;
pub mod user;
pub mod variables;
pub mod wildcard;
pub mod window;

#[cfg(test)]
pub(crate) mod example;
