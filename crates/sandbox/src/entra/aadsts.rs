//! Entra's error codes and error bodies.
//!
//! Source: Microsoft's list of AADSTS codes and the error response of the token endpoint. Microsoft says that
//! numbers and texts may change and that clients branch on `error`; the table keeps the pairs seen in practice.

use axum::Json;
use axum::response::{IntoResponse as _, Response};
use http::header::{CACHE_CONTROL, RETRY_AFTER};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::entropy;
use crate::estate::Estate;

const INTERACTION: &str = "interaction_required";
const CLIENT: &str = "invalid_client";
const GRANT: &str = "invalid_grant";
const REQUEST: &str = "invalid_request";
const SCOPE: &str = "invalid_scope";
const BUSY: &str = "temporarily_unavailable";
const UNAUTHORIZED: &str = "unauthorized_client";

/// One row: code, `error`, sentence.
type Row = (u32, &'static str, &'static str);

#[rustfmt::skip]
const TABLE: &[Row] = &[
    (16000, INTERACTION, "The signed-in account does not exist in the tenant and cannot access the application."),
    (28002, SCOPE, "The value of the input parameter scope is not valid when requesting an access token."),
    (28003, SCOPE, "The input parameter scope cannot be empty when requesting an access token."),
    (50005, INTERACTION, "The device platform is not supported by the conditional access policy."),
    (50011, REQUEST, "The redirect URI specified in the request does not match the redirect URIs configured for the application."),
    (50012, CLIENT, "Authentication failed: the client assertion could not be verified."),
    (50020, GRANT, "The user account does not exist in the tenant and cannot access the application there."),
    (50027, REQUEST, "The token is not valid: it is malformed."),
    (50033, BUSY, "A transient error has occurred. Please try again."),
    (50034, GRANT, "The user account does not exist in the directory."),
    (50053, GRANT, "The account is locked, or the sign-in came from an address with malicious activity."),
    (50055, GRANT, "The password is expired."),
    (50057, GRANT, "The user account is disabled."),
    (50058, "login_required", "A silent sign-in request was sent but no user is signed in."),
    (50072, GRANT, "The user must enroll for multifactor authentication to access the resource."),
    (50074, GRANT, "Strong authentication is required and the user did not pass the challenge."),
    (50076, GRANT, "Due to a configuration change made by your administrator, or because you moved to a new location, you must use multifactor authentication."),
    (50078, GRANT, "Presented multifactor authentication has expired; you must refresh it."),
    (50079, GRANT, "The user is required to enroll for multifactor authentication."),
    (50087, BUSY, "A transient error has occurred during strong authentication. Please try again."),
    (50088, BUSY, "The limit on telephone calls for multifactor authentication was reached. Please try again later."),
    (50089, GRANT, "The flow token is expired. Sign in again."),
    (50097, INTERACTION, "Device authentication is required."),
    (50105, GRANT, "The signed-in user is not assigned to a role for the application."),
    (50131, INTERACTION, "A conditional access policy blocks the request from this device."),
    (50132, GRANT, "The session is not valid: the password has expired or was changed."),
    (50133, GRANT, "The session is not valid: the password has expired or was changed recently."),
    (50144, GRANT, "The user's Active Directory password has expired."),
    (50147, REQUEST, "The size of the code_challenge parameter is not valid."),
    (50173, GRANT, "The provided grant has expired due to it being revoked, a fresh auth token is needed."),
    (50194, REQUEST, "The application is not configured as a multi-tenant application. Use a tenant-specific endpoint."),
    (50196, GRANT, "The server terminated an operation because it encountered a client request loop."),
    (51004, GRANT, "The user account does not exist in the directory."),
    (53000, INTERACTION, "The device is not in the required device state: a managed device is required."),
    (53001, INTERACTION, "The device is not in the required device state: a domain-joined device is required."),
    (53002, INTERACTION, "The application is not an approved app for conditional access."),
    (53003, INTERACTION, "Access has been blocked by conditional access policies."),
    (53011, GRANT, "The user is blocked due to risk on the home tenant."),
    (54005, GRANT, "The OAuth2 authorization code was already redeemed, please retry with a new valid code or use an existing refresh token."),
    (65001, GRANT, "The user or administrator has not consented to use the application with these permissions."),
    (65004, "access_denied", "The user declined to consent to access the app."),
    (65005, CLIENT, "The application is misconfigured: a required resource access list is wrong."),
    (70000, GRANT, "The provided grant is not valid: it is malformed or was not issued by this service."),
    (70001, UNAUTHORIZED, "The application is disabled in this tenant."),
    (70002, CLIENT, "The credentials of the client could not be validated."),
    (70003, "unsupported_grant_type", "The app returned an unsupported grant type."),
    (70004, REQUEST, "The redirect URI is not valid."),
    (70008, GRANT, "The provided authorization code or refresh token has expired. Send a new interactive authorization request."),
    (70011, SCOPE, "The provided value for the input parameter 'scope' is not valid."),
    (70021, REQUEST, "No matching federated identity record was found for the presented assertion."),
    (70043, GRANT, "The refresh token has expired or is not valid due to sign-in frequency checks by conditional access."),
    (90002, REQUEST, "The tenant was not found. Check to make sure you have the correct tenant id."),
    (90006, BUSY, "The service had an internal error. Please try again."),
    (90012, BUSY, "The request has timed out. Please try again."),
    (90023, REQUEST, "The request is not valid."),
    (90024, BUSY, "A transient error has occurred. Please try again."),
    (90033, BUSY, "A transient error has occurred. Please try again."),
    (90055, BUSY, "The tenant is being throttled due to too many incoming requests."),
    (90072, GRANT, "The user account does not exist in the tenant; it must be added as an external user first."),
    (90094, "access_denied", "The grant requires administrator permission: an administrator of the tenant must consent."),
    (90095, "access_denied", "The consent of an administrator is required and can be requested."),
    (90130, REQUEST, "The application is not available for the tenant used."),
    (500_011, "invalid_resource", "The resource principal was not found in the tenant."),
    (500_021, "access_denied", "Access to the tenant is denied by tenant restrictions."),
    (500_022, "access_denied", "Access to the tenant is denied by tenant restrictions."),
    (500_212, "access_denied", "The user's administrator has set an outbound access policy that does not allow access to the resource tenant."),
    (500_213, "access_denied", "The resource tenant's cross-tenant access policy does not allow this user to access this tenant."),
    (501_481, GRANT, "The code_verifier does not match the code_challenge supplied in the authorization request."),
    (501_491, REQUEST, "The size of the code_verifier parameter is not valid."),
    (530_032, INTERACTION, "Access is blocked by a security policy."),
    (530_034, GRANT, "A delegated administrator was blocked from accessing the tenant due to account risk."),
    (650_052, CLIENT, "The app needs access to a service that the organisation has not subscribed to or enabled."),
    (650_053, CLIENT, "The application asked for a scope that does not exist on the resource."),
    (650_056, CLIENT, "The application is misconfigured: the permissions it needs are not listed or not consented."),
    (700_016, UNAUTHORIZED, "The application was not found in the directory."),
    (700_021, CLIENT, "The application identifier of the client assertion does not match the parameter 'client_id'."),
    (700_022, SCOPE, "The scope is not valid because it contains more than one resource."),
    (700_023, SCOPE, "The scope is not valid because it contains no resource that can be resolved."),
    (700_024, CLIENT, "The client assertion is not within its valid time range."),
    (700_025, CLIENT, "The client is public, so neither 'client_assertion' nor 'client_secret' should be presented."),
    (700_027, CLIENT, "The client assertion contains an invalid signature."),
    (700_030, CLIENT, "The certificate of the client assertion is not valid."),
    (700_054, "unsupported_response_type", "The response_type is not enabled for the application."),
    (700_082, GRANT, "The refresh token has expired due to inactivity."),
    (700_211, REQUEST, "No matching federated identity record was found for the presented assertion issuer."),
    (700_212, REQUEST, "No matching federated identity record was found for the presented assertion audience."),
    (700_213, REQUEST, "No matching federated identity record was found for the presented assertion subject."),
    (700_229, UNAUTHORIZED, "Only app-only tokens can be used as federated identity credentials."),
    (900_144, REQUEST, "The request body or query must contain a parameter that is missing."),
    (900_384, CLIENT, "The client assertion has an invalid signature."),
    (900_971, REQUEST, "No reply address is provided."),
    (1_000_502, CLIENT, "The provided certificate is not within its specified validity period."),
    (7_000_112, UNAUTHORIZED, "The application is disabled."),
    (7_000_215, CLIENT, "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID."),
    (7_000_218, CLIENT, "The request body must contain the following parameter: 'client_assertion' or 'client_secret'."),
    (7_000_222, CLIENT, "The provided client secret keys for the app are expired."),
    (9_001_023, REQUEST, "The grant type is not supported over the /common or /consumers endpoints."),
    (9_002_325, REQUEST, "Proof Key for Code Exchange with method S256 is required."),
    (9_002_326, REQUEST, "Cross-origin token redemption is permitted only for the 'Single-Page Application' client-type."),
    (9_002_332, REQUEST, "The application is configured for use by other account types only."),
    (9_010_010, "invalid_target", "The resource parameter provided in the request doesn't match with the requested scopes."),
];

