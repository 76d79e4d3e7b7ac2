//! The table of settings: documents, parsing, `doctor` and the check of `wrangler.example.jsonc` derive from it.

/// One setting.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// Name in the environment, and of the Worker's secret.
    pub name: &'static str,
    /// Whether the native host takes it only from a file. On the Worker every setting is a secret.
    pub secret: bool,
    /// The value taken where there is none; no default means it is required, `""` that it is optional.
    pub default: Option<&'static str>,
    /// What it is, and its form.
    pub purpose: &'static str,
    /// Where an operator gets the value.
    pub provisioning: &'static str,
    /// What fails without it, or with a wrong one.
    pub without: &'static str,
}

macro_rules! settings {
    ($($name:literal $secret:ident $default:expr, $purpose:literal, $provisioning:literal, $without:literal;)*) => {
        &[$(Setting {
            name: $name, secret: settings!(@$secret), default: $default,
            purpose: $purpose, provisioning: $provisioning, without: $without,
        },)*]
    };
    (@plain) => { false };
    (@secret) => { true };
}

/// Every setting of the core, in the order it is read. The native host adds `LISTEN`, `DATA_DIR`, `POLICY_DIR`
/// and `LOG`.
pub const SETTINGS: &[Setting] = settings! {
    "PUBLIC_URL" plain None,
        "Where clients and browsers reach the server, through Access: an https origin without a path",
        "The host name chosen for the Worker's route or the tunnel",
        "The server does not start.";
    "ACCESS_TEAM_DOMAIN" plain None,
        "Cloudflare Access team: `https://<team>.cloudflareaccess.com`",
        "Zero Trust settings, team domain",
        "The server does not start; with a wrong one every assertion is refused.";
    "ACCESS_AUD" plain None,
        "Audience tag of the Access application",
        "`aud` of the application that guards the browser routes",
        "The server does not start; with a wrong one every assertion is refused.";
    "ACCESS_REAUTH" plain Some("12h"),
        "How long one Access sign-in carries a grant: a number and `s`, `m` or `h`, 5 minutes to 24 hours",
        "The organisation's rule for sessions",
        "The default is used.";
    "ACCESS_EVERYWHERE" plain Some("false"),
        "`true`: every route demands an Access assertion, machine routes beside their token",
        "`true` only where every client can pass Access by itself",
        "Machine routes rely on the bearer token, which came from an Access sign-in.";
    "DISCOVERY_BEFORE_SIGN_IN" plain Some("false"),
        "`true`: whoever Access lets through may list tools, resources and prompts without an access token; only with `ACCESS_EVERYWHERE=true` or `INGRESS=managed`",
        "`true` where clients must show what there is before a person has signed in",
        "Nothing answers without an access token.";
    "ACCESS_TOKEN_LIFETIME" plain Some("1h"),
        "How long an access token lives at most: a number and `s`, `m` or `h`, 1 minute to 1 hour",
        "The organisation's rule for sessions",
        "The default is used.";
    "GRANT_IDLE_LIFETIME" plain Some("720h"),
        "How long a refresh token lives unused, 5 minutes to 2160 hours; `ACCESS_REAUTH` ends it before",
        "The organisation's rule for sessions",
        "The default is used.";
    "GRANT_LIFETIME" plain Some("2160h"),
        "How long a grant lives however often it is refreshed, 5 minutes to 8760 hours; `ACCESS_REAUTH` ends it before",
        "The organisation's rule for sessions",
        "The default is used.";
    "INGRESS" plain Some("oauth"),
        "`oauth`: the server is the authorization server of its MCP clients; `managed`: Cloudflare Access is, with Managed OAuth, and guards every path",
        "`managed` only where every client can sign in to Access by itself",
        "The default is used.";
    "OPERATOR_GROUP" plain Some(""),
        "Group, as the identity provider names it in the assertion, whose members may use `/operator`",
        "A group of the identity provider",
        "Nobody is an operator: nobody can be cut off, unlinked or admitted again but through Access and Entra.";
    "OPERATOR_AUD" plain Some(""),
        "Audience tag of a second Access application over `/operator`, one that demands a fresh second factor",
        "`aud` of that application",
        "`/operator` accepts assertions of the application that guards the browser routes.";
    "APPROVER_GROUP" plain Some(""),
        "Group, as the identity provider names it in the assertion, whose members may give the second person's answer where policy demands one",
        "A group of the identity provider",
        "Nobody can give it: what needs a second person does not happen.";
    "CLIENT_METADATA_HOSTS" plain Some("claude.ai vscode.dev chatgpt.com"),
        "Hosts whose client metadata documents are accepted, separated by spaces; `none` for no host",
        "The vendors whose clients the organisation allows",
        "The well-known clients are accepted.";
    "CLIENT_METADATA_BASE_URL" plain Some(""),
        "Development only: a loopback address that stands in for the hosts of client metadata documents",
        "Leave it out",
        "Documents are fetched from their own hosts.";
    "CLIENT_REDIRECTS" plain Some(""),
        "Further https redirect URIs of clients, separated by spaces; one path segment may be `*`. A metadata document's own host needs no entry",
        "The documents of a client, or `https://<portal>/servers-callback` of an MCP portal",
        "Loopback addresses and the redirect URIs of the well-known clients are accepted.";
    "CLIENT_REGISTRATION" plain Some("on"),
        "`on`: clients may register themselves, within quota and for redirect URIs that are accepted; `off`: only clients with a metadata document",
        "`off` where every client has a metadata document",
        "The default is used.";
    "AI_GATEWAY_BASE_URL" plain Some("https://gateway.ai.cloudflare.com"),
        "AI Gateway host",
        "Leave it out",
        "The default is used.";
    "AI_GATEWAY_ACCOUNT_ID" plain None,
        "Cloudflare account of the gateway",
        "The account's overview page",
        "The server does not start; with a wrong one every Graph call fails closed.";
    "AI_GATEWAY_ID" plain None,
        "Name of the gateway that carries Graph",
        "The name given when the gateway was made",
        "The server does not start; with a wrong one every Graph call fails closed.";
    "AI_GATEWAY_SERVICE_TOKEN" secret None,
        "API token with AI Gateway Run, for `cf-aig-authorization`",
        "An account API token with that one permission",
        "The server does not start; with a wrong one every Graph call fails closed.";
    "GRAPH_API_VERSION" secret None,
        "Microsoft Graph version: `v1.0`",
        "The text `v1.0`",
        "The server does not start.";
    "SHAREPOINT_HOSTS" plain Some(""),
        "Hosts that Graph may send to for the content of files, separated by spaces, each with a custom provider of the gateway named after it",
        "`<tenant>.sharepoint.com <tenant>-my.sharepoint.com`, and `outlook.office.com` for attachments of 3 MB and more",
        "The content of files is not read, and large attachments are not made; names and sizes still are.";
    "GRAPH_TRANSPORT" plain Some("direct"),
        "`direct`: each Graph call as itself; `batch`: tunnelled in `POST /$batch`, for gateways that carry POST only",
        "`batch` where the canary of GET through the gateway fails",
        "The default is used.";
    "AI_GATEWAY_LLM_ID" plain Some(""),
        "Name of the gateway that carries questions to language models; best one of its own, since data loss prevention, guardrails and spending limits are a gateway's",
        "The name given when that gateway was made",
        "No model is asked anything.";
    "LLM_CLASSIFIER_ROUTE" plain Some(""),
        "Name of the dynamic route on `AI_GATEWAY_LLM_ID` whose model judges texts",
        "The route's name, without `dynamic/`",
        "No model judges texts; with a wrong one it is told that it could not be asked.";
    "LLM_SUMMARY_ROUTE" plain Some(""),
        "Name of the dynamic route on `AI_GATEWAY_LLM_ID` whose model summarises conversations",
        "The route's name, without `dynamic/`",
        "No model summarises; with a wrong one callers are told that the route is not served.";
    "WEBHOOK_URLS" plain Some(""),
        "Who is told of security events: https URLs without port and query, separated by spaces, each on a host of its own that has a custom provider of the gateway named after it",
        "The receivers' addresses",
        "Nobody is told; the journal has everything.";
    "WEBHOOK_SECRET" secret Some(""),
        "Secret that signs webhooks (Standard Webhooks): `whsec_` and base64 of 24 to 64 random bytes",
        "`openssl rand -base64 32` behind `whsec_`; the receivers get the same",
        "The server does not start where `WEBHOOK_URLS` names anybody; with a wrong one receivers refuse every event.";
    "WEBHOOK_SECRET_PREVIOUS" secret Some(""),
        "A second secret that signs besides the first, until every receiver knows the new one",
        "The secret before",
        "Receivers that do not know the new secret yet refuse events; they are sent again for three days.";
    "INSPECT_RESPONSES" plain Some("local"),
        "`local`: results are inspected by this server; `gateway`: also by data loss prevention of the gateway, through a custom provider `m365-echo` whose base is `PUBLIC_URL`",
        "`gateway` where the organisation's profiles of data loss prevention must see what is handed out",
        "The default is used; with `gateway` and no such provider no result is handed out.";
    "CLOUD" plain Some("global"),
        "Microsoft cloud of the tenant: `global` (GCC included), `usgov` (GCC High), `usgov-dod` or `china`; decides sign-in host, issuer and names of permissions",
        "Where the tenant is; the gateway's custom provider must point at the Graph of the same cloud",
        "The default is used; with a wrong one nobody can sign in to Microsoft.";
    "ENTRA_BASE_URL" plain Some(""),
        "Microsoft Entra sign-in host; outside development nothing but the one of `CLOUD` is accepted",
        "Leave it out",
        "The sign-in host of `CLOUD` is used.";
    "MICROSOFT_TENANT_ID" secret None,
        "Entra tenant id (GUID)",
        "Overview of the app registration",
        "The server does not start; accounts of every other tenant are refused.";
    "MICROSOFT_CLIENT_ID" secret None,
        "Application (client) id of the app registration",
        "Overview of the app registration",
        "The server does not start; with a wrong one nobody can sign in to Microsoft.";
    "MICROSOFT_CLIENT_SECRET" secret Some(""),
        "Client secret value of the app registration; give exactly one of this, `MICROSOFT_CLIENT_CERTIFICATE` and `MICROSOFT_FEDERATED_TOKEN`",
        "Certificates and secrets of the app registration: the value, not the id",
        "The server does not start unless one of the other two is given; with a wrong or expired one nobody can link a Microsoft account, and calls end as Microsoft tokens expire.";
    "MICROSOFT_CLIENT_CERTIFICATE" secret Some(""),
        "PEM text with an RSA private key of 2048 to 4096 bits in PKCS#8 and its certificate; instead of a client secret",
        "`openssl`; the certificate is uploaded to the app registration, the key stays here",
        "The server does not start unless one of the other two is given, nor where key and certificate do not belong together; with an expired one it warns, and calls end as Microsoft tokens expire.";
    "MICROSOFT_FEDERATED_TOKEN" secret Some(""),
        "OpenID Connect token of the platform, sent as client assertion; instead of a client secret. The native host reads its file for every use, the Worker has the value it was given",
        "The file that the platform renews, such as a Kubernetes service account token for the audience of `CLOUD`",
        "The server does not start unless one of the other two is given; with an expired one nobody can link a Microsoft account, and calls end as Microsoft tokens expire.";
    "PROFILE" plain Some(""),
        "`read-only`, `standard` or `full`: which effects are allowed",
        "The organisation's decision",
        "`serve` and the Worker start with `read-only`, `demo` with `full`.";
    "TOOLS_ALLOW" plain Some(""),
        "Names of tools, resources and templates, separated by spaces: nothing else is offered. They never widen the profile; a read that needs an administrator's consent is offered by `read-only` only where it is named here",
        "The organisation's decision",
        "Everything the profile allows is offered.";
    "TOOLS_DENY" plain Some(""),
        "Names of tools, resources and templates that are not offered, separated by spaces",
        "The organisation's decision",
        "Nothing is left out.";
    "SCOPES_AT_SIGN_IN" plain Some("least"),
        "`least`: at sign-in a person is asked for what every offered tool needs and people may grant, and for the rest when a call needs it; `all`: for everything an offered tool may need",
        "`all` only where an administrator has granted consent for the organisation: people cannot grant all of it",
        "The default is used.";
    "POLICY_PUBLIC_KEY" plain Some(""),
        "Key that policy sets in the key-value store are signed with: base64url of 32 bytes. Worker only; the native host reads `POLICY_DIR`",
        "`m365-mcp keygen --policy` prints it; the other half stays with whoever signs",
        "The policies that ship are in force; with a wrong one every set is refused, and calls are until one is accepted.";
    "INTERNAL_DOMAINS" plain Some(""),
        "Mail domains of the organisation, separated by spaces: exactly these, no domain below them",
        "The verified domains of the tenant",
        "Everybody counts as outside: every call that reaches somebody needs an approval, and nothing confidential goes to anyone.";
    "CONFIDENTIAL_SOURCES" plain Some(""),
        "Places whose content is confidential, separated by spaces: `mailbox:` and an address, or `folder:`, `site:`, `drive:`, `team:` or `chat:` and an id",
        "The organisation's decision; ids as the tools give them",
        "Only what an item says of itself makes it confidential.";
    "LABEL_IDLE_LIFETIME" plain Some("12h"),
        "After how long without a call a person's labels lapse: a number and `s`, `m` or `h`, 5 minutes to 168 hours",
        "The organisation's rule; longer than its clients keep a conversation",
        "The default is used.";
    "ENCRYPTION_KEY" secret None,
        "32 random bytes, base64: Microsoft tokens at rest, token handles, journal digests",
        "`m365-mcp keygen`",
        "The server does not start; with another one every token ends and people sign in to Microsoft again.";
    "ENCRYPTION_KEY_PREVIOUS" secret Some(""),
        "A second key that opens and never seals: the coming one before a rotation, the last one after it",
        "The other key of the rotation",
        "What the other key sealed does not open: its tokens end, and people sign in to Microsoft again.";
    "COOKIE_ENCRYPTION_KEY" secret None,
        "32 random bytes, base64: authorization transactions carried by the browser",
        "`m365-mcp keygen`",
        "The server does not start; with another one sign-ins under way end.";
    "COOKIE_ENCRYPTION_KEY_PREVIOUS" secret Some(""),
        "As `ENCRYPTION_KEY_PREVIOUS`",
        "The other key of the rotation",
        "Sign-ins under way end.";
    "COOKIE_SECRET" secret None,
        "32 random bytes, base64: form tokens, cookie authentication, the context between front and cell",
        "`m365-mcp keygen`",
        "The server does not start; with another one sign-ins under way end.";
    "COOKIE_SECRET_PREVIOUS" secret Some(""),
        "As `ENCRYPTION_KEY_PREVIOUS`",
        "The other key of the rotation",
        "Sign-ins under way end; on the Worker requests fail while front and cell hold different keys.";
};
