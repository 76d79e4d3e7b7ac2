use std::collections::BTreeMap;

use m365_auth::entra::credential::ClientCredential;

use super::*;

/// A working configuration in which single settings can be changed.
#[derive(Clone)]
struct Fixture(BTreeMap<&'static str, String>);

impl Source for Fixture {
    fn plain(&self, name: &str) -> Option<String> {
        self.0.get(name).cloned()
    }
    fn secret(&self, name: &str) -> Result<Option<Secret<String>>, String> {
        Ok(self.0.get(name).cloned().map(Secret::new))
    }
}

impl Fixture {
    fn working() -> Self {
        let key = |seed: u8| {
            Key::from_bytes(std::array::from_fn(|i| seed ^ u8::try_from(i).unwrap()))
                .encode()
                .expose()
                .clone()
        };
        Self(BTreeMap::from([
            ("PUBLIC_URL", "https://mcp.contoso.example".into()),
            ("ACCESS_TEAM_DOMAIN", "https://contoso.cloudflareaccess.com".into()),
            ("ACCESS_AUD", "4714c1358e65fe4b408ad6d432a5f878f08194bdb4752441fd56faefa9b2b6f2".into()),
            ("AI_GATEWAY_ACCOUNT_ID", "0123456789abcdef".into()),
            ("AI_GATEWAY_ID", "m365-graph".into()),
            ("AI_GATEWAY_SERVICE_TOKEN", "token".into()),
            ("GRAPH_API_VERSION", "v1.0".into()),
            ("MICROSOFT_TENANT_ID", "11111111-2222-3333-4444-555555555555".into()),
            ("MICROSOFT_CLIENT_ID", "client".into()),
            ("MICROSOFT_CLIENT_SECRET", "hunter2~value".into()),
            ("ENCRYPTION_KEY", key(1)),
            ("COOKIE_ENCRYPTION_KEY", key(2)),
            ("COOKIE_SECRET", key(3)),
        ]))
    }

    fn with(mut self, name: &'static str, value: &str) -> Self {
        self.0.insert(name, value.to_owned());
        self
    }

    fn parse(&self) -> Result<Config, ConfigError> {
        Config::parse(self, Mode::Production, Profile::ReadOnly)
    }
}

#[test]
fn the_smallest_configuration_gives_the_documented_defaults() {
    let config = Fixture::working().parse().unwrap();
    assert_eq!(config.issuer(), "https://mcp.contoso.example");
    assert_eq!(config.mcp_url(), "https://mcp.contoso.example/mcp");
    assert_eq!(config.lifetimes.reauth, Duration::from_hours(12));
    // Without a model there is nothing that asks one.
    let deny = ["summarizeThread"].into();
    assert_eq!(config.toolset, Toolset { deny, ..Toolset::of(Profile::ReadOnly) });
    assert!(!config.access.everywhere && !config.access.discovery);
}

#[test]
fn what_is_offered_is_a_profile_and_names_that_narrow_it() {
    let parsed = Fixture::working()
        .with("PROFILE", "full")
        .with("TOOLS_ALLOW", "getEmails, microsoft://profile")
        .with("TOOLS_DENY", "sendEmail")
        .with("SHAREPOINT_HOSTS", "contoso.sharepoint.com contoso-my.sharepoint.com")
        .parse()
        .unwrap();
    let (allow, deny) =
        (["getEmails", "microsoft://profile"].into(), ["sendEmail", "summarizeThread"].into());
    assert_eq!(parsed.toolset, Toolset { profile: Profile::Full, allow, deny });
    assert_eq!(parsed.gateway.sharepoint_hosts, ["contoso.sharepoint.com", "contoso-my.sharepoint.com"]);
    assert_eq!((parsed.asked, Fixture::working().parse().unwrap().asked), (Asked::Least, Asked::Least));
    assert!(Fixture::working().parse().unwrap().gateway.sharepoint_hosts.is_empty());
}

#[test]
fn every_required_setting_is_missed_by_name() {
    for setting in SETTINGS.iter().filter(|setting| setting.default.is_none()) {
        let mut fixture = Fixture::working();
        fixture.0.remove(setting.name);
        assert_eq!(fixture.parse().unwrap_err().name, setting.name);
    }
}

#[test]
fn nobody_is_told_what_there_is_before_somebody_has_vouched_for_them() {
    let discovery = || Fixture::working().with("DISCOVERY_BEFORE_SIGN_IN", "true");
    assert_eq!(discovery().parse().unwrap_err().name, "DISCOVERY_BEFORE_SIGN_IN");
    assert!(discovery().with("ACCESS_EVERYWHERE", "true").parse().unwrap().access.discovery);
    assert!(discovery().with("INGRESS", "managed").parse().unwrap().access.discovery);
}

#[test]
fn wrong_values_are_named_and_never_shown() {
    for (name, value) in [
        ("PUBLIC_URL", "http://mcp.contoso.example"),
        ("PUBLIC_URL", "https://mcp.contoso.example/sub"),
        ("PUBLIC_URL", "http://127.0.0.1:8787"),
        ("ACCESS_TEAM_DOMAIN", "contoso"),
        ("ACCESS_TEAM_DOMAIN", "https://user:pass@contoso.cloudflareaccess.com"),
        ("ACCESS_AUD", "a/b"),
        ("ACCESS_REAUTH", "4m"),
        ("ACCESS_REAUTH", "25h"),
        ("ACCESS_REAUTH", "12"),
        ("ACCESS_EVERYWHERE", "yes"),
        ("DISCOVERY_BEFORE_SIGN_IN", "yes"),
        ("ACCESS_TOKEN_LIFETIME", "2h"),
        ("ACCESS_TOKEN_LIFETIME", "30s"),
        ("GRANT_IDLE_LIFETIME", "4m"),
        ("GRANT_LIFETIME", "forever"),
        ("INGRESS", "open"),
        ("OPERATOR_GROUP", "a\u{0}b"),
        ("OPERATOR_AUD", "two words"),
        ("CLIENT_METADATA_HOSTS", "https://claude.ai"),
        ("CLIENT_METADATA_HOSTS", "127.0.0.1"),
        ("CLIENT_METADATA_HOSTS", "0x7f.1"),
        ("CLIENT_METADATA_HOSTS", "localhost"),
        ("CLIENT_METADATA_HOSTS", "claude.ai *.example"),
        ("CLIENT_METADATA_BASE_URL", "https://metadata.example"),
        ("CLIENT_REGISTRATION", "open"),
        ("AI_GATEWAY_BASE_URL", "http://gateway.example"),
        ("AI_GATEWAY_ID", ".."),
        ("GRAPH_API_VERSION", "beta"),
        ("GRAPH_TRANSPORT", "pigeon"),
        ("MICROSOFT_TENANT_ID", "common"),
        ("CLOUD", "mars"),
        ("ENTRA_BASE_URL", "https://login.microsoftonline.us"),
        ("ENTRA_BASE_URL", "https://login.microsoftonline.com.evil.example"),
        ("ENTRA_BASE_URL", "https://login.microsoftonline.com:8443"),
        ("ENTRA_BASE_URL", "https://login.microsoftonline.com/other"),
        ("MICROSOFT_CLIENT_SECRET", "two words"),
        ("PROFILE", "everything"),
        ("TOOLS_ALLOW", "getEmails sendmail"),
        ("TOOLS_DENY", "*"),
        ("SCOPES_AT_SIGN_IN", "some"),
        ("CONFIDENTIAL_SOURCES", "inbox"),
        ("SHAREPOINT_HOSTS", "https://contoso.sharepoint.com"),
        ("SHAREPOINT_HOSTS", "*.sharepoint.com"),
        ("SHAREPOINT_HOSTS", "10.0.0.1"),
        ("ENCRYPTION_KEY", "c2hvcnQ="),
        ("COOKIE_SECRET_PREVIOUS", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="),
    ] {
        let error = Fixture::working().with(name, value).parse().unwrap_err();
        assert_eq!(error.name, name);
        assert!(!error.to_string().contains(value), "{error}");
    }
}

#[test]
fn a_cloud_decides_the_sign_in_host_and_no_other_is_accepted() {
    for (cloud, host) in [
        ("global", "login.microsoftonline.com"),
        ("usgov", "login.microsoftonline.us"),
        ("usgov-dod", "login.microsoftonline.us"),
        ("china", "login.partner.microsoftonline.cn"),
    ] {
        let fixture = Fixture::working().with("CLOUD", cloud);
        let entra = fixture.parse().unwrap().entra;
        assert_eq!((entra.cloud.name, entra.base_url.as_str()), (cloud, format!("https://{host}/").as_str()));
        assert!(fixture.clone().with("ENTRA_BASE_URL", &format!("https://{host}")).parse().is_ok());
        let other = fixture.with("ENTRA_BASE_URL", "https://login.example").parse().unwrap_err();
        assert_eq!(other.name, "ENTRA_BASE_URL");
        assert!(other.problem.contains(host), "{other}");
    }
    let stand_in = Fixture::working().with("ENTRA_BASE_URL", "http://127.0.0.1:8790/entra");
    assert_eq!(stand_in.parse().unwrap_err().name, "ENTRA_BASE_URL");
    let config = Config::parse(&stand_in, Mode::Development, Profile::Full).unwrap();
    assert_eq!(config.entra.base_url.as_str(), "http://127.0.0.1:8790/entra");
}

#[test]
fn exactly_one_credential_is_given() {
    const NAMES: [&str; 3] =
        ["MICROSOFT_CLIENT_SECRET", "MICROSOFT_CLIENT_CERTIFICATE", "MICROSOFT_FEDERATED_TOKEN"];
    let mut none = Fixture::working();
    none.0.remove("MICROSOFT_CLIENT_SECRET");
    let named = |error: &ConfigError| NAMES.iter().all(|name| error.to_string().contains(name));
    assert!(named(&none.parse().unwrap_err()));
    assert!(named(&none.clone().with("MICROSOFT_CLIENT_SECRET", "  ").parse().unwrap_err()), "blank is none");
    for (given, value) in [(NAMES[1], "-----BEGIN"), (NAMES[2], "a.b.c")] {
        let error = Fixture::working().with(given, value).parse().unwrap_err();
        assert!(
            named(&error) && !error.to_string().contains(value) && !error.to_string().contains("hunter2")
        );
    }
    let federated = none.clone().with("MICROSOFT_FEDERATED_TOKEN", "a.b.c\n").parse().unwrap();
    assert!(matches!(federated.entra.credential, ClientCredential::Federated(_)));
    for (name, value) in
        [("MICROSOFT_FEDERATED_TOKEN", "no-token"), ("MICROSOFT_CLIENT_CERTIFICATE", "no-pem")]
    {
        let error = none.clone().with(name, value).parse().unwrap_err();
        assert_eq!(error.name, name);
        assert!(!error.to_string().contains(value), "{error}");
    }
}

#[test]
fn one_key_cannot_serve_twice() {
    let fixture = Fixture::working();
    let same = fixture.0["ENCRYPTION_KEY"].clone();
    assert_eq!(fixture.with("COOKIE_ENCRYPTION_KEY", &same).parse().unwrap_err().name, "COOKIE_SECRET");
}

#[test]
fn loopback_is_for_development_only_and_never_for_other_hosts() {
    let on = |value: &str| {
        Config::parse(&Fixture::working().with("PUBLIC_URL", value), Mode::Development, Profile::Full)
            .map(|_| ())
    };
    assert_eq!(on("http://127.0.0.1:8787"), Ok(()));
    assert_eq!(on("http://localhost:8787"), Ok(()));
    for value in ["http://10.0.0.1", "http://127.0.0.1.evil.example", "ftp://127.0.0.1"] {
        assert_eq!(on(value).unwrap_err().name, "PUBLIC_URL");
    }
}

#[test]
fn debug_output_of_a_configuration_holds_no_secret() {
    let text = format!("{:?}", Fixture::working().parse().unwrap());
    assert!(!text.contains("hunter2"));
}

fn webhook_secret(seed: u8) -> String {
    use base64::Engine as _;
    let bytes: Vec<u8> = (0..32).map(|at: u8| at.wrapping_mul(7).wrapping_add(seed)).collect();
    format!("whsec_{}", base64::engine::general_purpose::STANDARD.encode(bytes))
}

#[test]
fn nothing_leaves_besides_graph_calls_unless_it_is_configured() {
    let outward = Fixture::working().parse().unwrap().outward;
    assert!(outward.webhooks.is_none() && outward.llm.is_none());
    assert_eq!(outward.inspection, Inspection::Local);
    let given = Fixture::working()
        .with("AI_GATEWAY_LLM_ID", "m365-llm")
        .with("LLM_SUMMARY_ROUTE", "summary")
        .with("WEBHOOK_URLS", "https://hooks.contoso.example/a https://alerts.contoso.example")
        .with("WEBHOOK_SECRET", &webhook_secret(1))
        .with("WEBHOOK_SECRET_PREVIOUS", &webhook_secret(2))
        .with("INSPECT_RESPONSES", "gateway")
        .parse()
        .unwrap()
        .outward;
    let receivers = given.webhooks.unwrap();
    assert_eq!((receivers.urls.len(), receivers.keys.previous.is_some()), (2, true));
    let models =
        Models { gateway_id: "m365-llm".to_owned(), classifier: None, summary: Some("summary".to_owned()) };
    assert_eq!((given.llm, given.inspection), (Some(models), Inspection::Gateway));
}

#[test]
fn what_leaves_is_complete_or_the_server_does_not_start() {
    let hooks = || Fixture::working().with("WEBHOOK_URLS", "https://hooks.contoso.example/a");
    for (fixture, name) in [
        (hooks(), "WEBHOOK_SECRET"),
        (hooks().with("WEBHOOK_SECRET", "whsec_short"), "WEBHOOK_SECRET"),
        (hooks().with("WEBHOOK_SECRET", &webhook_secret(1).replace("whsec_", "")), "WEBHOOK_SECRET"),
        (
            hooks().with("WEBHOOK_SECRET", &webhook_secret(1)).with("WEBHOOK_SECRET_PREVIOUS", "x"),
            "WEBHOOK_SECRET_PREVIOUS",
        ),
        (Fixture::working().with("WEBHOOK_URLS", "hooks.contoso.example"), "WEBHOOK_URLS"),
        (Fixture::working().with("LLM_SUMMARY_ROUTE", "summary"), "AI_GATEWAY_LLM_ID"),
        (Fixture::working().with("LLM_CLASSIFIER_ROUTE", "judge"), "AI_GATEWAY_LLM_ID"),
        (Fixture::working().with("INSPECT_RESPONSES", "always"), "INSPECT_RESPONSES"),
    ] {
        let error = fixture.parse().unwrap_err();
        assert_eq!(error.name, name, "{error}");
        assert!(!error.to_string().contains(&webhook_secret(1)));
    }
}
