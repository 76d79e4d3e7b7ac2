//! What should happen: lists of grants, tokens and forms, and the rules in plain words of code.

use std::collections::BTreeMap;
use std::time::Duration;

use m365_types::UnixMillis;

use super::step::{Answer, Asked, By, Check, DOCUMENT_CLIENT, End, Kind};
use crate::oauth::grant::Lifetimes;

/// Short lives, so that a few steps pass them.
pub(super) const LIVES: Lifetimes = Lifetimes {
    code: Duration::from_mins(1),
    access: Duration::from_hours(1),
    refresh_idle: Duration::from_hours(2),
    refresh_absolute: Duration::from_hours(5),
    reauth: Duration::from_hours(4),
};
const FORM: Duration = Duration::from_mins(10);
const LEAST_LEFT: Duration = Duration::from_mins(1);
const REPEAT: Duration = Duration::from_secs(10);
const REMEMBER: Duration = Duration::from_hours(720);

/// How a step ended. Codes and tokens are counted in the order of their making.
#[derive(Debug, PartialEq)]
pub(super) enum Outcome {
    /// Nothing to tell.
    Quiet,
    /// A grant, and the code for it.
    Code(usize),
    /// A consent that waits for a sign-in.
    Waiting(usize),
    /// New tokens.
    Tokens(usize),
    /// The tokens of an earlier answer.
    Repeated(usize),
    /// So many grants have ended.
    Ended(u64),
    /// The person must be asked.
    AskFirst,
    /// Refused, with this code.
    Refused(&'static str),
}

/// A record that must have been written: kind and code.
pub(super) type Record = (&'static str, &'static str);

#[derive(Clone, Copy, Debug, PartialEq)]
enum Phase {
    Offered,
    Live,
    Ended,
}

struct Grant {
    client: usize,
    created: UnixMillis,
    asserted: UnixMillis,
    phase: Phase,
    redeemed: u32,
}

/// One answer of the token endpoint: an access token and a refresh token.
struct Pair {
    grant: usize,
    narrow: bool,
    access_ends: UnixMillis,
    /// Revoked, or expired and tidied away.
    access_gone: bool,
    refresh_ends: UnixMillis,
    /// When the refresh token was replaced, and by which.
    replaced: Option<(UnixMillis, usize)>,
}

struct Form {
    client: usize,
    begun: UnixMillis,
    ends: UnixMillis,
    spent: bool,
}

/// A consent that waits: whether it is to be remembered.
struct Waiting {
    client: usize,
    begun: UnixMillis,
    remember: bool,
}

pub(super) struct Model {
    pub(super) now: UnixMillis,
    pub(super) asserted: UnixMillis,
    grants: Vec<Grant>,
    pairs: Vec<Pair>,
    forms: Vec<Form>,
    /// What began before an operator ended everything counts as spent.
    cut_off: Option<UnixMillis>,
    /// Those that have been completed are gone.
    waiting: Vec<Option<Waiting>>,
    /// Until when a consent for a client counts.
    remembered: BTreeMap<usize, UnixMillis>,
    pub(super) records: Vec<Record>,
}

impl Grant {
    fn end(&self) -> UnixMillis {
        self.created.plus(LIVES.refresh_absolute).min(self.asserted.plus(LIVES.reauth))
    }

    fn needs_sign_in(&self, now: UnixMillis) -> bool {
        self.asserted.plus(LIVES.reauth).since(now) < LEAST_LEFT
    }
}

impl Model {
    /// Nothing has happened, and the person has just signed in to Access.
    pub(super) fn new(now: UnixMillis) -> Self {
        Self {
            now,
            asserted: now,
            grants: Vec::new(),
            pairs: Vec::new(),
            forms: Vec::new(),
            cut_off: None,
            waiting: Vec::new(),
            remembered: BTreeMap::new(),
            records: Vec::new(),
        }
    }

    pub(super) fn begin(&mut self, client: usize) {
        self.forms.push(Form { client, begun: self.now, ends: self.now.plus(FORM), spent: false });
    }

    pub(super) fn client_of_form(&self, form: usize) -> usize {
        self.forms[form].client
    }

    pub(super) fn client_of_grant(&self, grant: usize) -> usize {
        self.grants[grant].client
    }

    pub(super) fn grant_of_pair(&self, pair: usize) -> usize {
        self.pairs[pair].grant
    }