/// Codes for which a token answer is 401 rather than 400 are those of `invalid_client`.
const MULTIFACTOR: &[u32] = &[50072, 50074, 50076, 50078, 50079, 53000, 53001, 53002, 53003];

/// Whether the simulated Entra can answer with this code.
#[must_use]
pub fn known(code: u32) -> bool {
    row(code).is_some()
}

fn row(code: u32) -> Option<&'static Row> {
    TABLE.iter().find(|row| row.0 == code)
}

/// One error of Entra.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Aadsts {
    /// The number after `AADSTS`.
    pub(super) code: u32,
    error: &'static str,
    sentence: String,
    status: StatusCode,
    /// A fault asked for this HTTP status, so it must not turn into a redirect.
    forced: bool,
}

impl Aadsts {
    /// The error with this code; an unknown one is a general `invalid_request`.
    pub(crate) fn new(code: u32) -> Self {
        let &(code, error, sentence) = row(code).unwrap_or(&(90023, REQUEST, "The request is not valid."));
        let status = match error {
            CLIENT => StatusCode::UNAUTHORIZED,
            BUSY => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::BAD_REQUEST,
        };
        Self { code, error, sentence: sentence.to_owned(), status, forced: false }
    }

    /// The error with this code under another HTTP status.
    pub(crate) fn with_status(code: u32, status: StatusCode) -> Self {
        Self { status, forced: true, ..Self::new(code) }
    }

