//! Drafts, replies, filing, attachments, tips and settings, as strict as Outlook.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::*;

const SCOPES: [&str; 8] = [
    "Mail.Read",
    "Mail.ReadWrite",
    "Mail.Send",
    "Mail.Read.Shared",
    "Mail.ReadWrite.Shared",
    "Mail.Send.Shared",
    "MailboxSettings.ReadWrite",
    "User.Read",
];
const SUPPORT: &str = "support@contoso.example";

fn caller() -> Caller {
    Caller::at(&estate(), ALEX, &SCOPES)
}

fn code(answer: &(u16, Value)) -> (u16, &str) {
    (answer.0, answer.1["error"]["code"].as_str().unwrap_or_default())
}

impl Caller {
    async fn patch(&self, url: &str, body: Value) -> (u16, Value) {
        shown(&self.send(Method::PATCH, url, Some(&body)).await.unwrap())
    }

    /// The path of the message with this subject.
    fn path_of(&self, subject: &str) -> String {
        let items = self.estate.graph.collection(&self.estate, "messages", Some(ALEX)).unwrap();
        let found = items.iter().find(|item| item["subject"] == subject).unwrap();
        format!("/me/messages/{}", segment(found["id"].as_str().unwrap()))
    }

    async fn put(&self, url: &str, range: &str, bytes: Vec<u8>) -> (u16, Value) {
        let (path, query) = url.strip_prefix("https://outlook.office.com").unwrap().split_once('?').unwrap();
        let mut headers = HeaderMap::new();
        headers.insert("content-range", range.parse().unwrap());
        let request = GraphRequest {
            method: Method::PUT,
            path: path.to_owned(),
            query: query.to_owned(),
            headers,
            body: Bytes::from(bytes),
        };
        shown(&self.estate.graph.transfer(&self.estate, "outlook.office.com", request).await.unwrap())
    }
}

#[tokio::test]
async fn a_reply_draft_quotes_the_original_and_is_sent_once() {
    let caller = caller();
    let original = caller.path_of("RE: Warehouse lease, floor loads");
    let (status, draft) =
        caller.post(&format!("{original}/createReplyAll"), json!({"comment": "<p>Agreed.</p>"})).await;
    assert_eq!((status, &draft["isDraft"]), (201, &json!(true)));
    assert_eq!(draft["subject"], "RE: Warehouse lease, floor loads", "no second prefix");
    let body = draft["body"]["content"].as_str().unwrap();
    assert!(body.contains("<p>Agreed.</p><hr") && body.contains("mezzanine"), "{body}");
    assert_eq!(draft["ccRecipients"][0]["emailAddress"]["address"], "diego.siciliani@contoso.example");
    let url = format!("/me/messages/{}", segment(draft["id"].as_str().unwrap()));
    assert_eq!(caller.post(&format!("{url}/send"), json!({})).await.0, 202);
    assert_eq!(caller.get(&url).await.0, 404, "it has another id now");
    let sent = caller.estate.graph.collection(&caller.estate, "sent", Some(ALEX)).unwrap();
    assert_eq!((sent.len(), &sent[0]["isDraft"]), (1, &json!(false)));
    assert_eq!(
        code(&caller.post(&format!("{original}/send"), json!({})).await).0,
        400,
        "only drafts are sent"
    );
}

#[tokio::test]
async fn a_reply_goes_to_where_replies_are_wanted_and_a_forward_takes_attachments_along() {
    let caller = caller();
    let invoice = caller.path_of("Reminder: invoice 2026-1182");
    assert_eq!(caller.post(&format!("{invoice}/reply"), json!({"comment": "Paid."})).await.0, 202);
    let unit = caller.path_of("Everything on unit 7");
    let to = json!([{"emailAddress": {"address": BLAIR}}]);
    let forwarded =
        caller.post(&format!("{unit}/forward"), json!({"toRecipients": to, "comment": "FYI"})).await;
    assert_eq!(forwarded.0, 202);
    let sent = caller.estate.graph.collection(&caller.estate, "sent", Some(ALEX)).unwrap();
    assert_eq!(sent[0]["toRecipients"][0]["emailAddress"]["address"], "collections@payments-desk.example");
    let blair = caller.estate.graph.collection(&caller.estate, "messages", Some(BLAIR)).unwrap();
    assert_eq!(blair[0]["subject"], "FW: Everything on unit 7");
    assert_eq!(blair[0]["attachments"].as_array().unwrap().len(), 14);
}

