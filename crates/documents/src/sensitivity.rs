//! Which sensitivity labels a document says it has.
//!
//! Source: Microsoft Purview, "Sensitivity label metadata": properties `MSIP_Label_{id}_{property}` among the custom
//! properties of an Office file and in the metadata of a PDF; where people write together, `docMetadata/LabelInfo.xml`
//! (MS-OFFCRYPTO, section 2.6.4), which has ids and no names. Out of scope: labels inside compressed objects of a PDF and of
//! files that are encrypted.
//!
//! Whatever cannot be read here is no label: a document's text does not depend on it.

use std::collections::BTreeMap;

use crate::Result;
use crate::archive::Archive;
use crate::output::Output;
use crate::xml::Node;

const CUSTOM: &str = "docProps/custom.xml";
const LABEL_INFO: &str = "docMetadata/LabelInfo.xml";
const PREFIX: &str = "MSIP_Label_";
/// Characters of an id without braces.
const ID_CHARS: usize = 36;
/// Most labels of a document; it has one of each organisation.
const LABELS_MAX: usize = 16;
/// Longest name of a label.
const NAME_MAX: usize = 200;

/// What is said of one label.
#[derive(Default)]
struct Said {
    is_enabled: bool,
    name: Option<String>,
}

/// By the id of each label, in lower case.
#[derive(Default)]
struct Labels(BTreeMap<String, Said>);

/// Reads the labels of an Office document.
pub(crate) fn of_office(archive: &Archive<'_>, output: &mut Output) {
    let mut labels = Labels::default();
    // Of two parts, one may be damaged.
    let _ = labels.custom_properties(archive);
    let _ = labels.label_info(archive);
    labels.tell(output);
}

/// Reads the labels of a PDF, where they stand in it as they are.
pub(crate) fn of_pdf(bytes: &[u8], output: &mut Output) {
    let mut labels = Labels::default();
    let mut rest = bytes;
    while let Some(at) = rest.windows(PREFIX.len()).position(|window| window == PREFIX.as_bytes()) {
        rest = rest.get(at..).unwrap_or_default();
        let length = rest.len().min(NAME_MAX * 2);
        let here = String::from_utf8_lossy(rest.get(..length).unwrap_or_default());
        let end = here.find(|c: char| !(c.is_ascii_alphanumeric() || "_-".contains(c))).unwrap_or(here.len());
        let (property, behind) = here.split_at(end);
        // Behind the tag that ends a property of XMP there is no value.
        if let Some(value) = value_of(behind).filter(|value| !value.is_empty()) {
            labels.keep(property, value);
        }
        rest = rest.get(PREFIX.len()..).unwrap_or_default();
    }
    labels.tell(output);
}

/// What follows the name of a property: `(value)` in a dictionary, `>value<` in XMP.
fn value_of(behind: &str) -> Option<&str> {
    let behind = behind.trim_start();
    let inside =
        |open: char, close: char| behind.strip_prefix(open)?.split_once(close).map(|(value, _)| value);
    inside('(', ')').or_else(|| inside('>', '<')).map(str::trim)
}

impl Labels {
    fn custom_properties(&mut self, archive: &Archive<'_>) -> Result<()> {
        let Some(mut xml) = archive.xml(CUSTOM)? else { return Ok(()) };
        while let Some(element) = xml.next_open("property")? {
            let name = element.attribute("name").unwrap_or_default();
            if name.starts_with(PREFIX) {
                let value = xml.text()?;
                self.keep(&name, value.trim());
            }
        }
        Ok(())
    }

    fn label_info(&mut self, archive: &Archive<'_>) -> Result<()> {
        let Some(mut xml) = archive.xml(LABEL_INFO)? else { return Ok(()) };
        loop {
            match xml.next()? {
                Node::Open(element) if element.name() == "label" => {
                    let is_there =
                        element.attribute("removed").as_deref() != Some("1") && element.is_on("enabled");
                    let id = element.attribute("id").unwrap_or_default();
                    self.said(id.trim_matches(['{', '}']), |said| said.is_enabled = is_there);
                }
                Node::End => return Ok(()),
                _ => {}
            }
        }
    }

    /// Keeps `MSIP_Label_{id}_{property}`.
    fn keep(&mut self, property: &str, value: &str) {
        let named = property.strip_prefix(PREFIX).and_then(|named| named.split_once('_'));
        match named {
            Some((id, "Enabled")) => {
                let is_enabled = value.eq_ignore_ascii_case("true");
                self.said(id, |said| said.is_enabled |= is_enabled);
            }
            Some((id, "Name")) => {
                let name: String = value.chars().take(NAME_MAX).collect();
                self.said(id, |said| {
                    said.name.get_or_insert(name);
                });
            }
            _ => {}
        }
    }

    fn said(&mut self, id: &str, keep: impl FnOnce(&mut Said)) {
        let id = id.to_ascii_lowercase();
        let is_id = id.len() == ID_CHARS && id.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-');
        if is_id && (self.0.len() < LABELS_MAX || self.0.contains_key(&id)) {
            keep(self.0.entry(id).or_default());
        }
    }

    /// The name of each label that is on; its id where nothing says its name.
    fn tell(self, output: &mut Output) {
        for (id, said) in self.0.into_iter().filter(|(_, said)| said.is_enabled) {
            output.label(said.name.as_deref().filter(|name| !name.is_empty()).unwrap_or(&id));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "2096f6a2-d2f7-48be-b329-b73aaa526e5d";

    fn of_bytes(bytes: &str) -> Vec<String> {
        let mut output = Output::new(1000);
        of_pdf(bytes.as_bytes(), &mut output);
        output.finish().sensitivity
    }

    #[test]
    fn a_pdf_says_its_labels_in_its_dictionary_or_in_xmp() {
        let dictionary = |enabled: &str| {
            format!("<< /MSIP_Label_{ID}_Enabled ({enabled}) /MSIP_Label_{ID}_Name (Highly Confidential) >>")
        };
        assert_eq!(of_bytes(&dictionary("true")), ["Highly Confidential"]);
        assert_eq!(of_bytes(&dictionary("True")), ["Highly Confidential"]);
        assert_eq!(of_bytes(&dictionary("false")), [""; 0]);
        let xmp = format!(
            "<pdfx:MSIP_Label_{ID}_Enabled>true</pdfx:MSIP_Label_{ID}_Enabled><pdfx:MSIP_Label_{ID}_Name>Secret</pdfx:MSIP_Label_{ID}_Name>"
        );
        assert_eq!(of_bytes(&xmp), ["Secret"]);
        assert_eq!(of_bytes(&format!("/MSIP_Label_{ID}_Enabled (true)")), [ID]);
    }

    #[test]
    fn what_is_no_label_says_nothing() {
        for bytes in [
            "",
            "MSIP_Label_",
            "MSIP_Label_x_Enabled (true)",
            &format!("MSIP_Label_{ID}_Enabled"),
            &format!("MSIP_Label_{ID}_Enabled (true"),
            &format!("MSIP_Label_{ID}_Name (Secret)"),
        ] {
            assert_eq!(of_bytes(bytes), [""; 0], "{bytes}");
        }
        let many: Vec<String> = (0..40)
            .map(|number| format!("/MSIP_Label_{number:08}-d2f7-48be-b329-b73aaa526e5d_Enabled (true)"))
            .collect();
        assert_eq!(of_bytes(&many.concat()).len(), LABELS_MAX);
    }
}
