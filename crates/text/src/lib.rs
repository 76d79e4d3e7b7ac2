//! Text of other people, made readable for a model.
//!
//! In scope: removing and counting what a reader of the same text would not have seen ([`Cleaner`]), HTML as markdown
//! ([`html_to_markdown`]) or with nothing kept back ([`html_laid_bare`]), mails without their history, signatures and tracking ([`mail`]). Out of scope: framing the
//! result as data, which `graph` does where the answer is put together; fetching; files other than HTML.
//!
//! Invariants: no I/O, no clock, no randomness; time and memory grow with the input and no faster, however it nests;
//! no hidden character is in a result, and cleaning a result again removes nothing.

mod bounds;
mod clean;
mod html;
mod line;
pub mod mail;
mod style;

pub use bounds::{TAGS_MAX, readable_bytes};
pub use clean::{Cleaner, is_hidden};
pub use html::{
    Bare, BareLine, Markdown, Piece, PieceKind, Shape, html_laid_bare, html_to_markdown, text_laid_bare,
};
