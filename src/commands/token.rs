//! `atlas-ops token create|list|revoke`

use std::process::ExitCode;

use serde_json::json;

use super::{database, output};
use crate::cli::{Token, TokenCreate, TokenList, TokenRevoke};
use crate::clock;
use crate::config::backend;
use crate::domain::text::shown;
use crate::domain::timestamp::Timestamp;
use crate::domain::token::{self, Scope, TokenInfo};
use crate::error::{Error, Exit};
use crate::store::tokens::{self, NewToken};

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// Runs what was asked for.
///
/// # Errors
/// The configuration or the database cannot be used, or there is no such token.
pub fn run(args: &Token) -> Result<ExitCode, Error> {
    match args {
        Token::Create(args) => create(args),
        Token::List(args) => list(args),
        Token::Revoke(args) => revoke(args),
    }
}

fn create(args: &TokenCreate) -> Result<ExitCode, Error> {
    if args.site.is_some() && args.scope != Scope::Ingest {
        return Err(Error::new(
            "create the token",
            "--site binds what a token may send; only scope ingest sends",
        )
        .hint("leave --site away, or use --scope ingest")
        .exit(Exit::Usage));
    }
    let config = backend::load(args.file.config.as_deref())?;
    let db = database::open(&config.database)?;
    let now = clock::now();
    let secret = clock::random()
        .map(token::from_random)
        .map_err(|error| Error::new("make a random token", error))?;
    let new = NewToken {
        hash: token::digest(&secret),
        label: args.label.clone(),
        scope: args.scope,
        site_id: args.site.clone(),
        expires_at: args
            .expires_in_days
            .map(|days| now.plus_millis(i64::from(days) * DAY_MS)),
    };
    let id = tokens::insert(&db, &new, now)
        .map_err(|error| database::failure("store the token", &config.database, &error))?;
    if args.json {
        output::json(&json!({
            "id": id, "token": secret, "scope": new.scope, "site_id": new.site_id,
            "label": new.label, "expires_at": new.expires_at,
        }));
    } else {
        output::line(&secret);
        output::note(format!(
            "Token {id} ({}). It is shown this once; revoke it with: atlas-ops token revoke {id}",
            new.scope.as_str()
        ));
    }
    Ok(ExitCode::SUCCESS)
}

fn list(args: &TokenList) -> Result<ExitCode, Error> {
    let config = backend::load(args.file.config.as_deref())?;
    let db = database::open(&config.database)?;
    let tokens = tokens::all(&db)
        .map_err(|error| database::failure("list the tokens", &config.database, &error))?;
    if args.json {
        output::json(&tokens);
    } else if tokens.is_empty() {
        output::line("No tokens. Make one with: atlas-ops token create --scope ingest");
    } else {
        let now = clock::now();
        let rows: Vec<Vec<String>> = tokens.iter().map(|token| row(token, now)).collect();
        output::table(
            &["ID", "SCOPE", "SITE", "STATE", "LAST USED", "LABEL"],
            &rows,
        );
    }
    Ok(ExitCode::SUCCESS)
}

fn row(token: &TokenInfo, now: Timestamp) -> Vec<String> {
    let state = match (token.revoked_at, token.expires_at) {
        (Some(_), _) => "revoked".to_owned(),
        (None, Some(end)) if end <= now => "expired".to_owned(),
        (None, Some(end)) => format!("until {end}"),
        (None, None) => "live".to_owned(),
    };
    vec![
        token.id.to_string(),
        token.scope.as_str().to_owned(),
        token
            .site_id
            .as_deref()
            .map_or_else(|| "any".to_owned(), shown),
        state,
        token
            .last_used_at
            .map_or_else(|| "never".to_owned(), |moment| moment.to_string()),
        shown(&token.label),
    ]
}

fn revoke(args: &TokenRevoke) -> Result<ExitCode, Error> {
    let config = backend::load(args.file.config.as_deref())?;
    let db = database::open(&config.database)?;
    let revoked = tokens::revoke(&db, args.id, clock::now())
        .map_err(|error| database::failure("revoke the token", &config.database, &error))?;
    if !revoked {
        return Err(Error::new(
            format!("revoke token {}", args.id),
            "there is no live token of this number",
        )
        .hint("see: atlas-ops token list"));
    }
    output::note(format!("Token {} opens nothing any more.", args.id));
    Ok(ExitCode::SUCCESS)
}
