//! `m365-mcp policy`: for the people who write the rules. Touches no deployment.

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, anyhow, bail};
use m365_app::policy::m365_policy::{
    Cases, Explanation, Frame, Policies, PolicyBundle, STANDARD_CASES, SignedBundle, Verdict, parse_case,
    schema_text,
};
use m365_app::policy::rows;
use m365_seal::PolicySigner;
use m365_types::{InternalDomains, Profile, Toolset};

use crate::cli::{Policy, PolicyExplain, PolicySign, PolicyTest};
use crate::environment::read_secret;
use crate::output;
use crate::ports::policy::read_bundle;

/// Runs one of the commands. Exit status 1 where a set does not load or a case fails.
///
/// # Errors
/// Where something cannot be read, or the set does not load.
pub(crate) fn run(command: &Policy) -> anyhow::Result<ExitCode> {
    match command {
        Policy::Check(of) => check(of.set.as_deref()),
        Policy::Explain(arguments) => explain(arguments),
        Policy::Test(arguments) => test(arguments),
        Policy::Sign(arguments) => sign(arguments),
        Policy::Schema => {
            output::line(schema_text(&rows())?.trim_end());
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn check(set: Option<&Path>) -> anyhow::Result<ExitCode> {
    let policies = load(bundle(set)?)?;
    output::line(&format!("{} policies, set {}", policies.count(), policies.bundle_hash()));
    for profile in Profile::ALL {
        let offered = policies.in_frame(frame(*profile, InternalDomains::default()));
        output::line(&format!("in records with PROFILE={profile} and nothing narrowed: {}", offered.hash()));
    }
    Ok(ExitCode::SUCCESS)
}

fn explain(arguments: &PolicyExplain) -> anyhow::Result<ExitCode> {
    let policies = load(bundle(arguments.set.as_deref())?)?;
    let internal = InternalDomains::new(arguments.inside.split_whitespace().map(str::to_owned));
    let quoted: Vec<String> = arguments.case.iter().map(|word| quoted(word)).collect();
    let case = parse_case(&quoted.join(" "), &rows(), &internal).map_err(|problem| anyhow!(problem))?;
    let Explanation { outcome, basis, without, approved, second_person } = case.explain(&policies);
    output::line(&format!("{} {basis}", outcome.as_str()));
    for (yes, verdict) in [
        ("without an approval", without),
        ("approved by the person", approved),
        ("approved by a second person", second_person),
    ] {
        output::line(&format!("  {yes}: {}", words(&verdict)));
    }
    output::note("What the deployment offers and what the client was granted is not looked at here.");
    Ok(ExitCode::SUCCESS)
}

/// One argument of the shell is one word of the case, whatever blanks it holds.
fn quoted(word: &str) -> String {
    if word.contains(char::is_whitespace) && !word.contains('"') {
        format!("\"{word}\"")
    } else {
        word.to_owned()
    }
}

fn words(verdict: &Verdict) -> String {
    let answer = match (verdict.allowed, verdict.failed) {
        (true, _) => "permit",
        (false, true) => "deny, because a policy cannot be evaluated",
        (false, false) => "deny",
    };
    let by = if verdict.policies.is_empty() { "no policy".to_owned() } else { verdict.policies.join(", ") };
    let why = match verdict.messages.as_slice() {
        [] => String::new(),
        messages => format!(": {}", messages.join("; ")),
    };
    format!("{answer} by {by}{why}")
}

fn test(arguments: &PolicyTest) -> anyhow::Result<ExitCode> {
    let policies = load(bundle(arguments.set.as_deref())?)?;
    let text = match &arguments.cases {
        Some(path) => fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?,
        None => STANDARD_CASES.to_owned(),
    };
    let Cases(cases) = Cases::parse(&text, &rows())?;
    let mut failed = 0;
    for case in &cases {
        if case.expected.is_none() {
            bail!(
                "line {}: nothing is expected; write `=> permit`, `=> approval` or `=> deny` behind it",
                case.line
            );
        }
        if let Some(got) = case.failure(&policies) {
            failed += 1;
            output::line(&format!("line {}: {} => {got}", case.line, case.text));
        }
    }
    output::line(&format!("{} of {} cases hold", cases.len() - failed, cases.len()));
    Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn sign(arguments: &PolicySign) -> anyhow::Result<ExitCode> {
    let bundle = bundle(Some(&arguments.set))?;
    let policies = load(bundle.clone())?;
    let key = read_secret(&arguments.key_file)
        .map_err(|problem| anyhow!("{}: {problem}", arguments.key_file.display()))?;
    let keeper = PolicySigner::parse(&key).context("the key file is not one of `keygen --policy`")?;
    let mut signed = SignedBundle { bundle, version: arguments.version, signature: String::new() };
    signed.signature = keeper.sign(&signed.message()?);
    let json = serde_json::to_string(&signed)?;
    fs::write(&arguments.out, json).with_context(|| format!("cannot write {}", arguments.out.display()))?;
    output::line(&format!("version {}, set {}", signed.version, policies.bundle_hash()));
    output::note(&format!(
        "Put it into the key-value store: wrangler kv key put --remote --binding OAUTH_KV policy --path {}",
        arguments.out.display()
    ));
    Ok(ExitCode::SUCCESS)
}

fn bundle(set: Option<&Path>) -> anyhow::Result<PolicyBundle> {
    match set {
        Some(path) => Ok(read_bundle(path)?),
        None => Ok(PolicyBundle::standard()),
    }
}

fn load(bundle: PolicyBundle) -> anyhow::Result<Policies> {
    Ok(Policies::load(frame(Profile::Full, InternalDomains::default()), rows(), bundle)?)
}

fn frame(profile: Profile, internal: InternalDomains) -> Frame {
    Frame { toolset: Toolset::of(profile), internal }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::cli::PolicySet;
    use crate::keygen::{POLICY_KEY_NAME, write_policy_key};
    use m365_seal::PolicyVerifier;

    const OWN: &str =
        "@id(\"own\")\npermit (principal is M365::Person, action in M365::Action::\"read\", resource);\n";

    fn folder(text: &str) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let set = folder.path().join("set");
        fs::create_dir(&set).unwrap();
        fs::write(set.join("own.cedar"), text).unwrap();
        (folder, set)
    }

    #[test]
    fn the_set_that_ships_checks_and_its_cases_hold() {
        assert_eq!(run(&Policy::Check(PolicySet { set: None })).unwrap(), ExitCode::SUCCESS);
        let test = Policy::Test(PolicyTest { cases: None, set: None });
        assert_eq!(run(&test).unwrap(), ExitCode::SUCCESS);
    }

    #[test]
    fn a_set_that_does_not_load_or_a_case_that_fails_is_said() {
        let (_folder, set) = folder("permit (principal, action, resource);");
        let problem = run(&Policy::Check(PolicySet { set: Some(set) })).unwrap_err().to_string();
        assert!(problem.starts_with("own.cedar:1: a policy needs a name"), "{problem}");
        let (folder, set) = folder_with_cases("alex@contoso.example getEmails => deny");
        let cases = Some(folder.path().join("cases"));
        assert_eq!(run(&Policy::Test(PolicyTest { cases, set: Some(set) })).unwrap(), ExitCode::FAILURE);
    }

    fn folder_with_cases(cases: &str) -> (tempfile::TempDir, PathBuf) {
        let (folder, set) = folder(OWN);
        fs::write(folder.path().join("cases"), cases).unwrap();
        (folder, set)
    }

    #[test]
    fn a_signed_set_is_one_that_the_printed_key_verifies() {
        let (folder, set) = folder(OWN);
        let public = write_policy_key(folder.path()).unwrap();
        let out = folder.path().join("signed.json");
        let key_file = folder.path().join(POLICY_KEY_NAME);
        run(&Policy::Sign(PolicySign { set, version: 7, key_file, out: out.clone() })).unwrap();
        let signed = SignedBundle::parse(&fs::read(out).unwrap()).unwrap();
        let key = PolicyVerifier::parse(&public).unwrap();
        assert!(key.verifies(&signed.message().unwrap(), &signed.signature));
        assert!(
            !key.verifies(
                &SignedBundle { version: 8, ..signed.clone() }.message().unwrap(),
                &signed.signature
            )
        );
        assert!(write_policy_key(folder.path()).is_err(), "a key is never replaced");
    }
}
