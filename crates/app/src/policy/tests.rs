use std::collections::VecDeque;

use async_trait::async_trait;
use futures_util::FutureExt as _;
use m365_seal::{Key, PolicySigner};
use m365_types::{InternalDomains, Profile, Toolset};

use super::*;
use crate::{DIRECTORY_SCHEMA, SqlDirectory};

#[expect(dead_code, reason = "the journal it can fill is of other tests")]
#[path = "../../tests/harness/database.rs"]
mod database;

use database::MemoryDatabase;

const OWN: &str = "@id(\"own\") permit (principal, action, resource);";
const BROKEN: &str = "permit (principal, action, resource);";

type Read = Result<Option<PolicyDocument>, PolicySourceError>;

/// Says what it was told to, the last of it for good.
struct Script {
    reads: Mutex<VecDeque<Read>>,
    signed: bool,
}

#[async_trait]
impl PolicySource for Script {
    async fn read(&self) -> Read {
        let mut reads = self.reads.lock().unwrap();
        if reads.len() > 1 { reads.pop_front().unwrap() } else { reads[0].clone() }
    }

    fn is_signed(&self) -> bool {
        self.signed
    }

    fn interval(&self) -> Duration {
        Duration::from_mins(1)
    }
}

/// A minute passes whenever somebody looks.
#[derive(Default)]
struct Minutes(Mutex<u64>);

impl Clock for Minutes {
    fn now(&self) -> UnixMillis {
        let mut now = self.0.lock().unwrap();
        *now += 60;
        UnixMillis::from_secs(*now)
    }
}

fn bundle(text: &str) -> PolicyBundle {
    let policies = [("own.cedar".to_owned(), text.to_owned())].into();
    PolicyBundle { policies, ..PolicyBundle::default() }
}

#[expect(clippy::unnecessary_wraps, reason = "what a source reads is a result")]
fn plain(text: &str) -> Read {
    Ok(Some(PolicyDocument::Plain(serde_json::to_vec(&bundle(text)).unwrap().into())))
}

fn signer(seed: u8) -> PolicySigner {
    let mut bytes = [seed; 32];
    bytes[0] = !seed;
    PolicySigner::parse(&Key::from_bytes(bytes).encode()).unwrap()
}

#[expect(clippy::unnecessary_wraps, reason = "what a source reads is a result")]
fn signed(text: &str, version: u64, by: &PolicySigner) -> Read {
    let mut signed = SignedBundle { bundle: bundle(text), version, signature: String::new() };
    signed.signature = by.sign(&signed.message().unwrap());
    Ok(Some(PolicyDocument::Signed(serde_json::to_vec(&signed).unwrap().into())))
}

/// The directory of one deployment, and its database.
fn directory() -> (Arc<dyn Directory>, Arc<MemoryDatabase>) {
    let database = Arc::new(MemoryDatabase::new(DIRECTORY_SCHEMA));
    (Arc::new(SqlDirectory::new(database.clone())), database)
}

fn keeper(reads: Vec<Read>, key: Option<PolicyVerifier>) -> PolicyKeeper {
    keeper_beside(&directory().0, Minutes::default(), reads, key)
}

/// One process of a deployment, begun at this time.
fn keeper_beside(
    directory: &Arc<dyn Directory>,
    clock: Minutes,
    reads: Vec<Read>,
    key: Option<PolicyVerifier>,
) -> PolicyKeeper {
    let frame = Frame { toolset: Toolset::of(Profile::Full), internal: InternalDomains::default() };
    let is_signed = matches!(reads.first(), Some(Ok(Some(PolicyDocument::Signed(_)))));
    let source = (!reads.is_empty()).then(|| {
        Arc::new(Script { reads: Mutex::new(reads.into()), signed: is_signed }) as Arc<dyn PolicySource>
    });
    PolicyKeeper::new(frame, source, key, (Arc::new(clock), directory.clone())).unwrap()
}

/// The set in force after each read, and what was refused.
fn course(keeper: &PolicyKeeper, times: usize) -> Vec<(String, String)> {
    let standard = PolicyBundle::standard().hash().unwrap();
    let name = |hash: &str| match hash {
        hash if hash == standard => "standard",
        hash if hash == bundle(OWN).hash().unwrap() => "own",
        _ => "newer",
    };
    (0..times)
        .map(|_| {
            let policies = keeper.fresh().now_or_never().unwrap();
            let refused = keeper.state().refused.as_deref().unwrap_or_default().to_owned();
            (policies.map_or("none", |policies| name(policies.bundle_hash())).to_owned(), refused)
        })
        .collect()
}

