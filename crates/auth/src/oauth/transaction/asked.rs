//! What a client asked for, as it travels through the browser.

use m365_types::{ClientId, ScopeSet};
use serde::{Deserialize, Serialize};

use crate::oauth::authorize::AuthorizationRequest;
use crate::oauth::pkce::Challenge;
use crate::oauth::redirect::RedirectUri;

/// A checked request without what can be looked up again.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Asked {
    pub(crate) client: ClientId,
    pub(crate) client_name: String,
    pub(crate) redirect_uri: RedirectUri,
    pub(crate) state: Option<String>,
    pub(crate) scopes: ScopeSet,
    pub(crate) resource: String,
    pub(crate) challenge: Challenge,
    /// The digest of the client's document, where consent may be, and by then is to be, remembered for it.
    #[serde(default)]
    pub(crate) document: Option<[u8; 32]>,
}

impl Asked {
    pub(crate) fn of(request: &AuthorizationRequest) -> Self {
        let AuthorizationRequest { client, redirect_uri, state, scopes, resource, challenge } =
            request.clone();
        Self {
            document: request.rememberable(),
            client: client.id().clone(),
            client_name: client.name().to_owned(),
            redirect_uri,
            state,
            scopes,
            resource,
            challenge,
        }
    }
}
