//! What a row of the table is made of, and what one call of it is given and gives back.

use async_trait::async_trait;
use m365_ports::DocumentReader;
use m365_types::{
    ActionSpec, ConfidentialSources, Email, InternalDomains, Labels, Reach, RequestId, ResolvedEffect, Role,
    Scope, ScopeSet, UnixMillis,
};
use serde_json::{Map, Value, json};

use crate::arguments::{ArgumentErrors, Given};
use crate::client::GraphClient;
use crate::error::ActionError;
use crate::paging::Position;
use crate::param::Describe;
use crate::shape::Cleaner;
use crate::zone::ZoneMemory;

/// One row of the table: something a client can ask for.
pub struct Action {
    /// What policy, egress, journal and documents read.
    pub spec: ActionSpec,
    /// Whether its answer is a list that can be continued.
    pub(crate) paged: bool,
    pub(crate) params: &'static [&'static dyn Describe],
    pub(crate) output: Output,
    pub(crate) parse: fn(&mut Given<'_>) -> Option<Box<dyn Invocation>>,
}

/// What an answer's data holds besides `untrusted`, `more` and `hiddenCharactersRemoved`, which say the same everywhere.
/// The published schema names what is always there and leaves types to the names: every client puts it into the context
/// of its model.
pub(crate) enum Output {
    /// A list under this name, each of its items with these properties.
    List {
        /// Name of the list.
        name: &'static str,
        /// Properties that every item has.
        item: &'static [&'static str],
    },
    /// One object with these properties.
    One(&'static [&'static str]),
}

const CURSOR: &str = "nextCursor of the answer before";

impl Action {
    /// Whether its answer is a list that [`Answer::next`] continues. Who calls it turns a `cursor` into arguments and
    /// position, and a position into a `nextCursor`.
    #[must_use]
    pub const fn is_paged(&self) -> bool {
        self.paged
    }

    /// JSON Schema 2020-12 of the arguments. Open: unknown keys are allowed and ignored.
    #[must_use]
    pub fn input_schema(&self) -> Value {
        let mut properties: Map<String, Value> =
            self.params.iter().map(|param| (param.name().to_owned(), param.schema())).collect();
        if self.paged {
            properties.insert("cursor".to_owned(), json!({ "type": "string", "description": CURSOR }));
        }
        let required: Vec<&str> =
            self.params.iter().filter(|param| param.is_required()).map(|param| param.name()).collect();
        if required.is_empty() {
            json!({ "type": "object", "properties": properties })
        } else {
            json!({ "type": "object", "properties": properties, "required": required })
        }
    }

    /// JSON Schema 2020-12 of [`Answer::structured`], with the `nextCursor` that a continued list gets.
    #[must_use]
    pub fn output_schema(&self) -> Value {
        let mut schema = match &self.output {
            Output::List { name, item } => json!({
                "type": "object",
                "properties": { *name: { "type": "array", "items": { "type": "object", "required": item } } },
                "required": [name],
            }),
            Output::One(fields) => json!({ "type": "object", "required": fields }),
        };
        if let (true, Some(schema)) = (self.paged, schema.as_object_mut()) {
            let properties = schema.entry("properties").or_insert_with(|| json!({}));
            if let Some(properties) = properties.as_object_mut() {
                properties.insert("nextCursor".to_owned(), json!({ "type": "string" }));
            }
        }
        schema
    }

    /// Turns arguments into one concrete call.
    ///
    /// # Errors
    /// Everything that is wrong with them, at once.
    pub fn parse(&self, arguments: &Map<String, Value>) -> Result<Box<dyn Invocation>, ArgumentErrors> {
        let mut given = Given::new(arguments);
        let invocation = (self.parse)(&mut given);
        given.finish(invocation)
    }
}

/// One concrete call with checked arguments. Says whom it reaches before it is decided, and runs after.
#[async_trait]
pub trait Invocation: Send + Sync {
    /// The mailbox it acts on, where its arguments name one.
    fn mailbox(&self) -> Option<&Email> {
        None
    }

    /// Whom it reaches, from its arguments alone.
    fn reach(&self) -> Reach {
        in_mailbox(self.mailbox())
    }

    /// The permissions this very call needs, of those its row declares: the row's own, for another mailbox those that open
    /// it, unless arguments name something else that needs others.
    fn scopes(&self, row: &'static ActionSpec) -> Vec<Scope> {
        match self.mailbox() {
            None => row.scopes.to_vec(),
            Some(_) => row.scopes.iter().map(|scope| scope.in_other_mailboxes()).collect(),
        }
    }

