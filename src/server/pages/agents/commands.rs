//! What a new token is used with: commands with everything filled in, to be copied as they are.

use serde_json::json;

use crate::domain::shell::{quote, quote_powershell};
use crate::domain::token::Scope;

/// The site of commands for a token that is bound to none.
const SITE: &str = "site-homelab";

/// A command and when it is the one.
pub(super) struct Command {
    pub(super) when: &'static str,
    pub(super) text: String,
}

/// Commands for a token of this scope, `server` being our address.
pub(super) fn commands(
    scope: Scope,
    site: Option<&str>,
    secret: &str,
    server: &str,
) -> Vec<Command> {
    let header = quote(&format!("Authorization: Bearer {secret}"));
    let ask = |path: &str| {
        format!(
            "curl {} \\\n  -H {header}",
            quote(&format!("{server}{path}"))
        )
    };
    if !scope.grants(Scope::Ingest) {
        return vec![Command {
            when: "What is open, as JSON",
            text: ask("/api/incidents?state=open"),
        }];
    }
    let site = site.unwrap_or(SITE);
    let signal = json!({"site_id": site, "kind": "disk_full", "severity": "warning",
        "summary": "nas:/tank at 97 %", "detail": {"host": "nas", "mount": "/tank"}});
    vec![
        Command {
            when: "Watch a Linux host: copy the program there, then as root",
            text: format!(
                "printf '%s\\n' {} | ./atlas-ops install agent --yes \\\n  --backend-url {} --site-id {} --token-file -",
                quote(secret),
                quote(server),
                quote(site)
            ),
        },
        Command {
            when: "Watch a Windows host: copy the program there, then in an administrator's PowerShell",
            text: format!(
                "{} | .\\atlas-ops.exe install agent --yes --backend-url {} --site-id {} --token-file -",
                quote_powershell(secret),
                quote_powershell(server),
                quote_powershell(site)
            ),
        },
        Command {
            when: "Send a signal from a script",
            text: format!(
                "{} -H 'Content-Type: application/json' \\\n  -d {}",
                ask("/api/signals"),
                quote(&signal.to_string())
            ),
        },
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_site_cannot_leave_its_quotes() {
        let texts: Vec<String> = commands(Scope::Ingest, Some("a'; b"), "atl_1", "http://h:1")
            .into_iter()
            .map(|command| command.text)
            .collect();
        assert!(texts[0].contains(r"--site-id 'a'\''; b' "), "{}", texts[0]);
        assert!(texts[1].contains("--site-id 'a''; b' "), "{}", texts[1]);
        assert!(texts[2].contains(r#""site_id":"a'\''; b""#), "{}", texts[2]);
        assert!(texts.iter().all(|text| text.contains("atl_1")));
    }

    #[test]
    fn a_token_that_may_not_send_is_offered_nothing_to_send() {
        let offered = commands(Scope::Read, None, "atl_1", "http://h:1");
        assert_eq!(offered.len(), 1);
        assert_eq!(
            offered[0].text,
            "curl 'http://h:1/api/incidents?state=open' \\\n  -H 'Authorization: Bearer atl_1'"
        );
    }
}
