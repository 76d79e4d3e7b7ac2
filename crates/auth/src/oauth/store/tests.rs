use std::collections::BTreeSet;
use std::time::Duration;

use m365_types::Secret;

use super::*;
use crate::oauth::grant::REPEAT_WINDOW;
use crate::oauth::handle::{Handle, TokenKind};
use crate::oauth::transaction::COOKIE_NAME;
use crate::testing::flow::{
    Flow, REDIRECT, VERIFIER, parameter, redemption, redemption_with, refresh_request,
};
use crate::testing::{AUDIENCE, PUBLIC_URL, cell_of, race};

const MILLI: Duration = Duration::from_millis(1);
const MINUTE: Duration = Duration::from_mins(1);
const HOUR: Duration = Duration::from_hours(1);
const DAY: Duration = Duration::from_hours(24);
/// Reauthentication out of the way, to see the other ends.
const LONG: Lifetimes = Lifetimes {
    code: MINUTE,
    access: HOUR,
    refresh_idle: Duration::from_hours(720),
    refresh_absolute: Duration::from_hours(2160),
    reauth: Duration::from_hours(8760),
};

fn last(flow: &Flow) -> String {
    flow.fixture.records().pop().unwrap()
}

#[test]
fn a_code_becomes_tokens_that_open_the_resource_for_the_person() {
    let flow = Flow::new();
    let client = flow.register();
    let alex = flow.fixture.principal("alex");
    let consent = flow.consent(&alex, &client);
    let issued = flow.store.consent(flow.fixture.request(), &alex, consent).unwrap();
    assert_eq!(parameter(issued.location(), "state").as_deref(), Some("s t&a=te"));
    assert_eq!(parameter(issued.location(), "iss").as_deref(), Some(PUBLIC_URL));
    let tokens = flow.redeem(&client, &parameter(issued.location(), "code").unwrap()).unwrap();
    let live = flow.store.authenticate(tokens.access_token(), AUDIENCE).unwrap();
    assert_eq!((live.grant(), live.client()), (issued.grant(), &client));
    assert_eq!(live.identity(), alex.identity());
    assert_eq!(live.scopes().to_string(), "Mail.Read Mail.Send");
    assert_eq!(live.asserted_at(), alex.asserted_at());
    let body: serde_json::Value = serde_json::from_str(tokens.body(flow.fixture.now()).expose()).unwrap();
    assert_eq!((&body["token_type"], &body["expires_in"]), (&"Bearer".into(), &3600.into()));
    assert_eq!(
        flow.fixture.records(),
        ["consent.given Done granted", "token.issued Done issued"],
        "one record per transition"
    );
}

#[test]
fn a_code_lives_sixty_seconds() {
    for (after, good) in [
        (MINUTE.checked_sub(MILLI).unwrap(), true),
        (MINUTE, false),
        (MINUTE + Duration::from_secs(1), false),
    ] {
        let flow = Flow::new();
        let client = flow.register();
        let code = flow.code(&client);
        flow.advance(after);
        assert_eq!(flow.redeem(&client, &code).is_ok(), good, "{after:?}");
    }
}

#[test]
fn a_failed_check_leaves_the_code_usable_by_its_client() {
    let flow = Flow::new();
    let (client, other) = (flow.register(), flow.register());
    let code = flow.code(&client);
    let attempt = |client: &ClientId, redirect: &str, verifier: &str| {
        let redemption = redemption_with(&code, redirect, verifier);
        flow.store.redeem_code(flow.fixture.request(), client, &redemption).unwrap_err()
    };
    assert_eq!(attempt(&client, REDIRECT, &"x".repeat(43)), GrantRefusal::Verifier);
    assert_eq!(attempt(&client, "http://localhost:1/callback", VERIFIER), GrantRefusal::RedirectUri);
    assert_eq!(attempt(&other, REDIRECT, VERIFIER), GrantRefusal::Client);
    assert_eq!(last(&flow), "token.issued Denied grant_other_client");
    let tokens = flow.redeem(&client, &code).unwrap();
    assert_eq!(flow.redeem(&other, &code).unwrap_err(), GrantRefusal::Client);
    assert!(flow.is_live(tokens.access_token()), "another client's replay changes nothing");
}

