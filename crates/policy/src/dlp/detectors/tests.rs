//! Published vectors of every detector, and the same with one character changed.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

use super::super::custom::Custom;
use super::super::scan::Scanner;
use super::DETECTORS;
use super::keys::{base62, crc32};

/// What one detector finds in a text.
fn found<'t>(detector: &str, text: &'t str) -> Vec<&'t str> {
    let index = DETECTORS.iter().position(|row| row.name == detector).expect("the detector is a row");
    let custom = Custom::default();
    let hits = Scanner::new(&custom, std::iter::once(index)).scan(text, None, 0);
    hits.into_iter().map(|hit| &text[hit.span]).collect()
}

/// Text that looks random, the same each time.
fn varied(len: usize, alphabet: &str) -> String {
    let mut state = 7_u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        usize::try_from(state >> 16).unwrap() % alphabet.len()
    };
    (0..len).map(|_| char::from(alphabet.as_bytes()[next()])).collect()
}

const BASE62: &str = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Every digit of a text counted up by one, one at a time.
fn neighbours(text: &str) -> impl Iterator<Item = String> + '_ {
    text.char_indices().filter_map(|(at, c)| {
        let next = (c.to_digit(10)? + 1) % 10;
        Some(format!("{}{next}{}", &text[..at], &text[at + 1..]))
    })
}

/// Each vector is found whole between words, and no neighbour of it is.
fn proves(detector: &str, context: &str, vectors: &[&str]) {
    for vector in vectors {
        let text = format!("{context} „{vector}“, thanks");
        assert_eq!(found(detector, &text), [*vector], "{detector}");
        for neighbour in neighbours(vector) {
            let text = format!("{context} {neighbour} thanks");
            assert!(found(detector, &text).is_empty(), "{detector} believes {neighbour}");
        }
        let inside = format!("{context} 7{vector}7");
        assert!(found(detector, &inside).is_empty(), "{detector} finds a part of {inside}");
    }
}

#[test]
fn the_table_is_sorted_and_complete() {
    assert!(DETECTORS.is_sorted_by_key(|row| row.name));
    for row in DETECTORS {
        assert!(
            !row.validation.is_empty() && !row.source.is_empty() && !row.finds.is_empty(),
            "{}",
            row.name
        );
        assert!(
            row.name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        );
    }
}

#[test]
fn payment_cards_of_every_scheme_are_found() {
    // The test numbers that payment providers publish.
    proves(
        "payment-card",
        "card",
        &[
            "4111111111111111",
            "4012 8888 8888 1881",
            "4222222222222",
            "5555-5555-5555-4444",
            "5105105105105100",
            "2223003122003222",
            "3782 822463 10005",
            "371449635398431",
            "30569309025904",
            "3852 000002 3237",
            "6011111111111117",
            "6011 0009 9013 9424",
            "3530111333300000",
            "3566.0020.2036.0505",
            "6240008631401148",
            "6759649826438453",
            "4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1",
            "41111 11111 11111 1",
        ],
    );
}

#[test]
fn numbers_that_only_look_like_cards_are_not() {
    for text in [
        "coordinates 52.52000659999994, 13.404954",
        "4111111111111111.25 EUR",
        "0.4111111111111111",
        "9999999999999995",
        "call +41 11 11 11 11 11 11 11 1",
        "a4111111111111111",
        "41111111111111110",
    ] {
        assert!(found("payment-card", text).is_empty(), "{text}");
    }
    assert_eq!(found("payment-card", "4111 1111 1111 1111 5555 5555 5555 4444").len(), 2);
    assert_eq!(found("payment-card", "1. 4111 1111 1111 1111 12/27 737"), ["4111 1111 1111 1111"]);
    assert_eq!(found("payment-card", r"row\n4111111111111111\t5"), ["4111111111111111"]);
}

#[test]
fn ibans_of_the_registry_are_found() {
    proves(
        "iban",
        "to",
        &[
            "GB29NWBK60161331926819",
            "GB29 NWBK 6016 1331 9268 19",
            "DE89 3704 0044 0532 0130 00",
            "FR1420041010050500013M02606",
            "NL91 ABNA 0417 1643 00",
            "CH93-0076-2011-6238-5295-7",
            "NO9386011117947",
            "MT84MALT011000012345MTLCAST001S",
            "BR1800360305000010009795493C1",
            "de89370400440532013000",
        ],
    );
    // Right check digits, wrong length or structure.
    assert!(found("iban", "XX89370400440532013000 and BE12 people").is_empty());
}

