//! Custom providers of the gateway that are named after the host they stand in front of.
//!
//! Source: Cloudflare AI Gateway, custom providers. `contoso.sharepoint.com` is `custom-contoso-sharepoint-com`, so two
//! hosts that differ only in `.` and `-` would share one, and what is meant for one would be handed to the other.

use std::collections::BTreeMap;

use crate::destination::{DestinationError, ECHO_PROVIDER, is_host_name};

/// The gateway's custom provider for a host.
pub(crate) fn provider(host: &str) -> String {
    format!("custom-{}", host.replace('.', "-"))
}

/// The hosts that providers are named after, each with its own.
#[derive(Debug, Default)]
pub(crate) struct Providers(BTreeMap<String, String>);

impl Providers {
    /// Takes in the hosts of one setting; a host may stand in several.
    ///
    /// # Errors
    /// [`DestinationError::Host`] for what is no host name, [`DestinationError::Provider`] where two hosts would share a
    /// provider.
    pub(crate) fn admit(&mut self, setting: &'static str, hosts: &[String]) -> Result<(), DestinationError> {
        for host in hosts {
            if !is_host_name(host) {
                return Err(DestinationError::Host(setting));
            }
            let name = provider(host);
            let holder = self.0.entry(name.clone()).or_insert_with(|| host.clone());
            if holder != host || name == ECHO_PROVIDER {
                return Err(DestinationError::Provider(setting));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_hosts_share_a_provider_whatever_settings_name_them() {
        let host = |text: &str| vec![text.to_owned()];
        let mut providers = Providers::default();
        providers.admit("A", &host("files.contoso.example")).unwrap();
        providers.admit("B", &host("files.contoso.example")).unwrap();
        for (hosts, error) in [
            (host("files-contoso.example"), DestinationError::Provider("B")),
            (host("m365.echo"), DestinationError::Provider("B")),
            (host("10.0.0.1"), DestinationError::Host("B")),
            (host("hooks.contoso.example:8443"), DestinationError::Host("B")),
        ] {
            assert_eq!(providers.admit("B", &hosts), Err(error), "{hosts:?}");
        }
    }
}