#[test]
fn a_replayed_code_ends_the_grant() {
    let flow = Flow::new();
    let client = flow.register();
    let code = flow.code(&client);
    let tokens = flow.redeem(&client, &code).unwrap();
    assert_eq!(flow.redeem(&client, &code).unwrap_err(), GrantRefusal::Reused);
    assert_eq!(last(&flow), "token.reused Denied grant_reused");
    assert!(!flow.is_live(tokens.access_token()));
    assert_eq!(flow.refresh(&client, tokens.refresh_token()).unwrap_err(), GrantRefusal::Invalid);
    assert_eq!(flow.redeem(&client, &code).unwrap_err(), GrantRefusal::Invalid);
}

#[test]
fn of_twenty_parallel_redemptions_exactly_one_succeeds() {
    let flow = Flow::new();
    let client = flow.register();
    let code = flow.code(&client);
    let results = race(20, |_| flow.redeem(&client, &code).map(|_| ()));
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
    assert!(
        results
            .iter()
            .filter_map(|result| result.err())
            .all(|refusal| refusal.oauth_error() == "invalid_grant")
    );
}

#[test]
fn of_twenty_parallel_consents_exactly_one_grants() {
    let flow = Flow::new();
    let client = flow.register();
    let alex = flow.fixture.principal("alex");
    let (headers, fields) = flow.begin(&alex, &client);
    let results = race(20, |_| {
        let posted = crate::testing::flow::posted(&fields);
        let consent = flow.transactions.open_consent(&alex, &headers, &posted).unwrap();
        flow.store.consent(flow.fixture.request(), &alex, consent).map(|_| ())
    });
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
    assert_eq!(results.iter().filter(|result| **result == Err(GrantRefusal::Spent)).count(), 19);
    assert_eq!(flow.fixture.database.integer("SELECT COUNT(*) FROM auth_grant"), 1);
    assert!(headers["cookie"].to_str().unwrap().contains(COOKIE_NAME));
}

#[test]
fn denial_and_consent_before_sign_in_spend_the_form_too() {
    let flow = Flow::new();
    let client = flow.register();
    let alex = flow.fixture.principal("alex");
    let (headers, fields) = flow.begin(&alex, &client);
    let open = || {
        let posted = crate::testing::flow::posted(&fields);
        flow.transactions.open_consent(&alex, &headers, &posted).unwrap()
    };
    let location = flow.store.deny(flow.fixture.request(), open()).unwrap();
    assert_eq!(parameter(&location, "error").as_deref(), Some("access_denied"));
    assert_eq!(parameter(&location, "iss").as_deref(), Some(PUBLIC_URL));
    assert_eq!(last(&flow), "consent.denied Denied denied");
    assert_eq!(flow.store.deny(flow.fixture.request(), open()).unwrap_err(), GrantRefusal::Spent);
    let refused = flow.store.consent_before_sign_in(flow.fixture.request(), open()).map(|_| ());
    assert_eq!(refused, Err(GrantRefusal::Spent));
    assert_eq!(last(&flow), "request.refused Denied transaction_spent");

    let waiting =
        flow.store.consent_before_sign_in(flow.fixture.request(), flow.consent(&alex, &client)).unwrap();
    assert_eq!(flow.fixture.database.integer("SELECT COUNT(*) FROM auth_grant"), 0, "nothing is granted yet");
    let issued = flow.store.complete(flow.fixture.request(), &alex, &waiting).unwrap();
    assert!(flow.redeem(&client, &parameter(issued.location(), "code").unwrap()).is_ok());
}

#[test]
fn a_guessed_secret_behind_a_real_handle_opens_and_ends_nothing() {
    let flow = Flow::new();
    let client = flow.register();
    let code = flow.code(&client);
    let forged = |token: &str| format!("{}.{}", token.rsplit_once('.').unwrap().0, "A".repeat(43));
    assert_eq!(flow.redeem(&client, &forged(&code)).unwrap_err(), GrantRefusal::Invalid);
    let tokens = flow.redeem(&client, &code).unwrap();
    assert_eq!(flow.redeem(&client, &forged(&code)).unwrap_err(), GrantRefusal::Invalid);
    let refresh = Secret::new(forged(tokens.refresh_token().expose()));
    assert_eq!(flow.refresh(&client, &refresh).unwrap_err(), GrantRefusal::Invalid);
    let access = Secret::new(forged(tokens.access_token().expose()));
    assert_eq!(flow.store.authenticate(&access, AUDIENCE).unwrap_err(), TokenRefusal::Unknown);
    assert!(flow.is_live(tokens.access_token()));
    assert!(flow.refresh(&client, tokens.refresh_token()).is_ok());
}

