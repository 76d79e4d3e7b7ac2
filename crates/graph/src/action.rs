//! What a row of the table is made of, and what one call of it is given and gives back.

use async_trait::async_trait;
use m365_types::{ActionSpec, Email, Reach, RequestId, ScopeSet, UnixMillis};
use serde_json::{Map, Value, json};

use crate::arguments::{ArgumentErrors, Given};
use crate::client::GraphClient;
use crate::error::ActionError;
use crate::paging::Position;
use crate::param::Describe;
use crate::shape::Cleaner;

/// One row of the table: something a client can ask for.
pub struct Action {
    /// What policy, egress, journal and documents read.
    pub spec: ActionSpec,
    /// Whether its answer is a list that can be continued.
    pub(crate) paged: bool,
    pub(crate) params: &'static [&'static dyn Describe],
    pub(crate) output: fn() -> Value,
    pub(crate) parse: fn(&mut Given<'_>) -> Option<Box<dyn Invocation>>,
}

const CURSOR: &str = "Continues a list: `nextCursor` of the answer before; other arguments are then ignored";
const NEXT_CURSOR: &str = "The `cursor` that continues the list; absent where it ends";

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
        let mut schema = (self.output)();
        let properties = schema.get_mut("properties").and_then(Value::as_object_mut);
        if let (true, Some(properties)) = (self.paged, properties) {
            properties
                .insert("nextCursor".to_owned(), json!({ "type": "string", "description": NEXT_CURSOR }));
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
    /// Whom it reaches, from its arguments alone.
    fn reach(&self) -> Reach;

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
}

impl Answer {
    /// An answer that nothing continues.
    pub(crate) const fn whole(text: String, structured: Value) -> Self {
        Self { text, structured, next: None }
    }

    /// The answer of a resource: its data as JSON.
    pub(crate) fn json(structured: Value) -> Self {
        Self::whole(structured.to_string(), structured)
    }
}

/// The reach of a call on the person's own data.
pub(crate) fn own() -> Reach {
    Reach { recipients: Vec::new(), target: "me".to_owned() }
}

/// The data of one resource that others wrote, marked as such.
pub(crate) fn untrusted(mut data: Value, cleaner: &Cleaner) -> Value {
    if let Some(data) = data.as_object_mut() {
        data.insert("untrusted".to_owned(), true.into());
        data.insert("hiddenCharactersRemoved".to_owned(), cleaner.hidden().into());
    }
    data
}

/// The schema of one item of a list, for when it is a resource: marked as text of others, with these properties besides.
pub(crate) fn untrusted_schema(mut item: Value, besides: Value) -> Value {
    let mut added =
        json!({ "untrusted": { "const": true }, "hiddenCharactersRemoved": { "type": "integer" } });
    if let (Some(added), Value::Object(besides)) = (added.as_object_mut(), besides) {
        added.extend(besides);
    }
    if let (Some(properties), Value::Object(added)) =
        (item.get_mut("properties").and_then(Value::as_object_mut), added)
    {
        properties.extend(added);
    }
    if let Some(required) = item.get_mut("required").and_then(Value::as_array_mut) {
        required.extend(["untrusted", "hiddenCharactersRemoved"].map(Value::from));
    }
    item
}

/// The object schema every row's output uses.
pub(crate) fn object(properties: Value, required: &[&str]) -> Value {
    let mut schema = json!({ "type": "object", "required": required });
    if let Some(schema) = schema.as_object_mut() {
        schema.insert("properties".to_owned(), properties);
    }
    schema
}
