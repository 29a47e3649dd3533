//! Use cases: what happens when a signal comes in, what the board shows, what is offered. Each
//! stands over the store and the rules, and knows no HTTP.

pub mod board;
pub mod catalogue;
pub mod heartbeat;
pub mod ingest;
pub mod lifecycle;
pub mod llm;
pub mod report;
pub mod seed;
pub mod suggest;