#[test]
fn a_refresh_token_has_one_successor_which_is_repeated_for_ten_seconds() {
    let flow = Flow::new();
    let client = flow.register();
    let first = flow.tokens(&client);
    let second = flow.refresh(&client, first.refresh_token()).unwrap();
    assert_ne!(first.refresh_token().expose(), second.refresh_token().expose());
    flow.advance(REPEAT_WINDOW);
    let repeated = flow.refresh(&client, first.refresh_token()).unwrap();
    assert_eq!(repeated.refresh_token().expose(), second.refresh_token().expose());
    assert_eq!(repeated.access_token().expose(), second.access_token().expose());
    assert_eq!(last(&flow), "token.refreshed Done repeated");
    flow.advance(MILLI);
    assert_eq!(flow.refresh(&client, first.refresh_token()).unwrap_err(), GrantRefusal::Reused);
    assert_eq!(last(&flow), "token.reused Denied grant_reused");
    assert!(!flow.is_live(second.access_token()));
    assert_eq!(flow.refresh(&client, second.refresh_token()).unwrap_err(), GrantRefusal::Invalid);
}

#[test]
fn a_refresh_token_whose_successor_was_used_ends_the_family_at_once() {
    let flow = Flow::new();
    let client = flow.register();
    let first = flow.tokens(&client);
    let second = flow.refresh(&client, first.refresh_token()).unwrap();
    let third = flow.refresh(&client, second.refresh_token()).unwrap();
    assert_eq!(flow.refresh(&client, first.refresh_token()).unwrap_err(), GrantRefusal::Reused);
    for tokens in [first, second, third] {
        assert!(!flow.is_live(tokens.access_token()));
        assert_eq!(flow.refresh(&client, tokens.refresh_token()).unwrap_err(), GrantRefusal::Invalid);
    }
}

#[test]
fn twenty_parallel_refreshes_give_one_successor() {
    let flow = Flow::new();
    let client = flow.register();
    let first = flow.tokens(&client);
    let results =
        race(20, |_| flow.refresh(&client, first.refresh_token()).unwrap().refresh_token().expose().clone());
    assert_eq!(results.into_iter().collect::<BTreeSet<_>>().len(), 1);
    assert_eq!(flow.fixture.database.integer("SELECT COUNT(*) FROM auth_token WHERE kind = 'refresh'"), 2);
    let rotated = flow.fixture.records().iter().filter(|line| line.ends_with("rotated")).count();
    assert_eq!(rotated, 1);
}

#[test]
fn another_client_s_refresh_leaves_the_family_intact() {
    let flow = Flow::new();
    let (client, other) = (flow.register(), flow.register());
    let first = flow.tokens(&client);
    assert_eq!(flow.refresh(&other, first.refresh_token()).unwrap_err(), GrantRefusal::Client);
    let second = flow.refresh(&client, first.refresh_token()).unwrap();
    assert_eq!(flow.refresh(&other, first.refresh_token()).unwrap_err(), GrantRefusal::Client);
    assert!(flow.is_live(second.access_token()));
    assert!(flow.refresh(&client, second.refresh_token()).is_ok());
}

#[test]
fn a_refresh_narrows_scope_but_never_widens_it() {
    let flow = Flow::new();
    let client = flow.register();
    let tokens = flow.tokens(&client);
    let refresh = |token, scope| {
        flow.store.refresh(flow.fixture.request(), &client, &refresh_request(token, Some(scope)))
    };
    for wider in ["Mail.Read User.Read", "User.Read", "Mail.Read Mail.Everything", "x"] {
        assert_eq!(refresh(tokens.refresh_token(), wider).unwrap_err(), GrantRefusal::Scope, "{wider}");
    }
    let narrow = refresh(tokens.refresh_token(), "Mail.Read").unwrap();
    let live = flow.store.authenticate(narrow.access_token(), AUDIENCE).unwrap();
    assert_eq!(live.scopes().to_string(), "Mail.Read");
    let whole = refresh(narrow.refresh_token(), "Mail.Read Mail.Send").unwrap();
    assert_eq!(whole.scopes().to_string(), "Mail.Read Mail.Send");
}

