//! Mentions, and the body of a message with them.
//!
//! Source: Graph, `chatMessage` and `chatMessageMention` resources; Teams' limits page: about 28 kB for a message. A mention
//! is an `<at>` in HTML and an entry beside it, under one number.

use serde_json::{Map, Value, json};

use crate::arguments::Given;
use crate::members::Circle;
use crate::param::{Identifier, Kind, Optional, Param, Required, Text, optional, required};
use crate::shape::outgoing;

pub(crate) static MESSAGE: Param<Text, Required> =
    required("message", "Message content, as plain text", Text { min: 1, max: 20_000, lines: true });
pub(crate) static MENTIONS: Param<Mentions, Optional> =
    optional("mentions", "People to notify; `message` holds `@name`", Mentions);

const MENTIONS_MAX: usize = 20;
const NAME: Text = Text { min: 1, max: 120, lines: false };
/// Most bytes of a message as HTML.
const HTML_MAX_BYTES: usize = 28_000;

/// Somebody a message mentions.
pub(crate) struct Mention {
    name: String,
    user: String,
}

/// A list of people, each with a name and an object id.
pub(crate) struct Mentions;

impl Kind for Mentions {
    type Value = Vec<Mention>;

    fn describe(&self, schema: &mut Map<String, Value>) {
        let text = json!({ "type": "string" });
        let person = json!({
            "type": "object", "properties": { "name": text, "userId": text }, "required": ["name", "userId"],
        });
        schema.insert("type".to_owned(), "array".into());
        schema.insert("items".to_owned(), person);
    }

    fn allowed(&self) -> String {
        format!("a list of at most {MENTIONS_MAX} objects, each with `name` and `userId`")
    }

    fn read(&self, given: &Value) -> Result<Vec<Mention>, String> {
        let list = given.as_array().filter(|list| list.len() <= MENTIONS_MAX);
        let list = list.ok_or_else(|| "something else, or more".to_owned())?;
        let mention = |(index, entry): (usize, &Value)| {
            let text = |name: &str| entry.get(name).unwrap_or(&Value::Null);
            let name = NAME.read(text("name")).map(|name| name.trim().to_owned());
            match (name, Identifier.read(text("userId"))) {
                (Ok(name), Ok(user)) if !name.is_empty() => Ok(Mention { name, user }),
                _ => Err(format!("something else as entry {}", index + 1)),
            }
        };
        list.iter().enumerate().map(mention).collect()
    }
}

/// What a message says.
pub(super) struct Content {
    /// The text as HTML, as it goes out.
    pub(super) html: String,
    mentions: Vec<Mention>,
}

impl Content {
    /// The properties of a `chatMessage` that say it.
    pub(super) fn to_graph(&self) -> Map<String, Value> {
        let mut content =
            Map::from_iter([("body".to_owned(), json!({ "contentType": "html", "content": self.html }))]);
        if !self.mentions.is_empty() {
            content.insert("mentions".to_owned(), self.mentions.iter().enumerate().map(entry).collect());
        }
        content
    }

    /// Who is mentioned, in words: the name in the text, and who that is as far as the circle knows; their id all the same,
    /// because a mention goes to the id.
    pub(super) fn mentioned(&self, circle: Option<&Circle>) -> String {
        let words = |mention: &Mention| {
            let known = circle.and_then(|circle| circle.named(&mention.user));
            let known = known.map_or_else(String::new, |known| format!(": {known}"));
            format!("@{} ({}){known}", mention.name, mention.user)
        };
        self.mentions.iter().map(words).collect::<Vec<_>>().join(", ")
    }
}

/// Reads a message and its mentions.
pub(super) fn read_content(given: &mut Given<'_>) -> Option<Content> {
    let message = given.read(&MESSAGE);
    let mentions = given.read(&MENTIONS);
    let (message, mentions) = (message?, mentions?.unwrap_or_default());
    let Some(html) = placed(&message, &mentions) else {
        given.refuse("mentions", "must each stand in `message` as `@` and the `name`");
        return None;
    };
    if html.len() > HTML_MAX_BYTES {
        given.refuse("message", "is longer than the 28 kB that Teams takes; split it");
        return None;
    }
    Some(Content { html, mentions })
}

fn entry((number, mention): (usize, &Mention)) -> Value {
    json!({
        "id": number,
        "mentionText": mention.name,
        "mentioned": {
            "user": { "id": mention.user, "displayName": mention.name, "userIdentityType": "aadUser" },
        },
    })
}

/// The message as HTML in which each mention has its place; nothing where one has none. A longer name is tried before a
/// shorter one that it begins with, and a name ends where its word does.
fn placed(message: &str, mentions: &[Mention]) -> Option<String> {
    let mut waiting: Vec<(usize, &Mention)> = mentions.iter().enumerate().collect();
    waiting.sort_by_key(|(_, mention)| std::cmp::Reverse(mention.name.len()));
    let mut html = String::with_capacity(message.len() + 32);
    let mut rest = message;
    while let Some((before, behind)) = rest.split_once('@') {
        html.push_str(&outgoing::escaped(before));
        let here = waiting.iter().position(|(_, mention)| is_named(behind, &mention.name));
        let Some((number, mention)) = here.map(|here| waiting.remove(here)) else {
            html.push('@');
            rest = behind;
            continue;
        };
        let name = outgoing::escaped(&mention.name);
        html.push_str(&["<at id=\"", &number.to_string(), "\">", &name, "</at>"].concat());
        rest = behind.get(mention.name.len()..).unwrap_or_default();
    }
    html.push_str(&outgoing::escaped(rest));
    waiting.is_empty().then_some(html)
}

fn is_named(text: &str, name: &str) -> bool {
    text.strip_prefix(name).is_some_and(|behind| !behind.starts_with(char::is_alphanumeric))
}

#[cfg(test)]
#[path = "mention_tests.rs"]
mod tests;
