//! Clients, codes, grants and tokens of Managed OAuth, in memory.
//!
//! Source: RFC 6749 sections 4.1 and 6, RFC 7009, RFC 7636. Invariants: of any number of simultaneous redemptions of a
//! code or refresh token exactly one succeeds; a token never outlives its grant; nothing grows without bound.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

use super::TOKEN_PREFIX;
use crate::access::ManagedOauth;
use crate::entropy;

const CODE_MS: u64 = 60_000;
const MOST_KEPT: usize = 10_000;

/// A registered client.
#[derive(Clone, Debug)]
pub(super) struct Client {
    pub(super) name: String,
    pub(super) redirect_uris: Vec<String>,
}

/// What a code stands for.
#[derive(Clone, Debug)]
pub(super) struct Code {
    pub(super) client_id: String,
    pub(super) redirect_uri: String,
    pub(super) challenge: String,
    /// E-mail address of who signed in.
    pub(super) email: String,
}

/// A code as a client presents it.
pub(super) struct Redemption<'a> {
    pub(super) code: &'a str,
    pub(super) client_id: &'a str,
    pub(super) redirect_uri: &'a str,
    pub(super) verifier: &'a str,
}

/// New tokens.
pub(super) struct Issued {
    pub(super) access: String,
    pub(super) refresh: String,
    pub(super) expires_in: u64,
}

#[derive(Clone)]
struct Grant {
    id: String,
    client_id: String,
    email: String,
    ends_ms: u64,
}

struct Held {
    grant: Grant,
    ends_ms: u64,
    refreshes: bool,
}

#[derive(Default)]
struct Kept {
    clients: BTreeMap<String, Client>,
    codes: BTreeMap<String, (Code, u64)>,
    /// Access and refresh tokens, which their holder tells apart by what the answer called them.
    tokens: BTreeMap<String, Held>,
}

/// The state of the authorization server.
#[derive(Default)]
pub(crate) struct Grants {
    kept: Mutex<Kept>,
}

impl Grants {
    /// A new client; its id.
    pub(super) fn register(&self, client: Client) -> String {
        let client_id = entropy::uuid().to_string();
        let mut kept = self.kept();
        bound(&mut kept.clients);
        kept.clients.insert(client_id.clone(), client);
        client_id
    }

    pub(super) fn client(&self, client_id: &str) -> Option<Client> {
        self.kept().clients.get(client_id).cloned()
    }

    /// A code for this client and person.
    pub(super) fn issue_code(&self, code: Code, now_ms: u64) -> String {
        let secret = entropy::secret();
        let mut kept = self.kept();
        kept.codes.retain(|_, (_, ends_ms)| *ends_ms > now_ms);
        bound(&mut kept.codes);
        kept.codes.insert(secret.clone(), (code, now_ms.saturating_add(CODE_MS)));
        secret
    }

    /// Tokens of a new grant. A code is used up by its first presentation, right or wrong.
    pub(super) fn redeem(
        &self,
        presented: &Redemption<'_>,
        managed: &ManagedOauth,
        now_ms: u64,
    ) -> Option<Issued> {
        let mut kept = self.kept();
        let (code, ends_ms) = kept.codes.remove(presented.code)?;
        let fits = ends_ms > now_ms
            && code.client_id == presented.client_id
            && code.redirect_uri == presented.redirect_uri
            && code.challenge == URL_SAFE_NO_PAD.encode(Sha256::digest(presented.verifier));
        let grant = Grant {
            id: entropy::secret(),
            client_id: code.client_id,
            email: code.email,
            ends_ms: now_ms.saturating_add(managed.session_secs * 1000),
        };
        fits.then(|| kept.issue(grant, managed, now_ms))
    }

    /// Successors of a refresh token, which ends by that.
    pub(super) fn refresh(
        &self,
        token: &str,
        client_id: &str,
        managed: &ManagedOauth,
        now_ms: u64,
    ) -> Option<Issued> {
        let mut kept = self.kept();
        let held = kept.tokens.get(token)?;
        if !held.refreshes || held.grant.client_id != client_id || held.ends_ms <= now_ms {
            return None;
        }
        let held = kept.tokens.remove(token)?;
        Some(kept.issue(held.grant, managed, now_ms))
    }

    /// Ends a token of this client; with a refresh token its whole grant.
    pub(super) fn revoke(&self, token: &str, client_id: &str) {
        let mut kept = self.kept();
        let Some(held) = kept.tokens.get(token).filter(|held| held.grant.client_id == client_id) else {
            return;
        };
        if held.refreshes {
            let id = held.grant.id.clone();
            kept.tokens.retain(|_, other| other.grant.id != id);
        } else {
            kept.tokens.remove(token);
        }
    }