    pub(super) fn answer(&mut self, form: usize, by: By, answer: Answer) -> Outcome {
        let Form { client, begun, ends, spent } = self.forms[form];
        match by {
            By::OtherBrowser => return Outcome::Refused("transaction_other_browser"),
            By::OtherPerson => return Outcome::Refused("transaction_other_person"),
            _ if self.now >= ends => return Outcome::Refused("transaction_expired"),
            By::ForeignForm => return Outcome::Refused("transaction_csrf"),
            By::Themselves => {}
        }
        if spent || self.is_cut_off(begun) {
            return self.refused("request.refused", "transaction_spent");
        }
        self.forms[form].spent = true;
        match answer {
            Answer::Allow { remember } => {
                self.offer(client, remember && client == DOCUMENT_CLIENT, "granted")
            }
            Answer::Deny => {
                self.remembered.remove(&client);
                self.records.push(("consent.denied", "denied"));
                Outcome::Quiet
            }
            Answer::SignInFirst { remember } => {
                self.records.push(("consent.given", "sign_in_next"));
                let (begun, remember) = (self.now, remember && client == DOCUMENT_CLIENT);
                self.waiting.push(Some(Waiting { client, begun, remember }));
                Outcome::Waiting(self.waiting.len() - 1)
            }
        }
    }

    /// Completes the consent, unless that was done before: its sign-in is spent.
    pub(super) fn complete(&mut self, waiting: usize) -> Option<Outcome> {
        let Waiting { client, begun, remember } = self.waiting[waiting].take()?;
        if self.is_cut_off(begun) {
            return Some(self.refused("consent.given", "transaction_spent"));
        }
        Some(self.offer(client, remember, "granted"))
    }

    fn is_cut_off(&self, begun: UnixMillis) -> bool {
        self.cut_off.is_some_and(|at| begun < at)
    }

    pub(super) fn ask_again(&mut self) -> Outcome {
        match self.remembered.get(&DOCUMENT_CLIENT) {
            Some(until) if self.now < *until => self.offer(DOCUMENT_CLIENT, false, "remembered"),
            _ => Outcome::AskFirst,
        }
    }

    fn offer(&mut self, client: usize, remember: bool, word: &'static str) -> Outcome {
        let (created, asserted) = (self.now, self.asserted);
        let grant = Grant { client, created, asserted, phase: Phase::Offered, redeemed: 0 };
        if grant.needs_sign_in(self.now) {
            return self.refused("consent.given", "grant_reauth_needed");
        }
        if remember {
            self.remembered.insert(client, self.now.plus(REMEMBER));
        }
        self.records.push(("consent.given", word));
        self.grants.push(grant);
        Outcome::Code(self.grants.len() - 1)
    }

    pub(super) fn redeem(&mut self, grant: usize, client: usize, check: Check) -> Outcome {
        let known = &self.grants[grant];
        let refusal = match known.phase {
            _ if check == Check::Forged => "grant_invalid",
            Phase::Ended => "grant_invalid",
            _ if known.client != client => "grant_other_client",
            Phase::Live => {
                self.end(grant);
                return self.refused("token.reused", "grant_reused");
            }
            Phase::Offered if self.now >= known.created.plus(LIVES.code) => "grant_expired",
            Phase::Offered if check == Check::Redirect => "grant_redirect",
            Phase::Offered if check == Check::Verifier => "grant_verifier",
            Phase::Offered if known.needs_sign_in(self.now) => "grant_reauth_needed",
            Phase::Offered => return self.redeemed(grant),
        };
        self.refused("token.issued", refusal)
    }

    /// The grant comes alive, and the earlier ones of its client end; a consent that is remembered stays so.
    fn redeemed(&mut self, grant: usize) -> Outcome {
        let (client, created) = (self.grants[grant].client, self.grants[grant].created);
        for (index, earlier) in self.grants.iter_mut().enumerate() {
            let replaced = index != grant && earlier.client == client && earlier.created <= created;
            if replaced && earlier.phase != Phase::Ended {
                earlier.phase = Phase::Ended;
                self.records.push(("grant.revoked", "authorized_again"));
            }
        }
        self.grants[grant].phase = Phase::Live;
        self.grants[grant].redeemed += 1;
        self.records.push(("token.issued", "issued"));
        self.issue(grant, false)
    }

    fn issue(&mut self, grant: usize, narrow: bool) -> Outcome {
        let end = self.grants[grant].end();
        self.pairs.push(Pair {
            grant,
            narrow,
            access_ends: self.now.plus(LIVES.access).min(end),
            access_gone: false,
            refresh_ends: self.now.plus(LIVES.refresh_idle).min(end),
            replaced: None,
        });
        Outcome::Tokens(self.pairs.len() - 1)
    }

