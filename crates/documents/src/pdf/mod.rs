//! PDF documents (ISO 32000-2): the text of each page in the order it is drawn.
//!
//! Pictures are not read: a scan without a text layer has no text. Letters that the page does not show are left out:
//! white on nothing, too small to see, outside of the page, drawn invisibly on a page that shows others. Invisible
//! letters of a page that shows no others are the text layer of a scan, and read.

mod content;
mod lines;
mod state;

use std::io::{self, Read};
use std::sync::Arc;

use flate2::read::ZlibDecoder;
use hayro_font::{CMapResolverFn, FontCache, FontQuery, FontResolverFn};
use hayro_syntax::object::{Array, Stream};
use hayro_syntax::page::Page;
use hayro_syntax::{Filter, LoadPdfError, Pdf};
use m365_ports::DocumentError;

use crate::Result;
use crate::output::Output;

use content::Content;
use lines::Span;
use state::Region;

/// Most pages that are read.
const PAGES_MAX: usize = 2000;
/// Most drawing instructions of a document.
const OPERATIONS_MAX: usize = 4_000_000;
/// Most bytes that the drawings of a document may unfold to.
const UNFOLDED_MAX: usize = 64 << 20;
/// Most filters one after the other on a drawing.
const FILTERS_MAX: usize = 4;

/// What all pages share.
struct Reader<'a> {
    fonts: FontCache<'a>,
    font_resolver: FontResolverFn,
    cmap_resolver: CMapResolverFn,
    operations_left: usize,
    bytes_left: usize,
}

/// What a page draws.
#[derive(Default)]
struct Drawn {
    spans: Vec<Span>,
    painted: Vec<Region>,
    shown: Region,
}

/// Reads a document.
pub(crate) fn read(bytes: &[u8], output: &mut Output) -> Result<()> {
    let pdf = Pdf::new(bytes.to_vec()).map_err(|error| match error {
        LoadPdfError::Decryption(_) => DocumentError::Encrypted,
        LoadPdfError::Invalid => DocumentError::Damaged,
    })?;
    let mut reader = Reader {
        fonts: FontCache::new(),
        // Fonts that are not in the file are only asked which characters their codes stand for.
        font_resolver: Arc::new(|query| match query {
            FontQuery::Standard(font) => Some(font.get_font_data()),
            FontQuery::Fallback(query) => Some(query.pick_standard_font().get_font_data()),
        }),
        cmap_resolver: Arc::new(hayro_font::hayro_cmap::load_embedded),
        operations_left: OPERATIONS_MAX,
        bytes_left: UNFOLDED_MAX,
    };
    for (index, page) in pdf.pages().iter().enumerate() {
        if index == PAGES_MAX || reader.operations_left == 0 {
            output.truncate();
            break;
        }
        if output.is_full() {
            break;
        }
        let drawn = reader.page(page)?;
        lines::write(&format!("Page {}", index + 1), &drawn.spans, output);
    }
    Ok(())
}

impl<'a> Reader<'a> {
    fn page(&mut self, page: &Page<'a>) -> Result<Drawn> {
        let mut streams = Vec::new();
        let contents = page.raw();
        if let Some(stream) = contents.get::<Stream<'a>>("Contents") {
            streams.push(stream);
        } else if let Some(array) = contents.get::<Array<'a>>("Contents") {
            streams.extend(array.iter::<Stream<'a>>());
        }
        let mut drawing = Vec::new();
        for stream in streams {
            drawing.extend_from_slice(&self.unfolded(&stream)?);
            // Instructions of two streams are apart even where no white space is between them.
            drawing.push(b'\n');
        }
        let mut drawn = Drawn { shown: Region::of(page.intersected_crop_box()), ..Drawn::default() };
        Content::new(self, &mut drawn).draw(&drawing, page.resources(), 0)?;
        Ok(drawn)
    }

    /// The instructions of a stream. How long they are is measured before they are kept.
    fn unfolded(&mut self, stream: &Stream<'a>) -> Result<Vec<u8>> {
        let filters = stream.filters();
        if filters.len() > FILTERS_MAX {
            return Err(DocumentError::Damaged);
        }
        if filters.first() == Some(&Filter::FlateDecode) {
            let limit = u64::try_from(self.bytes_left).unwrap_or(u64::MAX);
            let raw = stream.raw_data();
            let mut measured = ZlibDecoder::new(raw.as_ref()).take(limit.saturating_add(1));
            // A stream that breaks off is as long as it came.
            let _broken = io::copy(&mut measured, &mut io::sink());
            if measured.limit() == 0 {
                return Err(DocumentError::TooLarge);
            }
        }
        let unfolded = stream.decoded_data().map(std::borrow::Cow::into_owned).unwrap_or_default();
        self.bytes_left = self.bytes_left.checked_sub(unfolded.len()).ok_or(DocumentError::TooLarge)?;
        Ok(unfolded)
    }
}
