//! Who asks, as far as was proved: a person with a session, a token, or anybody.

use actix_web::{FromRequest, HttpMessage, HttpRequest};

use super::error::ServerError;
use crate::domain::actor::{Actor, ActorKind};
use crate::domain::token::{Scope, TokenInfo};
use crate::domain::user::Role;
use crate::flow::ingest::Sender;

/// Somebody who is logged in.
#[derive(Debug, Clone)]
pub(crate) struct Person {
    /// Number of the account.
    pub(crate) user_id: i64,
    /// Name of the account.
    pub(crate) name: String,
    /// What they may do.
    pub(crate) role: Role,
    /// SHA-256 of the session's cookie.
    pub(crate) session: [u8; 32],
    /// What a form of this session carries, see `csrf`.
    pub(crate) csrf: String,
}

/// Who it is.
#[derive(Debug, Clone)]
enum Who {
    /// No credential, where reading is open.
    Anybody,
    /// A browser session.
    Person(Box<Person>),
    /// An access token, by its label and number.
    Token(String, i64),
    /// The token that all agents may share.
    SharedToken,
}

/// Who asks. A handler has it as an argument; its route needs a scope then.
#[derive(Debug, Clone)]
pub(crate) struct Principal {
    scope: Scope,
    who: Who,
    site_id: Option<String>,
}

impl Principal {
    /// Whoever reaches the port.
    pub(crate) fn anybody() -> Self {
        Self {
            scope: Scope::Read,
            who: Who::Anybody,
            site_id: None,
        }
    }

    /// Somebody who is logged in.
    pub(crate) fn of_person(person: Person) -> Self {
        Self {
            scope: person.role.scope(),
            who: Who::Person(Box::new(person)),
            site_id: None,
        }
    }

    /// A program with a token of its own.
    pub(crate) fn of_token(token: TokenInfo) -> Self {
        Self {
            scope: token.scope,
            who: Who::Token(token.label, token.id),
            site_id: token.site_id,
        }
    }

    /// A program with the token that all may share.
    pub(crate) fn of_shared_token() -> Self {
        Self {
            scope: Scope::Ingest,
            who: Who::SharedToken,
            site_id: None,
        }
    }

    /// What they may do.
    pub(crate) fn scope(&self) -> Scope {
        self.scope
    }

    /// Whether they have shown no credential.
    pub(crate) fn is_anybody(&self) -> bool {
        matches!(self.who, Who::Anybody)
    }

    /// The person, where it is one.
    pub(crate) fn user(&self) -> Option<&Person> {
        match &self.who {
            Who::Person(person) => Some(person),
            _ => None,
        }
    }

    /// Who a change is put down to.
    pub(crate) fn actor(&self) -> Actor {
        match &self.who {
            Who::Anybody => Actor::new(ActorKind::Person, "anybody"),
            Who::Person(person) => Actor::new(ActorKind::Person, person.name.clone()),
            Who::Token(label, id) if label.trim().is_empty() => {
                Actor::new(ActorKind::Token, format!("token {id}"))
            }
            Who::Token(label, _) => Actor::new(ActorKind::Token, label.clone()),
            Who::SharedToken => Actor::new(ActorKind::Token, "shared token"),
        }
    }

    /// Who it is to the ingest flow.
    pub(crate) fn into_sender(self) -> Sender {
        Sender {
            credential: match &self.who {
                Who::Anybody => "anybody".to_owned(),
                Who::Person(person) => format!("user:{}", person.user_id),
                Who::Token(_, id) => format!("token:{id}"),
                // One credential: what was sent with the old token and comes again with the new
                // one is the same.
                Who::SharedToken => "shared".to_owned(),
            },
            site_id: self.site_id,
        }
    }
}

impl FromRequest for Principal {
    type Error = ServerError;
    type Future = std::future::Ready<Result<Self, ServerError>>;

    fn from_request(request: &HttpRequest, _: &mut actix_web::dev::Payload) -> Self::Future {
        // Put there by `auth::authorise`; a route that is open has none.
        let found = request.extensions().get::<Self>().cloned();
        std::future::ready(found.ok_or(ServerError::Unauthenticated("a credential is needed")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::timestamp::Timestamp;

    fn token(label: &str) -> Principal {
        Principal::of_token(TokenInfo {
            id: 3,
            label: label.to_owned(),
            scope: Scope::Operate,
            site_id: None,
            created_at: Timestamp::from_millis(0),
            expires_at: None,
            last_used_at: None,
            revoked_at: None,
        })
    }

    #[test]
    fn a_change_is_put_down_to_whoever_made_it() {
        let anna = Principal::of_person(Person {
            user_id: 1,
            name: "anna".to_owned(),
            role: Role::Viewer,
            session: [0; 32],
            csrf: String::new(),
        });
        let name = |principal: &Principal| {
            let actor = principal.actor();
            format!("{} {}", actor.kind.as_str(), actor.name)
        };
        assert_eq!(name(&anna), "person anna");
        assert_eq!(anna.scope(), Scope::Read);
        assert_eq!(name(&token("ci")), "token ci");
        assert_eq!(name(&token(" ")), "token token 3");
        assert_eq!(name(&Principal::of_shared_token()), "token shared token");
        assert!(Principal::anybody().is_anybody() && Principal::anybody().user().is_none());
    }
}
