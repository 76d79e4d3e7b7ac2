//! The policy in force: the set that ships, or the operator's own, read again as it changes.
//!
//! In scope: when a source is asked, what of its answers is accepted, what stays in force when one is not, and what of
//! that is still to be told (a cell tells it). Out of scope: the place itself (the host's [`PolicySource`]) and
//! the decision (`m365-policy`).
//!
//! Invariants:
//! * a set that does not load, is not signed, or is older than the one in force changes nothing, and is said loudly;
//! * where the operator has a set of their own and none of it was ever accepted, nothing is decided: never the set that
//!   ships in its place;
//! * versions only grow: within this process, and by the directory's word across the processes of a deployment.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use m365_policy::{Frame, Policies, PolicyBundle, PolicyErrors, SignedBundle};
use m365_ports::{
    Clock, Directory, PolicyDocument, PolicySighting, PolicySource, PolicySourceError, PolicyStanding,
};
use m365_seal::PolicyVerifier;
use m365_types::{ActionSpec, UnixMillis, hex};
use sha2::{Digest as _, Sha256};

/// What the commands about policy use.
pub use ::m365_policy;

/// The rows that a policy can name.
#[must_use]
pub fn rows() -> Vec<&'static ActionSpec> {
    m365_graph::catalog().map(|action| &action.spec).collect()
}

/// How long after a directory that did not answer it is told again of the set that ships.
const SHIPPED_AGAIN: Duration = Duration::from_mins(1);

/// Keeps what is in force.
pub(crate) struct PolicyKeeper {
    frame: Frame,
    /// None where the set that ships is in force for good.
    source: Option<Source>,
    clock: Arc<dyn Clock>,
    directory: Arc<dyn Directory>,
    state: Mutex<State>,
}

/// A sighting that nobody is known to have told of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct News {
    /// Its number in the directory.
    pub(crate) number: u64,
    pub(crate) sighting: PolicySighting,
}

struct Source {
    port: Arc<dyn PolicySource>,
    key: Option<PolicyVerifier>,
}

#[derive(Default)]
struct State {
    in_force: Option<Arc<Policies>>,
    version: u64,
    /// Digest of what the source said last, accepted or not: the same again is not worked through again.
    seen: Option<[u8; 32]>,
    /// Digest of what is in force: an answer that has gone back to it is as it should be.
    accepted: Option<[u8; 32]>,
    asked: Option<UnixMillis>,
    refused: Option<Arc<str>>,
    /// Whether the directory has heard of the set that ships, where that is in force.
    sighted: bool,
    news: Vec<News>,
}

/// Why an operator's set does not come into force. The sentence is for the operator.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PolicyRefusal {
    /// The place is empty.
    #[error("there is no policy set in its place")]
    Absent,
    /// It does not load.
    #[error("{0}")]
    Invalid(#[from] PolicyErrors),
    /// Somebody put an older set back.
    #[error(
        "version {offered} is not newer than version {in_force}, which is or was in force; a set is replaced by a newer one only"
    )]
    Older {
        /// Of the set that is refused.
        offered: u64,
        /// Of the set that stays.
        in_force: u64,
    },
    /// The place does not answer.
    #[error("{0}")]
    Source(#[from] PolicySourceError),
    /// The signature is not the operator's.
    #[error("the signature is not one of the key in POLICY_PUBLIC_KEY")]
    Unsigned,
    /// Nobody could say whether a newer one was in force before.
    #[error("the directory did not answer, so nobody can say whether a newer set was in force before")]
    Unsure,
}

impl PolicyRefusal {
    /// What receivers and records are told, in one fixed word; none where it says nothing about a set.
    const fn reason(&self) -> Option<&'static str> {
        Some(match self {
            Self::Absent => "absent",
            Self::Invalid(_) | Self::Source(PolicySourceError::Malformed(_)) => "invalid",
            Self::Older { .. } => "older",
            Self::Unsigned => "unsigned",
            Self::Source(PolicySourceError::Unavailable(_)) | Self::Unsure => return None,
        })
    }
}

impl From<m365_policy::PolicyError> for PolicyRefusal {
    fn from(error: m365_policy::PolicyError) -> Self {
        Self::Invalid(error.into())
    }
}

