//! Every kind of caller of a route, and the request each of them sends.

use axum::body::Body;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderValue, Request};
use m365_app::routes::{Content, Gate, Handler, Route};
use m365_types::{Profile, Scope};
use serde_json::json;

use crate::harness::{ALEX, ASSERTION, FORM, SAM, Site, client_metadata, encode, service_assertion};

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Caller {
    /// Nobody in particular.
    Anonymous,
    /// An assertion of the right form, signed by somebody who is not Access.
    ForgedAssertion,
    /// Access's assertion of a service token.
    Service,
    /// Access's assertion of a person.
    Person,
    /// A living access token for `/mcp`.
    Bearer,
    /// A living access token for `/sse`.
    StreamBearer,
    /// A living access token of the same person, for another deployment.
    OtherAudience,
    /// A text that is no token of ours.
    GarbageToken,
    /// A living access token beside the assertion of somebody else.
    BearerBesideOther,
    /// A registered client with a living refresh token.
    Client,
    /// A client that nobody registered, with the same token.
    UnknownClient,
    /// Access's assertion of a person in the operators' group.
    Operator,
}

impl Caller {
    pub(crate) const ALL: [Self; 12] = [
        Self::Anonymous,
        Self::ForgedAssertion,
        Self::Service,
        Self::Person,
        Self::Bearer,
        Self::StreamBearer,
        Self::OtherAudience,
        Self::GarbageToken,
        Self::BearerBesideOther,
        Self::Client,
        Self::UnknownClient,
        Self::Operator,
    ];

    /// Whoever holds a token for the route.
    pub(crate) fn holder(route: &Route) -> Self {
        if route.path == "/mcp" { Self::Bearer } else { Self::StreamBearer }
    }

    /// Whether Access vouches for a person, so that a cell may come to be.
    pub(crate) const fn is_vouched_person(self) -> bool {
        matches!(self, Self::Person | Self::BearerBesideOther | Self::Operator)
    }
}

/// A server and what one caller holds there.
pub(crate) struct Scene {
    pub(crate) site: Site,
    /// Texts that no answer may repeat.
    pub(crate) credentials: Vec<String>,
    headers: Vec<(&'static str, String)>,
    fields: Vec<(&'static str, String)>,
}

impl Scene {
    /// A fresh server, on which the caller has done what makes it that kind of caller.
    pub(crate) fn of(caller: Caller) -> Self {
        let site = Site::new(Profile::Full);
        let (mut headers, mut fields) = (Vec::new(), vec![("client_id", "unknown-client".to_owned())]);
        let scopes = every_scope();
        let bearer = |token: &str| ("authorization", format!("Bearer {token}"));
        match caller {
            Caller::Anonymous => fields.clear(),
            Caller::ForgedAssertion => headers.push((ASSERTION, ALEX.forged_assertion(site.now()))),
            Caller::Service => headers.push((ASSERTION, service_assertion(site.now()))),
            Caller::Person => headers.push((ASSERTION, ALEX.assertion(site.now()))),
            Caller::Bearer => headers.push(bearer(&site.grant(&ALEX, &site.register(), &scopes).access)),
            Caller::StreamBearer => {
                headers.push(bearer(&site.grant(&ALEX, &site.register().streaming(), &scopes).access));
            }
            Caller::OtherAudience => {
                let other = site.beside("other.contoso.example");
                headers.push(bearer(&other.grant(&ALEX, &other.register(), &scopes).access));
            }
            Caller::GarbageToken => headers.push(bearer("m365a_bm90LW91cnM.bm90LW91cnM")),
            Caller::BearerBesideOther => {
                headers.push(bearer(&site.grant(&ALEX, &site.register(), &scopes).access));
                headers.push((ASSERTION, SAM.assertion(site.now())));
            }
            Caller::Operator => headers.push((ASSERTION, SAM.operator_assertion(site.now()))),
            Caller::Client | Caller::UnknownClient => {
                let client = site.register();
                let tokens = site.grant(&ALEX, &client, &scopes);
                if caller == Caller::Client {
                    fields = vec![("client_id", client.id)];
                }
                fields.push(("refresh_token", tokens.refresh.clone()));
            }
        }
        let credentials = headers.iter().chain(&fields).map(|(_, value)| value.clone()).collect();
        Self { site, credentials, headers, fields }
    }

    /// The caller's request to a route: well-formed, with the method the route is for; at `/sse` the one whose answer
    /// ends.
    pub(crate) fn request(&self, route: &Route) -> Request<Body> {
        let method = route.methods.last().map_or("POST", |method| method.as_str());
        self.request_with(route, method)
    }

    /// The same with another method.
    pub(crate) fn request_with(&self, route: &Route, method: &str) -> Request<Body> {
        let mut request = match (route.handler, route.content) {
            (Handler::Mcp | Handler::Sse, _) => {
                let mut request = self.site.message(None, "tools/list", None, json!({}));
                *request.uri_mut() = route.path.parse().unwrap();
                request
            }
            (Handler::Messages, _) => {
                let ping = json!({ "jsonrpc": "2.0", "id": 1, "method": "ping" });
                self.site.posting("/messages?sessionId=bm90LW91cnM", None, &ping)
            }
            (_, Content::Form) => {
                let mut request =
                    self.site.request("POST", route.path).body(self.form(route).into()).unwrap();
                request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(FORM));
                request
            }
            (_, Content::Json) => {
                let body = match route.gate {
                    Gate::Operator => {
                        json!({ "reason": "a test of this route", "person": "nobody", "all": true })
                    }
                    _ => client_metadata(),
                };
                let body = body.to_string();
                let json = HeaderValue::from_static("application/json");
                self.site.request("POST", route.path).header(CONTENT_TYPE, json).body(body.into()).unwrap()
            }
            (_, Content::Any | Content::None) => {
                self.site.request("GET", route.path).body(Body::empty()).unwrap()
            }
        };
        *request.method_mut() = method.parse().unwrap();
        for (name, value) in &self.headers {
            let mut value = HeaderValue::from_str(value).unwrap();
            value.set_sensitive(*name == AUTHORIZATION.as_str());
            request.headers_mut().insert(*name, value);
        }
        request
    }

    /// For a client's route what such a route takes, as far as this caller has it.
    fn form(&self, route: &Route) -> String {
        if route.gate != Gate::Client {
            return String::new();
        }
        let held = self.fields.iter().find(|(name, _)| *name == "refresh_token");
        let token = held.map_or("m365r_bm90LW91cnM.bm90LW91cnM", |(_, token)| token.as_str());
        let mut fields = match route.handler {
            Handler::Revoke => vec![("token", token)],
            _ => vec![("grant_type", "refresh_token"), ("refresh_token", token)],
        };
        let client = self.fields.iter().find(|(name, _)| *name == "client_id");
        fields.extend(client.map(|(name, value)| (*name, value.as_str())));
        encode(&fields)
    }
}

/// Every scope that any row of the tool table needs.
pub(crate) fn every_scope() -> String {
    let rows = m365_graph::catalog().flat_map(|action| action.spec.scopes.iter().copied());
    let scopes: m365_types::ScopeSet = rows.collect();
    scopes.iter().map(Scope::as_str).collect::<Vec<_>>().join(" ")
}
