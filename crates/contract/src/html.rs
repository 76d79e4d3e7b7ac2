//! A forgiving scanner for the forms of a page, and its visible text. No script, no style, no tree.

use std::fmt;

/// One form of a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Form {
    /// `action`; empty where it has none.
    pub action: String,
    /// `method` in upper case, `GET` where it has none.
    pub method: String,
    /// Names and values of inputs that are sent whatever button is pressed.
    pub fields: Vec<(String, String)>,
    /// The submit buttons, in order.
    pub buttons: Vec<Button>,
}

/// A submit button.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Button {
    /// `name`; empty where it has none, and then nothing is sent for it.
    pub name: String,
    /// `value`
    pub value: String,
    /// What a person reads on it.
    pub label: String,
}

impl Form {
    /// The fields as sent when this button is pressed.
    #[must_use]
    pub fn filled(&self, button: Option<&Button>) -> Vec<(String, String)> {
        let pressed = button.filter(|button| !button.name.is_empty());
        self.fields
            .iter()
            .cloned()
            .chain(pressed.map(|button| (button.name.clone(), button.value.clone())))
            .collect()
    }

    /// The first button that agrees: the first whose words do not refuse.
    #[must_use]
    pub fn agree(&self) -> Option<&Button> {
        self.buttons.iter().find(|button| !button.refuses())
    }

    /// The first button that refuses.
    #[must_use]
    pub fn refuse(&self) -> Option<&Button> {
        self.buttons.iter().find(|button| button.refuses())
    }
}

impl Button {
    fn refuses(&self) -> bool {
        let words = format!("{} {} {}", self.name, self.value, self.label).to_lowercase();
        ["deny", "cancel", "refuse", "reject", "do not allow", "decline", "back"]
            .iter()
            .any(|word| words.contains(word))
    }
}

impl fmt::Display for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.fields.iter().map(|(name, _)| name.as_str()).collect();
        let labels: Vec<_> = self.buttons.iter().map(|button| button.label.as_str()).collect();
        write!(f, "{} {} fields {names:?} buttons {labels:?}", self.method, self.action)
    }
}

/// The forms of a page, in order.
#[must_use]
pub fn forms(html: &str) -> Vec<Form> {
    let mut forms = Vec::new();
    let mut open: Option<Form> = None;
    for (tag, rest) in tags(html) {
        match tag.name.as_str() {
            "form" => {
                forms.extend(open.take());
                let method = tag.attribute("method").unwrap_or_else(|| "GET".to_owned()).to_uppercase();
                let action = tag.attribute("action").unwrap_or_default();
                open = Some(Form { action, method, fields: Vec::new(), buttons: Vec::new() });
            }
            "/form" => forms.extend(open.take()),
            "input" => {
                if let Some(form) = &mut open {
                    form.add_input(&tag);
                }
            }
            "button" => {
                let submits = tag.attribute("type").is_none_or(|kind| kind.eq_ignore_ascii_case("submit"));
                if let Some(form) = open.as_mut().filter(|_| submits) {
                    let label = rest.split("</button").next().map(visible_text).unwrap_or_default();
                    form.buttons.push(Button { label, ..tag.as_button() });
                }
            }
            _ => {}
        }
    }
    forms.extend(open);
    forms
}

/// The page's text without tags, entities decoded, spaces collapsed.
#[must_use]
pub fn visible_text(html: &str) -> String {
    let mut text = String::new();
    let mut rest = html;
    while let Some((before, after)) = rest.split_once('<') {
        text.push_str(before);
        text.push(' ');
        let lower = after.get(..6).unwrap_or(after).to_ascii_lowercase();
        let end = if lower.starts_with("style") {
            "</style>"
        } else if lower.starts_with("script") {
            "</script>"
        } else {
            ">"
        };
        rest = after.split_once(end).map_or("", |(_, tail)| tail);
    }
    text.push_str(rest);
    unescape(&text.split_whitespace().collect::<Vec<_>>().join(" "))
}

