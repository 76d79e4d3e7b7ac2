//! What a row of the table is made of, and what one call of it is given and gives back.

use async_trait::async_trait;
use m365_types::{ActionSpec, Email, Reach, RequestId, ScopeSet, UnixMillis};
use serde_json::{Map, Value, json};

use crate::arguments::{ArgumentErrors, Given};
use crate::client::GraphClient;
use crate::error::ActionError;
use crate::param::Describe;

/// One row of the table: something a client can ask for, tool or resource.
pub struct Action {
    /// What policy, egress, journal and documents read.
    pub spec: ActionSpec,
    pub(crate) params: &'static [&'static dyn Describe],
    pub(crate) output: fn() -> Value,
    pub(crate) parse: fn(&mut Given<'_>) -> Option<Box<dyn Invocation>>,
}

impl Action {
    /// JSON Schema 2020-12 of the arguments. Open: unknown keys are allowed and ignored.
    #[must_use]
    pub fn input_schema(&self) -> Value {
        let properties: Map<String, Value> =
            self.params.iter().map(|param| (param.name().to_owned(), param.schema())).collect();
        let required: Vec<&str> =
            self.params.iter().filter(|param| param.is_required()).map(|param| param.name()).collect();
        if required.is_empty() {
            json!({ "type": "object", "properties": properties })
        } else {
            json!({ "type": "object", "properties": properties, "required": required })
        }
    }

    /// JSON Schema 2020-12 of [`Answer::structured`].
    #[must_use]
    pub fn output_schema(&self) -> Value {
        (self.output)()
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
    /// Compact text for a model; for a resource, JSON.
    pub text: String,
    /// The same as data, by the row's output schema.
    pub structured: Value,
}

/// The reach of a call on the person's own data.
pub(crate) fn own() -> Reach {
    Reach { recipients: Vec::new(), target: "me".to_owned() }
}

/// The object schema every row's output uses.
pub(crate) fn object(properties: Value, required: &[&str]) -> Value {
    let mut schema = json!({ "type": "object", "required": required });
    if let Some(schema) = schema.as_object_mut() {
        schema.insert("properties".to_owned(), properties);
    }
    schema
}
