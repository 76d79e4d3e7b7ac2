//! Where those stand whom a call reaches, and how many are behind an address that is a list.
//!
//! Source: Graph `getMailTips` with `recipientScope`, `externalMemberCount` and `totalMemberCount`. It needs `Mail.Read`;
//! a row that asks declares the call and, among its further permissions, `Mail.Read` and `Mail.Read.Shared`. Where neither
//! was granted, or an address is not answered, nothing is said, and rules count that as not inside.

use std::collections::{BTreeMap, BTreeSet};

use m365_types::{Email, Members, Method, Recipient, Scope, Standing};
use serde::Deserialize;
use serde_json::json;

use crate::action::{Account, Context};
use crate::error::ActionError;
use crate::wire::{EmailAddress, Page};

/// The call that a row which asks declares.
pub(crate) const MAIL_TIPS: &str = "/me/getMailTips";
const OPTIONS: &str = "externalMemberCount, recipientScope, totalMemberCount";
/// Permissions of which one is needed to ask.
const NEEDED: [Scope; 2] = [Scope::MailRead, Scope::MailReadShared];
/// Most addresses of one request.
const AT_ONCE: usize = 100;

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct GraphTips {
    email_address: Option<EmailAddress>,
    external_member_count: Option<u32>,
    total_member_count: Option<u32>,
    recipient_scope: Option<String>,
    error: Option<serde::de::IgnoredAny>,
}

/// Says of each recipient with an address what Microsoft 365 says of it.
///
/// # Errors
/// Any failure that is no refusal of the question: without a sign-in, or while Graph is busy, there is nothing to decide on.
pub(crate) async fn ask(context: &Context<'_>, recipients: &mut [Recipient]) -> Result<(), ActionError> {
    let Account { granted, microsoft_scopes, .. } = context.account;
    if !NEEDED.iter().any(|one| granted.covers(&[*one]) && microsoft_scopes.covers(&[*one])) {
        return Ok(());
    }
    // Whoever is asked about hears of it, or whoever runs their domain does: an address outside is outside, and asking would
    // carry what stands in it out before anybody has said yes.
    let inside = |address: &&Email| context.internal.holds(address);
    let addresses: BTreeSet<&Email> =
        recipients.iter().filter_map(|one| one.address.as_ref()).filter(inside).collect();
    let addresses: Vec<&Email> = addresses.into_iter().collect();
    if addresses.is_empty() {
        // Nobody is asked for an approval who must sign in to Microsoft first.
        return context.graph.sign_in().await;
    }
    let mut said: BTreeMap<Email, (Standing, Option<Members>)> = BTreeMap::new();
    for some in addresses.chunks(AT_ONCE) {
        let mut request = context.graph.request_to(Method::Post, MAIL_TIPS, None, &[])?;
        request.body = Some(json!({ "EmailAddresses": some, "MailTipsOptions": OPTIONS }).into());
        match context.graph.fetch::<Page<GraphTips>>(request).await {
            Ok(page) => said.extend(page.value.iter().filter_map(GraphTips::read)),
            // Graph does not answer this of these, or not to this person.
            Err(error) if error.is_declined() => {}
            Err(error) => return Err(error),
        }
    }
    for recipient in recipients {
        if let Some((standing, members)) = recipient.address.as_ref().and_then(|address| said.get(address)) {
            (recipient.said, recipient.members) = (*standing, *members);
        }
    }
    Ok(())
}

impl GraphTips {
    fn read(&self) -> Option<(Email, (Standing, Option<Members>))> {
        let address = self.email_address.as_ref()?.address.as_deref()?;
        let address = Email::parse(address).ok()?;
        Some((address, (self.standing(), self.members())))
    }

    /// Inside only where it is said to be and no member is outside; a list whose members are not counted may have some.
    fn standing(&self) -> Standing {
        let scope = self.recipient_scope.as_deref().unwrap_or_default();
        let is_list = self.total_member_count.is_some_and(|total| total > 1);
        match (scope, self.external_member_count) {
            _ if self.error.is_some() => Standing::Unknown,
            (scope, _) if scope.contains("external") => Standing::Outside,
            (_, Some(1..)) => Standing::Outside,
            ("internal", None) if is_list => Standing::Unknown,
            ("internal", _) => Standing::Inside,
            _ => Standing::Unknown,
        }
    }

    /// The people behind it, where it is a list.
    fn members(&self) -> Option<Members> {
        let outside = self.external_member_count.unwrap_or_default();
        let total = self.total_member_count.unwrap_or_default().max(outside);
        (self.error.is_none() && (total > 1 || outside > 0)).then_some(Members { total, outside })
    }
}

#[cfg(test)]
#[path = "standing_tests.rs"]
mod tests;
