//! Workbooks: a whole file, or the XML of a sheet, which also stands for its strings and styles.

#![no_main]

use libfuzzer_sys::fuzz_target;
use m365_fuzz::{check_document, office};

const PARTS: &[(&str, &str)] = &[
    (
        "xl/workbook.xml",
        "<workbook xmlns:r=\"r\"><sheets><sheet name=\"a\" r:id=\"r1\"/><sheet name=\"b\" state=\"hidden\" r:id=\"r1\"/></sheets></workbook>",
    ),
    (
        "xl/_rels/workbook.xml.rels",
        "<Relationships><Relationship Id=\"r1\" Type=\"t/worksheet\" Target=\"s.xml\"/><Relationship Id=\"r2\" Type=\"t/sharedStrings\" Target=\"s.xml\"/><Relationship Id=\"r3\" Type=\"t/styles\" Target=\"s.xml\"/></Relationships>",
    ),
    ("xl/s.xml", "<worksheet>{}</worksheet>"),
];

fuzz_target!(|input: &[u8]| check_document("a.xlsx", &office(input, "xl/workbook.xml", PARTS)));
