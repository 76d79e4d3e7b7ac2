//! The store against a model of a few lines, over random sequences of operations.

use std::time::Duration;

use m365_types::{ClientId, Secret, UnixMillis};
use proptest::prelude::*;

use super::{GrantRefusal, Lifetimes};
use crate::oauth::token::TokenResponse;
use crate::testing::flow::{Flow, REDIRECT, VERIFIER, redemption_with, refresh_request};

#[derive(Clone, Debug)]
enum Step {
    Redeem { ours: bool, right_verifier: bool },
    Refresh { ours: bool, token: prop::sample::Index },
    RevokeAccess { token: prop::sample::Index },
    RevokeRefresh { ours: bool, token: prop::sample::Index },
    Wait { millis: u64 },
    Sweep,
}

fn step() -> impl Strategy<Value = Step> {
    let ours = || proptest::bool::weighted(0.85);
    prop_oneof![
        2 => (ours(), proptest::bool::weighted(0.8)).prop_map(|(ours, right_verifier)| Step::Redeem { ours, right_verifier }),
        6 => (ours(), any::<prop::sample::Index>()).prop_map(|(ours, token)| Step::Refresh { ours, token }),
        1 => any::<prop::sample::Index>().prop_map(|token| Step::RevokeAccess { token }),
        1 => (proptest::bool::weighted(0.3), any::<prop::sample::Index>())
            .prop_map(|(ours, token)| Step::RevokeRefresh { ours, token }),
        3 => prop_oneof![Just(1), Just(9_999), Just(10_000), Just(10_001), Just(59_999), Just(60_000), Just(1_800_000), Just(5_000_000)]
            .prop_map(|millis| Step::Wait { millis }),
        1 => Just(Step::Sweep),
    ]
}

const LIVES: Lifetimes = Lifetimes {
    code: Duration::from_mins(1),
    access: Duration::from_hours(1),
    refresh_idle: Duration::from_hours(2),
    refresh_absolute: Duration::from_hours(5),
    reauth: Duration::from_hours(4),
};

struct Refresh {
    token: Secret<String>,
    expires: UnixMillis,
    /// When it was replaced, and by which.
    replaced: Option<(UnixMillis, usize)>,
}

struct Access {
    token: Secret<String>,
    expires: UnixMillis,
    revoked: bool,
}

#[derive(PartialEq)]
enum Phase {
    Offered,
    Live,
    Ended,
}

struct Model {
    phase: Phase,
    born: UnixMillis,
    refresh: Vec<Refresh>,
    access: Vec<Access>,
}

#[derive(Debug, PartialEq)]
enum Expected {
    New,
    Repeat(usize),
    Refused(GrantRefusal),
}

impl Model {
    fn end(&self) -> UnixMillis {
        self.born.plus(LIVES.refresh_absolute.min(LIVES.reauth))
    }

    fn expect_redeem(&mut self, ours: bool, right_verifier: bool, now: UnixMillis) -> Expected {
        match self.phase {
            Phase::Ended => Expected::Refused(GrantRefusal::Invalid),
            _ if !ours => Expected::Refused(GrantRefusal::Client),
            Phase::Live => {
                self.phase = Phase::Ended;
                Expected::Refused(GrantRefusal::Reused)
            }
            Phase::Offered if now >= self.born.plus(LIVES.code) => Expected::Refused(GrantRefusal::Expired),
            Phase::Offered if !right_verifier => Expected::Refused(GrantRefusal::Verifier),
            Phase::Offered => {
                self.phase = Phase::Live;
                Expected::New
            }
        }
    }

    fn expect_refresh(&mut self, ours: bool, index: usize, now: UnixMillis) -> Expected {
        let token = &self.refresh[index];
        if self.phase == Phase::Ended {
            return Expected::Refused(GrantRefusal::Invalid);
        }
        if !ours {
            return Expected::Refused(GrantRefusal::Client);
        }
        match token.replaced {
            Some((at, by)) => {
                let unused = self.refresh[by].replaced.is_none();
                if unused && now.since(at) <= Duration::from_secs(10) {
                    return Expected::Repeat(by);
                }
                self.phase = Phase::Ended;
                Expected::Refused(GrantRefusal::Reused)
            }
            None if self.born.plus(LIVES.reauth).since(now) < Duration::from_mins(1) => {
                Expected::Refused(GrantRefusal::ReauthNeeded)
            }
            None if token.expires.since(now) < Duration::from_mins(1) => {
                Expected::Refused(GrantRefusal::Expired)
            }
            None => {
                self.refresh[index].replaced = Some((now, self.refresh.len()));
                Expected::New
            }
        }
    }

