//! Everything the four simulated systems share, held as `Arc<Estate>`.
//!
//! Ids are constants, so that documents and tests can name them; secrets are random per state folder. Invariant:
//! whatever must survive a restart is saved by [`Estate::save`] before the answer that reports it.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use crate::access::{AccessState, Perimeter, ServiceToken, ServiceTokens};
use crate::client_documents::Documents;
use crate::clock::Clock;
use crate::entra::EntraState;
use crate::faults::Faults;
use crate::gateway::Gateway;
use crate::graph::Tenant;
use crate::journal_feed::JournalFeed;
use crate::keys::{KeyRing, Keys, SigningKey};
use crate::microsoft_tokens::MicrosoftTokens;
use crate::people::{People, Person, TENANT_NAME};
use crate::recorder::Recorder;
use crate::state::{Saved, Secrets, StateFault, StateFile};

/// Addresses, ids and secrets of an estate.
#[derive(Clone)]
pub struct EstateConfig {
    /// Base URL of the simulated systems, without a slash at the end; also the Access team domain.
    pub sandbox_url: String,
    /// Base URL of the edge, without a slash at the end; the public URL of the server under test.
    pub edge_url: String,
    /// Entra tenant id.
    pub tenant_id: String,
    /// Verified domain of the tenant.
    pub tenant_name: String,
    /// Client id of the app registration.
    pub client_id: String,
    /// Client secret of the app registration.
    pub client_secret: String,
    /// Audience tag of the Access application.
    pub access_aud: String,
    /// Cloudflare account id.
    pub account_id: String,
    /// AI Gateway id.
    pub gateway_id: String,
    /// Id of the AI Gateway for language models.
    pub llm_gateway_id: String,
    /// AI Gateway token.
    pub gateway_token: String,
}

impl EstateConfig {
    fn new(sandbox_url: String, edge_url: String, secrets: &Secrets) -> Self {
        Self {
            sandbox_url,
            edge_url,
            tenant_id: "5b6b2a52-7c0e-4f9e-9d0a-3f1f6f0c2e11".to_owned(),
            tenant_name: TENANT_NAME.to_owned(),
            client_id: "0f7d4f3c-2f4b-4a55-8f57-6a3a0b1d9c22".to_owned(),
            client_secret: secrets.client_secret.clone(),
            access_aud: "4714c1358e65fe4b408ad6d432a5f878f08194bdb4752441fd56faefa9b2b6f2".to_owned(),
            account_id: "023e105f4ecef8ad9ca31a8372d0c353".to_owned(),
            gateway_id: "m365".to_owned(),
            llm_gateway_id: "m365-llm".to_owned(),
            gateway_token: secrets.gateway_token.clone(),
        }
    }

    /// The redirect URI registered for the app.
    #[must_use]
    pub fn redirect_uri(&self) -> String {
        format!("{}/callback", self.edge_url)
    }
}

/// The simulated estate.
pub struct Estate {
    /// Addresses, ids and secrets.
    pub config: EstateConfig,
    /// The clock of all simulated systems.
    pub clock: Clock,
    /// The people.
    pub people: People,
    /// Faults in force.
    pub faults: Faults,
    /// What the systems received.
    pub recorder: Recorder,
    /// Signing keys.
    pub keys: Keys,
    /// Microsoft access and refresh tokens.
    pub microsoft_tokens: MicrosoftTokens,
    /// Access service tokens.
    pub service_tokens: ServiceTokens,
    /// What the hosts of client metadata documents answer.
    pub client_documents: Documents,
    /// The simulated AI Gateway.
    pub gateway: Gateway,
    /// The simulated Graph.
    pub graph: Tenant,
    /// The journal of the server under test, where it can be read.
    pub journal: Option<Arc<dyn JournalFeed>>,
    pub(crate) access: AccessState,
    pub(crate) entra: EntraState,
    origin_url: RwLock<String>,
    secrets: Secrets,
    state: StateFile,
    /// One writer at a time; `true` once the estate has stopped: a thread that is still making keys must not write over
    /// the file of the next run.
    stopped: Mutex<bool>,
}

/// Where an estate listens and keeps its state.
pub struct EstatePlace<'a> {
    /// Base URL of the simulated systems.
    pub sandbox_url: String,
    /// Base URL of the edge.
    pub edge_url: String,
    /// Base URL of the server behind the edge; may be set later.
    pub origin_url: String,
    /// The state folder; `None`: keep everything in memory.
    pub state_dir: Option<&'a Path>,
    /// How Access stands before the server.
    pub perimeter: Perimeter,
}