#[tokio::test]
async fn what_outlook_refuses_of_a_reply_is_refused() {
    let caller = caller();
    let original = caller.path_of("Everything on unit 7");
    let both = json!({"comment": "x", "message": {"body": {"contentType": "html", "content": "y"}}});
    assert_eq!(code(&caller.post(&format!("{original}/createReply"), both).await).0, 400);
    let unknown = caller.post(&format!("{original}/reply"), json!({"text": "x"})).await;
    assert_eq!(code(&unknown), (400, "RequestBodyRead"));
    let nobody = caller.post(&format!("{original}/forward"), json!({"comment": "x"})).await;
    assert_eq!(code(&nobody), (400, "ErrorInvalidRecipients"));
    let to = json!([{"emailAddress": {"address": "a@nowhere.invalid"}}]);
    let nowhere = caller.post(&format!("{original}/forward"), json!({"toRecipients": to})).await;
    assert_eq!(code(&nowhere), (400, "ErrorInvalidRecipients"));
    assert!(caller.estate.graph.collection(&caller.estate, "sent", Some(ALEX)).unwrap().is_empty());
}

#[tokio::test]
async fn marks_can_be_changed_of_what_was_received_and_text_cannot() {
    let caller = caller();
    let url = caller.path_of("Everything on unit 7");
    let marks = json!({"isRead": false, "flag": {"flagStatus": "flagged"}, "categories": ["Lease"]});
    let (status, changed) = caller.patch(&url, marks).await;
    assert_eq!((status, &changed["flag"]["flagStatus"]), (200, &json!("flagged")));
    let refused = caller.patch(&url, json!({"subject": "Another"})).await;
    assert_eq!(code(&refused), (400, "ErrorInvalidPropertyUpdateSentMessage"));
    assert_eq!(code(&caller.patch(&url, json!({"flag": {"flagStatus": "maybe"}})).await).0, 400);
    assert_eq!(code(&caller.patch(&url, json!({"isRed": true})).await), (400, "RequestBodyRead"));
}

#[tokio::test]
async fn what_is_moved_is_found_by_its_new_id_or_by_the_immutable_one() {
    let plain = caller();
    let immutable = Caller::at(&plain.estate, ALEX, &SCOPES).prefer("IdType=\"ImmutableId\"");
    let old = plain.path_of("Everything on unit 7");
    let (_, before) = immutable.get(&old).await;
    let (status, moved) = plain.post(&format!("{old}/move"), json!({"destinationId": "deleteditems"})).await;
    assert_eq!(status, 201);
    assert_eq!(plain.get(&old).await.0, 404);
    let (_, after) = immutable.get(&format!("/me/messages/{}", segment(moved["id"].as_str().unwrap()))).await;
    assert_eq!(after["id"], before["id"]);
    assert_ne!(after["parentFolderId"], before["parentFolderId"]);
    let url = format!("/me/messages/{}/move", segment(after["id"].as_str().unwrap()));
    assert_eq!(
        code(&plain.post(&url, json!({"destinationId": "nowhere"})).await),
        (400, "ErrorInvalidIdMalformed")
    );
    assert_eq!(code(&plain.post(&url, json!({})).await).0, 400);
}

#[tokio::test]
async fn attachments_are_described_and_read_by_either_id() {
    let caller = caller();
    let url = caller.path_of("Everything on unit 7") + "/attachments";
    let all = caller.walk(&format!("{url}?$top=4&$select=id,name,contentType,size,isInline")).await;
    assert_eq!(all.len(), 14);
    assert!(all.iter().all(|one| one.get("contentBytes").is_none() && one["@odata.type"].is_string()));
    let immutable = Caller::at(&caller.estate, ALEX, &SCOPES).prefer("IdType=\"ImmutableId\"");
    let (_, others) = immutable.get(&format!("{url}?$select=id,name")).await;
    assert_ne!(others["value"][0]["id"], all[0]["id"]);
    for id in [&all[1]["id"], &others["value"][1]["id"]] {
        let url = format!("{url}/{}/$value", segment(id.as_str().unwrap()));
        let response = caller.send(Method::GET, &url, None).await.unwrap();
        assert_eq!(response.headers["content-type"], "text/csv");
        assert!(response.body.starts_with(b"Area,Limit"));
    }
    let (_, one) = caller.get(&format!("{url}/{}", segment(all[0]["id"].as_str().unwrap()))).await;
    let bytes = STANDARD.decode(one["contentBytes"].as_str().unwrap()).unwrap();
    assert!(bytes.starts_with(b"Decisions"));
    let gone = segment(&super::super::ids::ItemId::of("x", "attachment", "y").default);
    assert_eq!(code(&caller.get(&format!("{url}/{gone}")).await), (404, "ErrorItemNotFound"));
}

