//! The table of errors: one row per code, with its status and its words. `docs/generated/errors.md` is made of it.
//!
//! Refusals that are decided inside `auth`, `mcp`, `policy` or `graph` keep their own words; `respond` maps
//! each of them, exhaustively, to a row here.

use http::StatusCode;

/// One way a request can end badly.
#[derive(Debug)]
pub struct ErrorRow {
    /// The code in records, bodies and documents.
    pub code: &'static str,
    /// HTTP status.
    pub status: StatusCode,
    /// The OAuth error word (RFC 6749, 6750, 7591, 8707), for machine routes.
    pub oauth: &'static str,
    /// What happened, as a heading.
    pub title: &'static str,
    /// Why, and what to do next.
    pub sentence: &'static str,
}

macro_rules! errors {
    ($($name:ident $code:literal $status:ident $oauth:literal $title:literal $sentence:literal;)*) => {
        $(#[doc = $title] pub(crate) const $name: ErrorRow = ErrorRow {
            code: $code, status: StatusCode::$status, oauth: $oauth, title: $title, sentence: $sentence,
        };)*

        /// Every row, by code.
        pub const ERRORS: &[ErrorRow] = &[$($name,)*];
    };
}

errors! {
    ACCESS_KEYS "access.keys_unavailable" SERVICE_UNAVAILABLE "temporarily_unavailable" "Your sign-in cannot be checked right now" "The keys of Cloudflare Access could not be fetched. Nothing was done. Try again in a minute; if it stays, tell the operator.";
    ACCESS_OTHER_PERSON "access.other_person" FORBIDDEN "access_denied" "Two different people" "The Access sign-in and the access token name different people. Sign out of one of them and connect again.";
    ACCESS_REFUSED "access.refused" FORBIDDEN "access_denied" "This address needs a sign-in through Cloudflare Access" "The request carried no valid Access assertion. Open the address in a browser and sign in; if you just did, tell the operator the request id.";
    ACCESS_SERVICE "access.service" FORBIDDEN "access_denied" "This address is for people" "A service token cannot sign in to Microsoft 365 for a person.";
    APPROVAL_ANSWERED "approval.answered" CONFLICT "invalid_request" "This question has been answered already" "An answer counts once and cannot be changed. Open the link again to see what was answered.";
    APPROVAL_CHANGED "approval.changed" CONFLICT "invalid_request" "This is not the question that you were shown" "What would happen has changed since the page was opened, so your answer was not taken. Open the link again and look anew.";
    APPROVAL_ENDED "approval.ended" GONE "invalid_request" "This question has ended" "It waited for its answer too long, so nothing can happen by it any more. If it should still happen, ask your assistant to try again: it then gives you a new link.";
    APPROVAL_UNKNOWN "approval.unknown" NOT_FOUND "invalid_request" "There is no such question" "The link is incomplete or altered, or its question ended long ago. Copy the whole link again, or ask your assistant for a new one.";
    APPROVER "approval.other_person" FORBIDDEN "access_denied" "This question is not for you to answer" "It is about somebody else's account, and only a second person of the approvers' group may answer for them, and only where the rules demand one. Tell whoever sent you the link.";
    AUTHORIZE_REFUSED "authorize.refused" BAD_REQUEST "invalid_request" "This sign-in request is not valid" "The application that sent you here made a request that cannot be answered safely, so nobody was told anything. Start again from the application; if it happens again, tell its maker.";
    BODY_TOO_LARGE "request.body_too_large" PAYLOAD_TOO_LARGE "invalid_request" "The request is too large" "The body is longer than this address accepts.";
    BUSY "server.busy" TOO_MANY_REQUESTS "temporarily_unavailable" "Too many requests" "A limit was reached. Try again later.";
    CELL_UNAVAILABLE "cell.unavailable" SERVICE_UNAVAILABLE "temporarily_unavailable" "The server cannot reach your data right now" "Whether the request had an effect is unknown; look before you repeat it. If it stays, tell the operator.";
    CLIENT_REFUSED "client.refused" UNAUTHORIZED "invalid_client" "The client could not be authenticated" "The client is unknown, has expired, or did not authenticate the way it registered. Register again.";
    CLIENT_UNAVAILABLE "client.unavailable" SERVICE_UNAVAILABLE "temporarily_unavailable" "The client cannot be checked right now" "The metadata document of the client could not be fetched. Nothing was done and nothing has ended. Try again in a minute.";
    CONSENT_INCOMPLETE "consent.incomplete" BAD_REQUEST "invalid_request" "The answer was incomplete" "The form said neither yes nor no. Go back and choose again.";
    CONTENT_TYPE "request.content_type" UNSUPPORTED_MEDIA_TYPE "invalid_request" "The body has another type than expected" "Send the content type that this address documents.";
    CSRF "request.cross_site" FORBIDDEN "access_denied" "This form did not come from our page" "The form token is missing or belongs to another page, browser or person. Start again from the application.";
    GRANT_REFUSED "grant.refused" BAD_REQUEST "invalid_grant" "The code or token is not valid" "It was used, has expired, was revoked or belongs to something else. Authorize again.";
    HEADERS_TOO_LARGE "request.headers_too_large" REQUEST_HEADER_FIELDS_TOO_LARGE "invalid_request" "The request's headers are too large" "The address and headers are more or longer than this server reads. Delete this site's cookies, or send fewer headers.";
    HOST "request.host" MISDIRECTED_REQUEST "invalid_request" "Unknown host name" "This server does not answer for that host name.";
    INTERNAL "server.fault" INTERNAL_SERVER_ERROR "server_error" "Something went wrong on our side" "The request was stopped. Tell the operator the request id.";
    JOURNAL "journal.unavailable" SERVICE_UNAVAILABLE "temporarily_unavailable" "The journal cannot be written" "Nothing is done without a record, so nothing was done. Tell the operator; try again later.";
    METHOD "request.method" METHOD_NOT_ALLOWED "invalid_request" "That method is not used here" "Use a method from the `Allow` header.";
    MICROSOFT_REFUSED "microsoft.refused" FORBIDDEN "access_denied" "Microsoft did not complete the sign-in" "Start again from the application.";
    NOT_FOUND "request.not_found" NOT_FOUND "invalid_request" "There is nothing here" "The address is not one of this server's.";
    OPERATOR "operator.refused" FORBIDDEN "access_denied" "This address is for operators" "The person is not in the operators' group, or the assertion is of another Access application. Ask whoever manages the group.";
    PERSON_UNKNOWN "operator.person_unknown" NOT_FOUND "invalid_request" "Nobody of that name has connected" "Name someone by the e-mail address, the Access subject or the cell they had when they last linked Microsoft.";
    RESTORED "cell.restored" SERVICE_UNAVAILABLE "temporarily_unavailable" "This data was restored from a copy" "It can be looked at, but not used before an operator has readmitted it. Ask the operator.";
    STANDING "directory.unavailable" SERVICE_UNAVAILABLE "temporarily_unavailable" "The server cannot check your session right now" "The directory did not answer, and without it nobody is let in. Nothing was done. Try again in a minute.";
    ORIGIN "request.origin" FORBIDDEN "access_denied" "Cross-site requests are not accepted" "The request came from a page of another site.";
    POLICY "policy.unavailable" SERVICE_UNAVAILABLE "temporarily_unavailable" "There is no policy to decide by" "The organisation's policy could not be read or does not load, so nothing is done. Tell the operator; the log says what is wrong with it.";
    REQUEST_MALFORMED "request.malformed" BAD_REQUEST "invalid_request" "The request is malformed" "A parameter is missing, doubled, too long or badly encoded.";
    REGISTRATION_METADATA "registration.metadata" BAD_REQUEST "invalid_client_metadata" "The client metadata is not acceptable" "A value is missing, unsafe or not supported by this server.";
    REGISTRATION_OFF "registration.off" FORBIDDEN "access_denied" "Clients cannot register themselves here" "Use a client that identifies itself by a metadata document, or ask the operator to allow registration.";
    REGISTRATION_REDIRECT "registration.redirect_uri" BAD_REQUEST "invalid_redirect_uri" "A redirect URI is not allowed" "Only loopback addresses and the redirect URIs on the operator's list can be registered.";
    REAUTH "grant.reauthorize" BAD_REQUEST "invalid_grant" "Your sign-in is too old" "The sign-in with Cloudflare Access is older than this server accepts. Sign out of Access, then start again from the application.";
    SCOPE "grant.scope" BAD_REQUEST "invalid_scope" "The scope is wider than what was granted" "Ask for no more than the grant holds, or authorize again.";
    STREAM_UNKNOWN "stream.unknown" NOT_FOUND "invalid_request" "There is no such stream" "The session is unknown, of another connection, or over. Open the stream anew by GET at `/sse`.";
    SERVER_UNAVAILABLE "server.unavailable" SERVICE_UNAVAILABLE "temporarily_unavailable" "The server is not able to answer" "A store did not answer. Try again later.";
    TARGET "grant.target" BAD_REQUEST "invalid_target" "The resource is not this server's" "Use the resource of the protected-resource metadata.";
    TIMEOUT "request.timeout" REQUEST_TIMEOUT "invalid_request" "The request took too long to arrive" "Send the body without pauses.";
    TOKEN_INVALID "token.invalid" UNAUTHORIZED "invalid_token" "The access token is not valid" "Refresh it, or authorize again.";
    TOKEN_MISSING "token.missing" UNAUTHORIZED "" "An access token is needed" "Read the `WWW-Authenticate` header and authorize.";
    TOKEN_REQUEST "token.request" BAD_REQUEST "invalid_request" "The token request is malformed" "A parameter is missing, doubled or badly encoded.";
    TRANSACTION "transaction.refused" BAD_REQUEST "invalid_request" "This sign-in has expired or was already used" "A sign-in lasts ten minutes, belongs to one browser and one person, and can be used once. Start again from the application.";
    UNSUPPORTED_GRANT "token.grant_type" BAD_REQUEST "unsupported_grant_type" "The grant type is not supported" "Use `authorization_code` or `refresh_token`.";
}

#[cfg(test)]
mod tests {
    use super::ERRORS;

    #[test]
    fn codes_are_unique_and_every_row_says_what_to_do() {
        let mut codes: Vec<_> = ERRORS.iter().map(|row| row.code).collect();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), ERRORS.len());
        for row in ERRORS {
            assert!(row.status.is_client_error() || row.status.is_server_error(), "{}", row.code);
            assert!(row.sentence.ends_with('.') && !row.title.ends_with('.'), "{}", row.code);
        }
    }
}
