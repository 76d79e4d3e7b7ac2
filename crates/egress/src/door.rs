//! The door: owns the raw transport and hands out guarded ends of it, one per outside system.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use http::header::{ACCEPT, HOST};
use m365_ports::{Bounds, Clock, Echo, Entropy, Llm, Network, Outbound, OutboundError, Upstream, Webhooks};
use m365_seal::WebhookKeys;
use m365_types::{Method, Secret};

use crate::destination::{
    Admitted, Base, DestinationError, Destinations, DocumentAddress, DocumentHosts, Extent,
};
use crate::echo::{EchoSeal, GatewayEcho};
use crate::gateway::{GatewayAccess, GatewayUpstream};
use crate::headers::Credential;
use crate::llm::GatewayLlm;
use crate::webhooks::GatewayWebhooks;

/// The only holder of the raw transport. Redirects are answers: nothing here follows one.
pub struct Door {
    raw: Arc<dyn Outbound>,
    destinations: Destinations,
}

impl Door {
    /// Takes the transport; the host keeps no other handle to it.
    #[must_use]
    pub fn new(raw: Arc<dyn Outbound>, destinations: Destinations) -> Self {
        Self { raw, destinations }
    }

    /// The table behind the door.
    #[must_use]
    pub const fn destinations(&self) -> &Destinations {
        &self.destinations
    }

    /// The way to Entra: token endpoint, signing keys and discovery of the tenant.
    #[must_use]
    pub fn entra(&self) -> Arc<dyn Outbound> {
        let table = &self.destinations;
        Arc::new(self.guard(vec![
            exact(&[Method::Post], &table.entra_token),
            exact(&[Method::Get], &table.entra_keys),
            exact(&[Method::Get], &table.entra_discovery),
        ]))
    }

    /// The way to the signing keys of the Access team.
    #[must_use]
    pub fn access(&self) -> Arc<dyn Outbound> {
        Arc::new(self.guard(vec![exact(&[Method::Get], &self.destinations.access_keys)]))
    }

    /// The way to client metadata documents: to hosts that the operator has listed, by names that strangers present.
    #[must_use]
    pub fn client_metadata(&self) -> Arc<dyn Outbound> {
        Arc::new(DocumentGuard { raw: self.raw.clone(), hosts: self.destinations.documents.clone() })
    }

    /// The way to Graph, and to the listed hosts that keep its files, through the AI Gateway.
    ///
    /// # Errors
    /// [`DestinationError::Token`] without a usable token, unless the gateway is on this machine.
    pub fn gateway(
        &self,
        access: GatewayAccess,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Arc<dyn Upstream>, DestinationError> {
        let graph = &self.destinations.graph;
        let methods = &[Method::Get, Method::Post, Method::Put, Method::Patch, Method::Delete];
        let mut admitted = vec![Admitted { methods, base: graph.clone(), extent: Extent::Below }];
        let transfers = &self.destinations.transfers;
        admitted.extend(transfers.bases().map(|base| Admitted {
            methods: &[Method::Get, Method::Put],
            base,
            extent: Extent::Below,
        }));
        let (door, transfers) = (self.guard(admitted), transfers.clone());
        Ok(Arc::new(GatewayUpstream::new(door, graph, transfers, access, entropy)?))
    }

    /// The way to the receivers of webhooks; nothing where there are none.
    ///
    /// # Errors
    /// As [`Door::gateway`].
    pub fn webhooks(
        &self,
        token: Option<Secret<String>>,
        keys: WebhookKeys,
        clock: Arc<dyn Clock>,
    ) -> Result<Option<Arc<dyn Webhooks>>, DestinationError> {
        let places = self.destinations.webhooks.clone();
        let admitted: Vec<Admitted> = places.bases().map(|base| exact(&[Method::Post], base)).collect();
        let Some(first) = places.bases().next() else { return Ok(None) };
        let credential = Credential::new(token, first)?;
        Ok(Some(Arc::new(GatewayWebhooks::new(self.guard(admitted), places, credential, keys, clock))))
    }

    /// The way to language models; nothing where no route is configured.
    ///
    /// # Errors
    /// As [`Door::gateway`].
    pub fn llm(
        &self,
        token: Option<Secret<String>>,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Option<Arc<dyn Llm>>, DestinationError> {
        let place = self.destinations.llm.as_ref();
        let Some(place) = place.filter(|place| place.classifier.is_some() || place.summary.is_some()) else {
            return Ok(None);
        };
        let credential = Credential::new(token, &place.base)?;
        let door = self.guard(vec![exact(&[Method::Post], &place.base)]);
        Ok(Some(Arc::new(GatewayLlm::new(door, place.clone(), credential, entropy))))
    }

    /// The way through the gateway to our own echo route and back; nothing where results are not inspected there.
    ///
    /// # Errors
    /// As [`Door::gateway`].
    pub fn echo(
        &self,
        token: Option<Secret<String>>,
        seal: EchoSeal,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Option<Arc<dyn Echo>>, DestinationError> {
        let Some(base) = &self.destinations.echo else { return Ok(None) };
        let credential = Credential::new(token, base)?;
        let door = self.guard(vec![exact(&[Method::Post], base)]);
        Ok(Some(Arc::new(GatewayEcho::new(door, base.text(), credential, seal, (clock, entropy)))))
    }

    fn guard(&self, admitted: Vec<Admitted>) -> Guard {
        Guard { raw: self.raw.clone(), admitted }
    }
}

fn exact(methods: &'static [Method], base: &Base) -> Admitted {
    Admitted { methods, base: base.clone(), extent: Extent::Exact }
}

/// The raw transport behind some rows of the table.
pub(crate) struct Guard {
    raw: Arc<dyn Outbound>,
    admitted: Vec<Admitted>,
}

#[async_trait]
impl Outbound for Guard {
    async fn send(
        &self,
        request: http::Request<Bytes>,
        bounds: Bounds,
    ) -> Result<http::Response<Bytes>, OutboundError> {
        let admitted = self.admitted.iter().any(|row| row.admits(request.method(), request.uri()));
        // A `Host` header beside the URI could name another site of the same machine.
        if !admitted || request.headers().contains_key(HOST) {
            return Err(OutboundError::Destination);
        }
        self.raw.send(request, bounds).await
    }
}

/// The raw transport behind the row of client metadata documents.
struct DocumentGuard {
    raw: Arc<dyn Outbound>,
    hosts: DocumentHosts,
}

#[async_trait]
impl Outbound for DocumentGuard {
    /// Decides by itself which network the connection may lead to: whatever the caller asks for, a document is dialled
    /// on the public Internet alone, unless the operator's development stand-in is.
    async fn send(
        &self,
        mut request: http::Request<Bytes>,
        bounds: Bounds,
    ) -> Result<http::Response<Bytes>, OutboundError> {
        // What says nothing but `Accept` carries no credential, and a GET without a body no data.
        let bare = request.body().is_empty() && request.headers().keys().all(|name| name == ACCEPT);
        let address = self.hosts.address(request.method(), request.uri()).filter(|_| bare);
        let network = match address.ok_or(OutboundError::Destination)? {
            DocumentAddress::Own => Network::PublicInternet,
            DocumentAddress::StandIn(uri) => {
                *request.uri_mut() = uri;
                Network::Configured
            }
        };
        self.raw.send(request, Bounds { network, ..bounds }).await
    }
}

#[cfg(test)]
mod tests;
