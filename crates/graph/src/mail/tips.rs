//! What is to be known of recipients before mail goes to them.
//!
//! Source: Graph `getMailTips`. Texts in it are those of the recipients. The addresses leave with the question, so policy sees
//! them as those of recipients.

use async_trait::async_trait;
use m365_types::{Email, Reach};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::action::{Answer, Context, Invocation, in_mailbox};
use crate::arguments::Given;
use crate::error::ActionError;
use crate::param::{Addresses, MAILBOX, Param, Required, required};
use crate::shape::{self, Cleaner, framed};
use crate::wire::{ADDRESS_MAX, EmailAddress, Page};

pub(crate) static ADDRESSES: Param<Addresses, Required> =
    required("addresses", "Up to 20 addresses", Addresses { max: 20 });

pub(crate) const FIELDS: &[&str] = &["address"];
const OPTIONS: &str = "automaticReplies, mailboxFullStatus, customMailTip, externalMemberCount, totalMemberCount, recipientScope, deliveryRestriction, moderationStatus";
const TEXT_MAX: usize = 300;

pub(crate) fn get_mail_tips(given: &mut Given<'_>) -> Option<Box<dyn Invocation>> {
    let addresses = given.read(&ADDRESSES);
    let mailbox = given.read(&MAILBOX);
    let addresses = addresses?;
    if addresses.is_empty() {
        given.refuse("addresses", "must name at least one address");
    }
    Some(Box::new(GetMailTips { addresses, mailbox: mailbox? }))
}

struct GetMailTips {
    addresses: Vec<Email>,
    mailbox: Option<Email>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct GraphTips {
    email_address: Option<EmailAddress>,
    automatic_replies: Option<GraphReplies>,
    mailbox_full: Option<bool>,
    custom_mail_tip: Option<String>,
    external_member_count: Option<u64>,
    total_member_count: Option<u64>,
    recipient_scope: Option<String>,
    delivery_restricted: Option<bool>,
    is_moderated: Option<bool>,
    error: Option<GraphTipsError>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct GraphReplies {
    message: Option<String>,
}

#[derive(Deserialize)]
struct GraphTipsError {}

#[expect(clippy::struct_excessive_bools, reason = "each is an independent property of the resource")]
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Tips {
    address: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    recipient_scope: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    automatic_reply: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    custom_mail_tip: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    total_member_count: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    external_member_count: Option<u64>,
    mailbox_full: bool,
    delivery_restricted: bool,
    is_moderated: bool,
    /// Whether Microsoft 365 could not say.
    unknown: bool,
}

#[async_trait]
impl Invocation for GetMailTips {
    fn mailbox(&self) -> Option<&Email> {
        self.mailbox.as_ref()
    }

    fn reach(&self) -> Reach {
        Reach { recipients: self.addresses.clone(), ..in_mailbox(self.mailbox()) }
    }

    async fn run(&self, context: &Context<'_>) -> Result<Answer, ActionError> {
        let mut request = context.graph.request_in(self.mailbox.as_ref(), &[])?;
        request.body = Some(json!({ "EmailAddresses": self.addresses, "MailTipsOptions": OPTIONS }).into());
        let page: Page<GraphTips> = context.graph.fetch(request).await?;
        let mut cleaner = Cleaner::default();
        let tips: Vec<Tips> = page.value.iter().map(|given| Tips::of(given, &mut cleaner)).collect();
        let lines: Vec<String> = tips.iter().map(Tips::words).collect();
        let head = format!("Mail tips of {} address{}.", tips.len(), if tips.len() == 1 { "" } else { "es" });
        let text = framed(context.request, &head, &lines.join("\n"), &cleaner);
        let structured = json!({
            "untrusted": true, "mailTips": tips, "more": false, "hiddenCharactersRemoved": cleaner.hidden(),
        });
        Ok(Answer::whole(text, structured))
    }
}

impl Tips {
    fn of(given: &GraphTips, cleaner: &mut Cleaner) -> Self {
        let address = given.email_address.as_ref().and_then(|address| address.address.as_deref());
        let reply = given.automatic_replies.as_ref().and_then(|replies| replies.message.as_deref());
        Self {
            address: cleaner.line(address, ADDRESS_MAX),
            recipient_scope: shape::id(given.recipient_scope.as_deref()),
            automatic_reply: cleaner.line(reply, TEXT_MAX),
            custom_mail_tip: cleaner.line(given.custom_mail_tip.as_deref(), TEXT_MAX),
            total_member_count: given.total_member_count.filter(|count| *count > 1),
            external_member_count: given.external_member_count.filter(|count| *count > 0),
            mailbox_full: given.mailbox_full.unwrap_or_default(),
            delivery_restricted: given.delivery_restricted.unwrap_or_default(),
            is_moderated: given.is_moderated.unwrap_or_default(),
            unknown: given.error.is_some(),
        }
    }

    fn words(&self) -> String {
        let mut said = Vec::new();
        if !self.recipient_scope.is_empty() {
            said.push(self.recipient_scope.clone());
        }
        if let Some(count) = self.total_member_count {
            let external = self.external_member_count.unwrap_or_default();
            said.push(format!("a list of {count}, {external} of them outside the organisation"));
        }
        for (holds, word) in [
            (self.mailbox_full, "mailbox is full"),
            (self.delivery_restricted, "does not accept mail from this sender"),
            (self.is_moderated, "a moderator decides on mail to it"),
            (self.unknown, "Microsoft 365 knows nothing of it"),
        ] {
            if holds {
                said.push(word.to_owned());
            }
        }
        for (name, text) in [("automatic reply", &self.automatic_reply), ("tip", &self.custom_mail_tip)] {
            if !text.is_empty() {
                said.push(format!("{name}: {text}"));
            }
        }
        let said = if said.is_empty() { "nothing to note".to_owned() } else { said.join("; ") };
        format!("{}: {said}", self.address)
    }
}

#[cfg(test)]
#[path = "tips_tests.rs"]
mod tests;
