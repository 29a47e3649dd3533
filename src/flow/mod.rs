//! Use cases: what happens when a signal comes in, what the board shows, what is offered. Each
//! stands over the store and the rules, and knows no HTTP.

pub mod agents;
pub mod answer;
pub mod board;
pub mod catalogue;
pub mod digest;
pub mod heartbeat;
pub mod incident_lists;
pub mod incident_view;
pub mod incidents;
pub mod ingest;
pub mod inventory;
pub mod lifecycle;
pub mod llm;
pub mod matching;
pub mod reconcile;
pub mod records;
pub mod report;
pub mod runbooks;
pub mod runs;
pub mod seed;
pub mod signal_list;
pub mod silence;
pub mod suggest;
pub mod tick;
