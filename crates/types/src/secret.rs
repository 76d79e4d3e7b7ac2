//! A value that must not leak: no `Display`, no `Serialize`, no `PartialEq`, redacted `Debug`, wiped on drop.

use std::fmt;

use subtle::ConstantTimeEq as _;
use zeroize::Zeroize;

/// Secret material. Every read goes through [`Secret::expose`], so `grep expose` lists all uses.
///
/// ```compile_fail,E0277
/// let secret = m365_types::Secret::new(String::from("hunter2"));
/// println!("{secret}");
/// ```
/// ```compile_fail,E0369
/// let (a, b) = (m365_types::Secret::new(1u8), m365_types::Secret::new(1u8));
/// let _ = a == b;
/// ```
/// ```compile_fail,E0277
/// fn serialise<T: serde::Serialize>(_: T) {}
/// serialise(m365_types::Secret::new(String::from("hunter2")));
/// ```
#[derive(Clone)]
pub struct Secret<T: Zeroize>(T);

impl<T: Zeroize> Secret<T> {
    /// Takes ownership of the material; the caller should not keep a copy.
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// The material itself. Do not store or format what this returns.
    pub const fn expose(&self) -> &T {
        &self.0
    }

    /// The material, to be filled in place.
    pub const fn expose_mut(&mut self) -> &mut T {
        &mut self.0
    }
}

impl<T: Zeroize + AsRef<[u8]>> Secret<T> {
    /// Constant-time equality for equal lengths; lengths are not secret.
    pub fn matches(&self, other: &[u8]) -> bool {
        self.0.as_ref().ct_eq(other).into()
    }
}

impl<T: Zeroize> fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl<T: Zeroize> Drop for Secret<T> {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

#[cfg(test)]
mod tests {
    use super::Secret;

    #[test]
    fn debug_shows_nothing_of_the_value() {
        assert_eq!(format!("{:?}", Secret::new(String::from("hunter2"))), "Secret(…)");
    }

    #[test]
    fn matches_only_the_same_bytes() {
        let secret = Secret::new(b"abc".to_vec());
        assert!(secret.matches(b"abc"));
        assert!(!secret.matches(b"abd"));
        assert!(!secret.matches(b"abcd"));
    }
}
