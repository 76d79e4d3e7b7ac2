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

/// What is sealed into a cursor: the call as it was, and where it goes on.
#[derive(Serialize, Deserialize)]
struct Cursor {
    tool: String,
    arguments: Map<String, Value>,
    position: Position,
    expires: UnixMillis,
}

#[derive(Serialize, Deserialize)]
struct State {
    nonce: [u8; 16],
    request: [u8; 32],
    state: Vec<u8>,
    expires: UnixMillis,
}

/// One letter for each thing a client can be asked.
#[derive(Serialize, Deserialize)]
struct Declared {
    can: String,
    nonce: [u8; 16],
}

const CAPABILITIES: [(char, fn(&mut ClientCapabilities) -> &mut bool); 4] = [
    ('f', |can| &mut can.elicitation_form),
    ('u', |can| &mut can.elicitation_url),
    ('r', |can| &mut can.roots),
    ('s', |can| &mut can.sampling),
];

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
        let mut declared = declared;
        let letters = CAPABILITIES.iter().filter(|(_, can)| *can(&mut declared)).map(|(letter, _)| letter);
        // Without randomness two clients of one grant would have the same session.
        let value = Declared { can: letters.collect(), nonce: self.core.ports.entropy.bytes() };
        self.carried.seal(&*self.core.ports.entropy, &Kind::Session(grant), &value)
    }

    /// What the client declared when it got this session id; `None` for an id that is not one of this grant.
    pub(super) fn open_session(&self, grant: Option<GrantId>, id: &str) -> Option<ClientCapabilities> {
        let opened: Declared = self.carried.open(&Kind::Session(grant), id)?;
        let mut declared = ClientCapabilities::default();
        for (letter, can) in CAPABILITIES {
            *can(&mut declared) = opened.can.contains(letter);
        }
        Some(declared)
    }

    /// A request state.
    pub(super) fn seal_state(&self, grant: Option<GrantId>, state: &RequestState) -> String {
        let value = State {
            nonce: self.core.ports.entropy.bytes(),
            request: state.request,
            state: state.state.clone(),
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
        Ok(spent.then_some(RequestState { request: state.request, state: state.state }))
    }
}

/// Forgets states that no longer open anyway.
pub(super) fn sweep(sql: &dyn Sql, now: UnixMillis) -> Result<(), SqlError> {
    sql.run("DELETE FROM spent_state WHERE expires <= ?1", &[now.as_millis().into()]).map(drop)
}
