//! The smallest picture and the smallest sound.

use m365_mcp::Media;

/// One red pixel as PNG, in Base64.
pub(crate) const PNG: &str =
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR42mP4z8AAAAMBAQD3A0FDAAAAAElFTkSuQmCC";
/// A millisecond of silence as WAV, in Base64.
const WAV: &str = "UklGRiwAAABXQVZFZm10IBAAAAABAAEAQB8AAEAfAAABAAgAZGF0YQgAAACAgICAgICAgA==";

/// The picture.
pub(crate) fn picture() -> Media {
    Media { mime_type: "image/png", base64: PNG.to_owned() }
}

/// The sound.
pub(crate) fn sound() -> Media {
    Media { mime_type: "audio/wav", base64: WAV.to_owned() }
}
