//! What front and cells share: configuration turned into the rooms' objects, over the host's ports.

use std::sync::Arc;

use m365_auth::context::Contexts;
use m365_auth::entra::client::{EntraClient, EntraSettings};
use m365_auth::oauth::client::{ClientLives, ClientPorts, Clients};
use m365_auth::oauth::handle::Handles;
use m365_auth::oauth::metadata::ServerMetadata;
use m365_auth::oauth::redirect::{RedirectPolicy, WELL_KNOWN_REDIRECTS};
use m365_auth::oauth::store::Lifetimes;
use m365_auth::oauth::transaction::Transactions;
use m365_auth::perimeter::{AccessSettings, Perimeter};
use m365_egress::{
    AccessRoute, DestinationError, Destinations, Door, EntraRoute, GatewayAccess, GatewayRoute, Loopback,
};
use m365_ports::{
    Background, ClientRegistry, Clock, Directory, Entropy, EntropyExt as _, Outbound, Timer, Upstream,
};
use m365_seal::{CellKind, cell_id};
use m365_types::{AccessSubject, CellId, RequestId, ScopeSet};
use sha2::{Digest as _, Sha256};

use crate::config::{Config, ConfigError, Mode};

/// Everything a host supplies.
#[derive(Clone)]
pub struct HostPorts {
    /// Work that outlives its request.
    pub background: Arc<dyn Background>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// What is unique across people.
    pub directory: Arc<dyn Directory>,
    /// Randomness.
    pub entropy: Arc<dyn Entropy>,
    /// Raw outbound HTTP; reached only through egress.
    pub outbound: Arc<dyn Outbound>,
    /// Registered clients.
    pub registry: Arc<dyn ClientRegistry>,
    /// Waiting.
    pub timer: Arc<dyn Timer>,
}

/// The composed rooms.
pub struct Core {
    pub(crate) config: Config,
    pub(crate) ports: HostPorts,
    pub(crate) server: ServerMetadata,
    pub(crate) perimeter: Perimeter,
    pub(crate) contexts: Contexts,
    pub(crate) handles: Handles,
    pub(crate) clients: Clients,
    pub(crate) transactions: Transactions,
    pub(crate) entra: Arc<EntraClient>,
    pub(crate) upstream: Arc<dyn Upstream>,
    pub(crate) lifetimes: Lifetimes,
    /// SHA-256 of the rules in force, lower-case hex.
    pub(crate) policy: String,
}

impl std::fmt::Debug for Core {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Core(…)")
    }
}

impl Core {
    /// Builds the rooms. Touches nothing outside.
    ///
    /// # Errors
    /// A [`ConfigError`] where base URLs do not make a destination table.
    pub fn new(config: Config, ports: HostPorts) -> Result<Arc<Self>, ConfigError> {
        let issuer = config.issuer().to_owned();
        let scopes: ScopeSet = m365_graph::catalog()
            .iter()
            .filter(|action| m365_policy::visible(&action.spec, config.profile))
            .flat_map(|action| action.spec.scopes.iter().copied())
            .collect();
        let door = Door::new(ports.outbound.clone(), destinations(&config)?);
        let team = config.access.team_domain.as_str().trim_end_matches('/').to_owned();
        let access = AccessSettings {
            keys_url: format!("{team}/cdn-cgi/access/certs")
                .parse()
                .map_err(|_| not_a_url("ACCESS_TEAM_DOMAIN"))?,
            issuer: team,
            audience: config.access.audience.clone(),
        };
        let entra = EntraSettings {
            base: config.entra.base_url.as_str().trim_end_matches('/').to_owned(),
            tenant: config.entra.tenant,
            client_id: config.entra.client_id.clone(),
            client_secret: config.entra.client_secret.clone(),
            redirect_uri: format!("{issuer}/callback"),
        };
        let entra = EntraClient::new(entra, door.entra(), ports.clock.clone(), ports.entropy.clone())
            .map_err(|_| not_a_url("ENTRA_BASE_URL"))?;
        let gateway =
            GatewayAccess { token: Some(config.gateway.token.clone()), transport: config.gateway.transport };
        let clients = ClientPorts {
            registry: ports.registry.clone(),
            directory: ports.directory.clone(),
            clock: ports.clock.clone(),
            entropy: ports.entropy.clone(),
        };
        let redirects = RedirectPolicy::parse(WELL_KNOWN_REDIRECTS).map_err(|_| not_a_url("PUBLIC_URL"))?;
        Ok(Arc::new(Self {
            perimeter: Perimeter::new(access, door.access(), ports.clock.clone()),
            contexts: Contexts::new(&config.keys, ports.clock.clone(), ports.entropy.clone()),
            handles: Handles::new(&config.keys),
            clients: Clients::new(clients, redirects, ClientLives::default()),
            transactions: Transactions::new(
                &config.keys,
                issuer.clone(),
                ports.clock.clone(),
                ports.entropy.clone(),
            ),
            entra: Arc::new(entra),
            upstream: door.gateway(gateway, ports.entropy.clone()).map_err(misfit)?,
            lifetimes: Lifetimes { reauth: config.access.reauth, ..Lifetimes::default() },
            policy: hex(&Sha256::digest(m365_policy::policy_text())),
            server: ServerMetadata { public_url: issuer, scopes },
            config,
            ports,
        }))
    }

    /// A fresh `requestId`.
    pub(crate) fn new_request(&self) -> RequestId {
        RequestId::from_random(self.ports.entropy.bytes())
    }

    /// The cell of a person of this Access team.
    pub(crate) fn cell_of(&self, subject: &AccessSubject) -> CellId {
        // The host alone: a person's cell must not depend on how the team domain is written.
        let team = self.config.access.team_domain.host_str().unwrap_or_default();
        cell_id(team, CellKind::User, subject)
    }

    /// The page where a person links Microsoft.
    pub(crate) fn connect_url(&self) -> String {
        format!("{}/connect", self.config.issuer())
    }
}

fn destinations(config: &Config) -> Result<Destinations, ConfigError> {
    let gateway = GatewayRoute {
        base_url: config.gateway.base_url.clone(),
        account_id: config.gateway.account_id.clone(),
        gateway_id: config.gateway.gateway_id.clone(),
        api_version: config.gateway.graph_version,
    };
    let entra = EntraRoute { base_url: config.entra.base_url.clone(), tenant: config.entra.tenant };
    let access = AccessRoute { team_domain: config.access.team_domain.clone() };
    let loopback = match config.mode {
        Mode::Production => Loopback::Refused,
        Mode::Development => Loopback::Development,
    };
    Destinations::new(&gateway, &entra, &access, loopback).map_err(misfit)
}

fn misfit(error: DestinationError) -> ConfigError {
    let name = match error {
        DestinationError::Extra(name)
        | DestinationError::Host(name)
        | DestinationError::Loopback(name)
        | DestinationError::Scheme(name)
        | DestinationError::Segment(name) => name,
        DestinationError::Token => "AI_GATEWAY_SERVICE_TOKEN",
    };
    ConfigError { name, problem: error.to_string() }
}

fn not_a_url(name: &'static str) -> ConfigError {
    ConfigError { name, problem: "does not make a URL".into() }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |text, byte| text + &format!("{byte:02x}"))
}
