//! What is on the networks of a site: hosts, their addresses, their services. [`pass`] is what an
//! agent saw in one round of discovery; what it means is judged by the server: [`tidy`] makes a
//! pass fit to be used, [`state`] is what is remembered of a network, [`judge`] takes the one into
//! the other and tells what changed. [`host`] and [`network`] are what is shown of it. [`vendor`]
//! tells who made a network card.

pub mod change;
pub mod host;
mod identity;
pub mod judge;
pub mod mac;
mod millis;
pub mod network;
pub mod pass;
pub mod product;
pub mod state;
pub mod suggestion;
pub mod tidy;
pub mod vendor;

#[cfg(test)]
pub(crate) mod example;