impl Form {
    fn add_input(&mut self, tag: &Tag) {
        let name = tag.attribute("name").unwrap_or_default();
        let kind = tag.attribute("type").unwrap_or_default().to_ascii_lowercase();
        match kind.as_str() {
            "submit" | "image" => self
                .buttons
                .push(Button { label: tag.attribute("value").unwrap_or_default(), ..tag.as_button() }),
            "button" | "reset" => {}
            "checkbox" | "radio" if tag.attribute("checked").is_none() => {}
            "checkbox" | "radio" => {
                self.fields.push((name, tag.attribute("value").unwrap_or_else(|| "on".to_owned())));
            }
            _ if name.is_empty() => {}
            _ => self.fields.push((name, tag.attribute("value").unwrap_or_default())),
        }
    }
}

struct Tag {
    name: String,
    attributes: Vec<(String, String)>,
}

impl Tag {
    fn attribute(&self, name: &str) -> Option<String> {
        self.attributes.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone())
    }

    fn as_button(&self) -> Button {
        Button {
            name: self.attribute("name").unwrap_or_default(),
            value: self.attribute("value").unwrap_or_default(),
            label: String::new(),
        }
    }
}

/// Every tag with the text that follows it.
fn tags(html: &str) -> Vec<(Tag, &str)> {
    let mut found = Vec::new();
    let mut rest = html;
    while let Some((_, after)) = rest.split_once('<') {
        let end = tag_end(after);
        let inside = after.get(..end).unwrap_or_default();
        rest = after.get(end..).and_then(|tail| tail.strip_prefix('>')).unwrap_or_default();
        let name: String = inside.chars().take_while(|c| !c.is_whitespace()).collect();
        let attributes = inside.get(name.len()..).map(attributes).unwrap_or_default();
        let name = name.trim_end_matches('/').to_ascii_lowercase();
        found.push((Tag { name, attributes }, rest));
    }
    found
}

fn tag_end(after: &str) -> usize {
    let mut quote = None;
    for (index, c) in after.char_indices() {
        match (quote, c) {
            (None, '>') => return index,
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), _) if open == c => quote = None,
            _ => {}
        }
    }
    after.len()
}

fn attributes(text: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let length = rest.find(|c: char| c == '=' || c.is_whitespace()).unwrap_or(rest.len());
        let name = rest.get(..length).unwrap_or_default().to_ascii_lowercase();
        rest = rest.get(length..).unwrap_or_default().trim_start();
        let Some(after) = rest.strip_prefix('=') else {
            found.push((name, String::new()));
            continue;
        };
        let after = after.trim_start();
        let (value, tail) = match after.chars().next() {
            Some(quote @ ('"' | '\'')) => {
                let inner = after.get(1..).unwrap_or_default();
                inner.split_once(quote).unwrap_or((inner, ""))
            }
            _ => after.split_once(char::is_whitespace).unwrap_or((after, "")),
        };
        found.push((name, unescape(value)));
        rest = tail.trim_start();
    }
    found
}

fn unescape(text: &str) -> String {
    let named = text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"");
    named.replace("&#39;", "'").replace("&#x27;", "'").replace("&#x2F;", "/").replace("&amp;", "&")
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = r#"<html><style>a > b</style><form method="post" action='/consent?a=1&amp;b=2'>
        <input type="hidden" name="state" value="a&quot;b>c"><input name=plain value=x><input type=checkbox name=no>
        <button name="decision" value="deny">Do not allow</button>
        <button type="submit" name="decision" value="allow"><b>Allow</b></button>
        <button type="button" name="other">?</button></form></html>"#;

    #[test]
    fn a_form_is_read_as_a_browser_would_send_it() {
        let forms = forms(PAGE);
        assert_eq!(forms.len(), 1);
        assert_eq!((forms[0].method.as_str(), forms[0].action.as_str()), ("POST", "/consent?a=1&b=2"));
        let filled = forms[0].filled(forms[0].agree());
        let filled: Vec<_> = filled.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(filled, [("state", "a\"b>c"), ("plain", "x"), ("decision", "allow")]);
        assert_eq!(forms[0].refuse().map(|button| button.value.as_str()), Some("deny"));
    }

    #[test]
    fn text_is_what_a_person_reads() {
        assert_eq!(visible_text("<p>a &lt;b&gt;<script>no()</script> <b>c</b>"), "a <b> c");
    }
}