#[test]
fn national_ids_with_check_digits_are_found() {
    proves("br-cpf", "of", &["529.982.247-25", "111.444.777-35"]);
    proves("br-cpf", "CPF:", &["52998224725"]);
    proves("de-tax-id", "Steuer-ID", &["36574261809", "86 095 742 719", "47036892816", "65929970489"]);
    proves("es-dni-nie", "de", &["54362315K", "X-2482300-W", "x2482300w"]);
    proves("fr-nir", "no", &["2 95 10 99 126 111 93", "295109912611193", "253072B07300470"]);
    proves("it-codice-fiscale", "di", &["RCCMNL83S18D969H", "RSSMRA85T10A562S", "RSS MRA 85T10 A562S"]);
    proves("nl-bsn", "BSN", &["111222333", "1112.22.333", "123456782"]);
    proves("pl-pesel", "PESEL", &["44051401359", "02070803628"]);
    proves("se-personnummer", "Personnummer", &["880320-0016", "19811228-9874", "8112289874", "701063-2391"]);
}

#[test]
fn national_ids_without_check_digits_follow_the_rules_of_the_authority() {
    for text in
        ["SSN 123-45-6789", "social security number: 123456789", "my socialSecurityNumber is 123 45 6789"]
    {
        assert_eq!(found("us-ssn", text).len(), 1, "{text}");
    }
    for number in ["000-12-3456", "666-12-3456", "900-12-3456", "123-00-4567", "123-45-0000", "078-05-1120"] {
        assert!(found("us-ssn", &format!("SSN {number}")).is_empty(), "{number}");
    }
    assert!(
        found("us-ssn", "the order 123-45-6789 of the business number").is_empty(),
        "no word says what it is"
    );
    for number in ["AB123456C", "JG 10 37 59 A", "ab123456c"] {
        assert_eq!(found("uk-nino", &format!("NI {number}.")), [number]);
    }
    for number in
        ["QQ123456C", "AO123456C", "GB123456A", "AB123456E", "AB12345C", "XAB123456C", "at 123456 a"]
    {
        assert!(found("uk-nino", &format!("NI {number}.")).is_empty(), "{number}");
    }
}

#[test]
fn weak_numbers_need_a_word_nearby() {
    for (detector, number) in [
        ("br-cpf", "39053344705"),
        ("de-tax-id", "36574261809"),
        ("nl-bsn", "111222333"),
        ("pl-pesel", "44051401359"),
        ("se-personnummer", "880320-0016"),
    ] {
        assert!(found(detector, &format!("order {number} of today")).is_empty(), "{detector}");
    }
    let far = format!("BSN {} 111222333", "word ".repeat(80));
    assert!(found("nl-bsn", &far).is_empty());
    assert_eq!(found("nl-bsn", "111222333 (Burgerservicenummer)"), ["111222333"]);
}

#[test]
fn github_tokens_carry_their_checksum() {
    // The check value of the CRC catalogue, and the token of GitHub's own example.
    assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
    let random = "zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ";
    assert_eq!(base62(crc32(random.as_bytes())), "0mLq17");
    let token = format!("ghp_{random}0mLq17");
    assert_eq!(found("github-token", &format!("GH={token};")), [token.as_str()]);
    for broken in [token.replace('7', "8"), format!("{token}x"), token.replace("ghp_z", "ghp_y")] {
        assert!(found("github-token", &broken).is_empty(), "{broken}");
    }
    let fine = format!("github_pat_{}_{}", varied(22, BASE62), varied(59, BASE62));
    assert_eq!(found("github-token", &fine), [fine.as_str()]);
    assert!(found("github-token", &fine.replace("_pat_", "_pat_x")).is_empty());
    assert!(found("github-token", &format!("github_pat_{}_{}", "x".repeat(22), "x".repeat(59))).is_empty());
}

#[test]
fn aws_keys_are_found_and_secrets_near_them() {
    // The pair of the AWS manuals, whose key id they made up.
    let (id, secret) =
        (["AKIA", "IOSFODNN7EXAMPLE"].concat(), ["wJalrXUtnFEMI/K7MDENG/", "bPxRfiCYEXAMPLEKEY"].concat());
    let pair = format!("id {id} key {secret}");
    assert_eq!(found("aws-access-key", &pair), [id.as_str()]);
    assert_eq!(found("aws-secret-key", &pair), [secret.as_str()]);
    assert_eq!(found("aws-secret-key", &format!("aws_secret_access_key={secret}")), [secret.as_str()]);
    assert!(found("aws-secret-key", &format!("value {secret}")).is_empty());
    assert!(found("aws-secret-key", &format!("{id} {}", "ab12".repeat(10))).is_empty(), "a digest in hex");
    for broken in
        [format!("{id}A"), id.replace('7', "1"), id.to_lowercase(), format!("AKIA{}", "A".repeat(16))]
    {
        assert!(found("aws-access-key", &broken).is_empty(), "{broken}");
    }
}

