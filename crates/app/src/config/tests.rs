use std::collections::BTreeMap;

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
    assert_eq!(config.resource(), "https://mcp.contoso.example/mcp");
    assert_eq!(config.access.reauth, Duration::from_hours(12));
    assert_eq!(config.profile, Profile::ReadOnly);
    assert!(!config.access.everywhere);
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
        ("INGRESS", "open"),
        ("AI_GATEWAY_BASE_URL", "http://gateway.example"),
        ("AI_GATEWAY_ID", ".."),
        ("GRAPH_API_VERSION", "beta"),
        ("GRAPH_TRANSPORT", "pigeon"),
        ("MICROSOFT_TENANT_ID", "common"),
        ("MICROSOFT_CLIENT_SECRET", "two words"),
        ("PROFILE", "everything"),
        ("ENCRYPTION_KEY", "c2hvcnQ="),
        ("COOKIE_SECRET_PREVIOUS", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="),
    ] {
        let error = Fixture::working().with(name, value).parse().unwrap_err();
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
