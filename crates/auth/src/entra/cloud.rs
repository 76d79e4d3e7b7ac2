//! The clouds of Microsoft: a closed table, because a host that is free text would be sent credentials and tokens.
//!
//! Source: Microsoft identity platform, "National clouds"; Microsoft Graph, "National cloud deployments"; "Workload
//! identity federation". An app registration, its tokens and its scopes belong to one cloud.

/// A cloud.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cloud {
    /// Value of `CLOUD`.
    pub name: &'static str,
    /// Host of the sign-in pages, the token endpoint and its keys.
    pub login_host: &'static str,
    /// Host of Microsoft Graph: what the gateway's custom provider must point at.
    pub graph_host: &'static str,
    /// What stands before the name of a Graph permission.
    pub scope_prefix: &'static str,
    /// Audience of the federated credential that the app registration trusts.
    pub federation_audience: &'static str,
}

impl Cloud {
    /// The public cloud, GCC included.
    pub const GLOBAL: Self = Self {
        name: "global",
        login_host: "login.microsoftonline.com",
        graph_host: "graph.microsoft.com",
        scope_prefix: "https://graph.microsoft.com/",
        federation_audience: "api://AzureADTokenExchange",
    };
    /// US Government L4 (GCC High).
    pub const US_GOVERNMENT: Self = Self {
        name: "usgov",
        login_host: "login.microsoftonline.us",
        graph_host: "graph.microsoft.us",
        scope_prefix: "https://graph.microsoft.us/",
        federation_audience: "api://AzureADTokenExchangeUSGov",
    };
    /// US Government L5 (DoD).
    pub const US_GOVERNMENT_DOD: Self = Self {
        name: "usgov-dod",
        login_host: "login.microsoftonline.us",
        graph_host: "dod-graph.microsoft.us",
        scope_prefix: "https://dod-graph.microsoft.us/",
        federation_audience: "api://AzureADTokenExchangeUSGov",
    };
    /// China, operated by 21Vianet.
    pub const CHINA: Self = Self {
        name: "china",
        login_host: "login.partner.microsoftonline.cn",
        graph_host: "microsoftgraph.chinacloudapi.cn",
        scope_prefix: "https://microsoftgraph.chinacloudapi.cn/",
        federation_audience: "api://AzureADTokenExchangeChina",
    };
    /// Every cloud.
    pub const ALL: [Self; 4] = [Self::GLOBAL, Self::US_GOVERNMENT, Self::US_GOVERNMENT_DOD, Self::CHINA];

    /// Base of the sign-in host, without a trailing slash.
    #[must_use]
    pub fn login_base(&self) -> String {
        format!("https://{}", self.login_host)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cloud_is_told_from_every_other_by_name_and_by_graph() {
        for (index, cloud) in Cloud::ALL.iter().enumerate() {
            assert_eq!(cloud.scope_prefix, format!("https://{}/", cloud.graph_host));
            for other in &Cloud::ALL[index + 1..] {
                assert_ne!(cloud.name, other.name);
                assert_ne!(cloud.graph_host, other.graph_host);
            }
        }
    }

    #[test]
    fn the_two_clouds_of_the_us_government_share_their_sign_in_and_nobody_else_does() {
        let shared = |host| Cloud::ALL.iter().filter(|cloud| cloud.login_host == host).count();
        assert_eq!(Cloud::ALL.map(|cloud| shared(cloud.login_host)), [1, 2, 2, 1]);
    }
}
