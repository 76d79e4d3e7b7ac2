//! Graph's error answers.
//!
//! Source: Microsoft Graph error envelope (`{"error":{"code","message","innerError"}}`) and the codes of each
//! workload. In scope: every refusal the simulated tenant can give. Invariant: a refusal is one value of
//! [`GraphError`]; the envelope with its date and ids is added in one place.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

/// The challenge Graph sends with every 401.
const CHALLENGE: &str = "Bearer realm=\"\", authorization_uri=\"https://login.microsoftonline.com/common/oauth2/authorize\", client_id=\"00000003-0000-0000-c000-000000000000\"";

/// What it adds when the token was revoked: the claims to ask Entra for.
const CLAIMS_CHALLENGE: &str = ", error=\"insufficient_claims\", claims=\"eyJhY2Nlc3NfdG9rZW4iOnsibmJmIjp7ImVzc2VudGlhbCI6dHJ1ZSwgInZhbHVlIjoiMTYwNDEwNjY1MSJ9fX0=\"";

/// How long a throttled caller of the drive has to wait.
const DRIVE_WAIT_SECS: &str = "41";

/// The budget that the drive shows with a 429.
const DRIVE_LIMITS: [(&str, &str); 3] =
    [("ratelimit-limit", "1250"), ("ratelimit-remaining", "0"), ("ratelimit-reset", DRIVE_WAIT_SECS)];

/// One refusal, before the envelope is put around it.
#[derive(Debug)]
pub(super) struct GraphError {
    pub(super) status: u16,
    pub(super) code: &'static str,
    pub(super) message: String,
    /// Seconds, as text because services send fractions.
    pub(super) retry_after: Option<&'static str>,
    /// Further parameters of the 401 challenge.
    challenge: String,
    /// The more specific code inside the envelope, and the one inside that.
    inner_codes: Option<(&'static str, &'static str)>,
}

/// The service behind a path; each words its refusals differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Workload {
    Directory,
    Drive,
    Exchange,
    /// Names no codes.
    Planner,
    Teams,
}

