//! What is remembered of documents: bounded, in memory, values only.
//!
//! The draft forbids to cache errors as if they were documents. A failure is remembered for half a minute for another
//! reason: so that nobody can use us to hammer a host.

use std::collections::HashMap;
use std::time::Duration;

use m365_types::{ClientId, UnixMillis};

use super::{Client, DocumentRefusal, DocumentUrl, Need};

/// How long the last good copy serves what was granted already while its host does not answer.
pub(super) const KEEP: Duration = Duration::from_hours(24);
/// No document that failed, or that lacked a redirect URI, is asked for again sooner.
const PAUSE: Duration = Duration::from_secs(30);
const MAX_ENTRIES: usize = 256;
/// Fetches from one host in one minute: far more than its clients need.
const MAX_FETCHES: u32 = 120;
const MINUTE: Duration = Duration::from_mins(1);

/// What to do about a document.
pub(super) enum Look {
    /// It must be fetched; whoever is told so does it.
    Fetch,
    /// It is known.
    Known(Box<Client>),
    /// It failed just now, or too many are asked for.
    Refused(DocumentRefusal),
}

struct Copy {
    client: Client,
    fetched: UnixMillis,
    fresh: Duration,
}

struct Entry {
    copy: Option<Copy>,
    /// The last attempt, and why it failed if it did.
    tried: UnixMillis,
    failure: Option<DocumentRefusal>,
}

/// The fetches from one host in the minute that began then.
struct Spent {
    since: UnixMillis,
    fetches: u32,
}

#[derive(Default)]
pub(super) struct Cache {
    entries: HashMap<ClientId, Entry>,
    spent: HashMap<String, Spent>,
}

impl Copy {
    /// Whether it is younger than this; one from the future is not, for the clock was set back.
    fn is_within(&self, age: Duration, now: UnixMillis) -> bool {
        self.fetched <= now && now.since(self.fetched) < age
    }
}

impl Entry {
    fn is_fresh(&self, now: UnixMillis) -> bool {
        self.copy.as_ref().is_some_and(|copy| copy.is_within(copy.fresh, now))
    }

    fn was_just_tried(&self, now: UnixMillis) -> bool {
        self.tried <= now && now.since(self.tried) < PAUSE
    }

    /// The answer while the document cannot be had: for what was granted already the last good copy.
    fn without(
        &self,
        refusal: DocumentRefusal,
        need: Need,
        now: UnixMillis,
    ) -> Result<Client, DocumentRefusal> {
        let last = self.copy.as_ref().filter(|copy| copy.is_within(KEEP, now));
        match last {
            Some(copy) if need == Need::Standing && refusal.is_momentary() => Ok(copy.client.clone()),
            _ => Err(refusal),
        }
    }
}

impl Cache {
    /// Answers from memory, or orders a fetch and counts it.
    pub(super) fn look(&mut self, url: &DocumentUrl, need: Need, now: UnixMillis) -> Look {
        let known = self.entries.get(&url.id);
        if let Some(entry) = known {
            let wait = entry.was_just_tried(now);
            match &entry.copy {
                Some(copy) if entry.is_fresh(now) && (need != Need::Newer || wait) => {
                    return Look::Known(Box::new(copy.client.clone()));
                }
                _ => {}
            }
            if let Some(failure) = entry.failure.filter(|_| wait) {
                return look_of(entry.without(failure, need, now));
            }
        }
        if !spend(&mut self.spent, &url.host, now) {
            let refused = Err(DocumentRefusal::Busy);
            return look_of(known.map_or(refused, |entry| entry.without(DocumentRefusal::Busy, need, now)));
        }
        if let Some(entry) = self.entries.get_mut(&url.id) {
            entry.tried = now;
        }
        Look::Fetch
    }

    /// Remembers how a fetch ended, and says what that means for who asked.
    pub(super) fn keep(
        &mut self,
        url: &DocumentUrl,
        read: Result<(Client, Duration), DocumentRefusal>,
        need: Need,
        now: UnixMillis,
    ) -> Result<Client, DocumentRefusal> {
        self.make_room(&url.id);
        let entry =
            self.entries.entry(url.id.clone()).or_insert(Entry { copy: None, tried: now, failure: None });
        entry.tried = now;
        entry.failure = read.as_ref().err().copied();
        match read {
            Ok((client, fresh)) => {
                entry.copy = Some(Copy { client: client.clone(), fetched: now, fresh });
                Ok(client)
            }
            Err(refusal) => {
                if !refusal.is_momentary() {
                    entry.copy = None;
                }
                entry.without(refusal, need, now)
            }
        }
    }

    /// What is dropped first never was a client, then what was asked for longest ago.
    fn make_room(&mut self, id: &ClientId) {
        if self.entries.len() < MAX_ENTRIES || self.entries.contains_key(id) {
            return;
        }
        let least = self.entries.iter().min_by_key(|(_, entry)| (entry.copy.is_some(), entry.tried));
        if let Some(id) = least.map(|(id, _)| id.clone()) {
            self.entries.remove(&id);
        }
    }
}

fn look_of(answer: Result<Client, DocumentRefusal>) -> Look {
    match answer {
        Ok(client) => Look::Known(Box::new(client)),
        Err(refusal) => Look::Refused(refusal),
    }
}

/// Counts a fetch from a host, unless this minute's are used up. Hosts are on the operator's list, so they are few.
fn spend(spent: &mut HashMap<String, Spent>, host: &str, now: UnixMillis) -> bool {
    let spent = spent.entry(host.to_owned()).or_insert(Spent { since: now, fetches: 0 });
    if spent.since > now || now.since(spent.since) >= MINUTE {
        *spent = Spent { since: now, fetches: 0 };
    }
    if spent.fetches >= MAX_FETCHES {
        return false;
    }
    spent.fetches += 1;
    true
}
