//! The names of all environment variables the program reads.

/// Where the configuration file is.
pub const CONFIG: &str = "ATLAS_OPS_CONFIG";
/// A filter for log lines.
pub const LOG: &str = "ATLAS_OPS_LOG";
/// `text` or `json`.
pub const LOG_FORMAT: &str = "ATLAS_OPS_LOG_FORMAT";