    /// The general error of an HTTP status.
    pub(crate) fn of_status(status: u16) -> Self {
        let code = match status {
            401 => 70002,
            429 => 90055,
            500.. => 90033,
            _ => 90023,
        };
        Self::with_status(code, StatusCode::from_u16(status).unwrap_or(StatusCode::SERVICE_UNAVAILABLE))
    }

    /// The same error with a sentence that says what exactly is wrong.
    pub(crate) fn about(self, detail: &str) -> Self {
        Self { sentence: format!("{} {detail}", self.sentence), ..self }
    }

    /// Whether Entra shows this on its own page, because the redirect cannot be trusted (or the status is to be seen).
    pub(crate) fn shown_on_own_page(&self) -> bool {
        self.forced
            || matches!(
                self.code,
                50011
                    | 50194
                    | 70001
                    | 70004
                    | 90002
                    | 90130
                    | 500_011
                    | 700_016
                    | 900_971
                    | 7_000_112
                    | 9_001_023
            )
    }

    /// HTTP status at the token endpoint.
    pub(crate) fn status(&self) -> StatusCode {
        self.status
    }

    /// The `error` of this answer at the authorization endpoint, where some codes have another one.
    pub(crate) fn error_at_authorize(&self) -> &'static str {
        match (self.code, self.error) {
            (65001, _) => "consent_required",
            (_, GRANT) => INTERACTION,
            (_, error) => error,
        }
    }

    /// `AADSTS50011: …` with the ids for support.
    pub(crate) fn description(&self, trace: &Trace) -> String {
        format!(
            "AADSTS{}: {} Trace ID: {} Correlation ID: {} Timestamp: {}",
            self.code, self.sentence, trace.id, trace.correlation_id, trace.timestamp
        )
    }

    /// The JSON answer of the token endpoint and of the metadata endpoints.
    pub(crate) fn answer(&self, estate: &Estate, headers: &HeaderMap) -> Response {
        let trace = Trace::new(estate, headers);
        let mut body = json!({
            "error": self.error,
            "error_description": self.description(&trace),
            "error_codes": [self.code],
            "timestamp": trace.timestamp,
            "trace_id": trace.id,
            "correlation_id": trace.correlation_id,
            "error_uri": format!("{}/entra/error?code={}", estate.config.sandbox_url, self.code),
        });
        for (name, value) in self.optional_fields() {
            if let Some(fields) = body.as_object_mut() {
                fields.insert(name.to_owned(), value);
            }
        }
        let mut response = (self.status, [(CACHE_CONTROL, "no-store")], Json(body)).into_response();
        trace.write_to(response.headers_mut());
        if self.status == StatusCode::TOO_MANY_REQUESTS {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }

    fn optional_fields(&self) -> Vec<(&'static str, Value)> {
        let claims = || {
            let wanted = json!({"access_token": {"polids": {
                "essential": true, "values": ["9ab03e19-ed42-4168-b6b7-7001fb3e933a"]
            }}});
            ("claims", Value::String(wanted.to_string()))
        };
        let suberror = |value: &str| ("suberror", Value::String(value.to_owned()));
        match self.code {
            50173 | 50132 | 50133 => vec![suberror("bad_token")],
            700_082 | 70008 | 70043 => vec![suberror("token_expired")],
            65001 => vec![suberror("consent_required")],
            53000..=53003 => vec![suberror("message_only"), claims()],
            code if MULTIFACTOR.contains(&code) => vec![suberror("basic_action"), claims()],
            _ => Vec::new(),
        }
    }
}