#[test]
fn no_token_outlives_the_access_sign_in() {
    let flow = Flow::new();
    let client = flow.register();
    let mut tokens = flow.tokens(&client);
    flow.advance(11 * HOUR + 30 * MINUTE);
    tokens = flow.refresh(&client, tokens.refresh_token()).unwrap();
    assert_eq!(tokens.access_expires().since(flow.fixture.now()), 30 * MINUTE);
    flow.advance(29 * MINUTE);
    tokens = flow.refresh(&client, tokens.refresh_token()).unwrap();
    flow.advance(MILLI);
    assert_eq!(flow.refresh(&client, tokens.refresh_token()).unwrap_err(), GrantRefusal::ReauthNeeded);
    flow.advance(MINUTE.checked_sub(2 * MILLI).unwrap());
    assert!(flow.is_live(tokens.access_token()));
    flow.advance(MILLI);
    assert_eq!(flow.store.authenticate(tokens.access_token(), AUDIENCE).unwrap_err(), TokenRefusal::Expired);
}

#[test]
fn an_old_access_sign_in_cannot_begin_a_grant() {
    let flow = Flow::new();
    let client = flow.register();
    let alex = flow.fixture.principal("alex");
    flow.advance((12 * HOUR).checked_sub(MINUTE).unwrap() + MILLI);
    let refused = flow.store.consent(flow.fixture.request(), &alex, flow.consent(&alex, &client)).map(|_| ());
    assert_eq!(refused, Err(GrantRefusal::ReauthNeeded));
    assert_eq!(last(&flow), "consent.given Denied grant_reauth_needed");
}

#[test]
fn a_shortened_reauthentication_reaches_tokens_issued_before() {
    let flow = Flow::new();
    let client = flow.register();
    let tokens = flow.tokens(&client);
    let lives = Lifetimes { reauth: 10 * MINUTE, ..Lifetimes::default() };
    let stricter = GrantStore::new(flow.fixture.cell_ports(), &flow.fixture.keys, PUBLIC_URL.into(), lives);
    flow.advance((10 * MINUTE).checked_sub(MILLI).unwrap());
    assert!(stricter.authenticate(tokens.access_token(), AUDIENCE).is_ok());
    flow.advance(MILLI);
    assert_eq!(stricter.authenticate(tokens.access_token(), AUDIENCE).unwrap_err(), TokenRefusal::Expired);
}

#[test]
fn a_refresh_token_ends_idle_and_absolutely_with_a_minute_to_spare() {
    for (idle, good) in [
        ((30 * DAY).checked_sub(MINUTE).unwrap(), true),
        ((30 * DAY).checked_sub(MINUTE).unwrap() + MILLI, false),
        (30 * DAY, false),
        (31 * DAY, false),
    ] {
        let flow = Flow::with(LONG);
        let client = flow.register();
        let tokens = flow.tokens(&client);
        flow.advance(idle);
        let refreshed = flow.refresh(&client, tokens.refresh_token()).map(|_| ());
        assert_eq!(refreshed, if good { Ok(()) } else { Err(GrantRefusal::Expired) }, "{idle:?}");
    }
    let flow = Flow::with(LONG);
    let client = flow.register();
    let mut tokens = flow.tokens(&client);
    for _ in 0..3 {
        flow.advance(29 * DAY);
        tokens = flow.refresh(&client, tokens.refresh_token()).unwrap();
    }
    flow.advance((3 * DAY).checked_sub(MINUTE).unwrap());
    tokens = flow.refresh(&client, tokens.refresh_token()).unwrap();
    assert_eq!(
        tokens.access_expires().since(flow.fixture.now()),
        MINUTE,
        "the grant's end bounds access too"
    );
    flow.advance(MILLI);
    assert_eq!(flow.refresh(&client, tokens.refresh_token()).unwrap_err(), GrantRefusal::Expired);
}