fn sets(course: &[(String, String)]) -> Vec<&str> {
    course.iter().map(|(set, _)| set.as_str()).collect()
}

#[test]
fn without_a_source_or_a_key_for_it_the_set_that_ships_is_in_force() {
    assert_eq!(sets(&course(&keeper(vec![], None), 1)), ["standard"]);
    assert_eq!(sets(&course(&keeper(vec![signed(OWN, 1, &signer(1))], None), 1)), ["standard"]);
}

#[test]
fn a_broken_set_keeps_the_one_before_and_a_repaired_one_replaces_it() {
    let newer = OWN.replace("own", "newer");
    let gone = || Err(PolicySourceError::Unavailable("no answer".to_owned()));
    let reads = vec![plain(OWN), plain(BROKEN), gone(), Ok(None), plain(OWN), plain(&newer)];
    let course = course(&keeper(reads, None), 6);
    assert_eq!(sets(&course), ["own", "own", "own", "own", "own", "newer"]);
    assert!(course[1].1.starts_with("own.cedar:1: a policy needs a name"), "{}", course[1].1);
    assert!(course[2].1.contains("no answer") && course[3].1.contains("no policy set"));
    assert_eq!((course[4].1.as_str(), course[5].1.as_str()), ("", ""));
}

#[test]
fn nothing_is_in_force_before_a_set_was_accepted() {
    for first in [plain(BROKEN), Ok(None), Err(PolicySourceError::Unavailable("no answer".to_owned()))] {
        let course = course(&keeper(vec![first, plain(OWN)], None), 2);
        assert_eq!(sets(&course), ["none", "own"]);
    }
}

#[test]
fn only_a_newer_set_with_the_operators_signature_replaces_one() {
    let (operator, stranger) = (signer(1), signer(2));
    let newer = OWN.replace("own", "newer");
    let key = Some(operator.verifier());
    let reads = vec![
        signed(&newer, 9, &stranger),
        signed(OWN, 3, &operator),
        signed(&newer, 4, &stranger),
        signed(&newer, 2, &operator),
        signed(&newer, 3, &operator),
        signed(BROKEN, 5, &operator),
        signed(OWN, 3, &operator),
        signed(&newer, 4, &operator),
        signed(OWN, 3, &operator),
    ];
    let course = course(&keeper(reads, key), 9);
    assert_eq!(sets(&course), ["none", "own", "own", "own", "own", "own", "own", "newer", "newer"]);
    let refused =
        ["the signature", "", "the signature", "version 2", "version 3", "own.cedar", "", "", "version 3"];
    for (step, (said, begins)) in course.iter().map(|(_, said)| said).zip(refused).enumerate() {
        assert!(said.starts_with(begins) && said.is_empty() == begins.is_empty(), "{step}: {said}");
    }
}

#[test]
fn a_process_that_starts_takes_no_set_older_than_one_that_was_in_force_anywhere() {
    let operator = signer(1);
    let newer = OWN.replace("own", "newer");
    let (directory, _) = directory();
    let begun =
        |at, reads| keeper_beside(&directory, Minutes(Mutex::new(at)), reads, Some(operator.verifier()));
    let first = begun(0, vec![signed(OWN, 3, &operator), signed(&newer, 4, &operator)]);
    assert_eq!(sets(&course(&first, 2)), ["own", "newer"]);
    // Stores hand out the answer before for a while, and that alone: neither one from before it nor another of its version.
    let soon = course(&begun(3 * 60, vec![signed(OWN, 3, &operator)]), 1);
    assert_eq!(sets(&soon), ["own"]);
    for (reads, version) in [
        (vec![signed(OWN, 2, &operator)], "version 2"),
        (vec![signed(&newer, 3, &operator)], "version 3"),
        (vec![signed(OWN, 4, &operator)], "version 4"),
    ] {
        let course = course(&begun(3 * 60, reads), 1);
        assert_eq!((course[0].0.as_str(), &course[0].1[..9]), ("none", version));
    }
    let later = course(&begun(60 * 60, vec![signed(OWN, 3, &operator), signed(&newer, 4, &operator)]), 2);
    assert_eq!(sets(&later), ["none", "newer"]);
}

