//! A link that opens a file or folder to people of the organisation.
//!
//! Source: Graph, `driveItem` createLink. Only people who are signed in to the organisation can open such a link: links for
//! everybody, and for named people, are not made here. Asked again, Graph gives the same link.

use async_trait::async_trait;
use m365_types::{ActionSpec, Method, Reach, Recipient, ResolvedEffect, Role, Scope, Standing};
use serde::Deserialize;
use serde_json::json;

use crate::action::{Answer, Context, Invocation};
use crate::arguments::Given;
use crate::effect;
use crate::error::ActionError;
use crate::files::place::{Everywhere, Place, everywhere};
use crate::files::target::Target;
use crate::moment::Settled;
use crate::param::{
    Choice, DateTime, Default as Otherwise, Identifier, Optional, Param, Required, defaulted, optional,
    required,
};
use crate::shape;
use crate::zone::Zone;

pub(crate) static ID: Param<Identifier, Required> = required("id", "Id of the file or folder", Identifier);
pub(crate) static TYPE: Param<Choice<&'static str>, Otherwise> = defaulted(
    "type",
    "What it allows",
    Choice { options: &[("view", "view"), ("edit", "edit")] },
    Otherwise::Text("view"),
);
pub(crate) static EXPIRES: Param<DateTime, Optional> =
    optional("expirationDateTime", "When it ends (ISO 8601)", DateTime);

pub(crate) const CREATE: Everywhere = everywhere!("/items/{item}/createLink");
pub(crate) const FIELDS: &[&str] = &["type", "scope", "webUrl"];
const SCOPE: &str = "organization";
const SCOPE_WORDS: &str = "people of the organisation who are signed in";

pub(crate) fn create_sharing_link(given: &mut Given<'_>) -> Option<Box<dyn Invocation>> {
    let id = given.read(&ID);
    let place = Place::read(given);
    let kind = given.read(&TYPE);
    let expires = given.read(&EXPIRES);
    // Hours do not matter to when a link ends, so the mailbox is not asked for its zone.
    let expires = expires?.map(|at| at.settle(&Zone::utc()));
    if let Some(Err(error)) = &expires {
        given.refuse("expirationDateTime", &format!("is {error}"));
    }
    let expires = expires.and_then(Result::ok);
    Some(Box::new(CreateSharingLink { id: id?, place: place?, kind: kind?, expires }))
}

struct CreateSharingLink {
    id: String,
    place: Place,
    kind: &'static str,
    expires: Option<Settled>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct GraphPermission {
    link: Option<GraphLink>,
    expiration_date_time: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct GraphLink {
    r#type: Option<String>,
    scope: Option<String>,
    web_url: Option<String>,
}

#[async_trait]
impl Invocation for CreateSharingLink {
    fn reach(&self) -> Reach {
        self.place.reach_of(&self.id)
    }

    fn scopes(&self, row: &'static ActionSpec) -> Vec<Scope> {
        self.place.scopes(row)
    }

    fn effect(&self) -> ResolvedEffect {
        self.effect_on(None)
    }

    fn must_look(&self) -> bool {
        true
    }

    async fn look(&self, context: &Context<'_>) -> Result<ResolvedEffect, ActionError> {
        Ok(self.effect_on(Some(&Target::of(context, &self.place, &self.id).await?)))
    }

    async fn run(&self, context: &Context<'_>) -> Result<Answer, ActionError> {
        let mut request = self.place.request(context, Method::Post, CREATE, &[&self.id])?;
        let mut body = json!({ "type": self.kind, "scope": SCOPE });
        if let (Some(expires), Some(body)) = (&self.expires, body.as_object_mut()) {
            body.insert("expirationDateTime".to_owned(), expires.to_rfc3339().into());
        }
        request.body = Some(body.into());
        let given: GraphPermission = context.graph.fetch(request).await?;
        let link = given.link.unwrap_or_default();
        let url = shape::link(link.web_url.as_deref()).ok_or_else(|| context.graph.unreadable())?;
        let kind = shape::id(link.r#type.as_deref());
        let scope = shape::id(link.scope.as_deref());
        let who = if scope == SCOPE { "Everybody in the organisation who has it" } else { "Who has it" };
        let may = if kind == "edit" { "change" } else { "see" };
        let mut text = format!("Link created: {url}\n{who} can {may} the item.");
        let mut structured = json!({ "type": kind, "scope": scope, "webUrl": url });
        let ends = shape::id(given.expiration_date_time.as_deref());
        if let (false, Some(structured)) = (ends.is_empty(), structured.as_object_mut()) {
            text = text + " It ends " + &ends + ".";
            structured.insert("expirationDateTime".to_owned(), ends.into());
        }
        if self.expires.as_ref().is_some_and(Settled::floated) {
            text.push_str("\n`expirationDateTime` named no time zone and was taken as UTC.");
        }
        Ok(Answer::whole(text, structured))
    }
}

impl CreateSharingLink {
    /// What it opens to whom. Guests are not of the organisation: such a link is not for them.
    fn effect_on(&self, item: Option<&Target>) -> ResolvedEffect {
        let mut effect = ResolvedEffect::of(self.reach(), Role::Holder);
        let who = "everybody of the organisation who gets the link";
        effect.recipients.push(Recipient::everybody(who, Role::Holder, Standing::Inside));
        if let Some(item) = item {
            let what = if item.is_folder() { "Folder with all that is in it" } else { "File" };
            effect::say(&mut effect, what, effect::line(item.name.as_deref()));
            effect::say(&mut effect, "Lies in", item.folder());
            effect.files.push(item.file());
            effect.version = item.version();
            effect.folder = Some(if item.is_folder() { item.path() } else { item.folder() });
        }
        let may = if self.kind == "edit" { "see and change it" } else { "see it" };
        effect::say(&mut effect, "Who has the link can", may);
        effect::say(&mut effect, "For", SCOPE_WORDS);
        let ends = self.expires.as_ref().map_or_else(|| "with no day set".to_owned(), Settled::to_rfc3339);
        effect::say(&mut effect, "Ends", ends);
        effect
    }
}

#[cfg(test)]
#[path = "link_tests.rs"]
mod tests;
