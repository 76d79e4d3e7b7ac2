//! The form of a page: where it is sent and what it carries. A scanner, not a parser: it reads the pages of this
//! server, and what it cannot read is a failed check.

use crate::remote::wire::Answer;

/// What a browser would send when the first button without a name is pressed.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct PageForm {
    /// `action`
    pub(super) action: String,
    /// Names and values of its hidden fields.
    pub(super) fields: Vec<(String, String)>,
}

impl PageForm {
    /// The first form of the page that is sent by POST.
    pub(super) fn of(page: &Answer) -> Option<Self> {
        Self::scan(&page.text())
    }

    fn scan(html: &str) -> Option<Self> {
        let mut form: Option<Self> = None;
        for tag in html.split('<').skip(1) {
            let name = tag.split(|c: char| c.is_whitespace() || c == '>').next().unwrap_or_default();
            match (name, &mut form) {
                ("form", None)
                    if attribute(tag, "method").is_some_and(|method| method.eq_ignore_ascii_case("post")) =>
                {
                    form = Some(Self { action: attribute(tag, "action")?, fields: Vec::new() });
                }
                ("input", Some(form)) if attribute(tag, "type").as_deref() == Some("hidden") => {
                    form.fields.push((attribute(tag, "name")?, attribute(tag, "value").unwrap_or_default()));
                }
                ("/form", Some(_)) => break,
                _ => {}
            }
        }
        form
    }

    /// The fields as pairs.
    pub(super) fn pairs(&self) -> Vec<(&str, &str)> {
        self.fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
    }
}

/// The value of a quoted attribute. Our pages write `<` and `"` in values as references, so neither ends one early.
fn attribute(tag: &str, name: &str) -> Option<String> {
    let (_, after) = tag.split_once(&format!(" {name}=\""))?;
    let (value, _) = after.split_once('"')?;
    let value = value.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&#39;", "'");
    Some(value.replace("&amp;", "&"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_is_read_as_a_browser_sends_it() {
        let html = "<form method=\"get\" action=\"/x\"><input type=\"hidden\" name=\"no\" value=\"1\"></form>\
            <form method=\"post\" action=\"/consent\"><input type=\"hidden\" name=\"transaction\" value=\"a&amp;&quot;b\">\
            <input type=\"hidden\" name=\"decision\" value=\"approve\"><button type=\"submit\">Allow</button>\
            <button type=\"submit\" name=\"deny\" value=\"yes\">No</button></form>\
            <form method=\"post\" action=\"/other\"><input type=\"hidden\" name=\"late\" value=\"1\"></form>";
        let form = PageForm::scan(html).unwrap();
        assert_eq!(form.action, "/consent");
        assert_eq!(form.pairs(), [("transaction", "a&\"b"), ("decision", "approve")]);
    }

    #[test]
    fn a_page_without_such_a_form_has_none() {
        for html in [
            "",
            "<p>no",
            "<form method=\"post\">",
            "<form method=\"get\" action=\"/x\"></form>",
            "form method=",
        ] {
            assert_eq!(PageForm::scan(html), None, "{html}");
        }
    }
}