    fn push(&mut self, issued: &TokenResponse, now: UnixMillis) {
        let end = self.end();
        let expires = |life| now.plus(life).min(end);
        let refresh = issued.refresh_token().clone();
        self.refresh.push(Refresh { token: refresh, expires: expires(LIVES.refresh_idle), replaced: None });
        let access = issued.access_token().clone();
        self.access.push(Access { token: access, expires: expires(LIVES.access), revoked: false });
    }

    /// A sweep ends what nobody can use any more.
    fn sweep(&mut self, now: UnixMillis) {
        let code_over = now >= self.born.plus(LIVES.code);
        let refresh_over = self.refresh.iter().all(|token| token.replaced.is_some() || now >= token.expires);
        let access_over = self.access.iter().all(|token| token.revoked || now >= token.expires);
        if code_over && refresh_over && access_over {
            self.phase = Phase::Ended;
        }
    }
}

fn compare(model: &mut Model, expected: Expected, got: Result<TokenResponse, GrantRefusal>, now: UnixMillis) {
    match (expected, got) {
        (Expected::New, Ok(issued)) => model.push(&issued, now),
        (Expected::Repeat(by), Ok(issued)) => {
            assert_eq!(issued.refresh_token().expose(), model.refresh[by].token.expose());
            assert_eq!(issued.access_token().expose(), model.access[by].token.expose());
        }
        (Expected::Refused(wanted), Err(refusal)) => assert_eq!(refusal, wanted),
        (expected, got) => panic!("expected {expected:?}, got {:?}", got.map(|_| "tokens")),
    }
}

struct Run {
    flow: Flow,
    clients: [ClientId; 2],
    code: String,
    model: Model,
}

impl Run {
    fn new() -> Self {
        let flow = Flow::with(LIVES);
        let clients = [flow.register(), flow.register()];
        let code = flow.code(&clients[0]);
        let model = Model {
            phase: Phase::Offered,
            born: flow.fixture.now(),
            refresh: Vec::new(),
            access: Vec::new(),
        };
        Self { flow, clients, code, model }
    }

    fn client(&self, ours: bool) -> &ClientId {
        &self.clients[usize::from(!ours)]
    }

    fn take(&mut self, step: &Step) {
        let (now, request) = (self.flow.fixture.now(), self.flow.fixture.request());
        match step {
            Step::Redeem { ours, right_verifier } => {
                let verifier = if *right_verifier { VERIFIER.to_owned() } else { "x".repeat(43) };
                let redemption = redemption_with(&self.code, REDIRECT, &verifier);
                let got = self.flow.store.redeem_code(request, self.client(*ours), &redemption);
                let expected = self.model.expect_redeem(*ours, *right_verifier, now);
                compare(&mut self.model, expected, got, now);
            }
            Step::Refresh { ours, token } if !self.model.refresh.is_empty() => {
                let index = token.index(self.model.refresh.len());
                let refresh = refresh_request(&self.model.refresh[index].token, None);
                let got = self.flow.store.refresh(request, self.client(*ours), &refresh);
                let expected = self.model.expect_refresh(*ours, index, now);
                compare(&mut self.model, expected, got, now);
            }
            Step::RevokeAccess { token } if !self.model.access.is_empty() => {
                let index = token.index(self.model.access.len());
                let access = &mut self.model.access[index];
                self.flow.store.revoke(request, &self.clients[0], &access.token).unwrap();
                access.revoked = true;
            }
            Step::RevokeRefresh { ours, token } if !self.model.refresh.is_empty() => {
                let index = token.index(self.model.refresh.len());
                let token = &self.model.refresh[index].token;
                self.flow.store.revoke(request, self.client(*ours), token).unwrap();
                if *ours {
                    self.model.phase = Phase::Ended;
                }
            }
            Step::Wait { millis } => self.flow.advance(Duration::from_millis(*millis)),
            Step::Sweep => {
                self.flow.store.sweep().unwrap();
                self.model.sweep(now);
            }
            Step::Refresh { .. } | Step::RevokeAccess { .. } | Step::RevokeRefresh { .. } => {}
        }
    }

    fn check(&self) {
        let now = self.flow.fixture.now();
        for access in &self.model.access {
            let live = self.model.phase == Phase::Live && !access.revoked && now < access.expires;
            assert_eq!(self.flow.is_live(&access.token), live);
        }
        let current = self.model.refresh.iter().filter(|token| token.replaced.is_none()).count();
        assert!(current <= 1, "a refresh token has one successor");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, ..ProptestConfig::default() })]
    #[test]
    fn the_store_does_what_the_model_says(steps in proptest::collection::vec(step(), 1..40)) {
        let mut run = Run::new();
        for step in &steps {
            run.take(step);
            run.check();
        }
    }
}