#[tokio::test]
async fn a_small_file_is_posted_and_a_large_one_goes_in_parts() {
    let caller = caller();
    let (_, draft) = caller.post("/me/messages", json!({"subject": "s"})).await;
    let url = format!("/me/messages/{}/attachments", segment(draft["id"].as_str().unwrap()));
    let file = |bytes: &str| json!({"@odata.type": "#microsoft.graph.fileAttachment", "name": "a.txt", "contentBytes": bytes});
    let (status, added) = caller.post(&url, file("SGk=")).await;
    assert_eq!((status, &added["size"]), (201, &json!(2)));
    assert_eq!(code(&caller.post(&url, file("no base64!")).await).0, 400);
    assert_eq!(code(&caller.post(&url, json!({"name": "a", "contentBytes": "SGk="})).await).0, 400);
    let session =
        |size: u64| json!({"AttachmentItem": {"attachmentType": "file", "name": "big.bin", "size": size}});
    let create = format!("{url}/createUploadSession");
    let small = caller.post(&create, session((3 << 20) - 1)).await;
    assert_eq!(code(&small), (400, "ErrorAttachmentSizeShouldNotBeLessThanMinimumSize"));
    let size = 5_000_000;
    let (status, made) = caller.post(&create, session(size)).await;
    assert_eq!(status, 201);
    let upload = made["uploadUrl"].as_str().unwrap();
    let part = |from: usize, to: usize| (format!("bytes {from}-{}/{size}", to - 1), vec![7_u8; to - from]);
    for (from, to, status) in [
        (4_000_000, 5_000_000, 416),
        (0, 4_000_000, 200),
        (0, 4_000_000, 416),
        (4_000_000, 5_000_000, 201),
        (4_000_000, 5_000_000, 404),
    ] {
        let (range, bytes) = part(from, to);
        assert_eq!(caller.put(upload, &range, bytes).await.0, status, "{range}");
    }
    let names: Vec<Value> = caller.walk(&url).await.iter().map(|one| one["name"].clone()).collect();
    assert_eq!(names, ["a.txt", "big.bin"]);
}

#[tokio::test]
async fn tips_say_who_is_away_outside_or_many() {
    let caller = caller();
    let away = Caller::at(&caller.estate, BLAIR, &SCOPES);
    let replies = json!({"automaticRepliesSetting": {"status": "alwaysEnabled", "internalReplyMessage": "<p>Away</p>"}});
    assert_eq!(away.patch("/me/mailboxSettings", replies).await.0, 200);
    let asked = json!({
        "EmailAddresses": [BLAIR, "x@fabrikam.example", "everybody@contoso.example", "a@nowhere.invalid"],
        "MailTipsOptions": "automaticReplies, recipientScope, totalMemberCount, moderationStatus",
    });
    let (status, tips) = caller.post("/me/getMailTips", asked).await;
    assert_eq!(status, 200);
    assert_eq!(tips["value"][0]["automaticReplies"]["message"], "<p>Away</p>");
    assert_eq!(tips["value"][1]["recipientScope"], "external");
    assert_eq!(
        (&tips["value"][2]["totalMemberCount"], &tips["value"][2]["isModerated"]),
        (&json!(340), &json!(true))
    );
    assert!(tips["value"][3]["error"].is_object() && tips["value"][0].get("mailboxFull").is_none());
    for wrong in [
        json!({"EmailAddresses": [BLAIR]}),
        json!({"EmailAddresses": [BLAIR], "MailTipsOptions": "everything"}),
        json!({"EmailAddresses": [], "MailTipsOptions": "recipientScope"}),
    ] {
        assert_eq!(caller.post("/me/getMailTips", wrong).await.0, 400);
    }
}

