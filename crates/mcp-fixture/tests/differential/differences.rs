//! Where the two servers differ, and why that is right.

/// One place where the replies differ.
pub(crate) struct Known {
    /// The name of the case; `*` for any.
    pub(crate) case: &'static str,
    /// Revisions in which the place differs. In each of them it must.
    pub(crate) revisions: &'static [&'static str],
    /// `status`, `message` for the whole of it, or a JSON pointer in which `*` stands for any one name or number.
    pub(crate) place: &'static str,
    /// What the specification says.
    pub(crate) reason: &'static str,
}

impl Known {
    /// Whether this row speaks of that place in the reply to that request.
    pub(crate) fn covers(&self, case: &str, revision: &str, place: &str) -> bool {
        let same = |(ours, theirs): (&str, &str)| ours == "*" || ours == theirs;
        (self.case == "*" || self.case == case)
            && self.revisions.contains(&revision)
            && self.place.split('/').count() == place.split('/').count()
            && self.place.split('/').zip(place.split('/')).all(same)
    }
}

const EVERY: &[&str] = &["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25", "2026-07-28"];
const LEGACY: &[&str] = &["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"];
const MODERN: &[&str] = &["2026-07-28"];
const BEFORE_TITLES: &[&str] = &["2024-11-05", "2025-03-26"];
const TITLED: &[&str] = &["2025-06-18", "2025-11-25", "2026-07-28"];
const BEFORE_ANNOTATIONS: &[&str] = &["2024-11-05"];

const fn row(
    case: &'static str,
    revisions: &'static [&'static str],
    place: &'static str,
    reason: &'static str,
) -> Known {
    Known { case, revisions, place, reason }
}

const UNKNOWN_FIELD: &str =
    "the schema of that revision does not have the field; the SDK writes the newest form to everybody";
const TWICE: &str =
    "a tool's own title comes before that of its annotations (`BaseMetadata`); nobody needs to read it twice";
const PARAMETERS: &str = "parameters that do not fit are -32602 (JSON-RPC 2.0 section 5.1); the SDK takes the message for one of a method it does not know";
const WORDS: &str =
    "the SDK answers in plain words, for people; an error in JSON-RPC form can be shown by a client too";
const VERSIONS: &str = "2024-11-05 has another transport, so it is not offered here to those who choose by this list; `initialize` knows it";
const ANYTHING: &str = "RFC 9110 section 12.5.1: `*/*` takes JSON; probes of clients send it";
const STATUS: &str = "what is no message is 400 (2025-11-25, Streamable HTTP); its media type was right";
const INITIALIZE: &str = "2026-07-28 has no `initialize`, and a method that is not there is 404";
const RESPONSES: &str = "a server without questions accepts and drops answers; the SDK refuses them, which the specification allows too";
const FRESHNESS: &str = "how long a list may be kept is the server's own choice";

/// Every known difference.
pub(crate) const KNOWN: &[Known] = &[
    row("initialize", BEFORE_ANNOTATIONS, "/result/capabilities/completions", UNKNOWN_FIELD),
    row("initialize", BEFORE_TITLES, "/result/serverInfo/title", UNKNOWN_FIELD),
    row("tools", BEFORE_ANNOTATIONS, "/result/tools/*/annotations", UNKNOWN_FIELD),
    row("tools", BEFORE_TITLES, "/result/tools/*/title", UNKNOWN_FIELD),
    row("tools", TITLED, "/result/tools/*/annotations/title", TWICE),
    row("tools", BEFORE_TITLES, "/result/tools/*/outputSchema", UNKNOWN_FIELD),
    row("prompts", BEFORE_TITLES, "/result/prompts/*/title", UNKNOWN_FIELD),
    row("prompts", BEFORE_TITLES, "/result/prompts/*/arguments/*/title", UNKNOWN_FIELD),
    row("resources", BEFORE_TITLES, "/result/resources/*/title", UNKNOWN_FIELD),
    row("templates", BEFORE_TITLES, "/result/resourceTemplates/*/title", UNKNOWN_FIELD),
    row("call add", BEFORE_TITLES, "/result/structuredContent", UNKNOWN_FIELD),
    row(
        "*",
        MODERN,
        "/result/_meta",
        "a server should say with every result who it is (2026-07-28, `serverInfo`); the SDK does in discovery only",
    ),
    row("*", MODERN, "/result/ttlMs", FRESHNESS),
    row("call without a name", EVERY, "/error/code", PARAMETERS),
    row("call without a name", MODERN, "status", PARAMETERS),
    row("call with a list of arguments", EVERY, "/error/code", PARAMETERS),
    row("call with a list of arguments", MODERN, "status", PARAMETERS),
    row("read without a URI", EVERY, "/error/code", PARAMETERS),
    row("read without a URI", MODERN, "status", PARAMETERS),
    row("initialize", MODERN, "status", INITIALIZE),
    row("initialize", MODERN, "/error", INITIALIZE),
    row("initialize", MODERN, "/result", INITIALIZE),
    row("discover", MODERN, "/result/supportedVersions", VERSIONS),
    row("a version nobody knows", MODERN, "/error/data/supported", VERSIONS),
    row("a version nobody knows", LEGACY, "message", WORDS),
    row("accepts anything", EVERY, "status", ANYTHING),
    row("accepts anything", EVERY, "message", ANYTHING),
    row("accepts events only", EVERY, "message", WORDS),
    row("not JSON", EVERY, "status", STATUS),
    row("not JSON", EVERY, "message", WORDS),
    row("not said to be JSON", EVERY, "message", WORDS),
    row("an id that is null", EVERY, "status", STATUS),
    row("an id that is null", EVERY, "message", WORDS),
    row("DELETE", EVERY, "message", WORDS),
    row("GET", EVERY, "message", WORDS),
    row("a response", LEGACY, "status", RESPONSES),
    row("a response", LEGACY, "message", RESPONSES),
];
