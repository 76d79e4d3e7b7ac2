//! What Entra's error codes mean here: who must do what.
//!
//! Source: Microsoft identity platform, "Error codes". Numbers may change at any time: a code that is not in the
//! table is classed by the OAuth `error` beside it.

/// Who must act.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// An administrator of the organisation.
    Administrator,
    /// The operator of this server.
    Operator,
    /// Nobody: trying again may help.
    Retry,
    /// The person, by signing in.
    SignIn,
}

/// One row of the table.
#[derive(Debug, PartialEq, Eq)]
pub struct Meaning {
    /// AADSTS numbers.
    pub codes: &'static [u32],
    /// Who must act.
    pub class: Class,
    /// Whether the stored tokens are worthless from now on.
    pub ends_tokens: bool,
    /// Who must do what.
    pub sentence: &'static str,
}

const fn row(codes: &'static [u32], class: Class, sentence: &'static str) -> Meaning {
    Meaning { codes, class, ends_tokens: false, sentence }
}

const fn ending(codes: &'static [u32], class: Class, sentence: &'static str) -> Meaning {
    Meaning { codes, class, ends_tokens: true, sentence }
}

/// The table.
pub const TABLE: &[Meaning] = &[
    row(
        &[50_074, 50_076, 50_078],
        Class::SignIn,
        "Your organisation asks for multifactor authentication: sign in to Microsoft again.",
    ),
    row(
        &[50_072, 50_079],
        Class::SignIn,
        "Your organisation asks you to register a second sign-in method: sign in to Microsoft again and follow its page.",
    ),
    row(&[50_058, 70_043], Class::SignIn, "Your Microsoft session has ended: sign in to Microsoft again."),
    row(
        &[16_000, 50_020, 50_034, 51_004, 90_072],
        Class::SignIn,
        "That Microsoft account is not one of this organisation: sign in to Microsoft with your work account.",
    ),
    row(
        &[50_053],
        Class::Administrator,
        "Microsoft has locked the account or blocked the address it was used from: wait, or ask your administrator.",
    ),
    row(
        &[50_055, 50_144],
        Class::SignIn,
        "Your Microsoft password has expired: sign in to Microsoft and change it.",
    ),
    ending(&[50_057], Class::Administrator, "The Microsoft account is disabled: ask your administrator."),
    ending(
        &[50_089, 70_000, 70_008, 700_082],
        Class::SignIn,
        "The Microsoft sign-in has expired: sign in to Microsoft again.",
    ),
    ending(
        &[50_132, 50_133, 50_173],
        Class::SignIn,
        "The Microsoft sign-in was revoked or the password changed: sign in to Microsoft again.",
    ),
    row(&[54_005], Class::SignIn, "That Microsoft sign-in was used before: start the sign-in again."),
    row(
        &[50_147, 501_481, 501_491],
        Class::Operator,
        "Microsoft could not match the sign-in to this server's request: start again, and tell the operator if it recurs.",
    ),
    row(
        &[65_001],
        Class::SignIn,
        "Microsoft needs your consent for these permissions: sign in to Microsoft and give it.",
    ),
    row(
        &[65_004],
        Class::SignIn,
        "You declined the permissions at Microsoft: sign in to Microsoft again to allow them.",
    ),
    row(
        &[90_094, 90_095],
        Class::Administrator,
        "An administrator of your organisation must consent to this application's permissions first: ask them.",
    ),
    row(
        &[65_005, 650_052, 650_053, 650_056],
        Class::Operator,
        "The application's registration at Microsoft does not fit this organisation: the operator must correct it.",
    ),
    row(
        &[50_105],
        Class::Administrator,
        "You are not assigned to this application in Microsoft Entra: ask your administrator.",
    ),
    row(
        &[50_005, 50_097, 50_131, 53_000, 53_001, 53_002, 53_003, 530_032],
        Class::Administrator,
        "Your organisation's access rules blocked this sign-in: ask your administrator, and give the code.",
    ),
    row(
        &[53_011, 530_034],
        Class::Administrator,
        "Microsoft blocked the account for risk: ask your administrator.",
    ),
    row(
        &[500_011, 500_021, 500_022, 500_212, 500_213],
        Class::Administrator,
        "Your organisation's tenant restrictions do not allow this sign-in: ask your administrator.",
    ),
    row(
        &[50_011, 70_004, 900_971],
        Class::Operator,
        "The redirect URI of this server is not registered at Microsoft: the operator must add PUBLIC_URL/callback.",
    ),
    row(
        &[50_194, 90_002, 90_130, 9_001_023, 9_002_332],
        Class::Operator,
        "The configured Microsoft tenant does not fit the application: the operator must check MICROSOFT_TENANT_ID.",
    ),
    row(
        &[70_001, 700_016, 7_000_112],
        Class::Operator,
        "The application is unknown or disabled in this Microsoft tenant: the operator must check MICROSOFT_CLIENT_ID.",
    ),
    row(
        &[70_002, 7_000_215],
        Class::Operator,
        "Microsoft does not accept the application's secret: the operator must check MICROSOFT_CLIENT_SECRET.",
    ),
    row(
        &[7_000_222],
        Class::Operator,
        "The application's secret at Microsoft has expired: the operator must set a new MICROSOFT_CLIENT_SECRET.",
    ),
    row(
        &[1_000_502, 7_000_214],
        Class::Operator,
        "The application's certificate has expired or was revoked: the operator must set a new MICROSOFT_CLIENT_CERTIFICATE.",
    ),
    row(
        &[700_024],
        Class::Operator,
        "Microsoft finds this server's credential too old or too new: the operator must check the clock, and that MICROSOFT_FEDERATED_TOKEN is renewed.",
    ),
    row(
        &[70_021, 700_211, 700_212, 700_213, 700_229],
        Class::Operator,
        "Microsoft does not trust this server's MICROSOFT_FEDERATED_TOKEN: the operator must compare its issuer, subject and audience with the federated credential.",
    ),
    row(
        &[50_012, 50_027, 700_021, 700_025, 700_027, 700_030, 900_384, 7_000_218],
        Class::Operator,
        "Microsoft does not accept this server's credential: the operator must check the application's registration.",
    ),
    row(
        &[28_002, 28_003, 70_011, 700_022, 700_023],
        Class::Operator,
        "Microsoft does not accept the permissions this server asked for: the operator must check the registration.",
    ),
    row(
        &[50_196],
        Class::Operator,
        "Microsoft saw too many equal requests and stopped them: wait some minutes, and tell the operator.",
    ),
    row(
        &[50_033, 50_087, 50_088, 90_006, 90_012, 90_024, 90_033, 90_055],
        Class::Retry,
        "Microsoft's sign-in service is busy: try again in a minute.",
    ),
];

