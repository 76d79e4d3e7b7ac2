//! Documents made to break a reader. Each fails with the reason it should, or is read up to a limit.

use crate::support::{
    compressed, excel, office, page, pdf, powerpoint, relationships, sample, stream, word, zip,
};
use m365_documents::read;
use m365_ports::{DOCUMENT_BYTES_MAX, DOCUMENT_TEXT_BYTES_MAX, DocumentError, DocumentText};

/// More than a document may unfold to.
const BOMB: usize = 70 << 20;

fn outcome(bytes: &[u8]) -> Result<DocumentText, DocumentError> {
    read("", "", bytes)
}

#[test]
fn a_file_beyond_the_limit_is_not_looked_at() {
    let text = vec![b'a'; DOCUMENT_BYTES_MAX];
    assert!(read("a.txt", "", &text).unwrap().truncated);
    assert_eq!(outcome(&vec![b'a'; DOCUMENT_BYTES_MAX + 1]), Err(DocumentError::TooLarge));
}

#[test]
fn a_part_that_unfolds_without_end_is_refused() {
    let body = format!("<w:p><w:r><w:t>x{}</w:t></w:r></w:p>", " ".repeat(BOMB));
    let bomb = word(&body);
    assert!(bomb.len() < BOMB / 100);
    assert_eq!(outcome(&bomb), Err(DocumentError::TooLarge));
    let rows = "<row><c><v>  </v></c></row>".repeat(BOMB / 27 + 1);
    assert_eq!(
        outcome(&excel(&format!("<sheetData>{rows}</sheetData>"), "", "")),
        Err(DocumentError::TooLarge)
    );
}

#[test]
fn parts_that_are_small_alone_are_counted_together() {
    let slide = format!("<p:sld xmlns:a=\"a\" xmlns:p=\"p\"><!--{}--></p:sld>", " ".repeat(BOMB / 8));
    let names: Vec<String> = (0..9).map(|number| format!("ppt/slides/s{number}.xml")).collect();
    let ids: Vec<String> = (0..9).map(|number| format!("<p:sldId id=\"1\" r:id=\"r{number}\"/>")).collect();
    let ids = ids.concat();
    let rels: Vec<(String, String)> = (0..9).map(|n| (format!("r{n}"), format!("slides/s{n}.xml"))).collect();
    let rels: Vec<(&str, &str, &str)> =
        rels.iter().map(|(id, to)| (id.as_str(), "slide", to.as_str())).collect();
    let rels = relationships(&rels);
    let main = format!("<p:presentation xmlns:p=\"p\" xmlns:r=\"r\">{ids}</p:presentation>");
    let mut parts =
        vec![("ppt/presentation.xml", main.as_str()), ("ppt/_rels/presentation.xml.rels", rels.as_str())];
    parts.extend(names.iter().map(|name| (name.as_str(), slide.as_str())));
    assert_eq!(outcome(&office("ppt/presentation.xml", &parts)), Err(DocumentError::TooLarge));
    parts.truncate(4);
    assert!(outcome(&office("ppt/presentation.xml", &parts)).is_ok());
}

#[test]
fn archives_inside_an_archive_stay_closed() {
    let inner = zip(&[("a", vec![0; 1 << 20].as_slice())]);
    assert_eq!(outcome(&zip(&[("inner.zip", &inner)])), Err(DocumentError::Unsupported));
}

#[test]
fn too_many_parts_are_refused() {
    let names: Vec<String> = (0..9000).map(|number| number.to_string()).collect();
    let parts: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), b"".as_slice())).collect();
    assert_eq!(outcome(&zip(&parts)), Err(DocumentError::TooLarge));
    assert_eq!(outcome(&zip(parts.get(..100).unwrap())), Err(DocumentError::Unsupported));
}

