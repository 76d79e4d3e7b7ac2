//! Graph's error envelope: the deepest code we know, and the request id it repeats.
//!
//! Source: Microsoft Graph, error responses. Inner errors nest and are spelled `innerError` or `innererror`; the
//! inner code is the more specific one, but only where it is one of the documented. Messages are never read.

use serde_json::Value;

/// Deeper nesting than any service sends.
const DEPTH_MAX: usize = 8;
/// Longest code reported.
const CODE_MAX_BYTES: usize = 64;

/// Codes whose meaning is documented or widely seen, sorted.
const KNOWN: &[&str] = &[
    "ApplicationThrottled",
    "Authorization_IdentityNotFound",
    "Authorization_RequestDenied",
    "BadRequest",
    "ErrorAccessDenied",
    "ErrorAttachmentSizeLimitExceeded",
    "ErrorAttachmentSizeShouldNotBeLessThanMinimumSize",
    "ErrorCalendarEndDateIsEarlierThanStartDate",
    "ErrorExceededMessageLimit",
    "ErrorInvalidIdMalformed",
    "ErrorInvalidRecipients",
    "ErrorInvalidRequest",
    "ErrorInvalidUser",
    "ErrorItemNotFound",
    "ErrorMessageSizeExceeded",
    "ErrorMimeContentInvalidBase64String",
    "ErrorPropertyValidationFailure",
    "ErrorQuotaExceeded",
    "ErrorSendAsDenied",
    "Forbidden",
    "GraphAccessToTranscriptsDisabled",
    "ImageNotFound",
    "InefficientFilter",
    "InvalidAuthenticationToken",
    "MailboxNotEnabledForRESTAPI",
    "NotFound",
    "RequestBodyRead",
    "RequestBroker--ParseUri",
    "Request_BadRequest",
    "Request_ResourceNotFound",
    "Request_ThrottledTemporarily",
    "Request_UnsupportedQuery",
    "SpeakerAttributionNotAllowed",
    "TooManyRequests",
    "UnknownError",
    "accessDenied",
    "accessRestricted",
    "activityLimitReached",
    "entityTagDoesNotMatch",
    "generalException",
    "invalidRange",
    "invalidRequest",
    "itemNotFound",
    "malwareDetected",
    "nameAlreadyExists",
    "notAllowed",
    "notSupported",
    "quotaLimitReached",
    "resourceModified",
    "resyncRequired",
    "serviceNotAvailable",
    "syncStateNotFound",
    "throttledRequest",
    "tooManyTermsInQuery",
    "unauthenticated",
    "virusSuspicious",
];

/// The `error` object of an envelope.
pub(crate) struct GraphError<'a>(&'a Value);

impl<'a> GraphError<'a> {
    /// The envelope in the body, where there is one: an `error` object with a textual code, which may be empty.
    pub(crate) fn of(body: &'a Value) -> Option<Self> {
        let error = body.get("error")?;
        error.get("code")?.is_string().then_some(Self(error))
    }

    /// The deepest known code; else the outermost where it is a plain word; else empty.
    pub(crate) fn code(&self) -> String {
        let codes = || self.levels().filter_map(|level| level.get("code")?.as_str());
        let known = codes().filter(|code| KNOWN.binary_search(code).is_ok()).last();
        known.or_else(|| codes().next().filter(|code| is_word(code))).unwrap_or_default().to_owned()
    }

    /// The request id the body repeats.
    pub(crate) fn request_id(&self) -> Option<&'a str> {
        self.levels().find_map(|level| level.get("request-id")?.as_str())
    }

    fn levels(&self) -> impl Iterator<Item = &'a Value> + use<'a> {
        let inner = |level: &&'a Value| level.get("innerError").or_else(|| level.get("innererror"));
        std::iter::successors(Some(self.0), inner).take(DEPTH_MAX)
    }
}

fn is_word(code: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
    code.len() <= CODE_MAX_BYTES && code.bytes().all(plain)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn code(body: &Value) -> Option<String> {
        GraphError::of(body).map(|error| error.code())
    }

    #[test]
    fn the_table_is_sorted_for_its_search() {
        assert!(KNOWN.windows(2).all(|pair| pair[0] < pair[1]));
    }

    #[test]
    fn the_deepest_known_code_wins() {
        for (body, wanted) in [
            (json!({"error": {"code": "accessDenied"}}), Some("accessDenied")),
            (
                json!({"error": {"code": "activityLimitReached",
                    "innerError": {"code": "throttledRequest", "innerError": {"code": "quota"}}}}),
                Some("throttledRequest"),
            ),
            (json!({"error": {"code": "x", "innererror": {"code": "itemNotFound"}}}), Some("itemNotFound")),
            (json!({"error": {"code": "SomethingNew", "innerError": {"code": "429"}}}), Some("SomethingNew")),
            (json!({"error": {"code": "", "message": "{\"escaped\":1}"}}), Some("")),
            (json!({"error": {"code": "<b>told by a stranger</b>"}}), Some("")),
            (json!({"error": {"code": 5}}), None),
            (json!({"error": "invalid_grant"}), None),
            (json!([]), None),
        ] {
            assert_eq!(code(&body).as_deref(), wanted, "{body}");
        }
    }

    #[test]
    fn endless_nesting_is_not_followed() {
        let mut body = json!({"code": "accessDenied"});
        for _ in 0..40 {
            body = json!({"code": "x", "innerError": body});
        }
        assert_eq!(code(&json!({ "error": body })).as_deref(), Some("x"));
    }

    #[test]
    fn the_request_id_is_found_where_the_body_repeats_it() {
        let body = json!({"error": {"code": "", "innerError": {"request-id": "9b1f2a6d"}}});
        assert_eq!(GraphError::of(&body).and_then(|error| error.request_id()), Some("9b1f2a6d"));
    }
}
