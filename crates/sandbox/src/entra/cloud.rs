//! The clouds the simulated tenant can be in: what its Graph is called, and for whom the platform's token must be.
//!
//! Source: Microsoft's documentation of national clouds and of workload identity federation. Hosts stay those of the
//! sandbox; only names change.

/// One cloud.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Cloud {
    /// As `POST /_control/entra` calls it.
    pub(crate) name: &'static str,
    /// What stands before a Graph scope.
    pub(crate) scope_prefix: &'static str,
    /// Audience of the federated credential.
    pub(crate) federation_audience: &'static str,
}

const fn cloud(name: &'static str, scope_prefix: &'static str, federation_audience: &'static str) -> Cloud {
    Cloud { name, scope_prefix, federation_audience }
}

/// Every cloud, the one at the start first.
static CLOUDS: [Cloud; 4] = [
    cloud("global", "https://graph.microsoft.com/", "api://AzureADTokenExchange"),
    cloud("usgov", "https://graph.microsoft.us/", "api://AzureADTokenExchangeUSGov"),
    cloud("usgov-dod", "https://dod-graph.microsoft.us/", "api://AzureADTokenExchangeUSGov"),
    cloud("china", "https://microsoftgraph.chinacloudapi.cn/", "api://AzureADTokenExchangeChina"),
];

impl Cloud {
    /// The public cloud.
    pub(crate) fn global() -> &'static Self {
        let [global, ..] = &CLOUDS;
        global
    }

    /// The cloud of this name.
    pub(crate) fn named(name: &str) -> Option<&'static Self> {
        CLOUDS.iter().find(|cloud| cloud.name == name)
    }
}
