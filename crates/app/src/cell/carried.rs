//! What a client carries from one request to the next, sealed: nothing about it is kept here but that a request state
//! was spent.
//!
//! In scope: cursors of tools, session ids of `initialize`, request states (MCP 2026-07-28, "Multi Round-Trip Requests").
//! Invariants: each opens only in the cell it was sealed in, as the kind it was sealed as, and before its end; a session
//! and a request state only for their grant; a request state once, under any race, because spending it is one insert.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use m365_graph::Position;
use m365_mcp::{ClientCapabilities, RequestState};
use m365_ports::{Durability, Entropy, EntropyExt as _, Sql, SqlError, transact};
use m365_seal::{AssociatedData, Sealer};
use m365_types::{CellId, GrantId, UnixMillis};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::Cell;

/// Statements that create the table.
pub(super) const SCHEMA: &[&str] = &[
    "CREATE TABLE IF NOT EXISTS spent_state (nonce BLOB PRIMARY KEY, expires INTEGER NOT NULL) STRICT, WITHOUT ROWID",
];

/// How long a list can be continued.
const CURSOR_LIFE: Duration = Duration::from_hours(1);
/// How long a client may take to answer what it was asked.
const STATE_LIFE: Duration = Duration::from_mins(10);
/// Longest text that is tried; the longest that is sealed here is a cursor with a long query.
const MAX_TEXT_BYTES: usize = 64 * 1024;

/// The sealer of one cell.
#[derive(Debug)]
pub(super) struct Carried {
    sealer: Sealer,
    cell: CellId,
}

/// What is sealed into a cursor: the call as it was, and where it goes on. Its names are short, because a model reads
/// every cursor twice.
#[derive(Serialize, Deserialize)]
struct Cursor {
    #[serde(rename = "t")]
    tool: String,
    #[serde(rename = "a")]
    arguments: Map<String, Value>,
    #[serde(rename = "p")]
    position: Position,
    #[serde(rename = "e")]
    expires: UnixMillis,
}

#[derive(Serialize, Deserialize)]
struct State {
    nonce: [u8; 16],
    request: [u8; 32],
    /// The application's own.
    own: Vec<u8>,
    expires: UnixMillis,
}

/// One letter for each thing a client can be asked.
#[derive(Serialize, Deserialize)]
struct Declared {
    can: String,
    nonce: [u8; 16],
}

/// How a capability is written.
struct Letter {
    letter: char,
    of: fn(&mut ClientCapabilities) -> &mut bool,
}

const LETTERS: [Letter; 4] = [
    Letter { letter: 'f', of: |can| &mut can.elicitation_form },
    Letter { letter: 'u', of: |can| &mut can.elicitation_url },
    Letter { letter: 'r', of: |can| &mut can.roots },
    Letter { letter: 's', of: |can| &mut can.sampling },
];

impl Declared {
    fn new(mut declared: ClientCapabilities, nonce: [u8; 16]) -> Self {
        let can = LETTERS.iter().filter(|capability| *(capability.of)(&mut declared));
        Self { can: can.map(|capability| capability.letter).collect(), nonce }
    }

    fn capabilities(&self) -> ClientCapabilities {
        let mut declared = ClientCapabilities::default();
        for Letter { letter, of } in LETTERS {
            *of(&mut declared) = self.can.contains(letter);
        }
        declared
    }
}

impl Carried {
    pub(super) const fn new(sealer: Sealer, cell: CellId) -> Self {
        Self { sealer, cell }
    }

    fn seal<T: Serialize>(&self, entropy: &dyn Entropy, kind: &Kind, value: &T) -> String {
        URL_SAFE_NO_PAD.encode(self.sealer.seal_json(entropy.bytes(), &kind.place(&self.cell), value))
    }

    fn open<T: DeserializeOwned>(&self, kind: &Kind, text: &str) -> Option<T> {
        let sealed = (text.len() <= MAX_TEXT_BYTES).then(|| URL_SAFE_NO_PAD.decode(text).ok())??;
        self.sealer.open_json(&kind.place(&self.cell), &sealed).ok()
    }
}