/// The ids under which Microsoft's support finds a request.
pub(crate) struct Trace {
    id: Uuid,
    correlation_id: Uuid,
    timestamp: String,
    echoed: bool,
}

impl Trace {
    /// Ids for one answer; a `client-request-id` that is a UUID becomes the correlation id.
    pub(crate) fn new(estate: &Estate, headers: &HeaderMap) -> Self {
        let sent = headers.get("client-request-id").and_then(|value| value.to_str().ok());
        let sent = sent.and_then(|id| Uuid::parse_str(id).ok());
        let now = estate.clock.rfc3339();
        let seconds = now.get(..19).unwrap_or(&now).replace('T', " ");
        Self {
            id: entropy::uuid(),
            correlation_id: sent.unwrap_or_else(entropy::uuid),
            timestamp: format!("{seconds}Z"),
            echoed: sent.is_some(),
        }
    }

    /// Adds the ids to the headers of an answer.
    pub(crate) fn write_to(&self, headers: &mut HeaderMap) {
        let mut put = |name: &'static str, id: Uuid| {
            if let Ok(value) = HeaderValue::try_from(id.to_string()) {
                headers.insert(HeaderName::from_static(name), value);
            }
        };
        put("x-ms-request-id", self.id);
        if self.echoed {
            put("client-request-id", self.correlation_id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_listed_once_and_in_order() {
        assert!(TABLE.is_sorted_by(|one, next| one.0 < next.0));
        assert!(known(50173));
        assert!(!known(1));
    }

    #[test]
    fn client_authentication_fails_with_401_and_grants_with_400() {
        assert_eq!(Aadsts::new(7_000_215).status(), StatusCode::UNAUTHORIZED);
        assert_eq!(Aadsts::new(50173).status(), StatusCode::BAD_REQUEST);
        assert_eq!(Aadsts::of_status(500).error, BUSY);
        assert_eq!(Aadsts::of_status(500).status(), StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(Aadsts::new(1).code, 90023);
    }
}
