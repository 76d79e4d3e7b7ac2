//! A cell with a person, two actions and a journal.

use std::sync::Arc;

use m365_journal::{Journal, Outcome, Provenance, Verified, VerifyError, verify};
use m365_ports::{AuditEvent, HighWater, Trace, Verdict};
use m365_seal::{Key, KeyRing, Keys, Purpose};
use m365_types::{
    AccessSubject, ActionKind, ActionSpec, Actor, AuditKind, CellId, ClientId, Effect, Email, GrantId,
    Identity, Intent, Labels, Oid, Permit, Person, Posture, Principal, Reach, RequestId, TenantId, Terms,
    UnixMillis,
};
use serde_json::{Value, json};

use crate::database::Memory;

pub(crate) static READ: ActionSpec = action("getEmails", Effect::Read, AuditKind::MailRead);
pub(crate) static SEND: ActionSpec = action("sendEmail", Effect::Send, AuditKind::MailSend);

const fn action(name: &'static str, effect: Effect, audit: AuditKind) -> ActionSpec {
    ActionSpec {
        name,
        kind: ActionKind::Tool,
        title: "Title",
        summary: "Summary.",
        effect,
        scopes: &[],
        further_scopes: &[],
        calls: &[],
        untrusted: false,
        sensitivity: &[],
        audit,
    }
}

pub(crate) struct Scene {
    pub(crate) database: Arc<Memory>,
    pub(crate) cell: CellId,
    pub(crate) journal: Journal,
}

impl Scene {
    pub(crate) fn new() -> Self {
        let database = Arc::new(Memory::new());
        let cell = CellId::from_digest([7; 20]);
        let journal = open(&database, &cell);
        Self { database, cell, journal }
    }

    /// The journal as after a restart.
    pub(crate) fn reopened(&self) -> Journal {
        open(&self.database, &self.cell)
    }

    pub(crate) fn intend(&self, action: &'static ActionSpec, call: u8, arguments: &Value) -> Intent {
        self.journal.intend(permit(action, call, vec![], "me"), arguments, at(call)).unwrap()
    }

    /// An intent and its outcome.
    pub(crate) fn call(&self, action: &'static ActionSpec, call: u8) -> HighWater {
        let intent = self.intend(action, call, &json!({}));
        self.journal.conclude(&intent, &done(), at(call)).unwrap()
    }

    pub(crate) fn verify(&self, noted: Option<&HighWater>) -> Result<Verified, VerifyError> {
        verify(&*self.database, &self.cell, noted, &mut |_| {})
    }

    pub(crate) fn records(&self) -> Vec<Value> {
        let entries = m365_journal::records_after(&*self.database, 0, 1000).unwrap();
        entries.iter().map(|entry| serde_json::from_str(&entry.record).unwrap()).collect()
    }
}

fn open(database: &Arc<Memory>, cell: &CellId) -> Journal {
    let ring = |first: u8| {
        let bytes = std::array::from_fn(|index| u8::try_from(index).unwrap() ^ first);
        KeyRing { current: Key::from_bytes(bytes), previous: None }
    };
    let keys = Keys { encryption: ring(1), cookie_encryption: ring(2), cookie: ring(3) };
    let provenance =
        Provenance { policy: Arc::new(|| "p".repeat(64).into()), build: "0.1.0+test".to_owned() };
    Journal::open(database.clone(), cell.clone(), keys.mac(Purpose::JournalDigest), provenance)
}

pub(crate) fn at(call: u8) -> UnixMillis {
    UnixMillis::from_millis(1_795_359_600_000 + u64::from(call) * 1001)
}

pub(crate) fn actor(call: u8) -> Actor {
    let person = Person {
        subject: AccessSubject::parse("access-subject").unwrap(),
        email: Email::parse("alex@contoso.example").unwrap(),
        oid: None,
        groups: vec!["Group of Alex".to_owned()],
        posture: Posture::default(),
    };
    #[expect(clippy::disallowed_methods, reason = "the tests stand in for the perimeter")]
    let principal = Principal::issue(Identity::Person(person), UnixMillis::from_secs(1));
    Actor {
        principal,
        microsoft: Some((TenantId::from_random([3; 16]), Oid::from_random([4; 16]))),
        client: Some(ClientId::parse("client-1").unwrap()),
        grant: Some(GrantId::from_random([5; 16])),
        request: RequestId::from_random([call; 16]),
    }
}

pub(crate) fn permit(action: &'static ActionSpec, call: u8, recipients: Vec<Email>, target: &str) -> Permit {
    let reach = Reach { recipients, target: target.to_owned(), shared: false };
    #[expect(clippy::disallowed_methods, reason = "the tests stand in for the decision")]
    let permit = Permit::issue(
        actor(call),
        action,
        Terms { policy: "p".repeat(64).into(), ..Terms::plain(reach, Vec::new(), "person.full") },
    );
    permit
}

pub(crate) fn done() -> Outcome {
    let trace = Trace {
        client_request_id: "11111111-1111-4111-8111-111111111111".to_owned(),
        ai_gateway_log_id: Some("01JLOG".to_owned()),
        graph_request_id: Some("9b1f2a6d-0f0a-4e6b-9a55-6c8d2d9f3f10".to_owned()),
        status: Some(200),
    };
    Outcome {
        verdict: Verdict::Done,
        code: "ok".to_owned(),
        status: Some(200),
        traces: vec![trace],
        bytes: 512,
        labels: Labels::NONE,
        notes: Vec::new(),
    }
}

pub(crate) fn event(call: u8) -> AuditEvent {
    let actor = actor(call);
    AuditEvent {
        at: at(call),
        kind: AuditKind::TokenIssued,
        verdict: Verdict::Done,
        request: actor.request,
        subject: actor.principal.person().map(|person| person.subject.clone()),
        microsoft: actor.microsoft,
        client: actor.client,
        grant: actor.grant,
        code: "ok".to_owned(),
        traces: vec![],
        posture: None,
        operator: None,
        approval: None,
    }
}
