//! The one desk at which a model is asked: one question at a time, on a thread of its own, so that
//! no model keeps a request of anybody else waiting.

use std::sync::Arc;

use actix_web::web;
use tokio::sync::{Semaphore, oneshot};

use super::error::ServerError;
use super::state::AppState;
use crate::clock;
use crate::config::llm::LlmConfig;
use crate::domain::actor::Actor;
use crate::domain::context::{Message, boundary_of};
use crate::flow::answer::{self, Prepared, Question, Said};
use crate::llm::{Client, Completion, Error};
use crate::store::StoreError;
use crate::store::model_answers::ModelAnswer;

/// A model that may be asked.
#[derive(Debug)]
pub(crate) struct Desk {
    client: Arc<Client>,
    /// One question at a time: what is left of the day's tokens is known before each.
    free: Semaphore,
}

impl Desk {
    /// None where no model is told of.
    pub(crate) fn of(config: Option<&LlmConfig>) -> Option<Self> {
        match Client::new(config?.clone()) {
            Ok(client) => Some(Self {
                client: Arc::new(client),
                free: Semaphore::new(1),
            }),
            Err(error) => {
                tracing::error!(%error, "the model cannot be asked");
                None
            }
        }
    }

    /// The model's name.
    pub(crate) fn name(&self) -> &str {
        self.client.model()
    }
}

/// An answer, and whether it was there before.
pub(crate) struct Answered {
    pub(crate) answer: ModelAnswer,
    pub(crate) cached: bool,
}

/// Asks the model about an incident, or finds what it said before. Goes on to its end when whoever
/// asked has gone: the tokens are spent.
///
/// # Errors
/// There is no model, no such incident, no answer, or no tokens left today.
pub(crate) async fn ask(
    state: &web::Data<AppState>,
    incident_id: i64,
    by: Actor,
) -> Result<Answered, ServerError> {
    let state = state.clone();
    actix_web::rt::spawn(async move { to_its_end(&state, incident_id, by).await })
        .await
        .unwrap_or(Err(ServerError::Store(StoreError::Panicked)))
}

async fn to_its_end(
    state: &AppState,
    incident_id: i64,
    by: Actor,
) -> Result<Answered, ServerError> {
    let Some(desk) = &state.model else {
        let words = "no model is set up: backend.llm in the configuration names one";
        return Err(ServerError::NotFound(words.to_owned()));
    };
    let _free = desk.free.try_acquire().map_err(|_| {
        ServerError::Overloaded("the model is being asked something else; ask again in a minute")
    })?;
    let question = match prepared(state, desk.name(), incident_id).await? {
        Prepared::Missing => {
            let words = format!("there is no incident {incident_id}");
            return Err(ServerError::NotFound(words));
        }
        Prepared::Empty => {
            let words = "the signals of this incident are gone: there is nothing to ask about";
            return Err(ServerError::Conflict(words.to_owned()));
        }
        Prepared::Known(answer) => {
            return Ok(Answered {
                answer,
                cached: true,
            });
        }
        Prepared::Ask(question) => question,
    };
    let (most, daily) = (
        Client::most_tokens(&question.messages),
        desk.client.daily_tokens(),
    );
    if question.used_today + u64::from(most) > u64::from(daily) {
        return Err(ServerError::ModelSpent(format!(
            "{} of {daily} tokens are used today (UTC) and this needs up to {most}; backend.llm.daily_tokens allows more",
            question.used_today
        )));
    }
    let completion = asked(desk.client.clone(), question.messages.clone())
        .await
        .map_err(|error| {
            tracing::warn!(%error, incident_id, "the model gave no answer");
            ServerError::Model(error)
        })?;
    let said = Said {
        model: desk.name().to_owned(),
        words: completion.text,
        tokens: completion.tokens,
    };
    let answer = kept(state, question, said, by).await?;
    Ok(Answered {
        answer,
        cached: false,
    })
}

async fn prepared(
    state: &AppState,
    model: &str,
    incident_id: i64,
) -> Result<Prepared, ServerError> {
    let boundary = clock::random()
        .map(boundary_of)
        .map_err(|_| ServerError::Store(StoreError::Panicked))?;
    let (catalogue, model, now) = (state.catalogue(), model.to_owned(), clock::now());
    let asked =
        move |db: &_| answer::prepare(db, &catalogue, (incident_id, &boundary), (&model, now));
    Ok(state.store.read(asked).await?)
}

/// Waits for the model on a thread of its own.
async fn asked(client: Arc<Client>, messages: Vec<Message>) -> Result<Completion, Error> {
    let (answer, answered) = oneshot::channel();
    let asking = std::thread::Builder::new()
        .name("model".to_owned())
        .spawn(move || answer.send(client.ask(&messages)).ok());
    match asking {
        Ok(_) => answered
            .await
            .unwrap_or_else(|_| Err(Error::Strange("asking it failed unexpectedly".to_owned()))),
        Err(error) => Err(Error::Unreachable(error.to_string())),
    }
}

async fn kept(
    state: &AppState,
    question: Question,
    said: Said,
    by: Actor,
) -> Result<ModelAnswer, ServerError> {
    let now = clock::now();
    let keep = move |db: &_| answer::keep(db, &question, &said, (&by, now));
    Ok(state.store.write(keep).await?)
}
