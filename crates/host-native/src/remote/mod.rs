//! A deployment as somebody outside reaches it: its address, the way there, and what one may prove oneself with.

pub(crate) mod credentials;
pub(crate) mod target;
pub(crate) mod wire;
