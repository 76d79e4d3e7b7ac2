//! `m365-mcp demo`: edge, server and simulated estate in one process on loopback.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use m365_app::config::{Config, Mode, Source};
use m365_ports::{EntropyExt as _, RotatingSecret};
use m365_sandbox::estate::EstateConfig;
use m365_sandbox::{Bound, Running, SandboxOptions};
use m365_types::{Profile, Secret};

use crate::cli::{Demo, loopback};
use crate::credential::CredentialFile;
use crate::environment::{SecretFile, read_secret};
use crate::journals::FolderFeed;
use crate::keygen::{KEY_NAMES, PREVIOUS_KEY_NAMES, WEBHOOK_SECRET_NAME, write_keys, write_webhook_secret};
use crate::listener::Listener;
use crate::overrides::Overrides;
use crate::ports::clock::EstateClock;
use crate::ports::entropy::SystemEntropy;
use crate::ready::Ready;
use crate::sandbox::perimeter;
use crate::server::{DataDir, Server};
use crate::{output, ready};

/// Who is in a new estate.
pub(crate) const PEOPLE: [&str; 3] =
    ["alex@contoso.example", "blair@contoso.example", "morgan@contoso.example"];
/// Who of them operates.
pub(crate) const OPERATOR: &str = "morgan@contoso.example";
/// The group of those who operate.
const OPERATOR_GROUP: &str = "m365-operators";

/// Runs until it is stopped.
///
/// # Errors
/// Where a port is taken or the data folder does not work.
pub(crate) async fn run(arguments: Demo) -> anyhow::Result<()> {
    let overrides = Overrides::parse(&arguments.settings)?;
    let folder = Folder::open(arguments.data_dir.as_deref())?;
    let data = DataDir::new(folder.path.clone());
    let bound = Bound::bind(loopback(arguments.sandbox_port), loopback(arguments.port)).await.context(
        "cannot listen on the demo's ports; another program may be using them, so choose others (see --help)",
    )?;
    let listener = Listener::bind(loopback(arguments.origin_port)).await?;
    let origin = listener.address;
    let estate = bound.start(SandboxOptions {
        origin_url: format!("http://{origin}"),
        state_dir: Some(folder.path.join("estate")),
        perimeter: perimeter(&overrides),
        journal: Some(Arc::new(FolderFeed::new(data.clone()))),
    })?;
    let credential = arguments.credential.arrange(&estate.estate, &folder.path.join("keys"))?;
    let settings = Settings::of(&estate.estate.config, &folder.path, overrides)?.with(credential);
    let config = Config::parse(&settings, Mode::Development, Profile::Full)?;
    let clock = Arc::new(EstateClock(estate.estate.clone()));
    let server = Server::assemble(config, &data, clock, &[origin.to_string()], arguments.policy_dir.clone())?;
    welcome(&estate, &format!("http://{origin}"), arguments.ready_file.as_deref())?;
    listener.serve(server.front.router(), server.stop_asked()).await;
    server.drain().await;
    estate.shutdown().await?;
    Ok(())
}

fn welcome(estate: &Running, origin: &str, ready_file: Option<&Path>) -> anyhow::Result<()> {
    let (edge, sandbox) = (&estate.edge_url, &estate.sandbox_url);
    output::note(&format!(
        "A Microsoft 365 of three invented people, behind a simulated Cloudflare:\n\
         \n  Give this address to an MCP client   {edge}/mcp\
         \n  Sign in as                           {}\
         \n  Watch every call                     {sandbox}/\
         \n  See what you have connected          {edge}/me\n\
         \nNothing leaves this machine. Ctrl-C stops it.",
        PEOPLE.join(", ")
    ));
    let ready = Ready {
        mcp: format!("{edge}/mcp"),
        origin: origin.to_owned(),
        sandbox: Some(sandbox.clone()),
        me: Some(format!("{edge}/me")),
        people: &PEOPLE,
        operator: Some(OPERATOR),
    };
    ready::announce(&ready, ready_file)
}

/// Where the demo keeps its data: a folder that stays, or one that goes with the demo.
struct Folder {
    path: PathBuf,
    forget: bool,
}

