//! What front and cells share: configuration turned into the rooms' objects, over the host's ports.

use std::sync::Arc;

use m365_auth::context::Contexts;
use m365_auth::entra::client::{EntraClient, EntraSettings};
use m365_auth::oauth::client::{ClientLives, ClientPorts, ClientRules, Clients, MetadataHosts};
use m365_auth::oauth::handle::Handles;
use m365_auth::oauth::metadata::{ServerMetadata, Welcomes};
use m365_auth::oauth::redirect::{RedirectPolicy, WELL_KNOWN_REDIRECTS};
use m365_auth::oauth::store::Lifetimes;
use m365_auth::oauth::transaction::Transactions;
use m365_auth::perimeter::{AccessSettings, Perimeter};
use m365_egress::{
    AccessRoute, ClientMetadataRoute, DestinationError, Destinations, Door, EchoSeal, EntraRoute,
    GatewayAccess, GatewayRoute, LlmGateway, Loopback,
};
use m365_policy::{Frame, Policies};
use m365_ports::{
    Background, ClientRegistry, Clock, Directory, DocumentReader, Echo, Entropy, EntropyExt as _, Llm,
    Outbound, PolicySource, Signer, Timer, Upstream, Webhooks,
};
use m365_seal::{CellKind, Purpose, cell_id};
use m365_types::{AccessSubject, CellId, Identity, RequestId};

use crate::approval_link::ApprovalLinks;
use crate::config::{Config, ConfigError, Inspection, Mode};
use crate::offer;
use crate::policy::PolicyKeeper;

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
    /// Signatures with the key of a client certificate.
    pub signer: Arc<dyn Signer>,
    /// Reading documents as text, apart from everything that holds a secret.
    pub documents: Arc<dyn DocumentReader>,
    /// Where a policy set of the operator's own comes from; without one the set that ships is in force.
    pub policy: Option<Arc<dyn PolicySource>>,
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
    pub(crate) approvals: ApprovalLinks,
    pub(crate) clients: Clients,
    pub(crate) transactions: Transactions,
    pub(crate) entra: Arc<EntraClient>,
    pub(crate) upstream: Arc<dyn Upstream>,
    /// The receivers of webhooks; nothing where there are none.
    pub(crate) webhooks: Option<Arc<dyn Webhooks>>,
    /// Language models; nothing where none is configured.
    pub(crate) llm: Option<Arc<dyn Llm>>,
    /// Inspection of results by the gateway; nothing where this server inspects alone.
    pub(crate) echo: Option<Arc<dyn Echo>>,
    /// Checks what comes back to the echo route; nothing where nothing is sent there.
    pub(crate) echo_seal: Option<EchoSeal>,
    pub(crate) lifetimes: Lifetimes,
    /// What is in force.
    policies: PolicyKeeper,
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
        let (scopes, asked) = (offer::scopes(&config.toolset), offer::asked(&config));
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
            cloud: config.entra.cloud,
            base: config.entra.base_url.as_str().trim_end_matches('/').to_owned(),
            tenant: config.entra.tenant,
            client_id: config.entra.client_id.clone(),
            credential: config.entra.credential.clone(),
            redirect_uri: format!("{issuer}/callback"),
        };
        let (clock, entropy) = (ports.clock.clone(), ports.entropy.clone());
        let entra = EntraClient::new(entra, door.entra(), clock, entropy, ports.signer.clone())
            .map_err(|_| not_a_url("ENTRA_BASE_URL"))?;
        let gateway =
            GatewayAccess { token: Some(config.gateway.token.clone()), transport: config.gateway.transport };
        let outward = WaysOut::open(&door, &config, &ports).map_err(misfit)?;
        let clients = ClientPorts {
            registry: ports.registry.clone(),
            directory: ports.directory.clone(),
            documents: door.client_metadata(),
            clock: ports.clock.clone(),
            entropy: ports.entropy.clone(),
        };
        let rules = client_rules(&config)?;
        let welcomes =
            Welcomes { registration: rules.registration, documents: !rules.metadata_hosts.is_empty() };
        Ok(Arc::new(Self {
            perimeter: Perimeter::new(access, door.access(), ports.clock.clone()),
            contexts: Contexts::new(&config.keys, ports.clock.clone(), ports.entropy.clone()),
            handles: Handles::new(&config.keys),
            approvals: ApprovalLinks::new(&config.keys),
            clients: Clients::new(clients, rules),
            transactions: Transactions::new(
                &config.keys,
                issuer.clone(),
                ports.clock.clone(),
                ports.entropy.clone(),
            ),
            entra: Arc::new(entra),
            upstream: door.gateway(gateway, ports.entropy.clone()).map_err(misfit)?,
            webhooks: outward.webhooks,
            llm: outward.llm,
            echo: outward.echo,
            echo_seal: outward.echo_seal,
            lifetimes: config.lifetimes,
            policies: policies(&config, &ports)?,
            server: ServerMetadata { public_url: issuer, scopes, asked, welcomes },
            config,
            ports,
        }))
    }

    /// The policy in force; none where the operator's own set was never accepted.
    pub(crate) fn policies(&self) -> Option<Arc<Policies>> {
        self.policies.current()
    }

    /// The same, its source asked first where its last answer is too old. Whatever a request does later, it asks this
    /// first.
    pub(crate) async fn fresh_policies(&self) -> Option<Arc<Policies>> {
        self.policies.fresh().await
    }

    /// What keeps it.
    pub(crate) const fn policy_keeper(&self) -> &PolicyKeeper {
        &self.policies
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

    /// The cell of a person or of a service token.
    pub(crate) fn cell_of_identity(&self, identity: &Identity) -> CellId {
        let team = self.config.access.team_domain.host_str().unwrap_or_default();
        match identity {
            Identity::Person(person) => self.cell_of(&person.subject),
            Identity::Service(service) => cell_id(team, CellKind::Service, &service.client_id),
        }
    }

    /// The page where a person links Microsoft.
    pub(crate) fn connect_url(&self) -> String {
        format!("{}/connect", self.config.issuer())
    }
}

