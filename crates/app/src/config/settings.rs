//! The table of settings: documents, parsing and `doctor` derive from it.

/// One setting.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// Name in the environment, and of the wrangler secret.
    pub name: &'static str,
    /// Whether it comes only from secret storage.
    pub secret: bool,
    /// The value taken where there is none; no default means it is required, `""` that it is optional.
    pub default: Option<&'static str>,
    /// What it is, and its form.
    pub purpose: &'static str,
    /// What fails without it, or with a wrong one.
    pub without: &'static str,
}

macro_rules! settings {
    ($($name:literal $secret:ident $default:expr, $purpose:literal, $without:literal;)*) => {
        &[$(Setting { name: $name, secret: settings!(@$secret), default: $default, purpose: $purpose, without: $without },)*]
    };
    (@plain) => { false };
    (@secret) => { true };
}

/// Every setting of the core, in the order it is read. Hosts add `LISTEN` and `DATA_DIR`.
pub const SETTINGS: &[Setting] = settings! {
    "PUBLIC_URL" plain None, "Where clients and browsers reach the server, through Access: an https origin without a path", "The server does not start.";
    "ACCESS_TEAM_DOMAIN" plain None, "Cloudflare Access team: `https://<team>.cloudflareaccess.com`", "The server does not start; with a wrong one every assertion is refused.";
    "ACCESS_AUD" plain None, "Audience tag of the Access application", "The server does not start; with a wrong one every assertion is refused.";
    "ACCESS_REAUTH" plain Some("12h"), "How long one Access sign-in carries a grant: a number and `s`, `m` or `h`, 5 minutes to 24 hours", "The default is used.";
    "ACCESS_EVERYWHERE" plain Some("false"), "`true`: every route demands an Access assertion, machine routes beside their token", "Machine routes rely on the bearer token, which came from an Access sign-in.";
    "INGRESS" plain Some("oauth"), "`oauth`: the server is the authorization server of its MCP clients", "The default is used.";
    "AI_GATEWAY_BASE_URL" plain Some("https://gateway.ai.cloudflare.com"), "AI Gateway host", "The default is used.";
    "AI_GATEWAY_ACCOUNT_ID" plain None, "Cloudflare account of the gateway", "The server does not start.";
    "AI_GATEWAY_ID" plain None, "Name of the gateway that carries Graph", "The server does not start.";
    "AI_GATEWAY_SERVICE_TOKEN" secret None, "API token with AI Gateway Run, for `cf-aig-authorization`", "The server does not start; with a wrong one every Graph call fails closed.";
    "GRAPH_API_VERSION" secret None, "Microsoft Graph version: `v1.0`", "The server does not start.";
    "GRAPH_TRANSPORT" plain Some("direct"), "`direct`: each Graph call as itself; `batch`: tunnelled in `POST /$batch`, for gateways that carry POST only", "The default is used.";
    "ENTRA_BASE_URL" plain Some("https://login.microsoftonline.com"), "Microsoft Entra sign-in host", "The default is used.";
    "MICROSOFT_TENANT_ID" secret None, "Entra tenant id (GUID)", "The server does not start; accounts of every other tenant are refused.";
    "MICROSOFT_CLIENT_ID" secret None, "Application (client) id of the app registration", "The server does not start.";
    "MICROSOFT_CLIENT_SECRET" secret None, "Client secret value of the app registration", "The server does not start; with a wrong one nobody can link a Microsoft account.";
    "PROFILE" plain Some(""), "`read-only`, `standard` or `full`: which effects are allowed", "`serve` starts with `read-only`, `demo` with `full`.";
    "ENCRYPTION_KEY" secret None, "32 random bytes, base64: Microsoft tokens at rest, token handles, journal digests", "The server does not start; with another one stored tokens no longer open.";
    "ENCRYPTION_KEY_PREVIOUS" secret Some(""), "The key before a rotation, still read", "What it sealed no longer opens.";
    "COOKIE_ENCRYPTION_KEY" secret None, "32 random bytes, base64: authorization transactions carried by the browser", "The server does not start; with another one sign-ins under way end.";
    "COOKIE_ENCRYPTION_KEY_PREVIOUS" secret Some(""), "The key before a rotation, still read", "Sign-ins under way end.";
    "COOKIE_SECRET" secret None, "32 random bytes, base64: form tokens, cookie authentication, the context between front and cell", "The server does not start; with another one sign-ins under way end.";
    "COOKIE_SECRET_PREVIOUS" secret Some(""), "The key before a rotation, still read", "Sign-ins under way end.";
};
