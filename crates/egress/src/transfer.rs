//! Content of files that Graph keeps elsewhere, through the AI Gateway.
//!
//! Sources: Graph, `driveItem` content (302 to a pre-authenticated address) and upload sessions (`uploadUrl`);
//! Cloudflare AI Gateway, custom providers. Such an address is a credential, so it goes to a host that the operator has
//! listed and nowhere else, through a custom provider named after that host: `contoso.sharepoint.com` is
//! `custom-contoso-sharepoint-com`. Nothing of ours that proves who asks goes with it: Graph's own pages say that a
//! request with `Authorization` is refused there.

use bytes::Bytes;
use http::header::{CONTENT_RANGE, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method, Request};
use m365_ports::{Transfer, UpstreamError};
use url::Url;

use crate::destination::{Base, DestinationError};
use crate::provider::{Providers, provider};

/// The hosts an operator has listed, and the gateway in front of them.
#[derive(Clone, Debug)]
pub(crate) struct TransferHosts {
    gateway: Base,
    hosts: Vec<String>,
}

impl TransferHosts {
    pub(crate) fn new(
        gateway: Base,
        hosts: &[String],
        providers: &mut Providers,
    ) -> Result<Self, DestinationError> {
        providers.admit("SHAREPOINT_HOSTS", hosts)?;
        Ok(Self { gateway, hosts: hosts.to_vec() })
    }

    /// The place of each host behind the gateway.
    pub(crate) fn bases(&self) -> impl Iterator<Item = Base> {
        self.hosts.iter().map(|host| self.base(host))
    }

    fn base(&self, host: &str) -> Base {
        self.gateway.below(&format!("/{}", provider(host)))
    }

    /// The request for one transfer, with these headers of the gateway.
    pub(crate) fn request(
        &self,
        transfer: Transfer,
        mut headers: HeaderMap,
    ) -> Result<Request<Bytes>, UpstreamError> {
        let url = Url::parse(transfer.url.expose()).ok().filter(is_plain);
        let host = url.as_ref().and_then(Url::host_str).unwrap_or_default();
        let (Some(url), true) = (&url, self.hosts.iter().any(|listed| listed == host)) else {
            return Err(UpstreamError::UnlistedHost { host: host.to_owned() });
        };
        let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
        let target = format!("{}{}{query}", self.base(host).text(), url.path());
        let (method, body) = match transfer.upload {
            None => (Method::GET, Bytes::new()),
            Some(part) => {
                let last = (part.offset + part.bytes.len() as u64).saturating_sub(1);
                let range = format!("bytes {}-{last}/{}", part.offset, part.total);
                headers.insert(
                    CONTENT_RANGE,
                    HeaderValue::try_from(range).map_err(|_| UpstreamError::Forbidden)?,
                );
                headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
                (Method::PUT, part.bytes)
            }
        };
        let mut request = Request::new(body);
        *request.method_mut() = method;
        *request.uri_mut() = target.parse().map_err(|_| UpstreamError::Forbidden)?;
        *request.headers_mut() = headers;
        Ok(request)
    }
}

/// https on its own port, nobody named in it.
pub(crate) fn is_plain(url: &Url) -> bool {
    url.scheme() == "https" && url.port().is_none() && url.username().is_empty() && url.password().is_none()
}

#[cfg(test)]
mod tests;