impl GraphError {
    pub(super) fn new(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
            retry_after: None,
            challenge: String::new(),
            inner_codes: None,
        }
    }

    /// The same with a more specific code inside.
    pub(super) fn within(self, code: &'static str) -> Self {
        Self { inner_codes: Some((code, code)), ..self }
    }

    pub(super) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(400, "BadRequest", message)
    }

    pub(super) fn unauthenticated(message: &str) -> Self {
        Self::new(401, "InvalidAuthenticationToken", message)
    }

    /// The refusal of a token whose sessions were revoked, with the claims challenge of continuous access evaluation.
    pub(super) fn revoked() -> Self {
        let message = "Continuous access evaluation resulted in challenge with result: InteractionRequired and code: \
                       TokenIssuedBeforeRevocationTimestamp";
        Self { challenge: CLAIMS_CHALLENGE.to_owned(), ..Self::unauthenticated(message) }
    }

    /// A claims challenge of continuous access evaluation (401) or of a rule about the resource (403).
    pub(super) fn challenged(status: u16, claims: &str) -> Self {
        let message = "Continuous access evaluation resulted in challenge with result: InteractionRequired and code: \
                       TokenIssuedBeforeRevocationTimestamp";
        let challenge = format!(", error=\"insufficient_claims\", claims=\"{}\"", STANDARD.encode(claims));
        let code = if status == 403 { "AccessDenied" } else { "InvalidAuthenticationToken" };
        Self { challenge, ..Self::new(status, code, message) }
    }

    pub(super) fn unknown_segment(segment: &str) -> Self {
        Self::bad_request(format!("Resource not found for the segment '{segment}'."))
    }

    pub(super) fn method_not_allowed() -> Self {
        Self::new(405, "Request_BadRequest", "Specified HTTP method is not allowed for the request target.")
    }

    pub(super) fn unknown_property(name: &str, entity: &str) -> Self {
        Self::new(
            400,
            "RequestBroker--ParseUri",
            format!("Could not find a property named '{name}' on type 'microsoft.graph.{entity}'."),
        )
    }

    pub(super) fn unknown_body_property(name: &str, entity: &str) -> Self {
        Self::new(
            400,
            "RequestBodyRead",
            format!(
                "The property '{name}' does not exist on type 'microsoft.graph.{entity}'. Make sure to only use \
                 property names that are defined by the type or mark the type as open type."
            ),
        )
    }

    pub(super) fn wrong_value(name: &str) -> Self {
        Self::bad_request(format!(
            "Cannot convert the value of property '{name}' to the type it is declared with."
        ))
    }

    pub(super) fn option_not_allowed(workload: Workload, option: &str) -> Self {
        match workload {
            Workload::Drive => {
                Self::new(400, "invalidRequest", format!("{option} is not supported on this API."))
            }
            Workload::Directory | Workload::Exchange | Workload::Planner | Workload::Teams => {
                Self::bad_request(format!("Query option '{option}' is not allowed."))
            }
        }
    }

    pub(super) fn malformed_id() -> Self {
        Self::new(400, "ErrorInvalidIdMalformed", "Id is malformed.")
    }

    pub(super) fn not_found(workload: Workload, what: &str) -> Self {
        match workload {
            Workload::Directory => Self::new(
                404,
                "Request_ResourceNotFound",
                format!(
                    "Resource '{what}' does not exist or one of its queried reference-property objects are not present."
                ),
            ),
            Workload::Drive => Self::new(404, "itemNotFound", "The resource could not be found."),
            Workload::Exchange => {
                Self::new(404, "ErrorItemNotFound", "The specified object was not found in the store.")
            }
            Workload::Planner => Self::new(404, "", "The requested item is not found."),
            Workload::Teams => Self::new(404, "NotFound", format!("No resource was found for '{what}'.")),
        }
    }

    pub(super) fn missing_scope(workload: Workload, wanted: &[&str], held: &[String]) -> Self {
        match workload {
            Workload::Directory => Self::new(
                403,
                "Authorization_RequestDenied",
                "Insufficient privileges to complete the operation.",
            ),
            Workload::Drive => Self::new(403, "accessDenied", "Access denied"),
            Workload::Exchange => {
                Self::new(403, "ErrorAccessDenied", "Access is denied. Check credentials and try again.")
            }
            Workload::Planner => {
                Self::new(403, "", "You do not have the required permissions to access this item.")
            }
            Workload::Teams => Self::new(
                403,
                "Forbidden",
                format!(
                    "Missing scope permissions on the request. API requires one of '{}'. Scopes on the request '{}'",
                    wanted.join(", "),
                    held.join(", ")
                ),
            ),
        }
    }

    /// The refusal where somebody has no mailbox, such as a guest.
    pub(super) fn no_mailbox() -> Self {
        Self::new(
            404,
            "MailboxNotEnabledForRESTAPI",
            "The mailbox is either inactive, soft-deleted, or is hosted on-premise.",
        )
    }

    /// Planner's refusal of a change to another version.
    pub(super) fn other_version(status: u16) -> Self {
        Self::new(status, "", "The client does not have the latest version. ")
    }

    pub(super) fn mailbox_concurrency() -> Self {
        let mut error =
            Self::new(429, "ApplicationThrottled", "Application is over its MailboxConcurrency limit.");
        error.retry_after = Some("10");
        error
    }

    pub(super) fn rate_limited(workload: Workload) -> Self {
        let (code, message, after) = match workload {
            Workload::Drive => ("activityLimitReached", "The request has been throttled", DRIVE_WAIT_SECS),
            Workload::Exchange => {
                ("ApplicationThrottled", "Application is over its request rate limit.", "10")
            }
            Workload::Planner | Workload::Teams => ("TooManyRequests", "Please retry again later.", "2.128"),
            Workload::Directory => (
                "Request_ThrottledTemporarily",
                "Your request is throttled temporarily. Please try after 150 seconds.",
                "150",
            ),
        };
        let mut error = Self::new(429, code, message);
        error.retry_after = Some(after);
        error.inner_codes = (workload == Workload::Drive).then_some(("throttledRequest", "quota"));
        error
    }

    /// The answer a service gives when it fails with `status` on its own.
    pub(super) fn of_status(status: u16, workload: Workload) -> Self {
        match status {
            401 => Self::unauthenticated("Lifetime validation failed, the token is expired."),
            403 => Self::missing_scope(workload, &[], &[]),
            404 => Self::not_found(workload, "item"),
            409 | 412 if workload == Workload::Planner => Self::other_version(status),
            429 => Self::rate_limited(workload),
            503 => {
                let mut error = Self::new(
                    503,
                    "serviceNotAvailable",
                    "The service is not available. Try the request again after a delay.",
                );
                error.retry_after = Some("30");
                error
            }
            500..=599 => Self::new(status, "UnknownError", ""),
            _ => Self::new(status, "BadRequest", "The request is not valid in the current state."),
        }
    }

    /// Headers that belong to this refusal alone.
    pub(super) fn headers(&self) -> Vec<(&'static str, String)> {
        let challenge = (self.status == 401 || !self.challenge.is_empty())
            .then(|| ("www-authenticate", format!("{CHALLENGE}{}", self.challenge)));
        let retry = self.retry_after.map(|seconds| ("retry-after", seconds.to_owned()));
        let limits: &[_] = if self.code == "activityLimitReached" { &DRIVE_LIMITS } else { &[] };
        let limits = limits.iter().map(|(name, value)| (*name, (*value).to_owned()));
        challenge.into_iter().chain(retry).chain(limits).collect()
    }

    /// The envelope. `date` has no zone and no fraction, as Graph writes it.
    pub(super) fn envelope(&self, date: &str, request_id: &str, client_request_id: &str) -> Value {
        let mut inner =
            json!({"date": date, "request-id": request_id, "client-request-id": client_request_id});
        if let (Some((code, innermost)), Some(inner)) = (self.inner_codes, inner.as_object_mut()) {
            inner.insert("code".to_owned(), json!(code));
            inner.insert("innerError".to_owned(), json!({"code": innermost}));
        }
        json!({"error": {"code": self.code, "message": self.message, "innerError": inner}})
    }
}
