//! SharePoint sites by words of their names.
//!
//! Source: Graph, "Search for sites": `search` is free text, and finds only what the person can open.

use async_trait::async_trait;
use m365_types::Reach;
use serde::{Deserialize, Serialize};

use crate::action::{Answer, Context, Invocation, at};
use crate::arguments::Given;
use crate::error::ActionError;
use crate::listing::{Bounds, Listed, Wording, gather};
use crate::param::{Default as Otherwise, Integer, Param, Required, Text, defaulted, required};
use crate::shape::{self, Cleaner};
use crate::wire::NAME_MAX;

pub(crate) static QUERY: Param<Text, Required> =
    required("query", "Words of the site's name", Text { min: 1, max: 200, lines: false });
pub(crate) static COUNT: Param<Integer, Otherwise> =
    defaulted("count", "Number of sites", Integer { min: 1, max: 100 }, Otherwise::Number(20));

pub(crate) const FIELDS: &[&str] = &["id", "name"];
const SELECT: &str = "id,displayName,webUrl";

pub(crate) fn search_sites(given: &mut Given<'_>) -> Option<Box<dyn Invocation>> {
    let query = given.read(&QUERY);
    let count = given.read(&COUNT);
    Some(Box::new(SearchSites { query: query?, count: count? }))
}

struct SearchSites {
    query: String,
    count: u32,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct GraphSite {
    id: Option<String>,
    display_name: Option<String>,
    web_url: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Site {
    id: String,
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    web_url: Option<String>,
}

#[async_trait]
impl Invocation for SearchSites {
    fn reach(&self) -> Reach {
        at("sites")
    }

    async fn run(&self, context: &Context<'_>) -> Result<Answer, ActionError> {
        let mut request = context.graph.request(&[])?;
        request.query = vec![
            ("search", self.query.clone()),
            ("$top", self.count.to_string()),
            ("$select", SELECT.to_owned()),
        ];
        let bounds = Bounds { pages: 1, items: self.count as usize, linked: true };
        let found = gather::<GraphSite>(context, &request, bounds).await?;
        let head = |count: usize| format!("{count} site{}.", if count == 1 { "" } else { "s" });
        let wording = Wording {
            name: "sites",
            none: "No site that this account can open matches.",
            head: &head,
            more: "More sites match.",
        };
        Ok(found.answer::<Site>(context, &wording))
    }
}

impl Listed for Site {
    type Given = GraphSite;

    fn of(given: &GraphSite, cleaner: &mut Cleaner) -> Self {
        Self {
            id: shape::id(given.id.as_deref()),
            name: cleaner.line(given.display_name.as_deref(), NAME_MAX),
            web_url: shape::link(given.web_url.as_deref()),
        }
    }

    fn words(&self, number: usize) -> String {
        let link = self.web_url.as_ref().map(|link| format!(", {link}")).unwrap_or_default();
        format!("{number}. {}{link}\nid {}", self.name, self.id)
    }
}

#[cfg(test)]
#[path = "sites_tests.rs"]
mod tests;
