//! Configuration, parsed once into checked types. The same names on both hosts.
//!
//! In scope: the table of settings, parsing, refusing. Out of scope: where values come from (the host's [`Source`]).
//! Invariant: an insecure value has no representation here; an error names the setting and never shows its value.

mod entra;
mod outward;
mod parse;
mod settings;

use std::sync::Arc;
use std::time::Duration;

use m365_auth::oauth::store::Lifetimes;
use m365_egress::{GraphVersion, Transport};
use m365_ports::RotatingSecret;
use m365_seal::{Key, KeyRing, Keys, PolicyVerifier};
use m365_types::{ConfidentialSources, InternalDomains, Profile, Secret, Toolset};
use url::Url;

pub use entra::Entra;
pub use outward::{Inspection, Models, Outward, Receivers};
pub use settings::{SETTINGS, Setting};

/// Where the host finds values.
pub trait Source {
    /// The value of a setting that is not secret.
    fn plain(&self, name: &str) -> Option<String>;

    /// The value of a secret setting.
    ///
    /// # Errors
    /// A sentence that names what is wrong with the place it was looked for, never a value.
    fn secret(&self, name: &str) -> Result<Option<Secret<String>>, String>;

    /// A secret setting that its platform replaces while the server runs. A host whose settings stay as they are reads it
    /// once.
    ///
    /// # Errors
    /// As [`Source::secret`].
    fn rotating_secret(&self, name: &str) -> Result<Option<Arc<dyn RotatingSecret>>, String> {
        Ok(self.secret(name)?.map(FixedSecret::shared))
    }
}

/// A secret that stays as it is.
#[derive(Debug)]
pub struct FixedSecret(Secret<String>);

impl FixedSecret {
    /// This value, for good.
    #[must_use]
    pub fn shared(value: Secret<String>) -> Arc<dyn RotatingSecret> {
        Arc::new(Self(value))
    }
}

impl RotatingSecret for FixedSecret {
    fn current(&self) -> Result<Secret<String>, String> {
        Ok(self.0.clone())
    }
}

/// Whether plain http on loopback is possible.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Base URLs must be https.
    Production,
    /// Base URLs may be http where the host is a loopback address.
    Development,
}

/// A setting that does not work.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{name}: {problem}")]
pub struct ConfigError {
    /// The setting.
    pub name: &'static str,
    /// What is wrong and what would be right.
    pub problem: String,
}

/// Everything the server needs to know.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where clients and browsers reach us, through Access; no path, no trailing slash.
    pub public_url: Url,
    /// Cloudflare Access.
    pub access: Access,
    /// Who authorizes MCP clients.
    pub ingress: Ingress,
    /// How long grants and tokens live.
    pub lifetimes: Lifetimes,
    /// Who operates; nobody where it is left out.
    pub operators: Option<Operators>,
    /// Group in the assertion whose members may answer as a second person; nobody where it is left out.
    pub approvers: Option<String>,
    /// Which clients are accepted.
    pub clients: ClientPolicy,
    /// Microsoft Entra.
    pub entra: Entra,
    /// Cloudflare AI Gateway.
    pub gateway: Gateway,
    /// Webhooks, models and inspection.
    pub outward: Outward,
    /// What is offered.
    pub toolset: Toolset,
    /// Which permissions are asked for at sign-in.
    pub asked: Asked,
    /// What signed policy sets are checked with.
    pub policy_key: Option<PolicyVerifier>,
    /// The domains of the organisation.
    pub internal: InternalDomains,
    /// The places whose content is confidential.
    pub confidential: ConfidentialSources,
    /// After how long without a call a person's labels lapse.
    pub label_idle: Duration,
    /// The three keys.
    pub keys: Keys,
    /// Whether base URLs may be loopback.
    pub mode: Mode,
}

/// Which permissions a client that names none is given, and a person is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// What every offered tool needs and a person may grant. Everything else when a call needs it.
    Least,
    /// Whatever an offered tool may need, what an administrator has to grant too.
    All,
}

/// Who is the authorization server of MCP clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ingress {
    /// This server.
    Oauth,
    /// Cloudflare Access, with Managed OAuth.
    Managed,
}

/// Who may use the operator routes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operators {
    /// The group in the assertion.
    pub group: String,
    /// Audience tag of an Access application of their own.
    pub audience: Option<String>,
}