impl PolicyKeeper {
    /// Nothing is read before somebody asks. A source whose sets are signed is used where there is a key.
    ///
    /// # Errors
    /// Where the set that ships does not load, which a test rules out.
    pub(crate) fn new(
        frame: Frame,
        source: Option<Arc<dyn PolicySource>>,
        key: Option<PolicyVerifier>,
        (clock, directory): (Arc<dyn Clock>, Arc<dyn Directory>),
    ) -> Result<Self, PolicyErrors> {
        let source = source.filter(|source| key.is_some() || !source.is_signed());
        let in_force = match &source {
            Some(_) => None,
            None => Some(Arc::new(Policies::standard(frame.clone(), rows())?)),
        };
        let state = Mutex::new(State { in_force, ..State::default() });
        Ok(Self { frame, source: source.map(|port| Source { port, key }), clock, directory, state })
    }

    /// What is in force as far as it was read; none where nothing ever was.
    pub(crate) fn current(&self) -> Option<Arc<Policies>> {
        self.state().in_force.clone()
    }

    /// The same, the source asked first where its last answer is too old.
    pub(crate) async fn fresh(&self) -> Option<Arc<Policies>> {
        match &self.source {
            None => self.sight_shipped().await,
            Some(source) if self.is_due(source.port.interval()) => match source.port.read().await {
                // Several may ask at once; the order in which they get here does not matter, since versions only grow and
                // the same answer is worked through once.
                Ok(document) => self.take(source, document).await,
                Err(error) => self.keep_good(PolicyRefusal::Source(error), None).await,
            },
            Some(_) => {}
        }
        self.current()
    }

    /// Whether anything is still to be told.
    pub(crate) fn has_news(&self) -> bool {
        !self.state().news.is_empty()
    }

    /// What is still to be told, for whoever takes it to tell.
    pub(crate) fn take_news(&self) -> Vec<News> {
        std::mem::take(&mut self.state().news)
    }

    /// It could not be told and waits for somebody else.
    pub(crate) fn put_back(&self, news: News) {
        self.state().news.push(news);
    }

    /// Somebody has told of it, for good.
    pub(crate) async fn told(&self, news: &News) {
        // Where the directory does not hear of it, another process tells the same once more, by the same name.
        if let Err(error) = self.directory.policy_told(news.number).await {
            tracing::warn!(number = news.number, %error, "that a policy change was told could not be noted");
        }
    }

    /// Whether the source has to be asked, in which case whoever was told so asks it. Where nothing is in force yet,
    /// everybody does.
    fn is_due(&self, interval: Duration) -> bool {
        let now = self.clock.now();
        let mut state = self.state();
        let old = state.asked.is_none_or(|asked| now.since(asked) >= interval || now < asked);
        if old {
            state.asked = Some(now);
        }
        old || state.in_force.is_none()
    }

    async fn take(&self, source: &Source, document: Option<PolicyDocument>) {
        let digest = digest(document.as_ref());
        let (is_known, repaired) = {
            let mut state = self.state();
            let refused = if state.accepted == Some(digest) { state.refused.take() } else { None };
            if state.accepted == Some(digest) {
                state.seen = Some(digest);
            }
            (state.seen == Some(digest), refused.and_then(|_| state.in_force.clone()))
        };
        if let Some(policies) = repaired {
            let version = source.port.is_signed().then(|| self.state().version);
            self.sight(in_force(&policies, version)).await;
        }
        if is_known {
            return;
        }
        match self.admitted(source, document).await {
            Ok((policies, version)) => {
                let hash = policies.hash().clone();
                {
                    let mut state = self.state();
                    // Another answer may have come into force meanwhile.
                    if version < state.version {
                        return;
                    }
                    *state = State {
                        in_force: Some(Arc::new(policies)),
                        version,
                        seen: Some(digest),
                        accepted: Some(digest),
                        refused: None,
                        ..std::mem::take(&mut *state)
                    };
                }
                tracing::info!(policyHash = %hash, version, "a policy set came into force");
            }
            // The same answer is worth another look when the directory answers again.
            Err(refusal @ PolicyRefusal::Unsure) => self.keep_good(refusal, None).await,
            Err(refusal) => {
                self.state().seen = Some(digest);
                self.keep_good(refusal, Some(digest)).await;
            }
        }
    }

    /// Loads a set and asks the directory whether it may come into force.
    async fn admitted(
        &self,
        source: &Source,
        document: Option<PolicyDocument>,
    ) -> Result<(Policies, u64), PolicyRefusal> {
        let (policies, version) = self.load(source, document)?;
        let signed = source.port.is_signed().then_some(version);
        match self.sight(in_force(&policies, signed)).await {
            Some(PolicyStanding::Noted { .. }) => Ok((policies, version)),
            Some(PolicyStanding::Older { in_force }) => {
                Err(PolicyRefusal::Older { offered: version, in_force })
            }
            None => Err(PolicyRefusal::Unsure),
        }
    }

