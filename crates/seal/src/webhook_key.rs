//! Signatures of webhooks.
//!
//! Source: Standard Webhooks 1.0, "Signature scheme": HMAC-SHA-256 over `id.timestamp.body`, written `v1,` and base64;
//! while a secret is replaced one signature per secret, separated by spaces. The secret is written `whsec_` and base64 of
//! 24 to 64 bytes.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use m365_types::Secret;

use crate::keys::tag;

const PREFIX: &str = "whsec_";

/// Why a text is not a secret of webhooks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the secret is not `whsec_` followed by 24 to 64 random bytes in base64")]
pub struct WebhookKeyError;

/// One secret that receivers share with us.
#[derive(Clone, Debug)]
pub struct WebhookKey(Secret<Vec<u8>>);

impl WebhookKey {
    /// Reads the text form.
    ///
    /// # Errors
    /// [`WebhookKeyError`], for a placeholder of one repeated byte too.
    pub fn parse(text: &Secret<String>) -> Result<Self, WebhookKeyError> {
        let encoded = text.expose().trim().strip_prefix(PREFIX).ok_or(WebhookKeyError)?;
        let bytes = Secret::new(STANDARD.decode(encoded).map_err(|_| WebhookKeyError)?);
        let repeated = bytes.expose().iter().all(|byte| Some(byte) == bytes.expose().first());
        if (24..=64).contains(&bytes.expose().len()) && !repeated {
            Ok(Self(bytes))
        } else {
            Err(WebhookKeyError)
        }
    }
}

/// The secret, and the one it replaces while receivers change over.
#[derive(Clone, Debug)]
pub struct WebhookKeys {
    /// `WEBHOOK_SECRET`
    pub current: WebhookKey,
    /// `WEBHOOK_SECRET_PREVIOUS`
    pub previous: Option<WebhookKey>,
}

impl WebhookKeys {
    /// The value of `webhook-signature` for an attempt at this second.
    #[must_use]
    pub fn sign(&self, id: &str, timestamp_secs: u64, body: &[u8]) -> String {
        let message = [id.as_bytes(), b".", timestamp_secs.to_string().as_bytes(), b".", body].concat();
        let signature = |key: &WebhookKey| format!("v1,{}", STANDARD.encode(tag(key.0.expose(), &message)));
        let previous = self.previous.as_ref().map(signature);
        std::iter::once(signature(&self.current)).chain(previous).collect::<Vec<_>>().join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> Result<WebhookKey, WebhookKeyError> {
        WebhookKey::parse(&Secret::new(text.to_owned()))
    }

    fn generated(seed: u8, length: u8) -> String {
        let bytes: Vec<u8> = (0..length).map(|at| seed.wrapping_mul(31).wrapping_add(at)).collect();
        format!("{PREFIX}{}", STANDARD.encode(bytes))
    }

    #[test]
    fn the_signature_is_that_of_the_published_vector() {
        // The reference libraries of Standard Webhooks test against this one.
        let current = key("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let keys = WebhookKeys { current, previous: None };
        let signed = keys.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, br#"{"test": 2432232314}"#);
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn while_a_secret_is_replaced_both_sign() {
        let alone = |seed| WebhookKeys { current: key(&generated(seed, 32)).unwrap(), previous: None };
        let (new, old) = (alone(1), alone(2));
        let both = WebhookKeys { previous: Some(old.current.clone()), ..new.clone() };
        let sign = |keys: &WebhookKeys| keys.sign("id", 5, b"body");
        assert_eq!(sign(&both), format!("{} {}", sign(&new), sign(&old)));
        assert_ne!(sign(&new), new.sign("id", 6, b"body"));
        assert_ne!(sign(&new), new.sign("id", 5, b"Body"));
    }

    #[test]
    fn what_is_no_secret_is_refused() {
        for length in [24, 64] {
            assert!(key(&generated(3, length)).is_ok());
        }
        for wrong in [
            String::new(),
            PREFIX.to_owned(),
            generated(3, 23),
            generated(3, 65),
            generated(3, 32).replace(PREFIX, ""),
            format!("{PREFIX}not base64!"),
            format!("{PREFIX}{}", STANDARD.encode([7; 32])),
        ] {
            assert_eq!(key(&wrong).unwrap_err(), WebhookKeyError);
        }
    }
}