#[test]
fn an_access_token_opens_only_its_resource_and_only_in_time() {
    let flow = Flow::new();
    let client = flow.register();
    let tokens = flow.tokens(&client);
    for audience in [
        "https://other.contoso.example/mcp",
        "http://mcp.contoso.example/mcp",
        "https://mcp.contoso.example:8443/mcp",
        "https://mcp.contoso.example/mcp-other",
        "https://mcp.contoso.example/mcp/",
    ] {
        let refused = flow.store.authenticate(tokens.access_token(), audience).unwrap_err();
        assert_eq!(refused, TokenRefusal::Audience, "{audience}");
    }
    flow.advance(HOUR.checked_sub(MILLI).unwrap());
    assert!(flow.is_live(tokens.access_token()));
    flow.advance(MILLI);
    assert_eq!(flow.store.authenticate(tokens.access_token(), AUDIENCE).unwrap_err(), TokenRefusal::Expired);
}

#[test]
fn only_an_access_token_of_this_cell_opens_the_resource() {
    let flow = Flow::new();
    let client = flow.register();
    let code = flow.code(&client);
    let tokens = flow.redeem(&client, &code).unwrap();
    let foreign = Handle {
        cell: cell_of("blair"),
        grant: flow.store.authenticate(tokens.access_token(), AUDIENCE).unwrap().grant(),
        kind: TokenKind::Access,
        audience: AUDIENCE.into(),
        expires: flow.fixture.now().plus(HOUR),
    };
    let foreign = flow.store.handles.mint(&*flow.fixture.entropy(), &foreign);
    let graph = Secret::new("eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiJ9.e30.c2ln".to_owned());
    for token in [tokens.refresh_token(), &Secret::new(code), &foreign, &graph, &Secret::new(String::new())] {
        assert_eq!(flow.store.authenticate(token, AUDIENCE).unwrap_err(), TokenRefusal::Unknown);
    }
    assert_eq!(TokenRefusal::Unknown.oauth_error(), Some("invalid_token"));
    assert_eq!(flow.refresh(&client, tokens.access_token()).unwrap_err(), GrantRefusal::Invalid);
    assert_eq!(flow.redeem(&client, tokens.refresh_token().expose()).unwrap_err(), GrantRefusal::Invalid);
}

#[test]
fn revoking_access_spares_refresh_and_revoking_refresh_ends_the_grant() {
    let flow = Flow::new();
    let (client, other) = (flow.register(), flow.register());
    let tokens = flow.tokens(&client);
    let revoke =
        |client: &ClientId, token: &Secret<String>| flow.store.revoke(flow.fixture.request(), client, token);
    revoke(&other, tokens.refresh_token()).unwrap();
    revoke(&other, tokens.access_token()).unwrap();
    revoke(&client, &Secret::new("unknown".into())).unwrap();
    assert!(flow.is_live(tokens.access_token()), "another client's wish changes nothing");
    revoke(&client, tokens.access_token()).unwrap();
    assert_eq!(last(&flow), "grant.revoked Done access_token");
    assert!(!flow.is_live(tokens.access_token()));
    let second = flow.refresh(&client, tokens.refresh_token()).unwrap();
    assert!(flow.is_live(second.access_token()));
    revoke(&client, second.refresh_token()).unwrap();
    assert_eq!(last(&flow), "grant.revoked Done by_client");
    assert!(!flow.is_live(second.access_token()));
    assert_eq!(flow.refresh(&client, second.refresh_token()).unwrap_err(), GrantRefusal::Invalid);
    let records = flow.fixture.records().len();
    revoke(&client, second.refresh_token()).unwrap();
    assert_eq!(flow.fixture.records().len(), records, "revoking again changes nothing");
}

#[test]
fn authorizing_again_ends_earlier_grants_of_that_client_only() {
    let flow = Flow::new();
    let (client, other) = (flow.register(), flow.register());
    let (first, kept) = (flow.tokens(&client), flow.tokens(&other));
    flow.advance(MILLI);
    let code = flow.code(&client);
    assert!(flow.is_live(first.access_token()), "asking alone ends nothing");
    let second = flow.redeem(&client, &code).unwrap();
    assert!(!flow.is_live(first.access_token()));
    assert!(flow.is_live(second.access_token()) && flow.is_live(kept.access_token()));
    assert!(flow.fixture.records().contains(&"grant.revoked Done authorized_again".to_owned()));
}