    /// What it will do, from its arguments alone: all of it that can be known without asking Graph.
    fn effect(&self) -> ResolvedEffect {
        ResolvedEffect::of(self.reach(), Role::To)
    }

    /// Whether only Graph can say what it will do: who is on a list, what a draft holds, who shares a folder.
    fn must_look(&self) -> bool {
        false
    }

    /// What it will do as Graph says it is now, worked out by reading alone. Asked right before the decision that counts,
    /// so that what was approved and what happens are compared.
    ///
    /// # Errors
    /// [`ActionError`]; then nothing was done.
    async fn look(&self, _context: &Context<'_>) -> Result<ResolvedEffect, ActionError> {
        Ok(self.effect())
    }

    /// Does it.
    ///
    /// # Errors
    /// [`ActionError`]
    async fn run(&self, context: &Context<'_>) -> Result<Answer, ActionError>;
}

/// What a running call can use.
pub struct Context<'a> {
    /// The way to Graph for this intent.
    pub graph: &'a GraphClient<'a>,
    /// When the call began.
    pub now: UnixMillis,
    /// The call; also the boundary of framed text and the idempotency key of writes.
    pub request: RequestId,
    /// Whose call it is.
    pub account: &'a Account,
    /// Where a list goes on, where the call continues one.
    pub position: Option<&'a Position>,
    /// What is known of the mailbox's time zone.
    pub zone: &'a ZoneMemory,
    /// What reads files as text.
    pub documents: &'a dyn DocumentReader,
    /// The domains of the organisation. An address elsewhere is never looked up: that would carry it out.
    pub internal: &'a InternalDomains,
    /// The places that the operator calls confidential.
    pub confidential: &'a ConfidentialSources,
}

/// The state of the sign-in, as `authenticate` reports it.
#[derive(Clone, Debug)]
pub struct Account {
    /// The verified Access e-mail.
    pub email: Email,
    /// User principal name of the linked Microsoft account.
    pub microsoft: Option<String>,
    /// Scopes of the grant of this client.
    pub granted: ScopeSet,
    /// Scopes of the Microsoft token.
    pub microsoft_scopes: ScopeSet,
    /// Where the person connects Microsoft or gives more permissions.
    pub sign_in_url: String,
    /// Names of what the deployment offers.
    pub offered: Vec<&'static str>,
}

impl Account {
    /// Whether both this client and the Microsoft token have one of these permissions, so that a call which is only for
    /// some of a tool may be made without asking for more.
    pub(crate) fn has_any(&self, scopes: &[Scope]) -> bool {
        scopes.iter().any(|one| self.granted.covers(&[*one]) && self.microsoft_scopes.covers(&[*one]))
    }
}

/// A shaped answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// Compact text for a model; for everything but a tool, JSON.
    pub text: String,
    /// The same as data, by the row's output schema.
    pub structured: Value,
    /// Where the list goes on, where there is more of it.
    pub next: Option<Position>,
    /// What the text brings along besides what its row says.
    pub labels: Labels,
}

impl Answer {
    /// An answer that nothing continues.
    pub(crate) const fn whole(text: String, structured: Value) -> Self {
        Self { text, structured, next: None, labels: Labels::NONE }
    }

    /// The answer of a resource: its data as JSON.
    pub(crate) fn json(structured: Value) -> Self {
        Self::whole(structured.to_string(), structured)
    }
}

/// The reach of a call on the person's own data.
pub(crate) fn own() -> Reach {
    Reach { recipients: Vec::new(), target: "me".to_owned(), shared: false }
}

/// The reach of a call on something else.
pub(crate) fn at(target: impl Into<String>) -> Reach {
    Reach { target: target.into(), ..own() }
}

/// The reach of a call on something that others use too: a change to it reaches them.
pub(crate) fn shared(target: impl Into<String>) -> Reach {
    Reach { shared: true, ..at(target) }
}

/// The reach of a call in a mailbox: the person's own where none is named.
pub(crate) fn in_mailbox(mailbox: Option<&Email>) -> Reach {
    mailbox.map_or_else(own, |mailbox| shared(format!("users/{mailbox}")))
}

/// The data of one resource that others wrote, marked as such.
pub(crate) fn untrusted(mut data: Value, cleaner: &Cleaner) -> Value {
    if let Some(data) = data.as_object_mut() {
        data.insert("untrusted".to_owned(), true.into());
        data.insert("hiddenCharactersRemoved".to_owned(), cleaner.hidden().into());
    }
    data
}