    /// Whose live access token this is, by e-mail address.
    pub(super) fn holder(&self, token: &str, now_ms: u64) -> Option<String> {
        let kept = self.kept();
        let held = kept.tokens.get(token)?;
        (!held.refreshes && held.ends_ms > now_ms).then(|| held.grant.email.clone())
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn issue(&mut self, grant: Grant, managed: &ManagedOauth, now_ms: u64) -> Issued {
        self.tokens.retain(|_, held| held.ends_ms > now_ms);
        bound(&mut self.tokens);
        let [access, refresh] = [(); 2].map(|()| format!("{TOKEN_PREFIX}{}", entropy::secret()));
        let ends_ms = grant.ends_ms.min(now_ms.saturating_add(managed.access_token_secs * 1000));
        let expires_in = ends_ms.saturating_sub(now_ms) / 1000;
        self.tokens.insert(access.clone(), Held { grant: grant.clone(), ends_ms, refreshes: false });
        let ends_ms = grant.ends_ms;
        self.tokens.insert(refresh.clone(), Held { grant, ends_ms, refreshes: true });
        Issued { access, refresh, expires_in }
    }
}

fn bound<T>(kept: &mut BTreeMap<String, T>) {
    if kept.len() >= MOST_KEPT {
        kept.pop_first();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

    fn code() -> Code {
        Code {
            client_id: "c".to_owned(),
            redirect_uri: "http://127.0.0.1/r".to_owned(),
            // RFC 7636 appendix B.
            challenge: "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM".to_owned(),
            email: "alex@contoso.example".to_owned(),
        }
    }

    fn presented(code: &str) -> Redemption<'_> {
        Redemption { code, client_id: "c", redirect_uri: "http://127.0.0.1/r", verifier: VERIFIER }
    }

    fn granted(grants: &Grants) -> Issued {
        let code = grants.issue_code(code(), 0);
        grants.redeem(&presented(&code), &ManagedOauth::default(), 0).expect("tokens")
    }

    #[test]
    fn a_code_is_redeemed_once_in_its_minute_by_what_it_was_made_for() {
        let (grants, managed) = (Grants::default(), ManagedOauth::default());
        let issued = grants.issue_code(code(), 0);
        assert!(grants.redeem(&presented(&issued), &managed, CODE_MS - 1).is_some());
        assert!(grants.redeem(&presented(&issued), &managed, 0).is_none());
        let late = grants.issue_code(code(), 0);
        assert!(grants.redeem(&presented(&late), &managed, CODE_MS).is_none());
        for wrong in [
            |p: &mut Redemption<'_>| p.client_id = "d",
            |p: &mut Redemption<'_>| p.redirect_uri = "http://127.0.0.1/s",
            |p: &mut Redemption<'_>| p.verifier = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
        ] {
            let issued = grants.issue_code(code(), 0);
            let mut presented = presented(&issued);
            wrong(&mut presented);
            assert!(grants.redeem(&presented, &managed, 0).is_none());
        }
    }

    #[test]
    fn an_access_token_lives_its_minutes_and_names_its_person() {
        let grants = Grants::default();
        let tokens = granted(&grants);
        let end_ms = tokens.expires_in * 1000;
        assert_eq!(tokens.expires_in, 900);
        assert_eq!(grants.holder(&tokens.access, end_ms - 1).as_deref(), Some("alex@contoso.example"));
        assert_eq!(grants.holder(&tokens.access, end_ms), None);
        assert_eq!(grants.holder(&tokens.refresh, 0), None);
        assert!(tokens.access.starts_with("oauth:"));
    }

    #[test]
    fn a_refresh_token_has_one_successor_of_its_client_until_the_grant_ends() {
        let (grants, managed) = (Grants::default(), ManagedOauth::default());
        let first = granted(&grants);
        let end_ms = managed.session_secs * 1000;
        assert!(grants.refresh(&first.refresh, "d", &managed, 0).is_none());
        assert!(grants.refresh(&first.access, "c", &managed, 0).is_none());
        let second = grants.refresh(&first.refresh, "c", &managed, end_ms - 60_000).expect("a successor");
        assert_eq!(second.expires_in, 60, "no token outlives its grant");
        assert!(grants.refresh(&first.refresh, "c", &managed, end_ms - 60_000).is_none());
        assert!(grants.refresh(&second.refresh, "c", &managed, end_ms).is_none());
    }

    #[test]
    fn revoking_a_refresh_token_ends_the_grant_and_an_access_token_only_itself() {
        let grants = Grants::default();
        let (one, other) = (granted(&grants), granted(&grants));
        grants.revoke(&one.access, "c");
        assert_eq!(grants.holder(&one.access, 0), None);
        grants.revoke(&other.refresh, "d");
        assert!(grants.holder(&other.access, 0).is_some(), "another client cannot");
        grants.revoke(&other.refresh, "c");
        assert_eq!(grants.holder(&other.access, 0), None);
        assert!(grants.refresh(&one.refresh, "c", &ManagedOauth::default(), 0).is_some());
    }
}