const SIGN_IN: Meaning = row(&[], Class::SignIn, "Microsoft asks you to sign in again.");
const SIGN_IN_ENDED: Meaning =
    ending(&[], Class::SignIn, "Microsoft no longer accepts the sign-in: sign in to Microsoft again.");
const DENIED: Meaning = row(
    &[],
    Class::SignIn,
    "Microsoft reports that the access was not allowed: sign in to Microsoft again to allow it.",
);
const RETRY: Meaning =
    row(&[], Class::Retry, "Microsoft's sign-in service did not answer properly: try again in a minute.");
const OPERATOR: Meaning = row(
    &[],
    Class::Operator,
    "Microsoft refused this server's request: tell the operator, and give the code.",
);

/// What the codes of an error answer mean; where none is known, what its OAuth `error` means.
#[must_use]
pub fn meaning(codes: &[u32], error: &str) -> &'static Meaning {
    let known = codes.iter().find_map(|code| TABLE.iter().find(|row| row.codes.contains(code)));
    known.unwrap_or(match error {
        "invalid_grant" => &SIGN_IN_ENDED,
        "interaction_required" | "login_required" | "consent_required" => &SIGN_IN,
        "access_denied" => &DENIED,
        "temporarily_unavailable" | "server_error" => &RETRY,
        _ => &OPERATOR,
    })
}

/// The AADSTS numbers at the start of an error description.
#[must_use]
pub fn codes_in(description: &str) -> Vec<u32> {
    let digits =
        description.strip_prefix("AADSTS").map(|rest| rest.split(|c: char| !c.is_ascii_digit()).next());
    digits.flatten().and_then(|digits| digits.parse().ok()).into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_code_has_two_meanings_and_every_sentence_says_what_to_do() {
        let mut codes: Vec<u32> = TABLE.iter().flat_map(|row| row.codes).copied().collect();
        let count = codes.len();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), count);
        assert!(TABLE.iter().all(|row| row.sentence.contains(": ") && row.sentence.ends_with('.')));
    }

    #[test]
    fn known_codes_win_over_the_error_word_and_unknown_ones_fall_back_on_it() {
        assert_eq!(meaning(&[7_000_222], "invalid_client").class, Class::Operator);
        assert_eq!(meaning(&[50_057], "invalid_grant").class, Class::Administrator);
        assert!(meaning(&[50_173], "invalid_grant").ends_tokens);
        assert!(!meaning(&[50_076], "invalid_grant").ends_tokens);
        for (error, class) in [
            ("invalid_grant", Class::SignIn),
            ("interaction_required", Class::SignIn),
            ("access_denied", Class::SignIn),
            ("temporarily_unavailable", Class::Retry),
            ("invalid_client", Class::Operator),
            ("", Class::Operator),
        ] {
            assert_eq!(meaning(&[1], error).class, class, "{error}");
        }
    }

    #[test]
    fn codes_are_read_from_descriptions() {
        assert_eq!(codes_in("AADSTS65004: User declined to consent."), [65_004]);
        assert!(codes_in("<script>AADSTS1</script>").is_empty());
        assert!(codes_in("AADSTS99999999999999: x").is_empty());
    }
}
