//! What mail programs and newsletters write, in the languages they write it in.
//!
//! Languages, as far as each list goes: English, German, French, Spanish, Italian, Dutch, Portuguese, Danish, Norwegian,
//! Swedish, Finnish, Polish, Czech, Japanese, Chinese, Korean, Hebrew, Arabic, Russian, Turkish. All in lower case.

mod endings;
mod headers;

pub(super) use endings::*;
pub(super) use headers::*;