#[test]
fn without_the_directory_no_set_comes_into_force_and_it_does_once_that_answers() {
    let (directory, database) = directory();
    let operator = signer(1);
    let keeper = keeper_beside(
        &directory,
        Minutes::default(),
        vec![signed(OWN, 3, &operator)],
        Some(operator.verifier()),
    );
    database.answers(false);
    let silent = course(&keeper, 1);
    assert_eq!(silent[0].0, "none");
    assert!(silent[0].1.starts_with("the directory did not answer"), "{}", silent[0].1);
    database.answers(true);
    assert_eq!(course(&keeper, 1), [("own".to_owned(), String::new())]);
}

#[test]
fn a_change_and_a_refusal_are_news_until_somebody_told_of_them() {
    let (directory, _) = directory();
    let newer = OWN.replace("own", "newer");
    let reads = vec![plain(OWN), plain(BROKEN), plain(BROKEN), plain(&newer)];
    let keeper = keeper_beside(&directory, Minutes::default(), reads, None);
    let seen = |keeper: &PolicyKeeper| -> Vec<String> {
        let word = |news: News| match news.sighting {
            PolicySighting::InForce { .. } => "in force".to_owned(),
            PolicySighting::Refused { reason, .. } => reason,
        };
        keeper.state().news.clone().into_iter().map(word).collect()
    };
    course(&keeper, 1);
    assert!(seen(&keeper).is_empty(), "the first set of all changes nothing");
    course(&keeper, 1);
    assert_eq!(seen(&keeper), ["invalid"]);
    course(&keeper, 2);
    assert_eq!(seen(&keeper), ["invalid", "in force"]);
    let beside = keeper_beside(&directory, Minutes::default(), vec![plain(&newer)], None);
    course(&beside, 1);
    assert_eq!(beside.take_news(), keeper.state().news[1..], "the same by the same number");
    for news in keeper.take_news() {
        keeper.told(&news).now_or_never().unwrap();
    }
    assert!(seen(&keeper).is_empty());
    let after = keeper_beside(&directory, Minutes::default(), vec![plain(&newer)], None);
    course(&after, 1);
    assert!(seen(&after).is_empty(), "it was told");
}

#[test]
fn the_set_that_ships_is_in_force_without_the_directory_which_hears_of_it_later() {
    let (directory, database) = directory();
    let keeper = keeper_beside(&directory, Minutes::default(), vec![], None);
    database.answers(false);
    assert_eq!(sets(&course(&keeper, 1)), ["standard"]);
    assert!(!keeper.state().sighted);
    database.answers(true);
    assert_eq!(sets(&course(&keeper, 1)), ["standard"]);
    assert!(keeper.state().sighted);
}

#[test]
fn a_refusal_that_the_directory_did_not_hear_of_is_told_once_that_answers() {
    let (directory, database) = directory();
    let keeper = keeper_beside(&directory, Minutes::default(), vec![plain(OWN), plain(BROKEN)], None);
    course(&keeper, 1);
    database.answers(false);
    course(&keeper, 2);
    assert!(!keeper.has_news());
    database.answers(true);
    course(&keeper, 3);
    assert_eq!(keeper.take_news().len(), 1, "once, however often it is read");
}

#[test]
fn many_refusals_have_neither_what_is_in_force_nor_its_version_forgotten() {
    let (directory, _) = directory();
    let sight = |sighting: &PolicySighting| {
        directory.sight_policy(sighting, UnixMillis::from_secs(1)).now_or_never().unwrap().unwrap()
    };
    let in_force =
        |set: &str, version| PolicySighting::InForce { hash: set.to_owned(), set: set.to_owned(), version };
    sight(&in_force("a", Some(7)));
    sight(&in_force("b", None));
    for number in 0..1_100 {
        sight(&PolicySighting::Refused { digest: number.to_string(), reason: "unsigned".to_owned() });
    }
    assert_eq!(sight(&in_force("c", Some(6))), PolicyStanding::Older { in_force: 7 });
    assert!(matches!(sight(&in_force("b", None)), PolicyStanding::Noted { untold: Some(2) }));
    assert!(
        matches!(sight(&in_force("c", None)), PolicyStanding::Noted { untold: Some(_) }),
        "a change is news"
    );
}