#[test]
fn sizes_a_file_claims_are_not_believed() {
    let mut bytes = word("<w:p><w:r><w:t>small</w:t></w:r></w:p>");
    // The sizes before and after compression of every entry of the directory become 4 GB less a byte.
    let entries: Vec<usize> = bytes
        .windows(4)
        .enumerate()
        .filter(|(_, window)| *window == b"PK\x01\x02")
        .map(|(at, _)| at)
        .collect();
    for entry in entries {
        bytes[entry + 24..entry + 28].copy_from_slice(&[0xFE, 0xFF, 0xFF, 0xFF]);
    }
    assert_eq!(outcome(&bytes).unwrap().text, "small");
    let strings = "<si><t>one</t></si>";
    let sheet = "<dimension ref=\"A1:XFD1048576\"/><sheetData><row><c t=\"s\"><v>0</v></c></row></sheetData>";
    assert_eq!(outcome(&excel(sheet, strings, "")).unwrap().text, "## One\n\n| one |\n|---|");
}

#[test]
fn entities_of_a_document_are_refused() {
    let lol = "<!DOCTYPE x [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;&a;\">]>";
    let body =
        "<w:document xmlns:w=\"w\"><w:body><w:p><w:r><w:t>&b;&amp;</w:t></w:r></w:p></w:body></w:document>";
    let document =
        |prologue: &str| office("word/document.xml", &[("word/document.xml", &format!("{prologue}{body}"))]);
    assert_eq!(outcome(&document(lol)), Err(DocumentError::Damaged));
    assert_eq!(outcome(&document("")).unwrap().text, "&");
}

#[test]
fn elements_nest_only_so_deep() {
    let nested = |depth: usize| format!("{}{}", "<w:sdt>".repeat(depth), "</w:sdt>".repeat(depth));
    assert!(outcome(&word(&nested(100))).is_ok());
    assert_eq!(outcome(&word(&nested(100_000))), Err(DocumentError::Damaged));
}

#[test]
fn a_long_document_is_cut_and_says_so() {
    let rows = "<row><c t=\"str\"><v>0123456789</v></c></row>".repeat(200_000);
    let bytes = excel(&format!("<sheetData>{rows}</sheetData>"), "", "");
    let text = outcome(&bytes).unwrap();
    assert!(text.truncated && text.text.len() <= DOCUMENT_TEXT_BYTES_MAX);
    let paragraph = word(&format!("<w:p><w:r><w:t>{}</w:t></w:r></w:p>", "x".repeat(3 << 20)));
    let text = outcome(&paragraph).unwrap();
    assert!(text.truncated && text.text.len() <= DOCUMENT_TEXT_BYTES_MAX);
}

#[test]
fn references_in_circles_come_to_an_end() {
    let styles = "<w:styles xmlns:w=\"w\"><w:style w:styleId=\"A\"><w:basedOn w:val=\"B\"/></w:style>\
        <w:style w:styleId=\"B\"><w:basedOn w:val=\"A\"/></w:style></w:styles>";
    let document = "<w:document xmlns:w=\"w\"><w:body><w:p><w:pPr><w:pStyle w:val=\"A\"/></w:pPr><w:r><w:t>styled</w:t></w:r></w:p></w:body></w:document>";
    let rels = relationships(&[("s", "styles", "styles.xml"), ("n", "numbering", "document.xml")]);
    let parts = [
        ("word/document.xml", document),
        ("word/styles.xml", styles),
        ("word/_rels/document.xml.rels", &rels),
    ];
    assert_eq!(outcome(&office("word/document.xml", &parts)).unwrap().text, "styled");
    let itself = relationships(&[("r1", "worksheet", "workbook.xml")]);
    let workbook = "<workbook xmlns:r=\"r\"><sheets><sheet name=\"Self\" r:id=\"r1\"/></sheets></workbook>";
    let parts = [("xl/workbook.xml", workbook), ("xl/_rels/workbook.xml.rels", itself.as_str())];
    assert_eq!(outcome(&office("xl/workbook.xml", &parts)).unwrap().text, "## Self");
}