    /// Has the directory note a sighting; what nobody has told of is news.
    async fn sight(&self, sighting: PolicySighting) -> Option<PolicyStanding> {
        let standing = match self.directory.sight_policy(&sighting, self.clock.now()).await {
            Ok(standing) => standing,
            Err(error) => {
                tracing::warn!(%error, "what became of a policy set could not be noted");
                return None;
            }
        };
        if let PolicyStanding::Noted { untold: Some(number) } = standing {
            let (news, mut state) = (News { number, sighting }, self.state());
            if !state.news.contains(&news) {
                state.news.push(news);
            }
        }
        Some(standing)
    }

    /// Once in a process, the directory hears of the set that ships; where it does not answer, not every call waits for it.
    async fn sight_shipped(&self) {
        let Some(policies) = self.current().filter(|_| !self.state().sighted) else { return };
        if self.is_due(SHIPPED_AGAIN) && self.sight(in_force(&policies, None)).await.is_some() {
            self.state().sighted = true;
        }
    }

    fn load(
        &self,
        source: &Source,
        document: Option<PolicyDocument>,
    ) -> Result<(Policies, u64), PolicyRefusal> {
        let (bundle, version) = match document.ok_or(PolicyRefusal::Absent)? {
            PolicyDocument::Plain(json) => (PolicyBundle::parse(&json)?, 0),
            PolicyDocument::Signed(json) => self.verified(source, &json)?,
        };
        Ok((Policies::load(self.frame.clone(), rows(), bundle)?, version))
    }

    /// The texts of a signed set: nothing of them is looked at before the signature and the version are.
    fn verified(&self, source: &Source, json: &[u8]) -> Result<(PolicyBundle, u64), PolicyRefusal> {
        let signed = SignedBundle::parse(json)?;
        let message = signed.message()?;
        if !source.key.as_ref().is_some_and(|key| key.verifies(&message, &signed.signature)) {
            return Err(PolicyRefusal::Unsigned);
        }
        let state = self.state();
        if state.in_force.is_some() && signed.version <= state.version {
            return Err(PolicyRefusal::Older { offered: signed.version, in_force: state.version });
        }
        Ok((signed.bundle, signed.version))
    }

    /// Nothing changes; the operator hears of it once for each answer.
    async fn keep_good(&self, refusal: PolicyRefusal, digest: Option<[u8; 32]>) {
        let sentence: Arc<str> = refusal.to_string().into();
        let (said, kept) = {
            let mut state = self.state();
            let said = state.refused.replace(sentence.clone()).is_some_and(|before| before == sentence);
            (said, state.in_force.as_ref().map(|policies| policies.hash().clone()))
        };
        if said {
            return;
        }
        log_refusal(&sentence, kept.as_deref());
        // What cannot be read as a set has no digest; its sentence tells it from others.
        let digest = digest.unwrap_or_else(|| Sha256::digest(sentence.as_bytes()).into());
        if let Some(reason) = refusal.reason() {
            let digest = hex(&digest);
            let noted = self.sight(PolicySighting::Refused { digest, reason: reason.to_owned() }).await;
            if noted.is_none() {
                // Nobody would be told otherwise: the next read works the same answer through again.
                let mut state = self.state();
                (state.seen, state.refused) = (None, None);
            }
        }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The sighting of a set that loads.
fn in_force(policies: &Policies, version: Option<u64>) -> PolicySighting {
    let (hash, set) = (policies.hash().to_string(), policies.bundle_hash().to_string());
    PolicySighting::InForce { hash, set, version }
}

fn log_refusal(sentence: &str, kept: Option<&str>) {
    if let Some(hash) = kept {
        tracing::error!(
            problem = sentence,
            policyHash = hash,
            "a policy set was refused; the one before stays in force"
        );
    } else {
        tracing::error!(
            problem = sentence,
            "a policy set was refused and there is none before it; nothing is decided until that is repaired"
        );
    }
}

fn digest(document: Option<&PolicyDocument>) -> [u8; 32] {
    let mut hasher = Sha256::new();
    match document {
        None => hasher.update([0]),
        Some(PolicyDocument::Plain(json)) => {
            hasher.update([1]);
            hasher.update(json);
        }
        Some(PolicyDocument::Signed(json)) => {
            hasher.update([2]);
            hasher.update(json);
        }
    }
    hasher.finalize().into()
}

#[cfg(test)]
mod tests;
