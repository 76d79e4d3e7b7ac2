//! Who reports to whom, and who is in a group.
//!
//! Source: Graph `user: manager`, `directReports` and `group: members`. Reading a manager needs a permission that only an
//! administrator grants, the person's own manager too (permissions of the operation `GET /me/manager`). Graph answers
//! 404 with one and the same code both for somebody who has no manager and for somebody who does not exist; so after a
//! 404 the person is looked up: who is there has no manager, and the answer says that; who is not is an error. The person
//! who is signed in is there.

use async_trait::async_trait;
use m365_ports::GraphRequest;
use m365_types::{Method, Reach};
use serde_json::{Value, json};

use super::directory::{ANOTHER, GraphUser, User, with_note};
use crate::action::{Answer, Context, Invocation, at, own, untrusted};
use crate::arguments::Given;
use crate::error::ActionError;
use crate::listing::{Bounds, Listed as _, Wording, gather};
use crate::param::{Identifier, Param, Required, required};
use crate::shape::{Cleaner, framed};

pub(crate) static GROUP: Param<Identifier, Required> =
    required("groupId", "The group's id; a team's id is its group's", Identifier);

pub(crate) const MY_MANAGER: &str = "/me/manager";
pub(crate) const MANAGER: &str = "/users/{user}/manager";
pub(crate) const USER: &str = "/users/{user}";
pub(crate) const MY_REPORTS: &str = "/me/directReports";
pub(crate) const REPORTS: &str = "/users/{user}/directReports";

const SELECT: &str = "id,displayName,mail,userPrincipalName,jobTitle";
const MEMBER_SELECT: &str = "id,displayName,mail,userPrincipalName,userType";
const PAGE: usize = 50;

/// What is said around a list of people.
struct Words {
    /// The list's name in the data.
    name: &'static str,
    none: &'static str,
    /// Behind the number.
    one: &'static str,
    many: &'static str,
}

const REPORTS_WORDS: Words = Words {
    name: "reports",
    none: "Nobody reports directly.",
    one: "person reports directly.",
    many: "people report directly.",
};
const MEMBERS_WORDS: Words =
    Words { name: "members", none: "No members.", one: "direct member.", many: "direct members." };

/// The person's own where nobody is named, else another's.
fn about(
    context: &Context<'_>,
    user: Option<&str>,
    own: &str,
    other: &str,
) -> Result<GraphRequest, ActionError> {
    match user {
        None => context.graph.request_to(Method::Get, own, None, &[]),
        Some(user) => context.graph.request_to(Method::Get, other, None, &[user]),
    }
}

fn reach_of(user: Option<&str>) -> Reach {
    user.map_or_else(own, |user| at(format!("users/{user}")))
}

pub(crate) fn get_manager(given: &mut Given<'_>) -> Option<Box<dyn Invocation>> {
    let user = given.read(&ANOTHER)?;
    Some(Box::new(GetManager { user }))
}

struct GetManager {
    user: Option<String>,
}

#[async_trait]
impl Invocation for GetManager {
    fn reach(&self) -> Reach {
        reach_of(self.user.as_deref())
    }

    async fn run(&self, context: &Context<'_>) -> Result<Answer, ActionError> {
        let mut request = about(context, self.user.as_deref(), MY_MANAGER, MANAGER)?;
        request.query = vec![("$select", SELECT.to_owned())];
        let mut cleaner = Cleaner::default();
        match context.graph.fetch::<GraphUser>(request).await {
            Ok(given) => {
                let manager = User::of(&given, &mut cleaner);
                let text = framed(context.request, "The manager:", &manager.words(), &cleaner);
                Ok(Answer::whole(text, untrusted(json!({ "manager": manager }), &cleaner)))
            }
            Err(error) if error.is_not_found() => {
                self.is_there(context).await?;
                let text = "No manager: the directory names none for this person.".to_owned();
                Ok(Answer::whole(text, untrusted(json!({ "manager": Value::Null }), &cleaner)))
            }
            Err(error) => Err(error),
        }
    }
}

impl GetManager {
    /// Fails where there is no such person.
    async fn is_there(&self, context: &Context<'_>) -> Result<(), ActionError> {
        let Some(user) = &self.user else { return Ok(()) };
        let mut request = context.graph.request_to(Method::Get, USER, None, &[user])?;
        request.query = vec![("$select", "id".to_owned())];
        context.graph.fetch::<GraphUser>(request).await.map(drop)
    }
}

pub(crate) fn list_direct_reports(given: &mut Given<'_>) -> Option<Box<dyn Invocation>> {
    let user = given.read(&ANOTHER)?;
    Some(Box::new(ListDirectReports { user }))
}

struct ListDirectReports {
    user: Option<String>,
}

#[async_trait]
impl Invocation for ListDirectReports {
    fn reach(&self) -> Reach {
        reach_of(self.user.as_deref())
    }

    async fn run(&self, context: &Context<'_>) -> Result<Answer, ActionError> {
        let request = about(context, self.user.as_deref(), MY_REPORTS, REPORTS)?;
        people(context, request, SELECT, &REPORTS_WORDS).await
    }
}

pub(crate) fn list_group_members(given: &mut Given<'_>) -> Option<Box<dyn Invocation>> {
    let group = given.read(&GROUP)?;
    Some(Box::new(ListGroupMembers { group }))
}

struct ListGroupMembers {
    group: String,
}

#[async_trait]
impl Invocation for ListGroupMembers {
    fn reach(&self) -> Reach {
        at(format!("groups/{}", self.group))
    }

    async fn run(&self, context: &Context<'_>) -> Result<Answer, ActionError> {
        let request = context.graph.request(&[&self.group])?;
        people(context, request, MEMBER_SELECT, &MEMBERS_WORDS).await
    }
}

/// A page of people.
async fn people(
    context: &Context<'_>,
    mut request: GraphRequest,
    select: &str,
    words: &Words,
) -> Result<Answer, ActionError> {
    request.query = vec![("$top", PAGE.to_string()), ("$select", select.to_owned())];
    let bounds = Bounds { pages: 1, items: PAGE, linked: true };
    let found = gather::<GraphUser>(context, &request, bounds).await?;
    let head = |count: usize| format!("{count} {}", if count == 1 { words.one } else { words.many });
    let wording = Wording { name: words.name, none: words.none, head: &head, more: "There are more." };
    Ok(with_note(found.answer::<User>(context, &wording), words.name))
}

#[cfg(test)]
#[path = "organisation_tests.rs"]
mod tests;