impl Estate {
    /// Reads the state folder, or starts afresh and writes it.
    ///
    /// # Errors
    /// [`StateFault`] when the state cannot be read or written.
    pub fn open(place: EstatePlace<'_>, journal: Option<Arc<dyn JournalFeed>>) -> Result<Self, StateFault> {
        let state = StateFile::in_dir(place.state_dir)?;
        let saved = state.load()?.unwrap_or_else(first_start);
        let first_service_token = ServiceToken {
            client_id: "88bf3b6d86161464f6509f7219099e57.access".to_owned(),
            client_secret: saved.secrets.service_token_secret.clone(),
        };
        let service_tokens = std::iter::once(first_service_token).chain(saved.service_tokens).collect();
        let estate = Self {
            config: EstateConfig::new(place.sandbox_url, place.edge_url, &saved.secrets),
            clock: Clock::with_offset_ms(saved.clock_offset_ms),
            people: People::restored(saved.people),
            graph: Tenant::new(),
            faults: Faults::default(),
            recorder: Recorder::default(),
            keys: Keys::restored(&saved.keys)?,
            microsoft_tokens: MicrosoftTokens::new(&saved.secrets.token_key, saved.epochs),
            service_tokens: ServiceTokens::new(service_tokens),
            client_documents: Documents::well_known(),
            gateway: Gateway::new(),
            journal,
            access: AccessState::new(place.perimeter),
            entra: EntraState::new(saved.consents),
            origin_url: RwLock::new(place.origin_url),
            secrets: saved.secrets,
            state,
            stopped: Mutex::new(false),
        };
        estate.save()?;
        Ok(estate)
    }

    /// Writes what must survive a restart to the state folder, if there is one.
    ///
    /// # Errors
    /// [`StateFault`] when it cannot be written.
    pub fn save(&self) -> Result<(), StateFault> {
        let stopped = self.stopped.lock().unwrap_or_else(PoisonError::into_inner);
        if *stopped { Ok(()) } else { self.write() }
    }

    /// Saves for the last time; later saves write nothing.
    ///
    /// # Errors
    /// As [`Estate::save`].
    pub fn stop(&self) -> Result<(), StateFault> {
        let mut stopped = self.stopped.lock().unwrap_or_else(PoisonError::into_inner);
        *stopped = true;
        self.write()
    }

    fn write(&self) -> Result<(), StateFault> {
        let person = |person: &Arc<Person>| Person::clone(person);
        self.state.save(&Saved {
            secrets: self.secrets.clone(),
            keys: self.keys.saved(),
            people: self.people.all().iter().map(person).collect(),
            consents: self.entra.consents(),
            epochs: self.microsoft_tokens.epochs(),
            // The first one derives from the secrets.
            service_tokens: self.service_tokens.all().into_iter().skip(1).collect(),
            clock_offset_ms: self.clock.offset_ms(),
        })
    }

    /// Base URL of the server behind the edge, without a slash at the end; empty while unknown.
    #[must_use]
    pub fn origin_url(&self) -> String {
        self.origin_url.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Says where the server behind the edge is.
    pub fn set_origin_url(&self, url: &str) {
        let mut origin_url = self.origin_url.write().unwrap_or_else(PoisonError::into_inner);
        url.trim_end_matches('/').clone_into(&mut origin_url);
    }

    /// The signing key of a ring, saved before it is used for the first time.
    ///
    /// # Errors
    /// [`StateFault`] when the key cannot be made or saved.
    pub fn signing_key(&self, ring: &KeyRing) -> Result<Arc<SigningKey>, StateFault> {
        let (key, made) = ring.current()?;
        if made {
            self.save()?;
        }
        Ok(key)
    }
}

fn first_start() -> Saved {
    let person = |person: &Arc<Person>| Person::clone(person);
    Saved {
        secrets: Secrets::generate(),
        keys: crate::keys::SavedKeys::default(),
        people: People::at_first_start().all().iter().map(person).collect(),
        consents: std::collections::BTreeMap::new(),
        epochs: std::collections::BTreeMap::new(),
        service_tokens: Vec::new(),
        clock_offset_ms: 0,
    }
}
