//! Documents of other people as markdown.
//!
//! In scope: deciding by its content what a file is, and reading Word, Excel, PowerPoint, PDF, mail, calendar, comma
//! separated, HTML and plain text files as text. Out of scope: pictures, macros, formulas, anything a document refers to;
//! where this runs, which is the hosts' business.
//!
//! Invariants: no I/O, no clock, no randomness; what compressed parts unfold to, how deep elements nest and how long a
//! text becomes are bounded by constants; text that a reader of the document would not have seen is removed and counted;
//! no hidden character is in a result. Libraries may still break on a hostile file: the hosts run this apart.

mod archive;
mod csv;
mod docx;
mod eml;
mod html;
mod ics;
mod kind;
mod output;
mod pdf;
mod plain;
mod pptx;
mod sensitivity;
mod sheet_format;
mod spreadsheet;
mod xml;

use m365_ports::{DOCUMENT_BYTES_MAX, DOCUMENT_TEXT_BYTES_MAX, DocumentError, DocumentText};

use kind::Kind;
use output::Output;

/// What the parts of this crate answer with.
type Result<T> = std::result::Result<T, DocumentError>;

/// Reads a document as markdown. Its content decides what it is, then its type, then the extension of its name.
///
/// # Errors
/// [`DocumentError`], but neither `TooSlow` nor `Unavailable`.
pub fn read(name: &str, content_type: &str, bytes: &[u8]) -> Result<DocumentText> {
    if bytes.len() > DOCUMENT_BYTES_MAX {
        return Err(DocumentError::TooLarge);
    }
    let mut output = Output::new(DOCUMENT_TEXT_BYTES_MAX);
    match kind::of(name, content_type, bytes)? {
        Kind::Word(archive) => {
            docx::read(&archive, &mut output)?;
            sensitivity::of_office(&archive, &mut output);
        }
        Kind::Excel(archive) => {
            spreadsheet::read(&archive, &mut output)?;
            sensitivity::of_office(&archive, &mut output);
        }
        Kind::PowerPoint(archive) => {
            pptx::read(&archive, &mut output)?;
            sensitivity::of_office(&archive, &mut output);
        }
        Kind::Pdf => {
            pdf::read(bytes, &mut output)?;
            sensitivity::of_pdf(bytes, &mut output);
        }
        Kind::Mail => eml::read(bytes, &mut output)?,
        Kind::Calendar => ics::read(bytes, &mut output)?,
        Kind::Table => csv::read(bytes, &mut output),
        Kind::Html => html::read(bytes, &mut output),
        Kind::Text => plain::read(bytes, &mut output),
    }
    Ok(output.finish())
}