#[test]
fn keys_of_services_are_found_and_placeholders_are_not() {
    let slack = format!("xoxb-123456789012-123456789012-{}", varied(24, BASE62));
    let google = format!("AIza{}", varied(35, BASE62));
    let stripe = format!("sk_live_{}", varied(24, BASE62));
    let model = format!("sk-ant-api03-{}", varied(44, BASE62));
    let ours = format!("m365r_{}.{}", varied(120, BASE62), varied(43, BASE62));
    let azure = STANDARD.encode(varied(64, BASE62));
    let azure = format!("AccountKey={azure}");
    for (detector, key) in [
        ("slack-token", &slack),
        ("google-api-key", &google),
        ("stripe-key", &stripe),
        ("llm-api-key", &model),
        ("m365-mcp-token", &ours),
        ("azure-storage-key", &azure),
    ] {
        let text = format!("key=\"{key}\" end");
        assert_eq!(found(detector, &text), [key.as_str()], "{detector}");
        let half = &key[..key.len() / 2];
        assert!(found(detector, half).is_empty(), "{detector} believes {half}");
    }
    for (detector, text) in [
        ("slack-token", "xoxb-your-token-goes-here-please-and-thank-you"),
        ("google-api-key", "AIzaXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX"),
        ("stripe-key", "sk_live_xxxxxxxxxxxxxxxxxxxxxxxxxxxx"),
        ("stripe-key", "sk_test_4eC39HqLyjWDarjtT1zdp7dc"),
        ("llm-api-key", "sk-learn-and-other-words-that-are-joined-by-hyphens-2026"),
        ("llm-api-key", "desk-Abcdefghijklmnopqrstuvwxyz0123456789"),
        ("m365-mcp-token", "m365a_… is how our tokens begin"),
    ] {
        assert!(found(detector, text).is_empty(), "{text}");
    }
}

#[test]
fn a_jwt_has_a_header_with_an_algorithm() {
    // RFC 7519 section 3.1.
    let token = [
        "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9",
        "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ",
        "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
    ]
    .join(".");
    assert_eq!(found("jwt", &format!("Bearer {token}\n")), [token.as_str()]);
    let header = URL_SAFE_NO_PAD.encode(r#"{"kid":"1"}"#);
    let payload = URL_SAFE_NO_PAD.encode("[1,2]");
    let (_, rest) = token.split_once('.').unwrap();
    let (good, _) = token.split_once('.').unwrap();
    for broken in
        [format!("{header}.{rest}"), format!("{good}.{payload}.x"), good.to_owned(), format!("eyJx.{rest}")]
    {
        assert!(found("jwt", &broken).is_empty(), "{broken}");
    }
}

/// A block of a made-up key.
fn pem(kind: &str, newline: &str) -> String {
    let body: Vec<u8> = varied(120, BASE62).into_bytes();
    let lines: Vec<String> =
        STANDARD.encode(body).as_bytes().chunks(64).map(|l| String::from_utf8_lossy(l).into()).collect();
    format!("-----BEGIN {kind}-----{newline}{}{newline}-----END {kind}-----", lines.join(newline))
}

#[test]
fn private_keys_of_every_form_are_found() {
    for kind in
        ["PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY", "OPENSSH PRIVATE KEY", "PGP PRIVATE KEY BLOCK"]
    {
        for newline in ["\n", "\r\n", "\\n", " "] {
            let block = pem(kind, newline);
            let text = format!("here:{newline}{block}{newline}best regards");
            let expected = block.strip_suffix(" BLOCK-----").unwrap_or(&block);
            assert!(found("private-key", &text)[0].starts_with(expected), "{text}");
            assert_eq!(found("private-key", &text).len(), 1);
        }
    }
    let headed = pem("RSA PRIVATE KEY", "\n").replacen(
        "-----\n",
        "-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,0A\n\n",
        1,
    );
    assert_eq!(found("private-key", &headed), [headed.as_str()]);
    let cut = pem("PRIVATE KEY", "\n");
    let cut = cut.split("\n-----END").next().unwrap();
    assert_eq!(found("private-key", &format!("{cut}\nand so on")), [cut]);
    let putty = format!("Private-Lines: 2\n{}\n{}\nPrivate-MAC: 00", varied(64, BASE62), varied(64, BASE62));
    assert_eq!(found("private-key", &putty).len(), 1);
}

#[test]
fn what_is_not_a_private_key_is_not_found() {
    for text in [
        "-----BEGIN PRIVATE KEY-----\nMII…\n-----END PRIVATE KEY-----",
        "a PEM file starts with -----BEGIN RSA PRIVATE KEY----- and ends with the same",
        &pem("CERTIFICATE", "\n"),
        &pem("PUBLIC KEY", "\n"),
    ] {
        assert!(found("private-key", text).is_empty(), "{text}");
    }
}
