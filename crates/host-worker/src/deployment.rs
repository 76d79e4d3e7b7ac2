//! What a test-only Worker may replace before the first request. The shipped Worker replaces nothing.

use std::sync::{Arc, OnceLock};

use http::HeaderMap;
use m365_app::config::Mode;
use m365_ports::Clock;
use m365_types::Profile;

use crate::ports::clock::WorkerClock;

/// What differs between the Worker that is deployed and the one that tests drive.
pub struct Deployment {
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Whether base URLs may be loopback.
    pub mode: Mode,
    /// Without `PROFILE`.
    pub default_profile: Profile,
    /// Setting that names one more `Host` to answer to.
    pub also_host: Option<&'static str>,
    /// Is shown the headers of every request from outside.
    pub observe: Option<fn(&HeaderMap)>,
}

static REPLACED: OnceLock<Deployment> = OnceLock::new();
static SHIPPED: OnceLock<Deployment> = OnceLock::new();

/// Replaces the deployment. Only the first call counts; a test-only Worker makes it when it starts.
pub fn replace(deployment: Deployment) {
    drop(REPLACED.set(deployment));
}

/// The deployment in force.
pub(crate) fn current() -> &'static Deployment {
    REPLACED.get().unwrap_or_else(|| SHIPPED.get_or_init(Deployment::shipped))
}

impl Deployment {
    fn shipped() -> Self {
        Self {
            clock: Arc::new(WorkerClock),
            mode: Mode::Production,
            default_profile: Profile::ReadOnly,
            also_host: None,
            observe: None,
        }
    }

    pub(crate) fn observe(&self, headers: &HeaderMap) {
        if let Some(observe) = self.observe {
            observe(headers);
        }
    }
}

impl std::fmt::Debug for Deployment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Deployment(…)")
    }
}