#[test]
fn the_person_sees_and_ends_grants() {
    let flow = Flow::new();
    let client = flow.register();
    let tokens = flow.tokens(&client);
    assert!(flow.is_live(tokens.access_token()));
    let grants = flow.store.grants().unwrap();
    assert_eq!((grants.len(), grants[0].client_name.as_str()), (1, "Tool"));
    assert_eq!(grants[0].last_used, Some(flow.fixture.now()));
    assert_eq!(flow.store.end(flow.fixture.request(), grants[0].grant), Ok(true));
    assert_eq!(flow.store.end(flow.fixture.request(), grants[0].grant), Ok(false));
    assert_eq!(last(&flow), "grant.revoked Done by_person");
    assert!(!flow.is_live(tokens.access_token()) && flow.store.grants().unwrap().is_empty());
}

#[test]
fn the_time_of_last_use_is_noted_at_most_once_a_minute() {
    let flow = Flow::new();
    let client = flow.register();
    let tokens = flow.tokens(&client);
    let noted = |flow: &Flow| flow.store.grants().unwrap()[0].last_used;
    let first = flow.fixture.now();
    assert!(flow.is_live(tokens.access_token()));
    flow.advance(MINUTE.checked_sub(MILLI).unwrap());
    assert!(flow.is_live(tokens.access_token()));
    assert_eq!(noted(&flow), Some(first));
    flow.advance(MILLI);
    assert!(flow.is_live(tokens.access_token()));
    assert_eq!(noted(&flow), Some(flow.fixture.now()));
}

#[test]
fn what_cannot_be_recorded_does_not_happen() {
    let flow = Flow::new();
    let client = flow.register();
    let alex = flow.fixture.principal("alex");
    let full = GrantRefusal::Store(SqlError::Full);
    let (headers, fields) = flow.begin(&alex, &client);
    let open = || {
        let posted = crate::testing::flow::posted(&fields);
        flow.transactions.open_consent(&alex, &headers, &posted).unwrap()
    };
    flow.fixture.audit.fail(true);
    assert_eq!(flow.store.consent(flow.fixture.request(), &alex, open()).map(|_| ()), Err(full));
    assert_eq!(flow.fixture.database.integer("SELECT COUNT(*) FROM auth_grant"), 0);
    flow.fixture.audit.fail(false);
    let issued = flow.store.consent(flow.fixture.request(), &alex, open()).unwrap();
    let code = parameter(issued.location(), "code").unwrap();
    flow.fixture.audit.fail(true);
    assert_eq!(flow.redeem(&client, &code).unwrap_err(), full);
    flow.fixture.audit.fail(false);
    let tokens = flow.redeem(&client, &code).unwrap();
    flow.fixture.audit.fail(true);
    assert_eq!(flow.refresh(&client, tokens.refresh_token()).unwrap_err(), full);
    assert_eq!(flow.redeem(&client, &code).unwrap_err(), full);
    assert_eq!(
        flow.store.revoke(flow.fixture.request(), &client, tokens.refresh_token()),
        Err(SqlError::Full)
    );
    flow.fixture.audit.fail(false);
    assert!(flow.is_live(tokens.access_token()));
    assert!(flow.refresh(&client, tokens.refresh_token()).is_ok());
}

#[test]
fn the_database_holds_no_token() {
    let flow = Flow::new();
    let client = flow.register();
    let code = flow.code(&client);
    let first = flow.redeem(&client, &code).unwrap();
    let second = flow.refresh(&client, first.refresh_token()).unwrap();
    let stored = ["auth_spent", "auth_grant", "auth_token", "test_audit"]
        .map(|table| flow.fixture.database.dump(table));
    let stored = stored.concat();
    let bytes = |text: &str| format!("{:?}", text.as_bytes()).trim_matches(['[', ']']).to_owned();
    for token in
        [&code, first.access_token().expose(), first.refresh_token().expose(), second.access_token().expose()]
    {
        let secret = token.rsplit_once('.').unwrap().1;
        assert!(!stored.contains(secret) && !stored.contains(&bytes(secret)));
    }
}

#[test]
fn a_used_successor_erases_the_answer_kept_for_repeating() {
    let flow = Flow::new();
    let client = flow.register();
    let first = flow.tokens(&client);
    let second = flow.refresh(&client, first.refresh_token()).unwrap();
    let third = flow.refresh(&client, second.refresh_token()).unwrap();
    assert_eq!(flow.fixture.database.integer("SELECT COUNT(*) FROM auth_token WHERE answer IS NOT NULL"), 1);
    assert!(flow.is_live(third.access_token()));
}

