//! Links to questions: which cell a question is in, and which it is, sealed.
//!
//! The front routes by them without a look-up, and a forged one reaches no cell. A link proves nothing about who holds it:
//! the page behind it is behind Access, and the cell says who may look.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use m365_ports::{Entropy, EntropyExt as _};
use m365_seal::{AssociatedData, Keys, Purpose, Sealer};
use m365_types::{ApprovalId, CellId};
use serde::{Deserialize, Serialize};

/// Query parameter of the page and of its form.
pub(crate) const LINK_PARAMETER: &str = "a";
const MAX_BYTES: usize = 512;

/// What a link says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ApprovalLink {
    /// The cell that asks.
    #[serde(rename = "c")]
    pub(crate) cell: CellId,
    /// The question.
    #[serde(rename = "q")]
    pub(crate) id: ApprovalId,
}

/// Makes links and reads them.
#[derive(Debug)]
pub(crate) struct ApprovalLinks(Sealer);

impl ApprovalLinks {
    pub(crate) fn new(keys: &Keys) -> Self {
        Self(keys.sealer(Purpose::Approval))
    }

    /// A new text for this question; it is kept, so that the same question has the same link.
    pub(crate) fn seal(&self, entropy: &dyn Entropy, link: &ApprovalLink) -> String {
        URL_SAFE_NO_PAD.encode(self.0.seal_json(entropy.bytes(), &place(), link))
    }

    /// Reads a text; nothing where it is none of ours.
    pub(crate) fn open(&self, text: &str) -> Option<ApprovalLink> {
        let sealed = (text.len() <= MAX_BYTES).then(|| URL_SAFE_NO_PAD.decode(text).ok()).flatten()?;
        self.0.open_json(&place(), &sealed).ok()
    }
}

fn place() -> AssociatedData {
    AssociatedData::of(&["approval", "link"])
}
