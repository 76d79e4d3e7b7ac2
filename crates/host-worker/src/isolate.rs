//! What is built once in an isolate, at its first request: configuration, rooms, route table.
//!
//! Front and cells of one isolate share it. It holds no I/O of a request: stubs are made anew for every call.

use std::cell::OnceCell;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use http::{Request, Response};
use m365_app::config::{Config, ConfigError, Source as _};
use m365_app::{Core, Front, HostPorts, unavailable};
use m365_ports::EntropyExt as _;
use m365_types::RequestId;
use tower_service::Service as _;
use worker::Env;

use crate::deployment;
use crate::log;
use crate::ports::background::SpawnedBackground;
use crate::ports::cells::DurableCells;
use crate::ports::directory::DurableDirectory;
use crate::ports::documents::ServiceReader;
use crate::ports::entropy::CryptoEntropy;
use crate::ports::outbound::FetchOutbound;
use crate::ports::policy::KvPolicy;
use crate::ports::registry::KvRegistry;
use crate::ports::signer::SubtleSigner;
use crate::ports::timer::TimeoutTimer;
use crate::settings::Bindings;

/// The composed rooms of this isolate.
#[derive(Clone)]
pub(crate) struct Isolate {
    /// The rooms.
    pub(crate) core: Arc<Core>,
    router: Router,
}

thread_local! {
    static ISOLATE: OnceCell<Result<Isolate, ConfigError>> = const { OnceCell::new() };
}

/// The isolate, built at the first request.
///
/// # Errors
/// The answer for a Worker whose configuration does not work; the log names the setting and never its value.
pub(crate) fn current(env: &Env) -> Result<Isolate, Response<Body>> {
    ISOLATE.with(|cell| {
        let built = cell.get_or_init(|| {
            log::start();
            Isolate::build(env)
        });
        built.clone().map_err(|error| {
            let request = RequestId::from_random(CryptoEntropy.bytes());
            tracing::error!(requestId = %request, setting = error.name, problem = error.problem, "the configuration does not work");
            unavailable(request).map(Body::from)
        })
    })
}

impl Isolate {
    fn build(env: &Env) -> Result<Self, ConfigError> {
        let deployment = deployment::current();
        let bindings = Bindings(env);
        let config = Config::parse(&bindings, deployment.mode, deployment.default_profile)?;
        let ports = HostPorts {
            background: Arc::new(SpawnedBackground),
            clock: deployment.clock.clone(),
            directory: Arc::new(DurableDirectory::new(env.clone())),
            entropy: Arc::new(CryptoEntropy),
            outbound: Arc::new(FetchOutbound),
            registry: Arc::new(KvRegistry::new(env.clone())),
            signer: Arc::new(SubtleSigner),
            documents: Arc::new(ServiceReader::new(env.clone())),
            policy: Some(Arc::new(KvPolicy::new(env.clone()))),
            timer: Arc::new(TimeoutTimer),
        };
        let core = Core::new(config, ports)?;
        let also_hosts: Vec<String> =
            deployment.also_host.and_then(|name| bindings.plain(name)).into_iter().collect();
        let front = Front::new(core.clone(), Arc::new(DurableCells::new(env.clone())), &also_hosts);
        Ok(Self { core, router: front.router() })
    }

    /// Answers a request from outside.
    pub(crate) async fn answer(mut self, request: Request<Body>) -> Response<Body> {
        match self.router.call(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        }
    }
}
