//! Word documents: a whole file, or the XML of its body.

#![no_main]

use libfuzzer_sys::fuzz_target;
use m365_fuzz::{check_document, office};

/// The body refers to itself for styles, lists and notes.
const PARTS: &[(&str, &str)] = &[
    ("word/document.xml", "<w:document xmlns:w=\"w\">{}</w:document>"),
    (
        "word/_rels/document.xml.rels",
        "<Relationships><Relationship Id=\"s\" Type=\"t/styles\" Target=\"styles.xml\"/><Relationship Id=\"n\" Type=\"t/numbering\" Target=\"styles.xml\"/><Relationship Id=\"f\" Type=\"t/footnotes\" Target=\"styles.xml\"/><Relationship Id=\"l\" Type=\"t/hyperlink\" Target=\"https://fuzz.example/\" TargetMode=\"External\"/></Relationships>",
    ),
    ("word/styles.xml", "<w:styles xmlns:w=\"w\">{}</w:styles>"),
];

fuzz_target!(|input: &[u8]| check_document("a.docx", &office(input, "word/document.xml", PARTS)));
