//! The JSON API: one file a resource. A handler reads the request, calls one flow or table
//! function, and answers.

pub(crate) mod agents;
pub(crate) mod batch;
pub(crate) mod digest;
pub(crate) mod health;
pub(crate) mod hosts;
pub(crate) mod incidents;
pub(crate) mod integration_suggestions;
pub(crate) mod integrations;
pub(crate) mod llm;
pub(crate) mod networks;
pub(crate) mod runbooks;
pub(crate) mod runs;
pub(crate) mod signals;
pub(crate) mod sites;
pub(crate) mod suggestions;
