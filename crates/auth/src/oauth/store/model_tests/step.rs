//! What may happen, and how often.

use proptest::prelude::*;
use proptest::sample::Index;

/// Two registered clients, and one with a metadata document, whose consent may be remembered.
pub(super) const CLIENTS: usize = 3;
pub(super) const DOCUMENT_CLIENT: usize = 2;
pub(super) const BROWSERS: usize = 2;

/// One thing that happens.
#[derive(Clone, Debug)]
pub(super) enum Step {
    /// The person comes back from Access with a fresh sign-in.
    SignIn,
    /// The usual beginning at once: page, consent, code, tokens.
    Connect { client: usize, remember: bool },
    /// A consent page is shown.
    Begin { client: usize, browser: usize },
    /// A consent form comes back.
    Answer { form: Pick, by: By, answer: Answer },
    /// The sign-in at Microsoft that a consent waited for succeeded.
    Complete { waiting: Pick },
    /// The client with a document asks again, hoping to be remembered.
    AskAgain,
    /// A code is presented.
    Redeem { grant: Pick, by_owner: bool, check: Check },
    /// A refresh token is presented.
    Refresh { token: Pick, by_owner: bool, asked: Asked },
    /// A client whose answer was lost presents its refresh token again.
    RefreshTwice { token: Pick, between: u64 },
    /// A token is revoked by a client.
    Revoke { kind: Kind, token: Pick, by_owner: bool },
    /// Grants are ended from outside.
    End(End),
    /// Time passes.
    Wait { millis: u64 },
    /// The cell tidies up.
    Sweep,
}

/// One of those there are, mostly a late one: what is old and over has little left to go wrong.
#[derive(Clone, Copy, Debug)]
pub(super) enum Pick {
    Any(Index),
    FromTheEnd(usize),
}

impl Pick {
    pub(super) fn of(self, held: usize) -> Option<usize> {
        match self {
            _ if held == 0 => None,
            Self::Any(index) => Some(index.index(held)),
            Self::FromTheEnd(back) => Some(held.saturating_sub(1 + back)),
        }
    }
}

/// Whose hands a form comes back from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum By {
    /// The person's, in the browser that was shown the page.
    Themselves,
    OtherBrowser,
    OtherPerson,
    /// The right ones, with the form token of nothing.
    ForeignForm,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Answer {
    Allow { remember: bool },
    Deny,
    SignInFirst { remember: bool },
}

/// What about a presented code is not right.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Check {
    Right,
    Redirect,
    Verifier,
    /// The handle of the code with a guessed secret.
    Forged,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Asked {
    Everything,
    Less,
    More,
    /// The handle of the token with a guessed secret.
    Forged,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Kind {
    Access,
    Code,
    Refresh,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum End {
    /// The person, one grant.
    One(Pick),
    /// The person, all.
    All,
    /// An operator, all.
    Kill,
    /// An operator, those of one client.
    Client(usize),
}

pub(super) fn steps() -> impl Strategy<Value = Vec<Step>> {
    proptest::collection::vec(step(), 1..50)
}

fn step() -> impl Strategy<Value = Step> {
    let by_owner = || proptest::bool::weighted(0.9);
    prop_oneof![
        1 => Just(Step::SignIn),
        5 => (0..CLIENTS, any::<bool>()).prop_map(|(client, remember)| Step::Connect { client, remember }),
        5 => (0..CLIENTS, 0..BROWSERS).prop_map(|(client, browser)| Step::Begin { client, browser }),
        6 => (pick(), by(), answer()).prop_map(|(form, by, answer)| Step::Answer { form, by, answer }),
        2 => pick().prop_map(|waiting| Step::Complete { waiting }),
        2 => Just(Step::AskAgain),
        6 => (pick(), by_owner(), check())
            .prop_map(|(grant, by_owner, check)| Step::Redeem { grant, by_owner, check }),
        14 => (pick(), by_owner(), asked())
            .prop_map(|(token, by_owner, asked)| Step::Refresh { token, by_owner, asked }),
        3 => (pick(), repetition())
            .prop_map(|(token, between)| Step::RefreshTwice { token, between }),
        2 => (kind(), pick(), by_owner()).prop_map(|(kind, token, by_owner)| Step::Revoke { kind, token, by_owner }),
        1 => end().prop_map(Step::End),
        8 => wait().prop_map(|millis| Step::Wait { millis }),
        2 => Just(Step::Sweep),
    ]
}

fn repetition() -> impl Strategy<Value = u64> {
    proptest::sample::select(&[1_u64, 9_999, 10_000, 10_001][..])
}

/// Boundaries of every life, to the millisecond.
fn wait() -> impl Strategy<Value = u64> {
    let boundaries = |lives: &'static [u64]| proptest::sample::select(lives);
    prop_oneof![
        6 => repetition(),
        // A code; what must be left of a token; a form.
        3 => boundaries(&[59_999, 60_000, 599_999, 600_000]),
        // Access; an idle refresh token; the grant and the sign-in behind it.
        3 => boundaries(&[1_800_000, 3_540_000, 3_599_999, 3_600_000, 7_140_000, 7_140_001, 7_200_000]),
        // A remembered consent.
        1 => boundaries(&[2_591_999_999, 2_592_000_000]),
    ]
}

fn pick() -> impl Strategy<Value = Pick> {
    prop_oneof![1 => any::<Index>().prop_map(Pick::Any), 3 => (0_usize..3).prop_map(Pick::FromTheEnd)]
}

fn by() -> impl Strategy<Value = By> {
    prop_oneof![
        12 => Just(By::Themselves),
        1 => Just(By::OtherBrowser),
        1 => Just(By::OtherPerson),
        1 => Just(By::ForeignForm),
    ]
}

fn answer() -> impl Strategy<Value = Answer> {
    prop_oneof![
        8 => any::<bool>().prop_map(|remember| Answer::Allow { remember }),
        2 => Just(Answer::Deny),
        2 => any::<bool>().prop_map(|remember| Answer::SignInFirst { remember }),
    ]
}

fn check() -> impl Strategy<Value = Check> {
    prop_oneof![
        9 => Just(Check::Right),
        1 => Just(Check::Redirect),
        1 => Just(Check::Verifier),
        1 => Just(Check::Forged),
    ]
}

fn asked() -> impl Strategy<Value = Asked> {
    prop_oneof![
        9 => Just(Asked::Everything),
        2 => Just(Asked::Less),
        1 => Just(Asked::More),
        1 => Just(Asked::Forged),
    ]
}

fn kind() -> impl Strategy<Value = Kind> {
    prop_oneof![2 => Just(Kind::Access), 1 => Just(Kind::Code), 1 => Just(Kind::Refresh)]
}

fn end() -> impl Strategy<Value = End> {
    prop_oneof![
        3 => pick().prop_map(End::One),
        1 => Just(End::All),
        1 => Just(End::Kill),
        1 => (0..CLIENTS).prop_map(End::Client),
    ]
}