#[test]
fn sweeping_forgets_what_has_ended_and_nothing_else() {
    let flow = Flow::with(LONG);
    let (client, other) = (flow.register(), flow.register());
    let tokens = flow.tokens(&client);
    let abandoned = flow.code(&other);
    flow.advance(2 * HOUR);
    flow.store.sweep().unwrap();
    let second = flow.refresh(&client, tokens.refresh_token()).unwrap();
    flow.advance(MINUTE);
    flow.store.sweep().unwrap();
    assert!(flow.is_live(second.access_token()));
    assert_eq!(flow.redeem(&other, &abandoned).unwrap_err(), GrantRefusal::Invalid);
    assert_eq!(flow.refresh(&client, tokens.refresh_token()).unwrap_err(), GrantRefusal::Reused);
    flow.advance(100 * DAY);
    flow.store.sweep().unwrap();
    for table in ["auth_grant", "auth_token"] {
        assert_eq!(flow.fixture.database.integer(&format!("SELECT COUNT(*) FROM {table}")), 0);
    }
}

#[test]
fn a_token_of_another_resource_is_not_issued() {
    let flow = Flow::new();
    let client = flow.register();
    let code = flow.code(&client);
    let mut other = redemption(&code);
    other.resource = Some("https://mcp.contoso.example/sse".into());
    let refused = flow.store.redeem_code(flow.fixture.request(), &client, &other).unwrap_err();
    assert_eq!((refused, refused.oauth_error()), (GrantRefusal::Target, "invalid_target"));
    assert!(flow.redeem(&client, &code).is_ok());
}

#[test]
fn tokens_survive_a_change_of_keys_while_the_previous_ones_are_configured() {
    let flow = Flow::new();
    let client = flow.register();
    let first = flow.tokens(&client);
    let second = flow.refresh(&client, first.refresh_token()).unwrap();
    let fresh = |byte: u8| {
        m365_seal::Key::from_bytes(std::array::from_fn(|i| byte.wrapping_add(u8::try_from(i).unwrap())))
    };
    let store = |keys: &Keys| {
        GrantStore::new(flow.fixture.cell_ports(), keys, PUBLIC_URL.into(), Lifetimes::default())
    };
    let mut keys = flow.fixture.keys.clone();
    keys.encryption.current = fresh(90);
    let refused = store(&keys).authenticate(second.access_token(), AUDIENCE).unwrap_err();
    assert_eq!(refused, TokenRefusal::Unknown, "a key that is gone opens nothing");
    keys.encryption.previous = Some(flow.fixture.keys.encryption.current.clone());
    assert!(store(&keys).authenticate(second.access_token(), AUDIENCE).is_ok());
    let request = refresh_request(first.refresh_token(), None);
    let repeated = store(&keys).refresh(flow.fixture.request(), &client, &request).unwrap();
    assert_eq!(repeated.refresh_token().expose(), second.refresh_token().expose());
}

#[test]
fn beside_a_token_an_assertion_must_name_its_person_and_a_service_only_passes() {
    use m365_types::{Identity, Service};

    use crate::context::{CONTEXT_HEADER, Contexts, Outgoing};
    use crate::perimeter::{PerimeterRefusal, VerifiedAssertion, accompany};
    let flow = Flow::new();
    let owner = crate::testing::person("alex").subject;
    let contexts = Contexts::new(&flow.fixture.keys, flow.fixture.clock(), flow.fixture.entropy());
    let beside = |identity| {
        let assertion = VerifiedAssertion::for_test(identity, flow.fixture.now());
        let request = flow.fixture.request();
        let outgoing =
            Outgoing { request, route: "/mcp", assertion: Some(&assertion), client: None, errand: None };
        let sealed = contexts.seal(&cell_of("alex"), &outgoing);
        let headers = http::HeaderMap::from_iter([(http::HeaderName::from_static(CONTEXT_HEADER), sealed)]);
        let opened = contexts.open(&cell_of("alex"), &headers).unwrap();
        accompany(&owner, opened.vouched().unwrap())
    };
    let service = Service { client_id: AccessSubject::parse("id.access").unwrap() };
    assert_eq!(beside(Identity::Person(crate::testing::person("alex"))), Ok(()));
    assert_eq!(beside(Identity::Service(service)), Ok(()));
    let other = beside(Identity::Person(crate::testing::person("blair")));
    assert_eq!(other, Err(PerimeterRefusal::OtherPerson));
}