/// What of the optional ways out is configured.
struct WaysOut {
    webhooks: Option<Arc<dyn Webhooks>>,
    llm: Option<Arc<dyn Llm>>,
    echo: Option<Arc<dyn Echo>>,
    echo_seal: Option<EchoSeal>,
}

impl WaysOut {
    fn open(door: &Door, config: &Config, ports: &HostPorts) -> Result<Self, DestinationError> {
        let token = || Some(config.gateway.token.clone());
        let (clock, entropy) = (&ports.clock, &ports.entropy);
        let seal = EchoSeal::new(config.keys.mac(Purpose::Echo));
        let echo = door.echo(token(), seal.clone(), clock.clone(), entropy.clone())?;
        let webhooks = match &config.outward.webhooks {
            Some(receivers) => door.webhooks(token(), receivers.keys.clone(), clock.clone())?,
            None => None,
        };
        let llm = door.llm(token(), entropy.clone())?;
        Ok(Self { webhooks, llm, echo_seal: echo.is_some().then_some(seal), echo })
    }
}

fn policies(config: &Config, ports: &HostPorts) -> Result<PolicyKeeper, ConfigError> {
    let frame = Frame { toolset: config.toolset.clone(), internal: config.internal.clone() };
    let around = (ports.clock.clone(), ports.directory.clone());
    PolicyKeeper::new(frame, ports.policy.clone(), config.policy_key.clone(), around)
        .map_err(|errors| ConfigError { name: "PROFILE", problem: errors.to_string() })
}

fn client_rules(config: &Config) -> Result<ClientRules, ConfigError> {
    let clients = &config.clients;
    let own = config.public_url.host_str().unwrap_or_default();
    let listed = WELL_KNOWN_REDIRECTS.iter().copied().chain(clients.redirects.iter().map(String::as_str));
    let redirects = RedirectPolicy::parse(&listed.collect::<Vec<_>>()).map_err(|_| ConfigError {
        name: "CLIENT_REDIRECTS",
        problem: "must be https redirect URIs in canonical form, of whose path one segment may be `*`".into(),
    })?;
    Ok(ClientRules {
        redirects,
        lives: ClientLives::default(),
        registration: clients.registration,
        metadata_hosts: MetadataHosts::new(&clients.metadata_hosts, &[own]),
    })
}

fn destinations(config: &Config) -> Result<Destinations, ConfigError> {
    let outward = &config.outward;
    let gateway = GatewayRoute {
        base_url: config.gateway.base_url.clone(),
        account_id: config.gateway.account_id.clone(),
        gateway_id: config.gateway.gateway_id.clone(),
        api_version: config.gateway.graph_version,
        sharepoint_hosts: config.gateway.sharepoint_hosts.clone(),
        webhooks: outward.webhooks.as_ref().map(|receivers| receivers.urls.clone()).unwrap_or_default(),
        llm: outward.llm.as_ref().map(|models| LlmGateway {
            gateway_id: models.gateway_id.clone(),
            classifier: models.classifier.clone(),
            summary: models.summary.clone(),
        }),
        echo: outward.inspection == Inspection::Gateway,
    };
    let entra = EntraRoute { base_url: config.entra.base_url.clone(), tenant: config.entra.tenant };
    let access = AccessRoute { team_domain: config.access.team_domain.clone() };
    let loopback = match config.mode {
        Mode::Production => Loopback::Refused,
        Mode::Development => Loopback::Development,
    };
    let documents = ClientMetadataRoute {
        hosts: config.clients.metadata_hosts.clone(),
        base_url: config.clients.metadata_base.clone(),
    };
    Destinations::new(&gateway, &entra, &access, &documents, loopback).map_err(misfit)
}

fn misfit(error: DestinationError) -> ConfigError {
    let name = match error {
        DestinationError::Development(name)
        | DestinationError::Doubled(name)
        | DestinationError::Extra(name)
        | DestinationError::Host(name)
        | DestinationError::Loopback(name)
        | DestinationError::Provider(name)
        | DestinationError::Scheme(name)
        | DestinationError::Segment(name) => name,
        DestinationError::Token => "AI_GATEWAY_SERVICE_TOKEN",
    };
    ConfigError { name, problem: error.to_string() }
}

fn not_a_url(name: &'static str) -> ConfigError {
    ConfigError { name, problem: "does not make a URL".into() }
}
