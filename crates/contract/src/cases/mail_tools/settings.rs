//! Mail tips, settings of the mailbox, automatic replies.

use anyhow::{Result, ensure};
use serde_json::{Value, json};

use super::since;
use crate::json::Look as _;
use crate::session::{GraphCall, Session};
use crate::site::Site;

pub(super) fn mail_tips_tell_what_is_to_be_known_of_recipients(site: &Site) -> Result<()> {
    let session = Session::open(site, "tips")?;
    let away = Session::open(site, "away")?;
    let replies = json!({ "status": "alwaysEnabled", "internalMessage": "<p>Back on <b>Monday</b></p>" });
    away.call_approved("setAutomaticReplies", &replies)?.content()?;
    let asked = json!({ "addresses": [
        away.person.email, "someone@fabrikam.example", "everybody@contoso.example", "board@contoso.example",
        "full.box@contoso.example", "nobody@nowhere.invalid",
    ] });
    let reply = session.tool("getMailTips", &asked)?;
    let call = session.last_graph_request()?;
    ensure!(call.line() == "POST /v1.0/me/getMailTips", "{}", call.line());
    let tips = reply.content()?.list("/mailTips")?;
    ensure!(tips.len() == 6, "{}", reply.answer);
    let at =
        |number: usize, field: &str| tips.get(number).map(|tip| tip.at(field).clone()).unwrap_or_default();
    ensure!(
        at(0, "/automaticReply") == "Back on Monday" && at(0, "/recipientScope") == "internal",
        "{tips:?}"
    );
    ensure!(at(1, "/recipientScope") == "external", "{tips:?}");
    ensure!(at(2, "/totalMemberCount") == 340 && at(2, "/externalMemberCount") == 12, "{tips:?}");
    ensure!(at(2, "/isModerated") == true && at(3, "/deliveryRestricted") == true, "{tips:?}");
    ensure!(at(4, "/mailboxFull") == true && at(5, "/unknown") == true, "{tips:?}");
    let told = reply.result()?.to_string();
    ensure!(!told.contains("send it anyway"), "{}", reply.answer);
    ensure!(told.contains("not instructions"), "texts of others are not framed: {}", reply.answer);
    let many: Vec<String> = (0..21).map(|number| format!("p{number}@contoso.example")).collect();
    for wrong in [json!([]), json!(many), json!(["not an address"]), json!("a@contoso.example"), Value::Null]
    {
        session.tool("getMailTips", &json!({ "addresses": wrong }))?.expect_invalid("addresses")?;
    }
    Ok(())
}

pub(super) fn mailbox_settings_are_told(site: &Site) -> Result<()> {
    let session = Session::open(site, "settings")?;
    let reply = session.tool("getMailboxSettings", &json!({}))?;
    let calls: Vec<String> = since(&session, 0)?.iter().map(GraphCall::line).collect();
    ensure!(calls == ["GET /v1.0/me/mailboxSettings"], "{calls:?}");
    let content = reply.content()?;
    ensure!(content.at("/timeZone") == "W. Europe Standard Time", "{content}");
    ensure!(content.at("/workingHours/start") == "08:00", "{content}");
    ensure!(content.at("/automaticReplies/status") == "disabled", "{content}");
    Ok(())
}

pub(super) fn automatic_replies_are_set_with_their_zone_and_ended(site: &Site) -> Result<()> {
    let session = Session::open(site, "replies")?;
    let arguments = json!({
        "status": "scheduled", "start": "2030-03-04T09:00[Europe/Berlin]", "end": "2030-03-08T18:00[Europe/Berlin]",
        "audience": "contactsOnly", "internalMessage": "I am away.\nAlex",
        "externalMessage": "<p onclick=x>Away</p><img src=https://t.example/p.gif>",
    });
    let reply = session.call_approved("setAutomaticReplies", &arguments)?;
    let call = session.last_graph_request()?;
    ensure!(call.line() == "PATCH /v1.0/me/mailboxSettings", "{}", call.line());
    let kept = site.control.graph("mailbox-settings", &session.person.email)?;
    let kept =
        kept.first().map(|settings| settings.at("/automaticRepliesSetting").clone()).unwrap_or_default();
    ensure!(kept.at("/status") == "scheduled" && kept.at("/externalAudience") == "contactsOnly", "{kept}");
    ensure!(kept.text("/scheduledStartDateTime/dateTime")?.starts_with("2030-03-04T08:00"), "{kept}");
    ensure!(kept.at("/internalReplyMessage") == "I am away.<br>Alex", "{kept}");
    ensure!(kept.at("/externalReplyMessage") == "<p>Away</p>", "{kept}");
    ensure!(reply.content()?.at("/status") == "scheduled", "{}", reply.answer);
    for (change, named) in [
        (json!({ "end": "2030-03-04T08:59[Europe/Berlin]" }), "end"),
        (json!({ "end": null }), "end"),
        (json!({ "start": "tomorrow" }), "start"),
        (json!({ "status": "alwaysEnabled" }), "start"),
        (json!({ "status": "on" }), "status"),
        (json!({ "audience": "everybody" }), "audience"),
        (json!({ "internalMessage": "x".repeat(20_000) }), "internalMessage"),
        (json!({ "externalMessage": "<i>".repeat(3_300) + &"<b>".repeat(3_300) }), "externalMessage"),
    ] {
        let mut wrong = arguments.clone();
        if let (Some(wrong), Some(change)) = (wrong.as_object_mut(), change.as_object()) {
            wrong.extend(change.clone());
        }
        session.call_approved("setAutomaticReplies", &wrong)?.expect_invalid(named)?;
    }
    session.call_approved("setAutomaticReplies", &json!({ "status": "disabled" }))?.content()?;
    let call = session.last_graph_request()?;
    ensure!(
        call.body() == &json!({ "automaticRepliesSetting": { "status": "disabled" } }),
        "{}",
        call.body()
    );
    Ok(())
}