/// Which clients are accepted.
#[derive(Clone, Debug)]
pub struct ClientPolicy {
    /// Hosts of client metadata documents.
    pub metadata_hosts: Vec<String>,
    /// What stands in for those hosts in development.
    pub metadata_base: Option<Url>,
    /// Patterns of redirect URIs besides the well-known ones.
    pub redirects: Vec<String>,
    /// Whether clients may register themselves.
    pub registration: bool,
}

/// Cloudflare Access.
#[derive(Clone, Debug)]
pub struct Access {
    /// `https://<team>.cloudflareaccess.com`: issuer of assertions and place of their keys.
    pub team_domain: Url,
    /// The application's audience tag.
    pub audience: String,
    /// Whether machine routes demand an assertion too.
    pub everywhere: bool,
    /// Whether an assertion alone is enough to be told what there is.
    pub discovery: bool,
}

impl Access {
    /// Where Access ends a person's session (Cloudflare Access, "Log out of Access").
    #[must_use]
    pub fn logout_url(&self) -> String {
        format!("{}/cdn-cgi/access/logout", self.team_domain.as_str().trim_end_matches('/'))
    }
}

/// Cloudflare AI Gateway.
#[derive(Clone, Debug)]
pub struct Gateway {
    /// Gateway host.
    pub base_url: Url,
    /// Cloudflare account.
    pub account_id: String,
    /// Gateway name.
    pub gateway_id: String,
    /// Token with the Run permission.
    pub token: Secret<String>,
    /// Graph API version.
    pub graph_version: GraphVersion,
    /// Hosts that Graph may send to for the content of files.
    pub sharepoint_hosts: Vec<String>,
    /// How Graph calls travel.
    pub transport: Transport,
}

impl ClientPolicy {
    fn parse(reader: &parse::Reader<'_>) -> Result<Self, ConfigError> {
        Ok(Self {
            metadata_hosts: reader.hosts("CLIENT_METADATA_HOSTS")?,
            metadata_base: reader.development_url("CLIENT_METADATA_BASE_URL")?,
            redirects: reader.list("CLIENT_REDIRECTS")?,
            registration: reader.choice("CLIENT_REGISTRATION", &[("on", true), ("off", false)])?,
        })
    }
}

impl Gateway {
    fn parse(reader: &parse::Reader<'_>) -> Result<Self, ConfigError> {
        Ok(Self {
            base_url: reader.base_url("AI_GATEWAY_BASE_URL")?,
            account_id: reader.word("AI_GATEWAY_ACCOUNT_ID")?,
            gateway_id: reader.word("AI_GATEWAY_ID")?,
            token: reader.secret("AI_GATEWAY_SERVICE_TOKEN")?,
            graph_version: reader.graph_version("GRAPH_API_VERSION")?,
            sharepoint_hosts: reader.hosts("SHAREPOINT_HOSTS")?,
            transport: reader
                .choice("GRAPH_TRANSPORT", &[("direct", Transport::Direct), ("batch", Transport::Batch)])?,
        })
    }
}

impl Config {
    /// Reads and checks every setting; `default_profile` is the host's.
    ///
    /// # Errors
    /// The first [`ConfigError`] in the order of the table.
    pub fn parse(source: &dyn Source, mode: Mode, default_profile: Profile) -> Result<Self, ConfigError> {
        let reader = parse::Reader { source, mode };
        let public_url = reader.base_url("PUBLIC_URL")?;
        let access = Access {
            team_domain: reader.base_url("ACCESS_TEAM_DOMAIN")?,
            audience: reader.word("ACCESS_AUD")?,
            everywhere: reader.choice("ACCESS_EVERYWHERE", &[("false", false), ("true", true)])?,
            discovery: reader.choice("DISCOVERY_BEFORE_SIGN_IN", &[("false", false), ("true", true)])?,
        };
        let lifetimes = Lifetimes {
            reauth: reader.duration("ACCESS_REAUTH", minutes(5)..=hours(24))?,
            access: reader.duration("ACCESS_TOKEN_LIFETIME", minutes(1)..=hours(1))?,
            refresh_idle: reader.duration("GRANT_IDLE_LIFETIME", minutes(5)..=hours(90 * 24))?,
            refresh_absolute: reader.duration("GRANT_LIFETIME", minutes(5)..=hours(365 * 24))?,
            ..Lifetimes::default()
        };
        let ingress =
            reader.choice("INGRESS", &[("oauth", Ingress::Oauth), ("managed", Ingress::Managed)])?;
        refuse_open_discovery(&access, ingress)?;
        let audience = reader.optional("OPERATOR_AUD")?;
        let operators = reader.group("OPERATOR_GROUP")?.map(|group| Operators { group, audience });
        let approvers = reader.group("APPROVER_GROUP")?;
        let (clients, gateway) = (ClientPolicy::parse(&reader)?, Gateway::parse(&reader)?);
        let outward = Outward::parse(&reader)?;
        let entra = Entra::parse(&reader)?;
        let mut toolset = Toolset {
            profile: reader.profile("PROFILE", default_profile)?,
            allow: reader.rows("TOOLS_ALLOW")?,
            deny: reader.rows("TOOLS_DENY")?,
        };
        if !outward.summarises() {
            toolset.deny.extend(m365_graph::SUMMARY_ROWS);
        }
        let asked = reader.choice("SCOPES_AT_SIGN_IN", &[("least", Asked::Least), ("all", Asked::All)])?;
        let policy_key = policy_key(&reader)?;
        let internal = InternalDomains::new(reader.hosts("INTERNAL_DOMAINS")?);
        let confidential = reader.confidential_sources("CONFIDENTIAL_SOURCES")?;
        let label_idle = reader.duration("LABEL_IDLE_LIFETIME", minutes(5)..=hours(7 * 24))?;
        let keys = keys(&reader)?;
        Ok(Self {
            public_url,
            access,
            ingress,
            lifetimes,
            operators,
            approvers,
            clients,
            entra,
            gateway,
            outward,
            toolset,
            asked,
            policy_key,
            internal,
            confidential,
            label_idle,
            keys,
            mode,
        })
    }

