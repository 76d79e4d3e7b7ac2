//! Documents made inside the tests, so that what is wrong with a hostile one can be read where it is tested.

use std::io::Write;

use flate2::Compression;
use flate2::write::{DeflateEncoder, ZlibEncoder};
use rawzip::{CompressionMethod, ZipArchiveWriter};

const CONTENT_TYPES: &str = "<Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\"/>";

/// A sample of the folder.
pub(crate) fn sample(name: &str) -> Vec<u8> {
    std::fs::read(format!("{}/tests/samples/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

/// A zip file of compressed parts.
pub(crate) fn zip(parts: &[(&str, &[u8])]) -> Vec<u8> {
    let mut written = Vec::new();
    let mut archive = ZipArchiveWriter::new(&mut written);
    for (name, content) in parts {
        let (mut entry, config) =
            archive.new_file(name).compression_method(CompressionMethod::DEFLATE).start().unwrap();
        let mut writer = config.wrap(DeflateEncoder::new(&mut entry, Compression::fast()));
        writer.write_all(content).unwrap();
        let (encoder, descriptor) = writer.finish().unwrap();
        encoder.finish().unwrap();
        entry.finish(descriptor).unwrap();
    }
    archive.finish().unwrap();
    written
}

/// An Office document that begins with a part.
pub(crate) fn office(main: &str, parts: &[(&str, &str)]) -> Vec<u8> {
    let rels = relationships(&[("r1", "officeDocument", main)]);
    let mut all: Vec<(&str, &[u8])> =
        vec![("[Content_Types].xml", CONTENT_TYPES.as_bytes()), ("_rels/.rels", rels.as_bytes())];
    all.extend(parts.iter().map(|(name, content)| (*name, content.as_bytes())));
    zip(&all)
}

/// A relationship part: ids, kinds and targets.
pub(crate) fn relationships(targets: &[(&str, &str, &str)]) -> String {
    let targets: Vec<String> = targets
        .iter()
        .map(|(id, kind, target)| {
            format!("<Relationship Id=\"{id}\" Type=\"http://example.com/{kind}\" Target=\"{target}\"/>")
        })
        .collect();
    format!("<Relationships>{}</Relationships>", targets.concat())
}

/// A Word document with a body.
pub(crate) fn word(body: &str) -> Vec<u8> {
    let document = format!(
        "<w:document xmlns:w=\"w\" xmlns:r=\"r\" xmlns:mc=\"mc\"><w:body>{body}</w:body></w:document>"
    );
    office("word/document.xml", &[("word/document.xml", &document)])
}

/// A workbook of one sheet, with its shared strings and cell formats.
pub(crate) fn excel(sheet: &str, strings: &str, formats: &str) -> Vec<u8> {
    let rels = relationships(&[
        ("r1", "worksheet", "worksheets/sheet1.xml"),
        ("r2", "sharedStrings", "sharedStrings.xml"),
        ("r3", "styles", "styles.xml"),
    ]);
    office(
        "xl/workbook.xml",
        &[
            (
                "xl/workbook.xml",
                "<workbook xmlns:r=\"r\"><sheets><sheet name=\"One\" r:id=\"r1\"/></sheets></workbook>",
            ),
            ("xl/_rels/workbook.xml.rels", &rels),
            ("xl/worksheets/sheet1.xml", &format!("<worksheet>{sheet}</worksheet>")),
            (
                "xl/sharedStrings.xml",
                &format!("<sst count=\"4294967295\" uniqueCount=\"4294967295\">{strings}</sst>"),
            ),
            ("xl/styles.xml", &format!("<styleSheet>{formats}</styleSheet>")),
        ],
    )
}

/// A presentation of one slide.
pub(crate) fn powerpoint(slide: &str) -> Vec<u8> {
    office(
        "ppt/presentation.xml",
        &[
            (
                "ppt/presentation.xml",
                "<p:presentation xmlns:p=\"p\" xmlns:r=\"r\"><p:sldIdLst><p:sldId id=\"256\" r:id=\"r1\"/></p:sldIdLst></p:presentation>",
            ),
            ("ppt/_rels/presentation.xml.rels", &relationships(&[("r1", "slide", "slides/slide1.xml")])),
            ("ppt/slides/slide1.xml", &format!("<p:sld xmlns:p=\"p\" xmlns:a=\"a\">{slide}</p:sld>")),
        ],
    )
}

/// A PDF of objects, numbered from 1; the first is the catalog.
pub(crate) fn pdf<O: AsRef<[u8]>>(objects: &[O]) -> Vec<u8> {
    let mut written = b"%PDF-1.7\n".to_vec();
    let mut places = Vec::new();
    for (number, object) in objects.iter().enumerate() {
        places.push(written.len());
        written.extend(format!("{} 0 obj\n", number + 1).bytes());
        written.extend(object.as_ref());
        written.extend(b"\nendobj\n");
    }
    let start = written.len();
    written.extend(format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1).bytes());
    for place in places {
        written.extend(format!("{place:010} 00000 n \n").bytes());
    }
    let trailer = format!("trailer\n<</Size {}/Root 1 0 R>>\nstartxref\n{start}\n%%EOF\n", objects.len() + 1);
    written.extend(trailer.bytes());
    written
}

/// A PDF stream with entries of its dictionary.
pub(crate) fn stream(entries: &str, content: &[u8]) -> Vec<u8> {
    let mut object = format!("<<{entries}/Length {}>>\nstream\n", content.len()).into_bytes();
    object.extend(content);
    object.extend(b"\nendstream");
    object
}

/// A PDF of one page with its drawing, fonts named `F`, and further objects from number 6.
pub(crate) fn page(drawing: Vec<u8>, resources: &str, further: Vec<Vec<u8>>) -> Vec<u8> {
    let mut objects: Vec<Vec<u8>> = vec![
        b"<</Type/Catalog/Pages 2 0 R>>".to_vec(),
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>".to_vec(),
        format!(
            "<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Contents 4 0 R/Resources<</Font<</F 5 0 R>>{resources}>>>>"
        )
        .into_bytes(),
        drawing,
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>".to_vec(),
    ];
    objects.extend(further);
    pdf(&objects)
}

/// As a PDF compresses it.
pub(crate) fn compressed(content: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}
