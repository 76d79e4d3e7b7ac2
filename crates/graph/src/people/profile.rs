//! The signed-in person's own profile.
//!
//! Source: Graph `user` resource. Names and titles are written by the person or by the directory's administrators, who also
//! run this server's policy, and by nobody who could want to mislead the person's assistant: to read them brings no label
//! along. To a model they are data all the same, and marked so.

use async_trait::async_trait;
use m365_types::Reach;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::action::{Answer, Context, Invocation, own};
use crate::error::ActionError;
use crate::shape::{self, Cleaner};
use crate::wire::{ADDRESS_MAX, NAME_MAX};

const SELECT: &str = "id,displayName,mail,userPrincipalName,jobTitle,department,companyName";

pub(crate) struct Profile;

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct GraphUser {
    id: Option<String>,
    display_name: Option<String>,
    mail: Option<String>,
    user_principal_name: Option<String>,
    job_title: Option<String>,
    department: Option<String>,
    company_name: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Details {
    untrusted: bool,
    id: String,
    display_name: String,
    mail: String,
    user_principal_name: String,
    job_title: String,
    department: String,
    company_name: String,
}

#[async_trait]
impl Invocation for Profile {
    fn reach(&self) -> Reach {
        own()
    }

    async fn run(&self, context: &Context<'_>) -> Result<Answer, ActionError> {
        let mut request = context.graph.request(&[])?;
        request.query = vec![("$select", SELECT.to_owned())];
        let given: GraphUser = context.graph.fetch(request).await?;
        let mut cleaner = Cleaner::default();
        let details = Details {
            untrusted: true,
            id: shape::id(given.id.as_deref()),
            display_name: cleaner.line(given.display_name.as_deref(), NAME_MAX),
            mail: cleaner.line(given.mail.as_deref(), ADDRESS_MAX),
            user_principal_name: cleaner.line(given.user_principal_name.as_deref(), ADDRESS_MAX),
            job_title: cleaner.line(given.job_title.as_deref(), NAME_MAX),
            department: cleaner.line(given.department.as_deref(), NAME_MAX),
            company_name: cleaner.line(given.company_name.as_deref(), NAME_MAX),
        };
        let structured = json!(details);
        Ok(Answer::json(structured))
    }
}

#[cfg(test)]
#[path = "profile_tests.rs"]
mod tests;
