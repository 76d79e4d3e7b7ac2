//! Results that need the client first: which client is asked in which form, and what it brings back.
//!
//! Source: MCP 2026-07-28, "Multi Round-Trip Requests"; MCP 2025-11-25, "URL Elicitation Required Errors".
//!
//! A client is asked in the form its revision has: 2026-07-28 in the result, 2025-11-25 by an error that names the
//! addresses. A client that has no form, or did not declare it, gets the result that stands for it.

use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use crate::client::{CallKey, Client};
use crate::dispatch::{Exchange, Failure, Success};
use crate::input::{Answered, Input, InputKind, InputRequest, InputRequired, RequestState, digest};
use crate::refusal::{ProtocolRefusal, Refusal};
use crate::revision::{Era, Revision};
use crate::wire::Outcome;
use crate::wire_lists::Asked;

/// Who asks, and what the request is.
pub(crate) struct Asker {
    pub(crate) client: Arc<Client>,
    /// SHA-256 of the request, to which a state is bound; none in the revisions without states.
    request: Option<[u8; 32]>,
}

/// A call that is over, or a result that asks.
pub(crate) enum Settled<T> {
    Asked(Success),
    Complete(T),
}

impl Exchange<'_> {
    /// The client behind the request, with what it brought back. A state is spent here, before anything is done with it.
    pub(crate) async fn asker(&self, params: &mut Map<String, Value>) -> Result<Asker, Failure> {
        let client = self.client(params);
        if self.revision.era() == Era::Legacy {
            return Ok(Asker { client: Arc::new(client), request: None });
        }
        let request = digest(&self.method, params);
        let responses = match params.remove("inputResponses") {
            None => None,
            Some(Value::Object(responses)) => Some(responses),
            Some(_) => return Err(ProtocolRefusal::InputResponses.into()),
        };
        let state = match params.remove("requestState") {
            None => None,
            Some(Value::String(state)) => Some(self.spend(&state, request).await?),
            Some(_) => return Err(ProtocolRefusal::RequestState.into()),
        };
        let input = (responses.is_some() || state.is_some())
            .then(|| Input { responses: responses.unwrap_or_default(), state });
        Ok(Asker { client: Arc::new(client.with_input(input)), request })
    }

    async fn spend(&self, state: &str, request: Option<[u8; 32]>) -> Result<Vec<u8>, Failure> {
        let spent = self.envelope.server.spend_state(state).await.map_err(|refusal| self.refused(refusal))?;
        let ours = spent.filter(|spent| Some(spent.request) == request);
        Ok(ours.ok_or(ProtocolRefusal::RequestState)?.state)
    }

    /// Turns a need into what this client understands.
    pub(crate) fn settle<T>(&self, asker: &Asker, answered: Answered<T>) -> Result<Settled<T>, Failure> {
        let required = match answered {
            Answered::Complete(result) => return Ok(Settled::Complete(result)),
            Answered::InputRequired(required) => *required,
        };
        let declared = asker.client.capabilities();
        let able = required.requests.iter().all(|request| request.kind.is_declared(declared));
        let is_url = |request: &InputRequest| request.kind == InputKind::ElicitUrl;
        let sends_away = !required.requests.is_empty() && required.requests.iter().all(is_url);
        match self.revision {
            _ if !able => self.otherwise(required.otherwise),
            Revision::V2026_07_28 => self.ask(asker, &required).map(Settled::Asked),
            Revision::V2025_11_25 if sends_away => {
                let name = |request| elicitation(asker.client.key(), request);
                Err(Failure::UrlElicitation(required.requests.into_iter().map(name).collect()))
            }
            _ => self.otherwise(required.otherwise),
        }
    }

    fn otherwise<T>(&self, ended: Result<T, Refusal>) -> Result<Settled<T>, Failure> {
        ended.map(Settled::Complete).map_err(|refusal| self.refused(refusal))
    }

    fn ask<T>(&self, asker: &Asker, required: &InputRequired<T>) -> Result<Success, Failure> {
        let state = required.state.as_ref().map(|state| {
            let request = asker.request.ok_or_else(|| self.refused(unsealable()))?;
            let state = RequestState { request, state: state.clone() };
            self.envelope.server.seal_state(&state).map_err(|refusal| self.refused(refusal))
        });
        let question = Asked::new(required, state.transpose()?);
        self.write(&Outcome::input_required(self.revision, self.envelope.server.info(), question))
    }
}

/// The form of 2025-11-25 gives each elicitation an id. An id of JSON-RPC is used once in its session (2025-11-25, "Base
/// Protocol"), so session, id and name together are of one elicitation only, and their digest says nothing of them.
fn elicitation(call: &CallKey, request: InputRequest) -> Value {
    let named = json!([call.session, call.id, request.name]).to_string();
    let id = BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(named));
    let mut params = request.params;
    params.insert("elicitationId".to_owned(), id.into());
    Value::Object(params)
}

fn unsealable() -> Refusal {
    Refusal::Fault { sentence: "The request has no canonical form, so it cannot be continued.".to_owned() }
}
