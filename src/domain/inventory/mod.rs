//! What is on the networks of a site: hosts, their addresses, their services. [`pass`] is what an
//! agent saw in one round of discovery; what it means is judged by the server. [`vendor`] tells who
//! made a network card.

pub mod pass;
pub mod vendor;
