//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::credential::Credential;
use crate::remote::target::{ClosedHost, Target};

/// Microsoft 365 for AI assistants, under enterprise control.
#[derive(Debug, Parser)]
#[command(name = "m365-mcp", version, about, propagate_version = true)]
pub(crate) struct Cli {
    /// Write logs as JSON lines (they go to standard error)
    #[arg(long, global = true)]
    pub(crate) log_json: bool,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Try everything on this machine: the server with a simulated Cloudflare and Microsoft 365 around it
    ///
    /// Needs no configuration, no account and no network. Three invented people can sign in. Stop it with Ctrl-C.
    Demo(Demo),
    /// Run the server against real Cloudflare and Microsoft endpoints, configured by the environment
    ///
    /// Settings are environment variables; secrets come only from files (NAME_FILE, or systemd credentials).
    /// docs/generated/configuration.md lists them all.
    Serve(Serve),
    /// Run only the simulated Cloudflare and Microsoft 365, in front of a server of your own
    Sandbox(Sandbox),
    /// Read the document on standard input as text, under limits; the server starts this by itself
    #[command(name = crate::read_document::COMMAND, hide = true)]
    ReadDocument,
    /// Write fresh random keys into a folder
    Keygen(Keygen),
    /// Examine a deployment from outside: perimeter, metadata, names, headers, limits, and with credentials a sign-in
    ///
    /// One line per check, with what to do where it fails. What is refused leaves its records, as any stranger's request
    /// does. With --access-token-file one client is registered and one grant made, which is revoked at the end; nothing
    /// else is changed.
    #[command(after_help = DOCTOR_EXIT)]
    Doctor(Box<Doctor>),
    /// As an operator, end sessions: one person's at once, everyone's within a minute
    ///
    /// Grants end, calls under way are cut off from their callers, sealed Microsoft tokens are erased. It does not keep
    /// anybody from signing in again: that is decided in Cloudflare Access.
    Kill(Kill),
    /// As an operator, remove the link between a person and a Microsoft account, so that they can link another
    Unpin(OrderTo),
    /// As an operator, let a person's data that was restored from a copy be used again; its sessions end
    Readmit(OrderTo),
    /// As an operator, have every cell carry out its orders now and seal again what lies under a previous key
    Visit(Visit),
    /// Check, explain, test and sign a policy set
    #[command(subcommand)]
    Policy(Policy),
    /// Read the journal of what happened, and check that nobody has changed it
    #[command(subcommand)]
    Audit(Audit),
}

const DOCTOR_EXIT: &str = "Exit status:
  0   every check that could be made holds
  1   a check of severity error failed
  3   only checks of severity warning failed
  2   the command line was wrong
  64  a credential file cannot be used";

impl Command {
    /// Whether it runs until it is stopped.
    pub(crate) const fn is_server(&self) -> bool {
        matches!(self, Self::Demo(_) | Self::Serve(_) | Self::Sandbox(_))
    }
}

