//! The simulated estate: Cloudflare Access with its edge, Microsoft Entra ID, Cloudflare AI Gateway and Microsoft
//! Graph over HTTP, with fault injection.
//!
//! One process, two ports. The *sandbox* port is the Access team domain, Entra (`/entra`), the gateway
//! (`/gateway`), the hosts of client metadata documents (`/_clients`), the control plane (`/_control`) and the live page; the *edge* port is a reverse proxy in front of
//! the server under test. In scope: what a client of these systems can observe. Out of scope: TLS, performance of
//! the real systems, administration. Everything is for loopback: the control plane hands out secrets.

pub mod access;
pub mod client_documents;
pub mod clock;
pub mod control;
pub mod edge;
pub mod entra;
pub mod entropy;
pub mod estate;
pub mod faults;
pub mod gateway;
pub mod graph;
pub mod journal_feed;
pub mod keys;
pub mod microsoft_tokens;
pub mod page;
pub mod people;
pub mod recorder;
pub mod server;
mod sign_in_page;
pub mod state;

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use axum::{Router, middleware};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::access::Perimeter;
use crate::estate::{Estate, EstatePlace};
use crate::journal_feed::JournalFeed;
use crate::state::StateFault;

/// How to start an estate on bound listeners.
#[derive(Default)]
pub struct SandboxOptions {
    /// Base URL of the server behind the edge; empty: told later by [`Estate::set_origin_url`].
    pub origin_url: String,
    /// Where to keep what must survive a restart; `None`: in memory.
    pub state_dir: Option<PathBuf>,
    /// How Access stands before the server.
    pub perimeter: Perimeter,
    /// The journal of the server under test, for the live page.
    pub journal: Option<Arc<dyn JournalFeed>>,
}

/// Bound listeners, so that the URLs are known before anything is started.
pub struct Bound {
    sandbox: TcpListener,
    edge: TcpListener,
    sandbox_url: String,
    edge_url: String,
}

impl Bound {
    /// Binds both ports; port 0 takes a free one.
    ///
    /// # Errors
    /// The error of the operating system, for example when a port is taken.
    pub async fn bind(sandbox_addr: SocketAddr, edge_addr: SocketAddr) -> io::Result<Self> {
        let sandbox = TcpListener::bind(sandbox_addr).await?;
        let edge = TcpListener::bind(edge_addr).await?;
        let (sandbox_url, edge_url) = (base_url(&sandbox)?, base_url(&edge)?);
        Ok(Self { sandbox, edge, sandbox_url, edge_url })
    }

    /// Base URL of the simulated systems, without a slash at the end.
    #[must_use]
    pub fn sandbox_url(&self) -> &str {
        &self.sandbox_url
    }

    /// Base URL of the edge, without a slash at the end.
    #[must_use]
    pub fn edge_url(&self) -> &str {
        &self.edge_url
    }

    /// Starts serving. Must be called inside a tokio runtime.
    ///
    /// # Errors
    /// [`StateFault`] when the state folder cannot be read or written.
    pub fn start(self, options: SandboxOptions) -> Result<Running, StateFault> {
        let place = EstatePlace {
            sandbox_url: self.sandbox_url.clone(),
            edge_url: self.edge_url.clone(),
            origin_url: options.origin_url.trim_end_matches('/').to_owned(),
            state_dir: options.state_dir.as_deref(),
            perimeter: options.perimeter,
        };
        let estate = Arc::new(Estate::open(place, options.journal)?);
        warm_up(&estate);
        let (stop, stopped) = watch::channel(false);
        let sandbox_router = sandbox_router(Arc::clone(&estate));
        let edge_router = edge::router(Arc::clone(&estate));
        Ok(Running {
            sandbox_url: self.sandbox_url,
            edge_url: self.edge_url,
            estate,
            stop,
            listeners: [
                tokio::spawn(server::serve(self.sandbox, sandbox_router, stopped.clone())),
                tokio::spawn(server::serve(self.edge, edge_router, stopped)),
            ],
        })
    }
}

/// A running estate; dropping it stops it as [`Running::shutdown`] does, without waiting and without saving.
pub struct Running {
    /// Base URL of the simulated systems, without a slash at the end.
    pub sandbox_url: String,
    /// Base URL of the edge, without a slash at the end.
    pub edge_url: String,
    /// What the systems share.
    pub estate: Arc<Estate>,
    stop: watch::Sender<bool>,
    listeners: [JoinHandle<()>; 2],
}

impl Running {
    /// Stops accepting, lets open requests finish for a few seconds, and saves the state.
    ///
    /// # Errors
    /// [`StateFault`] when the state cannot be written.
    pub async fn shutdown(self) -> Result<(), StateFault> {
        self.stop.send_replace(true);
        for listener in self.listeners {
            if let Err(ended) = listener.await {
                tracing::debug!(error = %ended, "a listener of the simulated estate ended early");
            }
        }
        self.estate.stop()
    }
}

/// Everything on the sandbox port.
pub fn sandbox_router(estate: Arc<Estate>) -> Router {
    Router::new()
        .merge(page::router().layer(middleware::from_fn_with_state(Arc::clone(&estate), control::guard)))
        .merge(access::router())
        .merge(entra::router())
        .nest("/_clients", client_documents::router())
        .nest("/gateway", gateway::router())
        .nest("/_control", control::router(&estate))
        .with_state(estate)
}

fn base_url(listener: &TcpListener) -> io::Result<String> {
    let mut address = listener.local_addr()?;
    if address.ip().is_unspecified() {
        address.set_ip(IpAddr::V4(Ipv4Addr::LOCALHOST));
    }
    Ok(format!("http://{address}"))
}

/// Makes the signing keys on a thread of its own, because that takes longer than a start or a stop may wait.
fn warm_up(estate: &Arc<Estate>) {
    let estate = Arc::clone(estate);
    let prepare = move || {
        for ring in [&estate.keys.access, &estate.keys.entra] {
            if let Err(fault) = estate.signing_key(ring) {
                tracing::warn!(error = %fault, "a signing key could not be prepared");
            }
        }
    };
    if let Err(failed) = std::thread::Builder::new().name("sandbox-keys".to_owned()).spawn(prepare) {
        tracing::debug!(error = %failed, "signing keys are made at their first use");
    }
}

#[cfg(test)]
mod tests;