/// What a sealed text is for, and whose.
enum Kind {
    Cursor,
    Session(Option<GrantId>),
    State(Option<GrantId>),
}

impl Kind {
    fn place(&self, cell: &CellId) -> AssociatedData {
        let (word, grant) = match self {
            Self::Cursor => ("cursor", None),
            Self::Session(grant) => ("session", *grant),
            Self::State(grant) => ("state", *grant),
        };
        let grant = grant.map_or_else(|| "-".to_owned(), |grant| grant.to_string());
        AssociatedData::of(&["mcp", word, &grant, cell.as_str()])
    }
}

impl Cell {
    /// A cursor that continues this call at the position.
    pub(crate) fn seal_cursor(
        &self,
        tool: &str,
        arguments: &Map<String, Value>,
        position: &Position,
    ) -> String {
        let cursor = Cursor {
            tool: tool.to_owned(),
            arguments: arguments.clone(),
            position: position.clone(),
            expires: self.now().plus(CURSOR_LIFE),
        };
        self.carried.seal(&*self.core.ports.entropy, &Kind::Cursor, &cursor)
    }

    /// The call that a cursor of this tool continues, and where.
    pub(crate) fn open_cursor(&self, tool: &str, cursor: &str) -> Option<(Map<String, Value>, Position)> {
        let opened: Cursor = self.carried.open(&Kind::Cursor, cursor)?;
        (opened.tool == tool && self.now() < opened.expires).then_some((opened.arguments, opened.position))
    }

    /// A session id that says what the client declared.
    pub(super) fn seal_session(&self, grant: Option<GrantId>, declared: ClientCapabilities) -> String {
        // Without randomness two clients of one grant would have the same session.
        let value = Declared::new(declared, self.core.ports.entropy.bytes());
        self.carried.seal(&*self.core.ports.entropy, &Kind::Session(grant), &value)
    }

    /// What the client declared when it got this session id; `None` for an id that is not one of this grant.
    pub(super) fn open_session(&self, grant: Option<GrantId>, id: &str) -> Option<ClientCapabilities> {
        let opened: Option<Declared> = self.carried.open(&Kind::Session(grant), id);
        opened.map(|declared| declared.capabilities())
    }

    /// A request state.
    pub(super) fn seal_state(&self, grant: Option<GrantId>, state: &RequestState) -> String {
        let value = State {
            nonce: self.core.ports.entropy.bytes(),
            request: state.request,
            own: state.state.clone(),
            expires: self.now().plus(STATE_LIFE),
        };
        self.carried.seal(&*self.core.ports.entropy, &Kind::State(grant), &value)
    }

    /// Opens a request state and spends it. `None` where it is not one of this grant, is too old, or was spent before.
    pub(super) fn spend_state(
        &self,
        grant: Option<GrantId>,
        text: &str,
    ) -> Result<Option<RequestState>, SqlError> {
        let now = self.now();
        let opened: Option<State> = self.carried.open(&Kind::State(grant), text);
        let Some(state) = opened.filter(|state| now < state.expires) else { return Ok(None) };
        let spent = transact(&*self.database, Durability::Full, |sql| {
            let row = sql.run(
                "INSERT INTO spent_state (nonce, expires) VALUES (?1, ?2) ON CONFLICT DO NOTHING RETURNING expires",
                &[state.nonce.as_slice().into(), state.expires.as_millis().into()],
            )?;
            Ok::<_, SqlError>(!row.is_empty())
        })?;
        Ok(spent.then_some(RequestState { request: state.request, state: state.own }))
    }
}

/// Forgets states that no longer open anyway, and tells when the next of them does not.
pub(super) fn sweep(sql: &dyn Sql, now: UnixMillis) -> Result<Option<UnixMillis>, SqlError> {
    sql.run("DELETE FROM spent_state WHERE expires <= ?1", &[now.as_millis().into()])?;
    let rows = sql.run("SELECT expires FROM spent_state ORDER BY expires LIMIT 1", &[])?;
    rows.first().map(|row| row.unsigned(0).map(UnixMillis::from_millis)).transpose()
}

