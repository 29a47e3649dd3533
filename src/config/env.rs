//! The names of all environment variables the program reads, and a snapshot of them.

use std::collections::BTreeMap;

/// Every name of ours starts with this.
pub const PREFIX: &str = "ATLAS_OPS_";
/// `NAME` + this holds the path of a file with the value, for secrets.
pub const FILE_SUFFIX: &str = "_FILE";

/// Where the configuration file is.
pub const CONFIG: &str = "ATLAS_OPS_CONFIG";
/// A filter for log lines.
pub const LOG: &str = "ATLAS_OPS_LOG";
/// `text` or `json`.
pub const LOG_FORMAT: &str = "ATLAS_OPS_LOG_FORMAT";

/// `backend.host`
pub const HOST: &str = "ATLAS_OPS_HOST";
/// `backend.port`
pub const PORT: &str = "ATLAS_OPS_PORT";
/// `backend.db_url`
pub const DB_URL: &str = "ATLAS_OPS_DB_URL";
/// `backend.shared_token`
pub const SHARED_TOKEN: &str = "ATLAS_OPS_SHARED_TOKEN";
/// `backend.allowed_origins`
pub const ALLOWED_ORIGINS: &str = "ATLAS_OPS_ALLOWED_ORIGINS";
/// `backend.load_demo`
pub const LOAD_DEMO: &str = "ATLAS_OPS_LOAD_DEMO";
/// `backend.base_path`
pub const BASE_PATH: &str = "ATLAS_OPS_BASE_PATH";
/// `backend.auth`
pub const AUTH: &str = "ATLAS_OPS_AUTH";
/// `backend.dashboard_password`
pub const DASHBOARD_PASSWORD: &str = "ATLAS_OPS_DASHBOARD_PASSWORD";
/// `backend.trusted_proxies`
pub const TRUSTED_PROXIES: &str = "ATLAS_OPS_TRUSTED_PROXIES";
/// `backend.public_url`
pub const PUBLIC_URL: &str = "ATLAS_OPS_PUBLIC_URL";
/// `backend.timezone`
pub const TIMEZONE: &str = "ATLAS_OPS_TIMEZONE";

/// `agent.backend_url`
pub const BACKEND_URL: &str = "ATLAS_OPS_BACKEND_URL";
/// `agent.site_id`
pub const SITE_ID: &str = "ATLAS_OPS_SITE_ID";
/// `agent.token`
pub const TOKEN: &str = "ATLAS_OPS_TOKEN";
/// `agent.interval_seconds`
pub const INTERVAL_SECONDS: &str = "ATLAS_OPS_INTERVAL_SECONDS";

/// All of the above, for the warning about a name that is none of them.
const KNOWN: [&str; 19] = [
    CONFIG,
    LOG,
    LOG_FORMAT,
    HOST,
    PORT,
    DB_URL,
    SHARED_TOKEN,
    ALLOWED_ORIGINS,
    LOAD_DEMO,
    BASE_PATH,
    AUTH,
    DASHBOARD_PASSWORD,
    TRUSTED_PROXIES,
    PUBLIC_URL,
    TIMEZONE,
    BACKEND_URL,
    SITE_ID,
    TOKEN,
    INTERVAL_SECONDS,
];

/// Those whose value may come from a file instead.
const SECRETS: [&str; 3] = [SHARED_TOKEN, DASHBOARD_PASSWORD, TOKEN];

/// A snapshot of the environment, so that reading the configuration is a function of its input.
#[derive(Debug, Clone, Default)]
pub struct Environment {
    variables: BTreeMap<String, String>,
}

impl Environment {
    /// The process's own. Values that are no UTF-8 are passed over.
    pub fn of_process() -> Self {
        Self {
            variables: std::env::vars_os()
                .filter_map(|(name, value)| {
                    Some((name.into_string().ok()?, value.into_string().ok()?))
                })
                .collect(),
        }
    }

    /// A made-up one.
    pub fn of(variables: &[(&str, &str)]) -> Self {
        Self {
            variables: variables
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
        }
    }

    /// A variable's value; an empty one counts as not set, as in most programs made for
    /// containers, where `NAME=` in an env file means "nothing".
    pub fn get(&self, name: &str) -> Option<&str> {
        self.variables
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }

    /// One sentence for each variable that bears our prefix and that nothing reads.
    pub fn warnings(&self) -> Vec<String> {
        let known: Vec<String> = KNOWN
            .iter()
            .map(|name| (*name).to_owned())
            .chain(SECRETS.iter().map(|name| format!("{name}{FILE_SUFFIX}")))
            .collect();
        self.variables
            .keys()
            .filter(|name| name.starts_with(PREFIX) && !known.contains(name))
            .map(|name| {
                let nearest = super::nearest(name, known.iter().map(String::as_str));
                match nearest {
                    Some(nearest) => format!(
                        "the environment variable {name} is not one of ours; did you mean {nearest}?"
                    ),
                    None => format!("the environment variable {name} is not one of ours"),
                }
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_variable_is_named_with_the_nearest_one() {
        let warnings = Environment::of(&[
            ("ATLAS_OPS_PROT", "1"),
            ("ATLAS_OPS_TOKEN_FILE", "x"),
            ("HOME", "/"),
        ])
        .warnings();
        assert_eq!(
            warnings,
            [
                "the environment variable ATLAS_OPS_PROT is not one of ours; did you mean ATLAS_OPS_PORT?"
            ]
        );
    }
}
