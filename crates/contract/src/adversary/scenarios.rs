//! The scenarios, by what they abuse, and the published attacks they follow.
#![expect(clippy::unnecessary_wraps, reason = "every row of a table has the form of those that can fail")]

pub mod approvals;
pub mod calendar;
pub mod changed;
pub mod files;
pub mod labels;
pub mod lookalikes;
pub mod mail;
pub mod protocol;
pub mod teams;

/// The published attacks.
pub mod sources {
    /// Hidden text in a shared document makes an agent leak what it finds.
    pub const AGENT_FLAYER: &str = "AgentFlayer (Zenity Labs, 2025)";
    /// Replies that go to somebody else than the sender.
    pub const BEC: &str = "Business e-mail compromise (FBI IC3, PSA I-091124)";
    /// Hidden comments, and an image proxy as a channel.
    pub const CAMO_LEAK: &str = "CamoLeak, CVE-2025-59145 (Legit Security, 2025)";
    /// Instructions in mail make Copilot search other mail and smuggle it out.
    pub const COPILOT_CHAIN: &str = "Copilot: prompt injection, tool call, ASCII smuggling (Rehberger, 2024)";
    /// A page that acts in somebody's session.
    pub const CSRF: &str = "Cross-site request forgery (CWE-352)";
    /// A program with more rights than whoever commands it.
    pub const DEPUTY: &str = "Confused deputy (Hardy, 1988; MCP Security Best Practices)";
    /// A lookup that carries the data in the name looked up.
    pub const DNS: &str = "Exfiltration in looked-up names (MITRE ATT&CK T1048; Claude Code, CVE-2025-55284)";
    /// One mail that nobody opens.
    pub const ECHO_LEAK: &str = "EchoLeak, CVE-2025-32711 (Aim Labs, 2025)";
    /// So many questions that somebody says yes.
    pub const FATIGUE: &str = "Multi-factor request generation (MITRE ATT&CK T1621)";
    /// Commands and results in Teams messages.
    pub const GIF_SHELL: &str = "GIFShell (Rauch, 2022)";
    /// Traces are removed from the mailbox.
    pub const HIDE_TRACES: &str = "Clear mailbox data (MITRE ATT&CK T1070.008)";
    /// Domains that look like others.
    pub const HOMOGRAPH: &str = "Homograph domains (Gabrilovich and Gontmakher, 2002; UTS #39)";
    /// Instructions in invitations.
    pub const INVITATION: &str = "Invitation Is All You Need (Nassi, Cohen and Yair, 2025)";
    /// A picture whose address holds the data.
    pub const MARKDOWN_IMAGE: &str = "Markdown image exfiltration (Rehberger, 2023)";
    /// A worm that replies to everybody.
    pub const MORRIS: &str = "Morris II (Cohen, Bitton and Nassi, 2024)";
    /// Somebody consents to more than they know.
    pub const CONSENT: &str = "OAuth consent phishing (MITRE ATT&CK T1528)";
    /// One request more than was counted.
    pub const RACE: &str = "Race condition (CWE-362)";
    /// Mail is passed on by a setting.
    pub const REPLIES: &str = "Email collection by rule (MITRE ATT&CK T1114.003)";
    /// What was good once is used again.
    pub const REPLAY: &str = "Capture and replay (CWE-294)";
    /// A form field of a site reaches an agent that may read lists and send mail.
    pub const SHARE_LEAK: &str = "ShareLeak, CVE-2026-21520 (Capsule Security, 2026)";
    /// Characters that nobody sees.
    pub const SMUGGLING: &str = "ASCII smuggling (Goodside and Rehberger, 2024)";
    /// A ticket makes an agent with every right write what it reads into the ticket.
    pub const SUPABASE: &str = "Supabase MCP leak (General Analysis, 2025)";
    /// What was looked at is not what is used.
    pub const TOCTOU: &str = "Time of check, time of use (CWE-367)";
    /// A public issue makes an agent carry private data into public.
    pub const TOXIC_FLOW: &str = "GitHub MCP toxic agent flow (Invariant Labs, 2025)";
    /// Private data, strangers' words and a way out.
    pub const TRIFECTA: &str = "The lethal trifecta (Willison, 2025)";
    /// A second server or message makes an agent send chats to another number.
    pub const WHATSAPP: &str = "WhatsApp MCP exploited (Invariant Labs, 2025)";
    /// The same thing said in a way that another reader takes differently.
    pub const CONFUSED_PARSER: &str = "Interpretation conflict (CWE-436)";
    /// Tokens of another kind.
    pub const WRONG_TOKEN: &str = "Token passthrough (MCP Security Best Practices)";
}
