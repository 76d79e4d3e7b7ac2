//! Presentations: a whole file, or the XML of a slide that is its own notes.

#![no_main]

use libfuzzer_sys::fuzz_target;
use m365_fuzz::{check_document, office};

const PARTS: &[(&str, &str)] = &[
    (
        "ppt/presentation.xml",
        "<p:presentation xmlns:p=\"p\" xmlns:r=\"r\"><p:sldId r:id=\"r1\"/></p:presentation>",
    ),
    (
        "ppt/_rels/presentation.xml.rels",
        "<Relationships><Relationship Id=\"r1\" Type=\"t/slide\" Target=\"s.xml\"/></Relationships>",
    ),
    ("ppt/s.xml", "{}"),
    (
        "ppt/_rels/s.xml.rels",
        "<Relationships><Relationship Id=\"r1\" Type=\"t/notesSlide\" Target=\"s.xml\"/></Relationships>",
    ),
];

fuzz_target!(|input: &[u8]| check_document("a.pptx", &office(input, "ppt/presentation.xml", PARTS)));
