//! Settings as bindings of text: secrets of the Worker, all of them.

use m365_app::config::Source;
use m365_types::Secret;
use worker::Env;

/// Reads settings from the Worker's environment. A binding that is not text counts as absent.
pub(crate) struct Bindings<'a>(pub(crate) &'a Env);

impl Source for Bindings<'_> {
    fn plain(&self, name: &str) -> Option<String> {
        self.0.secret(name).ok().map(|value| value.to_string())
    }

    fn secret(&self, name: &str) -> Result<Option<Secret<String>>, String> {
        Ok(self.plain(name).map(Secret::new))
    }
}
