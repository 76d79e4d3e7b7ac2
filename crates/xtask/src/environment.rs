//! The one place of this tool that reads the environment: where the user keeps caches.

/// A variable that is set to something.
#[expect(clippy::disallowed_methods, reason = "this is the environment adapter that clippy.toml names")]
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