#[test]
fn a_pdf_that_refers_to_itself_comes_to_an_end() {
    let form = stream(
        "/Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources<</XObject<</X 6 0 R>>/Font<</F 5 0 R>>>>",
        b"BT /F 12 Tf 50 500 Td (form) Tj ET /X Do /X Do /X Do",
    );
    let drawing = stream("", b"BT /F 12 Tf 50 700 Td (page) Tj ET /X Do");
    let text = outcome(&page(drawing, "/XObject<</X 6 0 R>>", vec![form])).unwrap().text;
    assert!(text.starts_with("## Page 1\n\npage\n\nform"));
    let tree = ["<</Type/Catalog/Pages 2 0 R>>", "<</Type/Pages/Kids[2 0 R 2 0 R]/Count 99999999>>"];
    assert_eq!(outcome(&pdf(&tree)), Ok(DocumentText::default()));
    let lengths = [
        b"<</Type/Catalog/Pages 2 0 R>>".to_vec(),
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>".to_vec(),
        b"<</Type/Page/MediaBox[0 0 9 9]/Contents 4 0 R>>".to_vec(),
        b"<</Length 4 0 R>>\nstream\nBT ET\nendstream".to_vec(),
    ];
    assert_eq!(outcome(&pdf(&lengths)).unwrap().text, "");
}

#[test]
fn a_pdf_drawing_that_unfolds_without_end_is_refused() {
    let bomb = compressed(&vec![b' '; BOMB]);
    assert!(bomb.len() < 1 << 20);
    let drawing = stream("/Filter/FlateDecode", &bomb);
    assert_eq!(outcome(&page(drawing, "", Vec::new())), Err(DocumentError::TooLarge));
    let harmless = compressed(b"BT /F 12 Tf 50 700 Td (small) Tj ET");
    let text = outcome(&page(stream("/Filter/FlateDecode", &harmless), "", Vec::new())).unwrap();
    assert_eq!(text.text, "## Page 1\n\nsmall");
}

#[test]
fn a_pdf_that_nests_objects_is_no_stack_overflow() {
    for opening in ["[", "<</A "] {
        let deep = opening.repeat(1 << 17);
        let objects = ["<</Type/Catalog/Pages 2 0 R>>".to_owned(), deep];
        assert_eq!(outcome(&pdf(&objects)), Err(DocumentError::Damaged), "{opening}");
    }
    let saved = b"q ".repeat(1 << 20);
    assert_eq!(outcome(&page(stream("", &saved), "", Vec::new())).unwrap().text, "");
}

#[test]
fn truncated_documents_are_damaged_or_read_and_never_more() {
    for name in ["report.docx", "budget.xlsx", "deck.pptx", "letter.pdf", "locked.pdf", "encrypted.docx"] {
        let whole = sample(name);
        for cut in (0..whole.len()).step_by(whole.len() / 60) {
            let office = !name.ends_with("pdf") && name != "encrypted.docx";
            let result = outcome(&whole[..cut]);
            // The directory of a zip file is at its end. The first bytes alone are no zip file, but no text either.
            assert!(!office || cut == 0 || result.is_err(), "{name} cut at {cut}");
        }
    }
}

#[test]
fn damaged_parts_are_damaged() {
    for body in ["<w:p><w:r><w:t>open", "<w:p></w:r>", "<w:p", "\u{0}"] {
        let bytes = office("word/document.xml", &[("word/document.xml", &format!("<w:document>{body}"))]);
        assert_eq!(outcome(&bytes), Err(DocumentError::Damaged), "{body:?}");
    }
    let without_main = office("word/document.xml", &[]);
    assert_eq!(outcome(&without_main), Err(DocumentError::Damaged));
    assert_eq!(outcome(b"%PDF-1.7\nnothing"), Err(DocumentError::Damaged));
    assert!(outcome(&powerpoint("<p:cSld/>")).is_ok());
}