    pub(super) fn refresh(&mut self, pair: usize, client: usize, asked: Asked) -> Outcome {
        let token = &self.pairs[pair];
        let grant = &self.grants[token.grant];
        let refusal = match token.replaced {
            _ if asked == Asked::Forged || grant.phase == Phase::Ended => "grant_invalid",
            _ if grant.client != client => "grant_other_client",
            Some((at, by)) if self.pairs[by].replaced.is_none() && self.now.since(at) <= REPEAT => {
                self.records.push(("token.refreshed", "repeated"));
                return Outcome::Repeated(by);
            }
            Some(_) => {
                self.end(token.grant);
                return self.refused("token.reused", "grant_reused");
            }
            None if grant.needs_sign_in(self.now) => "grant_reauth_needed",
            None if token.refresh_ends.since(self.now) < LEAST_LEFT => "grant_expired",
            None if asked == Asked::More => "grant_scope",
            None => {
                let grant = token.grant;
                self.pairs[pair].replaced = Some((self.now, self.pairs.len()));
                self.records.push(("token.refreshed", "rotated"));
                return self.issue(grant, asked == Asked::Less);
            }
        };
        self.refused("token.refreshed", refusal)
    }

    /// Always a success; something happens where the client's own token is known.
    pub(super) fn revoke(&mut self, kind: Kind, index: usize, client: usize) {
        let grant = if kind == Kind::Code { index } else { self.pairs[index].grant };
        let known = &self.grants[grant];
        if known.client != client || known.phase == Phase::Ended {
            return;
        }
        if kind == Kind::Access {
            if !self.pairs[index].access_gone {
                self.pairs[index].access_gone = true;
                self.records.push(("grant.revoked", "access_token"));
            }
            return;
        }
        self.end(grant);
        self.records.push(("grant.revoked", "by_client"));
    }

    pub(super) fn end_by(&mut self, end: End) -> Outcome {
        let all = || 0..self.grants.len();
        let (meant, word): (Vec<usize>, _) = match end {
            End::One(pick) => (pick.of(self.grants.len()).into_iter().collect(), "by_person"),
            End::All => (all().collect(), "by_person"),
            End::Kill => (all().collect(), "by_operator"),
            End::Client(client) => {
                (all().filter(|index| self.grants[*index].client == client).collect(), "by_operator")
            }
        };
        let ended: Vec<usize> =
            meant.into_iter().filter(|index| self.grants[*index].phase != Phase::Ended).collect();
        for grant in &ended {
            self.end(*grant);
            self.records.push(("grant.revoked", word));
        }
        match end {
            End::Kill => {
                self.remembered.clear();
                self.cut_off = Some(self.now);
            }
            End::All => self.remembered.clear(),
            End::Client(client) => drop(self.remembered.remove(&client)),
            End::One(_) => {}
        }
        Outcome::Ended(ended.len() as u64)
    }

    /// A sweep ends what nobody can use any more, without a record: nobody did anything.
    pub(super) fn sweep(&mut self) {
        let now = self.now;
        for pair in self.pairs.iter_mut().filter(|pair| now >= pair.access_ends) {
            pair.access_gone = true;
        }
        for index in 0..self.grants.len() {
            let of_grant = || self.pairs.iter().filter(|pair| pair.grant == index);
            let refresh_over = of_grant().all(|pair| pair.replaced.is_some() || now >= pair.refresh_ends);
            let access_over = of_grant().all(|pair| pair.access_gone);
            let grant = &mut self.grants[index];
            if now >= grant.created.plus(LIVES.code) && refresh_over && access_over {
                grant.phase = Phase::Ended;
            }
        }
        self.remembered.retain(|_, until| now < *until);
    }

    fn end(&mut self, grant: usize) {
        self.grants[grant].phase = Phase::Ended;
        self.remembered.remove(&self.grants[grant].client);
    }

    fn refused(&mut self, kind: &'static str, code: &'static str) -> Outcome {
        self.records.push((kind, code));
        Outcome::Refused(code)
    }

    /// Grants whose tokens work.
    pub(super) fn live(&self) -> impl Iterator<Item = usize> {
        (0..self.grants.len()).filter(|index| self.grants[*index].phase == Phase::Live)
    }

    /// Of each access token, whether it works, and whether with less than was granted.
    pub(super) fn access(&self) -> impl Iterator<Item = (bool, bool)> {
        self.pairs.iter().map(|pair| {
            let live = self.grants[pair.grant].phase == Phase::Live;
            (live && !pair.access_gone && self.now < pair.access_ends, pair.narrow)
        })
    }

    /// How many consents count.
    pub(super) fn remembered(&self) -> usize {
        self.remembered.values().filter(|until| self.now < **until).count()
    }

    /// What holds of every life.
    pub(super) fn check(&self) {
        for (index, grant) in self.grants.iter().enumerate() {
            assert!(grant.redeemed <= 1, "a code was redeemed twice");
            let current = self.pairs.iter().filter(|pair| pair.grant == index && pair.replaced.is_none());
            assert!(current.count() <= 1, "a refresh token has two successors");
        }
    }
}
