//! Scopes: OpenID Connect scopes and delegated permissions of Microsoft Graph.
//!
//! Source: Microsoft's documentation of scopes and of Graph permissions. `https://graph.microsoft.com/Mail.Read` and
//! `Mail.Read` are the same; one resource per request; a scope Graph does not have is refused.

use std::collections::BTreeSet;

use super::{Aadsts, Cloud};

/// In the order in which Entra lists them behind the Graph scopes.
const OPENID_CONNECT: [&str; 4] = ["profile", "openid", "email", "offline_access"];
const GRAPH_SCOPES: &str = include_str!("graph_scopes.txt");

/// What only an administrator can grant, of what the server asks for (Microsoft's permissions reference).
const ADMINISTERED: [&str; 6] = [
    "ChannelMessage.Read.All",
    "GroupMember.ReadBasic.All",
    "OnlineMeetingTranscript.Read.All",
    "People.Read.All",
    "Place.Read.All",
    "User.Read.All",
];

/// Whether only an administrator can grant a Graph scope.
pub(super) fn is_administered(scope: &str) -> bool {
    ADMINISTERED.contains(&scope)
}

/// The scopes of one request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Scopes {
    /// Delegated Graph permissions, such as `Mail.Read`.
    pub(super) graph: BTreeSet<String>,
    openid_connect: BTreeSet<String>,
    /// `https://graph.microsoft.com/.default`: everything consented so far.
    pub(super) default: bool,
}

impl Scopes {
    /// Reads a `scope` parameter in this cloud.
    pub(super) fn parse(text: &str, cloud: &Cloud) -> Result<Self, Aadsts> {
        let mut scopes = Self::default();
        for scope in text.split(' ').filter(|scope| !scope.is_empty()) {
            scopes.add(scope, cloud)?;
        }
        if scopes.default && !scopes.graph.is_empty() {
            return Err(Aadsts::new(70011).about("'.default' cannot be combined with other scopes."));
        }
        if scopes == Self::default() {
            return Err(Aadsts::new(28003));
        }
        Ok(scopes)
    }

    /// The scopes of an earlier grant.
    pub(super) fn granted(list: &[String]) -> Self {
        let mut scopes = Self::default();
        for scope in list {
            let known = if is_openid_connect(scope) { &mut scopes.openid_connect } else { &mut scopes.graph };
            known.insert(scope.clone());
        }
        scopes
    }

    fn add(&mut self, scope: &str, cloud: &Cloud) -> Result<(), Aadsts> {
        if is_openid_connect(scope) {
            self.openid_connect.insert(scope.to_owned());
            return Ok(());
        }
        let name = scope.strip_prefix(cloud.scope_prefix).unwrap_or(scope);
        if name == ".default" {
            self.default = true;
            return Ok(());
        }
        if name.contains("://") {
            return Err(Aadsts::new(70011).about("Only Microsoft Graph is known as a resource here."));
        }
        let exact = GRAPH_SCOPES.lines().find(|known| known.eq_ignore_ascii_case(name));
        let exact = exact.ok_or_else(|| {
            let shown: String = name.chars().filter(char::is_ascii_graphic).take(80).collect();
            Aadsts::new(650_053).about(&format!("The scope is '{shown}', the resource is Microsoft Graph."))
        })?;
        self.graph.insert(exact.to_owned());
        Ok(())
    }

    /// Whether an OpenID Connect scope is among them.
    pub(super) fn has(&self, openid_connect: &str) -> bool {
        self.openid_connect.contains(openid_connect)
    }

    /// Everything as a list, for a code or a refresh token.
    pub(super) fn list(&self) -> Vec<String> {
        self.graph.iter().chain(&self.openid_connect).cloned().collect()
    }

    /// The `scope` of a token answer: `graph` and the OpenID Connect scopes, without `offline_access`. In the global cloud
    /// Graph is understood, in the others it is named.
    pub(super) fn shown(&self, graph: &BTreeSet<String>, cloud: &Cloud) -> String {
        let prefix = if cloud == Cloud::global() { "" } else { cloud.scope_prefix };
        let graph = graph.iter().map(|scope| format!("{prefix}{scope}"));
        let connect = OPENID_CONNECT.iter().filter(|&&scope| scope != "offline_access" && self.has(scope));
        graph.chain(connect.map(|&scope| scope.to_owned())).collect::<Vec<_>>().join(" ")
    }
}

fn is_openid_connect(scope: &str) -> bool {
    OPENID_CONNECT.contains(&scope)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_graph_scope_with_and_without_its_resource_is_the_same() {
        let parse = |text: &str| Scopes::parse(text, Cloud::global()).expect("parsed");
        let short = parse("openid Mail.Read offline_access");
        assert_eq!(short, parse("https://graph.microsoft.com/mail.read  openid offline_access"));
        assert_eq!(short.shown(&short.graph, Cloud::global()), "Mail.Read openid");
        assert_eq!(Scopes::granted(&short.list()), short);
    }

    #[test]
    fn another_cloud_has_another_graph_and_names_it() {
        let china = Cloud::named("china").expect("a cloud");
        let scopes =
            Scopes::parse("https://microsoftgraph.chinacloudapi.cn/Mail.Read openid", china).expect("parsed");
        let shown = scopes.shown(&scopes.graph, china);
        assert_eq!(shown, "https://microsoftgraph.chinacloudapi.cn/Mail.Read openid");
        let foreign = Scopes::parse("https://graph.microsoft.com/Mail.Read", china);
        assert_eq!(foreign.map_err(|error| error.code), Err(70011));
    }

    #[test]
    fn scopes_that_are_unknown_foreign_mixed_or_missing_are_refused() {
        for (text, code) in [
            ("Mail.Reed", 650_053),
            ("https://contoso.sharepoint.com/Sites.Read.All", 70011),
            (".default Mail.Read", 70011),
            ("", 28003),
            ("  ", 28003),
        ] {
            let parsed = Scopes::parse(text, Cloud::global());
            assert_eq!(parsed.map_err(|error| error.code), Err(code), "{text}");
        }
    }
}