    /// `PUBLIC_URL` as text without a trailing slash: the issuer, and the base of every route.
    #[must_use]
    pub fn issuer(&self) -> &str {
        self.public_url.as_str().trim_end_matches('/')
    }

    /// Where MCP clients reach the server.
    #[must_use]
    pub fn mcp_url(&self) -> String {
        format!("{}/mcp", self.issuer())
    }
}

/// Nobody may be told what there is before somebody has vouched for them.
fn refuse_open_discovery(access: &Access, ingress: Ingress) -> Result<(), ConfigError> {
    if access.discovery && ingress == Ingress::Oauth && !access.everywhere {
        let problem = "needs `ACCESS_EVERYWHERE=true` or `INGRESS=managed`: without a token, only Access can say who asks";
        return Err(ConfigError { name: "DISCOVERY_BEFORE_SIGN_IN", problem: problem.into() });
    }
    Ok(())
}

fn policy_key(reader: &parse::Reader<'_>) -> Result<Option<PolicyVerifier>, ConfigError> {
    let name = "POLICY_PUBLIC_KEY";
    let Some(text) = reader.optional(name)? else { return Ok(None) };
    let problem = || "must be the line that `m365-mcp keygen --policy` printed: base64url of 32 bytes".into();
    PolicyVerifier::parse(&text).map(Some).map_err(|_| ConfigError { name, problem: problem() })
}

const fn minutes(count: u64) -> Duration {
    Duration::from_mins(count)
}

const fn hours(count: u64) -> Duration {
    Duration::from_hours(count)
}

fn keys(reader: &parse::Reader<'_>) -> Result<Keys, ConfigError> {
    let ring = |current, previous| -> Result<KeyRing, ConfigError> {
        Ok(KeyRing { current: reader.key(current)?, previous: reader.optional_key(previous)? })
    };
    let keys = Keys {
        encryption: ring("ENCRYPTION_KEY", "ENCRYPTION_KEY_PREVIOUS")?,
        cookie_encryption: ring("COOKIE_ENCRYPTION_KEY", "COOKIE_ENCRYPTION_KEY_PREVIOUS")?,
        cookie: ring("COOKIE_SECRET", "COOKIE_SECRET_PREVIOUS")?,
    };
    refuse_equal_keys(&keys)?;
    Ok(keys)
}

/// One key in three places would let a value of one purpose's family open another's.
fn refuse_equal_keys(keys: &Keys) -> Result<(), ConfigError> {
    let text = |key: &Key| key.encode();
    let (a, b, c) =
        (text(&keys.encryption.current), text(&keys.cookie_encryption.current), text(&keys.cookie.current));
    let same = |left: &Secret<String>, right: &Secret<String>| left.matches(right.expose().as_bytes());
    if same(&a, &b) || same(&b, &c) || same(&a, &c) {
        let problem = "ENCRYPTION_KEY, COOKIE_ENCRYPTION_KEY and COOKIE_SECRET must be three different keys; \
                       make fresh ones with `m365-mcp keygen`";
        return Err(ConfigError { name: "COOKIE_SECRET", problem: problem.into() });
    }
    Ok(())
}

#[cfg(test)]
mod tests;
