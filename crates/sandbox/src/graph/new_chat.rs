//! Reading what `POST /chats` asks for.
//!
//! Source: Graph, "Create chat": every member is bound by object id or principal name and has one role, `guest` for an
//! in-tenant guest and `owner` for everybody else; the caller is one of them; only a group has a topic.

use percent_encoding::percent_decode_str;
use serde_json::Value;

use super::call::Call;
use super::chats::Chat;
use super::errors::{GraphError, Workload};
use super::ids::guid;
use super::roster::{self, Member};
use super::schema;

const MEMBER: &str = "#microsoft.graph.aadUserConversationMember";
const USERS: &str = "https://graph.microsoft.com/v1.0/users";
const MOST_TOPIC: usize = 250;

/// The chat that is asked for.
///
/// # Errors
/// 400 for what cannot be one, 404 for somebody the directory does not know.
pub(super) fn read(call: &Call<'_>) -> Result<Chat, GraphError> {
    schema::check_body("chat", &call.body)?;
    let text = |name: &str| call.body.get(name).and_then(Value::as_str);
    let topic = text("topic");
    let kind = match text("chatType") {
        Some("oneOnOne") => "oneOnOne",
        Some("group") => "group",
        _ => return Err(GraphError::bad_request("Chat type must be oneOnOne or group.")),
    };
    let listed = call.body.get("members").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let mut members: Vec<Member> = Vec::new();
    for entry in listed {
        let member = member(call, entry)?;
        if members.iter().any(|known| known.id == member.id) {
            return Err(GraphError::bad_request("Duplicate chat members is specified in the request body."));
        }
        members.push(member);
    }
    if !members.iter().any(|member| member.id == call.person.oid) {
        return Err(GraphError::bad_request(
            "The caller must be one of the members specified in request body.",
        ));
    }
    let fits = match kind {
        "oneOnOne" => members.len() == 2,
        _ => members.len() >= 2,
    };
    if !fits {
        return Err(GraphError::bad_request("Invalid number of members for the chat type."));
    }
    if topic.is_some() && kind == "oneOnOne"
        || topic.is_some_and(|topic| topic.contains(':') || topic.chars().count() > MOST_TOPIC)
    {
        return Err(GraphError::bad_request("The topic is not valid for the chat."));
    }
    let id = match members.as_slice() {
        [one, other] if kind == "oneOnOne" => between(&one.id, &other.id),
        _ => format!(
            "19:{}@thread.v2",
            guid(&format!("chat/{}/{}", call.person.oid, call.request_number())).replace('-', "")
        ),
    };
    let topic = topic.map(str::to_owned);
    Ok(Chat { id, kind, topic, changed_ms: call.now_ms, members, messages: Vec::new() })
}

/// The id of the one chat between two people.
pub(super) fn between(one: &str, other: &str) -> String {
    let (first, second) = if one < other { (one, other) } else { (other, one) };
    format!("19:{first}_{second}@unq.gbl.spaces")
}

fn member(call: &Call<'_>, entry: &Value) -> Result<Member, GraphError> {
    let text = |name: &str| entry.get(name).and_then(Value::as_str).unwrap_or_default();
    if text("@odata.type") != MEMBER {
        return Err(GraphError::bad_request("Invalid type of member."));
    }
    let bound = text("user@odata.bind");
    let named =
        principal(bound).ok_or_else(|| GraphError::bad_request(format!("Invalid user bind '{bound}'.")))?;
    let found = roster::find(call.estate, &named);
    let found = found.ok_or_else(|| GraphError::not_found(Workload::Teams, &named))?;
    let role = if found.guest { "guest" } else { "owner" };
    if entry.get("roles") != Some(&serde_json::json!([role])) {
        return Err(GraphError::bad_request("Invalid roles specified for member."));
    }
    Ok(found)
}

/// The key in `…/users('key')` or `…/users/key`.
fn principal(bound: &str) -> Option<String> {
    let below = bound.strip_prefix(USERS)?;
    let decoded = |text: &str| percent_decode_str(text).decode_utf8().ok().map(std::borrow::Cow::into_owned);
    if let Some(quoted) = below.strip_prefix("('").and_then(|rest| rest.strip_suffix("')")) {
        let key = decoded(quoted.split(['?', '#', '/']).next().filter(|key| *key == quoted)?)?;
        let alone = key.replace("''", "").contains('\'');
        return (!alone).then(|| key.replace("''", "'"));
    }
    decoded(below.strip_prefix('/')?.split(['?', '#', '/']).next()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bind_names_one_user_and_nothing_else() {
        let of = |key: &str| principal(&format!("{USERS}{key}"));
        assert_eq!(of("('a@contoso.example')").as_deref(), Some("a@contoso.example"));
        assert_eq!(of("/a@contoso.example").as_deref(), Some("a@contoso.example"));
        assert_eq!(of("('o''neil@contoso.example')").as_deref(), Some("o'neil@contoso.example"));
        assert_eq!(of("('a%23EXT%23@b')").as_deref(), Some("a#EXT#@b"));
        for bad in ["('o'neil@b')", "('a#b@c')", "('a/b')", "", "x"] {
            assert_eq!(of(bad), None, "{bad}");
        }
        assert_eq!(principal("https://evil.example/v1.0/users('a@b')"), None);
    }

    #[test]
    fn two_people_have_one_chat_whoever_asks() {
        assert_eq!(between("b", "a"), "19:a_b@unq.gbl.spaces");
        assert_eq!(between("a", "b"), between("b", "a"));
    }
}