#[derive(Debug, Args)]
pub(crate) struct Demo {
    /// Port of the simulated Cloudflare edge, where clients connect (0: any free port)
    #[arg(long, default_value_t = 8787)]
    pub(crate) port: u16,
    /// Port of the server itself, behind the edge
    #[arg(long, default_value_t = 8788)]
    pub(crate) origin_port: u16,
    /// Port of the simulated systems and of the page that shows what happens
    #[arg(long, default_value_t = 8790)]
    pub(crate) sandbox_port: u16,
    /// Keep data here between runs; without it everything is forgotten at the end
    #[arg(long, value_name = "DIR")]
    pub(crate) data_dir: Option<PathBuf>,
    /// A folder of policies in place of those that ship; read again when a file changes
    #[arg(long, value_name = "DIR")]
    pub(crate) policy_dir: Option<PathBuf>,
    /// Give a setting that is not secret another value than the demo's own; may be repeated
    #[arg(long = "set", value_name = "NAME=VALUE")]
    pub(crate) settings: Vec<String>,
    /// How the server proves to the simulated Entra which application it is; what that takes is made at the start
    #[arg(long, value_name = "KIND", default_value = "secret")]
    pub(crate) credential: Credential,
    /// Also write the `ready` line to this file
    #[arg(long, value_name = "FILE")]
    pub(crate) ready_file: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// Accept plain http on loopback addresses, and listen on loopback only
    #[arg(long)]
    pub(crate) development: bool,
    /// Also write the `ready` line to this file
    #[arg(long, value_name = "FILE")]
    pub(crate) ready_file: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Sandbox {
    /// Port of the simulated systems
    #[arg(long, default_value_t = 8790)]
    pub(crate) port: u16,
    /// Port of the simulated Cloudflare edge
    #[arg(long, default_value_t = 8787)]
    pub(crate) edge_port: u16,
    /// Where the server behind the edge listens, for example http://127.0.0.1:8788
    #[arg(long, value_name = "URL")]
    pub(crate) origin: String,
    /// Keep people, keys and the clock here between runs
    #[arg(long, value_name = "DIR")]
    pub(crate) state_dir: Option<PathBuf>,
    /// A setting of that server which is not secret; INGRESS decides how Access stands before it; may be repeated
    #[arg(long = "set", value_name = "NAME=VALUE")]
    pub(crate) settings: Vec<String>,
    /// Also write the `ready` line to this file
    #[arg(long, value_name = "FILE")]
    pub(crate) ready_file: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Keygen {
    /// Folder for the key files; existing files are never replaced
    #[arg(value_name = "DIR")]
    pub(crate) folder: PathBuf,
    /// Make the key that policy sets for the Worker are signed with, instead of the server's keys
    #[arg(long)]
    pub(crate) policy: bool,
    /// Write the result as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Doctor {
    /// Address of the deployment, for example https://mcp.example.com
    #[arg(value_name = "URL", required_unless_present = "list")]
    pub(crate) url: Option<Target>,
    /// Domain of the Access team, for example https://team.cloudflareaccess.com, where the login does not show it
    #[arg(long, value_name = "URL")]
    pub(crate) team_domain: Option<Target>,
    /// A host that must not answer, such as the workers.dev name or the origin's own address; may be repeated
    #[arg(long, value_name = "HOST")]
    pub(crate) closed: Vec<ClosedHost>,
    /// File of mode 0600 with what `cloudflared access token` prints: adds a sign-in and a call that reads one message
    #[arg(long, value_name = "FILE")]
    pub(crate) access_token_file: Option<PathBuf>,
    /// File of mode 0600 with a service token: client id on the first line, secret on the second
    #[arg(long, value_name = "FILE")]
    pub(crate) service_token_file: Option<PathBuf>,
    /// Write one JSON document
    #[arg(long)]
    pub(crate) json: bool,
    /// Print the table of checks and examine nothing
    #[arg(long, conflicts_with_all = ["url", "team_domain", "closed", "access_token_file", "service_token_file"])]
    pub(crate) list: bool,
}

/// Which deployment, by whom and why.
#[derive(Debug, Args)]
pub(crate) struct Ordering {
    /// Address of the deployment; without it PUBLIC_URL of the environment
    #[arg(long, value_name = "URL")]
    pub(crate) url: Option<Target>,
    /// Why: one line, kept in the journal
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: String,
    /// File of mode 0600 with your own session at Access: what `cloudflared access token` prints
    #[arg(long, value_name = "FILE")]
    pub(crate) access_token_file: PathBuf,
    /// Write JSON lines
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("whom").required(true).args(["person", "client", "all"]))]
pub(crate) struct Kill {
    /// Everyone of this e-mail address, Access subject or cell
    #[arg(long, value_name = "NAME")]
    pub(crate) person: Option<String>,
    /// Every grant of this client, whose registration is deleted
    #[arg(long, value_name = "ID")]
    pub(crate) client: Option<String>,
    /// Everyone
    #[arg(long)]
    pub(crate) all: bool,
    #[command(flatten)]
    pub(crate) ordering: Ordering,
}

#[derive(Debug, Args)]
pub(crate) struct OrderTo {
    /// E-mail address, Access subject or cell
    #[arg(long, value_name = "NAME")]
    pub(crate) person: String,
    #[command(flatten)]
    pub(crate) ordering: Ordering,
}

#[derive(Debug, Args)]
pub(crate) struct Visit {
    #[command(flatten)]
    pub(crate) ordering: Ordering,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Policy {
    /// Check that a set loads, and print its hash; exits with 1 when it does not
    Check(PolicySet),
    /// Say how one call ends, which policies decide that, and why
    Explain(PolicyExplain),
    /// Hold a set against cases, one a line; exits with 1 when one fails
    ///
    /// A case is `WHO ACTION name=value… => OUTCOME POLICIES`, for example
    /// `alex@contoso.example sendEmail to=sam@fabrikam.example labels=untrusted => approval approval.outside,approval.untrusted`.
    /// Lines that begin with # are remarks; `inside contoso.example` says which domains are yours.
    Test(PolicyTest),
    /// Check a set, sign it and write the bundle for the Worker's key-value store
    #[command(disable_version_flag = true)]
    Sign(PolicySign),
    /// Print the schema that policies are checked against
    Schema,
}

/// Which set.
#[derive(Debug, Args)]
pub(crate) struct PolicySet {
    /// A folder with *.cedar, dlp.json and limits.json, or one file of policies; without it the set that ships
    #[arg(value_name = "FILE-or-DIR")]
    pub(crate) set: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct PolicyExplain {
    /// A folder or file of policies; without it the set that ships
    #[arg(long, value_name = "FILE-or-DIR")]
    pub(crate) set: Option<PathBuf>,
    /// Domains of the organisation, separated by spaces
    #[arg(long, value_name = "DOMAINS", default_value = "contoso.example")]
    pub(crate) inside: String,
    /// The call, as in a case: who, which action, and name=value as many as there are
    #[arg(required = true, value_name = "CASE")]
    pub(crate) case: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct PolicyTest {
    /// The cases; without it those for the set that ships
    #[arg(value_name = "FILE")]
    pub(crate) cases: Option<PathBuf>,
    /// A folder or file of policies; without it the set that ships
    #[arg(long, value_name = "FILE-or-DIR")]
    pub(crate) set: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct PolicySign {
    /// A folder with *.cedar, dlp.json and limits.json, or one file of policies
    #[arg(value_name = "FILE-or-DIR")]
    pub(crate) set: PathBuf,
    /// Larger than that of the set in force; the Worker refuses any other
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u64).range(1..=i64::MAX.unsigned_abs()))]
    pub(crate) version: u64,
    /// File of mode 0600 that `keygen --policy` made
    #[arg(long, value_name = "FILE")]
    pub(crate) key_file: PathBuf,
    /// Where the bundle goes
    #[arg(long, value_name = "FILE", default_value = "policy.signed.json")]
    pub(crate) out: PathBuf,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Audit {
    /// Show the newest records, oldest first
    Tail(Tail),
    /// Check the hash chain of every journal; exits with 1 when one is broken
    Verify(Verify),
}

#[derive(Debug, Args)]
pub(crate) struct Tail {
    /// The server's data folder
    #[arg(long, value_name = "DIR", default_value = "data")]
    pub(crate) data_dir: PathBuf,
    /// How many records of each journal
    #[arg(long, short = 'n', default_value_t = 1000)]
    pub(crate) limit: u32,
    /// Write JSON lines
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Verify {
    /// The server's data folder
    #[arg(long, value_name = "DIR", default_value = "data")]
    pub(crate) data_dir: PathBuf,
    /// Write JSON lines
    #[arg(long)]
    pub(crate) json: bool,
}

/// Loopback with this port.
pub(crate) fn loopback(port: u16) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], port))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::Cli;

    #[test]
    fn no_command_has_two_arguments_of_one_name() {
        Cli::command().debug_assert();
    }
}