impl Folder {
    fn open(asked: Option<&Path>) -> anyhow::Result<Self> {
        let folder = if let Some(path) = asked {
            Self { path: path.to_owned(), forget: false }
        } else {
            let suffix = u64::from_be_bytes(SystemEntropy.bytes());
            Self { path: std::env::temp_dir().join(format!("m365-mcp-demo-{suffix:016x}")), forget: true }
        };
        let keys = folder.path.join("keys");
        if !keys.exists() {
            write_keys(&keys)?;
        }
        if !keys.join(WEBHOOK_SECRET_NAME).exists() {
            write_webhook_secret(&keys)?;
        }
        Ok(folder)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if self.forget {
            drop(std::fs::remove_dir_all(&self.path));
        }
    }
}

/// The configuration that fits the estate.
struct Settings {
    values: BTreeMap<&'static str, Secret<String>>,
    credential: Option<CredentialFile>,
}

impl Settings {
    fn of(estate: &EstateConfig, folder: &Path, overrides: Overrides) -> anyhow::Result<Self> {
        let mut settings = BTreeMap::from([
            ("PUBLIC_URL", estate.edge_url.clone()),
            ("ACCESS_TEAM_DOMAIN", estate.sandbox_url.clone()),
            ("ACCESS_AUD", estate.access_aud.clone()),
            ("AI_GATEWAY_BASE_URL", format!("{}/gateway", estate.sandbox_url)),
            ("AI_GATEWAY_ACCOUNT_ID", estate.account_id.clone()),
            ("AI_GATEWAY_ID", estate.gateway_id.clone()),
            ("AI_GATEWAY_LLM_ID", estate.llm_gateway_id.clone()),
            ("AI_GATEWAY_SERVICE_TOKEN", estate.gateway_token.clone()),
            ("GRAPH_API_VERSION", "v1.0".to_owned()),
            ("CLIENT_METADATA_BASE_URL", format!("{}/_clients", estate.sandbox_url)),
            ("ENTRA_BASE_URL", format!("{}/entra", estate.sandbox_url)),
            ("MICROSOFT_TENANT_ID", estate.tenant_id.clone()),
            ("MICROSOFT_CLIENT_ID", estate.client_id.clone()),
            ("MICROSOFT_CLIENT_SECRET", estate.client_secret.clone()),
            ("OPERATOR_GROUP", OPERATOR_GROUP.to_owned()),
            ("APPROVER_GROUP", "m365-approvers".to_owned()),
            ("INTERNAL_DOMAINS", "contoso.example".to_owned()),
            // Its administrator has consented to everything, and its files lie where Graph says they do.
            ("SCOPES_AT_SIGN_IN", "all".to_owned()),
            ("SHAREPOINT_HOSTS", m365_sandbox::graph::HOSTS.join(" ")),
        ]);
        for name in KEY_NAMES.into_iter().chain(PREVIOUS_KEY_NAMES) {
            let file = folder.join("keys").join(name);
            if PREVIOUS_KEY_NAMES.contains(&name) && !file.exists() {
                continue;
            }
            let key =
                std::fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
            settings.insert(name, key);
        }
        let secret = folder.join("keys").join(WEBHOOK_SECRET_NAME);
        settings.insert(
            WEBHOOK_SECRET_NAME,
            std::fs::read_to_string(&secret).with_context(|| format!("cannot read {}", secret.display()))?,
        );
        settings.extend(overrides.into_iter());
        let values = settings.into_iter().map(|(name, value)| (name, Secret::new(value))).collect();
        Ok(Self { values, credential: None })
    }

    /// The same with this credential in place of the client secret.
    fn with(mut self, credential: Option<CredentialFile>) -> Self {
        if credential.is_some() {
            self.values.remove("MICROSOFT_CLIENT_SECRET");
        }
        self.credential = credential;
        self
    }

    fn file(&self, name: &str) -> Option<&Path> {
        self.credential.as_ref().filter(|file| file.name == name).map(|file| file.path.as_path())
    }
}

impl Source for Settings {
    fn plain(&self, name: &str) -> Option<String> {
        self.values.get(name).map(|value| value.expose().clone())
    }

    fn secret(&self, name: &str) -> Result<Option<Secret<String>>, String> {
        match self.file(name) {
            Some(path) => read_secret(path).map(Some),
            None => Ok(self.values.get(name).cloned()),
        }
    }

    fn rotating_secret(&self, name: &str) -> Result<Option<Arc<dyn RotatingSecret>>, String> {
        Ok(self.file(name).map(|path| Arc::new(SecretFile(path.to_owned())) as Arc<dyn RotatingSecret>))
    }
}
