//! The table of checks: what each proves, and what to do when it fails. `m365-mcp doctor --list` prints it.

/// How bad it is when a check fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Severity {
    /// A promise of the system does not hold.
    Error,
    /// A defence behind the first is missing, or something could not be tried.
    Warning,
}

impl Severity {
    /// The word in documents.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

/// One check.
#[derive(Debug)]
pub(super) struct Check {
    /// Its name, for pipelines: never changes its meaning.
    pub(super) id: &'static str,
    /// How bad a failure is.
    pub(super) severity: Severity,
    /// What holds where it passes, as a sentence.
    pub(super) proves: &'static str,
    /// What to do where it fails, as a sentence.
    pub(super) todo: &'static str,
}

macro_rules! checks {
    ($($name:ident $id:literal $severity:ident $proves:literal $todo:literal;)*) => {
        $(#[doc = $proves] pub(super) const $name: Check = Check {
            id: $id, severity: Severity::$severity, proves: $proves, todo: $todo,
        };)*

        /// Every check, in the order in which they are reported.
        pub(super) const CHECKS: &[&Check] = &[$(&$name,)*];
    };
}

checks! {
    REACHABLE "reachable" Error "The address answers, and its health page says nothing but that." "Check the DNS record, the route of the Worker or the tunnel, and that the server runs; its log names a setting that is wrong.";
    TLS "transport.tls" Error "The connection is encrypted and its certificate is one that browsers trust." "Put a valid certificate in front (Cloudflare issues one for a proxied name), and give the https address.";
    REDIRECT "transport.redirect" Error "Without TLS nothing is served: the http address is closed or leads to https." "Turn on Always Use HTTPS for the zone, or close port 80.";
    HSTS "transport.hsts" Warning "Browsers are told to use https only." "Turn on HTTP Strict Transport Security for the zone, with at least 6 months.";
    CLOCK "clock" Error "The server's clock agrees with this machine's within a minute." "Set the clocks of both machines by NTP: tokens and assertions are judged by their times.";

    MCP_CLOSED "mcp.closed" Error "A request without a token gets 401 and no MCP." "Stop the deployment: whatever answers there is not behind the bearer gate. Deploy this server, with nothing in front of it that adds credentials or caches.";
    MCP_MADE_UP "mcp.made-up-token" Error "Made-up tokens, and tokens in the query, get 401 and no MCP." "Stop the deployment: tokens are not checked. Deploy this server, with nothing in front of it that answers for it.";
    CHALLENGE "mcp.challenge" Error "The refusal tells a client where to find the way in (RFC 9728)." "Set PUBLIC_URL to this very address, and let WWW-Authenticate pass whatever stands in front.";
    GUARDS "access.guards" Error "Every page for people is answered by Cloudflare Access, not by the server, until somebody has signed in." "Cover the whole host name with one Access application, bypass only the paths that `docs/generated/routes.md` lets through, and check --team-domain.";
    FORGED "access.forged" Error "Assertions that Access did not sign open nothing." "Stop the deployment: assertions are not verified. Check that ACCESS_TEAM_DOMAIN and ACCESS_AUD name the Access application, and that nothing in front adds or caches answers.";
    UNSIGNED "access.unsigned" Error "Names in headers that nobody signed open nothing." "Remove whatever in front of the server turns such headers into a sign-in.";
    INGRESS "ingress.whole" Error "One authorization server serves the clients: with Managed OAuth that of Access, which then answers every path; otherwise the server itself." "With INGRESS=managed let one Access application with Managed OAuth cover the whole host name, and remove every Bypass policy; with INGRESS=oauth turn Managed OAuth off.";
    BYPASS "access.bypass" Error "The paths of machines pass Access: clients can reach them without a browser." "Add Access applications with a Bypass policy for exactly these paths; `docs/generated/routes.md` lists them.";
    KEYS "access.keys" Error "The Access team publishes RSA keys that can verify its assertions." "Check the team domain; without its keys nobody can sign in.";

    RESOURCE "metadata.resource" Error "The protected-resource metadata name this address and its authorization server (RFC 9728)." "Set PUBLIC_URL to this very address, without a trailing slash.";
    SERVER "metadata.server" Error "The authorization-server metadata name this address as issuer and in every endpoint (RFC 8414)." "Set PUBLIC_URL to this very address; clients must not use metadata that name another.";
    PKCE "metadata.pkce" Error "The only way in is a code with PKCE S256." "Deploy this server unchanged: it offers nothing else.";
    DOCUMENT_CORS "metadata.cors" Error "Public documents can be read by clients in browsers, without credentials." "Let Access-Control headers and OPTIONS requests of the public documents pass whatever stands in front.";
    REGISTRATION "registration.redirect" Error "A client that would send codes to an unknown site cannot register." "Stop registration: a redirect outside the operator's list was accepted.";

    CLOSED "names.closed" Error "The names given with --closed do not answer as this server." "Set workers_dev and preview_urls to false; let the origin take connections from Cloudflare only (a tunnel, or its firewall).";
    CLOSED_TLS "names.closed-tls" Warning "None of them listens behind a certificate that this program cannot verify, and so cannot look behind." "Look at it by hand, with certificate checks off; close the port if the server answers there.";
    HOST "names.host" Error "A request for another host name is refused." "Remove whatever rewrites the Host header in front of the server.";
    ORIGIN "names.origin" Error "A request from a page of another site is refused." "Let the Origin header pass whatever stands in front.";

    CORS "headers.cors" Error "No answer that depends on credentials can be read by pages of other sites." "Remove the rule in front of the server that adds Access-Control headers.";
    REFUSALS "headers.refusals" Error "Refusals are never stored and never taken for another type." "Remove the rule in front of the server that changes Cache-Control or X-Content-Type-Options.";
    REQUEST_ID "headers.request-id" Error "Every answer names its request, so that its record can be found." "Let x-request-id pass whatever stands in front, unchanged and never cached.";
    SOFTWARE "headers.software" Warning "Headers do not say which software answers." "Remove the Server, X-Powered-By and version headers in front of the server.";
    DISCREET "errors.discreet" Error "Malformed requests are refused without internals of the server." "Read the server's log at the time of this run; report the request that broke it.";

    SIZE "limits.size" Error "A body beyond the limit gets 413." "Deploy this server, and let long bodies pass whatever stands in front to be refused here, or refuse them there with 413.";
    TYPE "limits.type" Error "A body of another type gets 415." "Deploy this server, with nothing in front of it that changes Content-Type.";
    METHOD "limits.method" Error "Another method gets 405, and is told which to use." "Deploy this server, with nothing in front of it that answers other methods.";

    SESSION "sign-in.session" Error "Access takes the operator's token, and the server takes what Access says." "Get a fresh token with `cloudflared access token`; check that the Access application allows the operator, and that ACCESS_AUD is its audience tag.";
    PAGE "page.headers" Error "Pages cannot be framed, scripted or stored." "Remove the rule in front of the server that changes security headers of pages.";
    REGISTER "sign-in.register" Error "A client with a loopback redirect can register." "Read the server's log; a full quota answers 429 and passes in a minute.";
    CONSENT "sign-in.consent" Error "The person is asked, and the answer leads back to the client with a code, its state and the issuer." "Read the server's log with the request id of the page.";
    COOKIE "page.cookies" Error "The cookie of a sign-in belongs to this host alone, over TLS, out of reach of scripts." "Remove the rule in front of the server that changes Set-Cookie.";
    MICROSOFT "sign-in.microsoft" Warning "The operator's Microsoft account is connected, so that a call can be tried." "Open the path /connect of this address in a browser, sign in to Microsoft, and run this again.";
    TOKEN "sign-in.token" Error "The code becomes tokens that are short-lived, never stored and no wider than asked for." "Read the server's log for /token at the time of this run.";
    TOOLS "canary.list" Error "With the token the tools are listed, the canary among them as one that only reads." "Check PROFILE: every profile shows the reading tools.";
    CALL "canary.call" Error "A reading tool reaches Microsoft Graph and answers." "Follow the sentence of the answer; check the AI Gateway, its custom provider and its token.";
    JOURNAL "canary.journal" Error "The journal holds the call before and after its effect, with the log id of the gateway and the request id of Graph." "Check that Graph is reached through the AI Gateway with logs on, and that nothing in front changes /me/journal.";
    REVOKED "sign-in.revoke" Error "After revocation both tokens are refused at once." "Stop the deployment: revoked tokens still open it. Look for a cache in front of the server.";

    POLICY "policy.loads" Error "The policy set on this machine (POLICY_DIR of the environment, or the one that ships) loads; what a server elsewhere has in force stands in its log and records." "Run `m365-mcp policy check` on the folder and repair what it names.";

    SERVICE "service.passes" Error "Access lets the service token through to the server." "Add a policy with the action Service Auth for this token to the Access application, and check the two lines of the file.";
    SERVICE_BOUND "service.bound" Error "With a service token nothing opens but discovery." "Stop the deployment: a service token is taken for a person.";
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_are_unique_and_every_check_says_what_it_proves_and_what_to_do() {
        let ids: BTreeSet<_> = CHECKS.iter().map(|check| check.id).collect();
        assert_eq!(ids.len(), CHECKS.len());
        for check in CHECKS {
            assert!(check.proves.ends_with('.') && check.todo.ends_with('.'), "{}", check.id);
            assert!(check.id.len() <= 21 && check.todo.is_ascii() && check.proves.is_ascii(), "{}", check.id);
        }
    }
}