#[tokio::test]
async fn a_schedule_is_kept_in_utc_and_must_end_after_it_began() {
    let caller = caller();
    let (_, settings) = caller.get("/me/mailboxSettings").await;
    assert_eq!(settings["timeZone"], "W. Europe Standard Time");
    assert_eq!(caller.get("/me/mailboxSettings?$select=timeZone").await.0, 400, "it takes no options");
    let period = |start: &str, end: &str| {
        let at = |time: &str| json!({"dateTime": time, "timeZone": "Europe/Berlin"});
        json!({"automaticRepliesSetting": {"status": "scheduled", "scheduledStartDateTime": at(start), "scheduledEndDateTime": at(end)}})
    };
    let (status, kept) =
        caller.patch("/me/mailboxSettings", period("2026-12-01T09:00:00", "2026-12-05T17:00:00")).await;
    assert_eq!(status, 200);
    let start = &kept["automaticRepliesSetting"]["scheduledStartDateTime"];
    assert_eq!(start, &json!({"dateTime": "2026-12-01T08:00:00.0000000", "timeZone": "UTC"}));
    let turned =
        caller.patch("/me/mailboxSettings", period("2026-12-05T09:00:00", "2026-12-01T17:00:00")).await;
    assert_eq!(turned.0, 400);
    assert_eq!(caller.patch("/me/mailboxSettings", json!({"automaticReplies": {}})).await.0, 400);
}

#[tokio::test]
async fn the_shared_mailbox_has_its_own_mail_and_sends_in_its_own_name() {
    let caller = caller();
    let (_, list) = caller.get(&format!("/users/{SUPPORT}/mailFolders/inbox/messages?$top=9")).await;
    let customer = |mail: &&Value| mail["subject"] == "Import fails with code 17";
    let first = list["value"].as_array().unwrap().iter().find(customer).unwrap();
    assert!(first["body"]["content"].as_str().unwrap().contains("code 17"), "{first}");
    let message = json!({"subject": "s", "toRecipients": [{"emailAddress": {"address": BLAIR}}],
        "from": {"emailAddress": {"address": SUPPORT}}});
    assert_eq!(caller.post(&format!("/users/{SUPPORT}/sendMail"), json!({"message": message})).await.0, 202);
    let sent = caller.estate.graph.collection(&caller.estate, "sent", Some(SUPPORT)).unwrap();
    assert_eq!(sent[0]["from"]["emailAddress"]["address"], SUPPORT);
    let own = caller.post("/me/sendMail", json!({"message": message})).await;
    assert_eq!(code(&own), (403, "ErrorSendAsDenied"), "not from one's own mailbox");
}

#[tokio::test]
async fn who_may_open_a_colleague_s_mailbox_may_not_write_in_that_name_and_a_guest_has_none() {
    let caller = caller();
    let entry = |fields: Value| serde_json::from_value(fields).unwrap();
    caller.estate.people.add(entry(json!({"email": BLAIR, "delegates": [ALEX]}))).unwrap();
    caller.estate.people.add(entry(json!({"email": "kim@fabrikam.example", "guest": true}))).unwrap();
    assert_eq!(caller.get(&format!("/users/{BLAIR}/messages?$top=1")).await.0, 200);
    let message = json!({"subject": "s", "toRecipients": [{"emailAddress": {"address": ALEX}}]});
    let sent = caller.post(&format!("/users/{BLAIR}/sendMail"), json!({"message": message})).await;
    assert_eq!(code(&sent), (403, "ErrorSendAsDenied"));
    for (mailbox, refused) in [
        ("morgan@contoso.example", (403, "ErrorAccessDenied")),
        ("kim@fabrikam.example", (404, "MailboxNotEnabledForRESTAPI")),
        ("nobody@contoso.example", (404, "ErrorInvalidUser")),
    ] {
        assert_eq!(code(&caller.get(&format!("/users/{mailbox}/messages")).await), refused);
    }
    let narrow = Caller::at(&caller.estate, ALEX, &["Mail.Read"]);
    assert_eq!(code(&narrow.get(&format!("/users/{SUPPORT}/messages")).await), (403, "ErrorAccessDenied"));
}