#[cfg(test)]
mod tests {
    use m365_seal::{CellKind, Key, KeyRing, Keys, Purpose, cell_id};
    use m365_types::AccessSubject;
    use serde_json::json;

    use super::*;

    struct Zeros;

    impl Entropy for Zeros {
        fn fill(&self, buffer: &mut [u8]) {
            buffer.fill(0);
        }
    }

    fn carried(person: &str, key: u8) -> Carried {
        let ring = |key| KeyRing { current: Key::from_bytes([key; 32]), previous: None };
        let keys = Keys { encryption: ring(key), cookie_encryption: ring(8), cookie: ring(9) };
        let subject = AccessSubject::parse(person).unwrap();
        Carried::new(keys.sealer(Purpose::Carried), cell_id("contoso", CellKind::User, &subject))
    }

    fn kinds() -> [Kind; 7] {
        let grant = |byte| Some(GrantId::from_random([byte; 16]));
        [
            Kind::Cursor,
            Kind::Session(None),
            Kind::Session(grant(1)),
            Kind::Session(grant(2)),
            Kind::State(None),
            Kind::State(grant(1)),
            Kind::State(grant(2)),
        ]
    }

    #[test]
    fn what_was_sealed_opens_as_its_own_kind_for_its_own_grant_in_its_own_cell_under_its_own_key() {
        let own = carried("alex", 1);
        for (sealed_as, kind) in kinds().iter().enumerate() {
            let text = own.seal(&Zeros, kind, &json!({ "a": 1 }));
            for (opened_as, other) in kinds().iter().enumerate() {
                let opened: Option<Value> = own.open(other, &text);
                assert_eq!(opened.is_some(), sealed_as == opened_as, "{sealed_as} as {opened_as}");
            }
            for other in [carried("sam", 1), carried("alex", 2)] {
                assert_eq!(other.open::<Value>(kind, &text), None);
            }
        }
    }

    #[test]
    fn a_text_that_was_changed_anywhere_does_not_open() {
        let own = carried("alex", 1);
        let text = own.seal(&Zeros, &Kind::Cursor, &json!({ "a": 1 }));
        assert!(own.open::<Value>(&Kind::Cursor, &text).is_some());
        for at in 0..text.len() {
            let mut changed = text.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            assert_eq!(own.open::<Value>(&Kind::Cursor, &String::from_utf8(changed).unwrap()), None, "{at}");
        }
        for other in
            ["", "=", &text[1..], &format!("{text}A"), &format!("{text}="), &"A".repeat(MAX_TEXT_BYTES + 4)]
        {
            assert_eq!(own.open::<Value>(&Kind::Cursor, other), None, "{other}");
        }
    }

    #[test]
    fn a_session_says_exactly_what_was_declared() {
        for bits in 0_u8..16 {
            let declared = ClientCapabilities {
                elicitation_form: bits & 1 > 0,
                elicitation_url: bits & 2 > 0,
                roots: bits & 4 > 0,
                sampling: bits & 8 > 0,
            };
            assert_eq!(Declared::new(declared, [0; 16]).capabilities(), declared);
        }
    }

    #[test]
    fn the_longest_cursor_there_is_opens() {
        let own = carried("alex", 1);
        let query = "\u{10ffff}".repeat(1_000);
        let page = json!({ "t": "x".repeat(4_096) });
        let position = json!({ "p": page, "s": usize::MAX, "b": 1_u64 << 52 });
        let cursor = Cursor {
            tool: "getCalendarEvents".to_owned(),
            arguments: Map::from_iter([("query".to_owned(), query.into()), ("count".to_owned(), 50.into())]),
            position: serde_json::from_value(position).unwrap(),
            expires: UnixMillis::from_millis(1 << 52),
        };
        let text = own.seal(&Zeros, &Kind::Cursor, &cursor);
        assert!(text.len() * 2 < MAX_TEXT_BYTES, "{}", text.len());
        let opened: Cursor = own.open(&Kind::Cursor, &text).unwrap();
        assert_eq!((opened.arguments, opened.position), (cursor.arguments, cursor.position));
    }
}
