//! The detectors as a table: what each finds, how it is proved, and where that is written.
//!
//! A detector looks at one place of a text and says where a finding that begins there ends. It is called where its
//! anchor stands, so a text is passed over once. All are pure and need time linear in what they look at.

mod keys;
mod money;
mod national;
mod private_key;
mod spaced;

/// What a detector finds, coarsely. Rules may name a kind to mean all its detectors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A key or token that opens a service.
    AccessKey,
    /// An account at a bank.
    BankAccount,
    /// A number by which a state knows a person.
    NationalId,
    /// A payment card.
    PaymentCard,
    /// A private key of any algorithm.
    PrivateKey,
}

impl Kind {
    /// Every kind.
    pub const ALL: &'static [Self] =
        &[Self::AccessKey, Self::BankAccount, Self::NationalId, Self::PaymentCard, Self::PrivateKey];

    /// The word of rules.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AccessKey => "access-key",
            Self::BankAccount => "bank-account",
            Self::NationalId => "national-id",
            Self::PaymentCard => "payment-card",
            Self::PrivateKey => "private-key",
        }
    }
}

/// Where a detector is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Anchor {
    /// At a digit that no letter or digit precedes.
    Digit,
    /// At a letter that no letter or digit precedes.
    Letter,
    /// At a letter, a digit or a sign of base64 that no letter or digit precedes.
    Base64,
    /// At one of these texts that no letter or digit precedes.
    Mark(&'static [&'static str]),
}

/// Where a finding ends, and whether it proves itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Found {
    /// The end in the text that was looked at.
    pub(super) end: usize,
    /// Whether it counts without a word nearby that says what it is.
    pub(super) is_sure: bool,
}

impl Found {
    const fn sure(end: usize) -> Self {
        Self { end, is_sure: true }
    }

    const fn in_context(end: usize) -> Self {
        Self { end, is_sure: false }
    }
}

/// One row of the table.
#[derive(Debug)]
pub struct Detector {
    /// The stable name that rules and findings use.
    pub name: &'static str,
    /// Its kind.
    pub kind: Kind,
    /// What it finds; also what stands in place of a redacted finding.
    pub finds: &'static str,
    /// How a candidate is proved, besides its form.
    pub validation: &'static str,
    /// Where the form and its check are written.
    pub source: &'static str,
    /// Where it is asked.
    pub(super) anchor: Anchor,
    /// Words that make an unsure candidate a finding; a star stands for any ending.
    pub(super) context: &'static [&'static str],
    /// Looks at one place.
    pub(super) look: fn(&str, usize) -> Option<Found>,
}

impl Detector {
    const fn new(name: &'static str, kind: Kind, finds: &'static str) -> Self {
        Self {
            name,
            kind,
            finds,
            validation: "",
            source: "",
            anchor: Anchor::Digit,
            context: &[],
            look: |_, _| None,
        }
    }

    const fn proved(self, validation: &'static str, source: &'static str) -> Self {
        Self { validation, source, ..self }
    }

    const fn at(self, anchor: Anchor, look: fn(&str, usize) -> Option<Found>) -> Self {
        Self { anchor, look, ..self }
    }

    const fn near(self, context: &'static [&'static str]) -> Self {
        Self { context, ..self }
    }
}

/// Every built-in detector, by name.
pub static DETECTORS: &[Detector] = &[
    Detector::new("aws-access-key", Kind::AccessKey, "AWS access key")
        .proved("20 characters of base32", "AWS IAM, unique id prefixes")
        .at(Anchor::Mark(&["AKIA", "ASIA"]), keys::aws_access_key),
    Detector::new("aws-secret-key", Kind::AccessKey, "AWS secret key")
        .proved("40 mixed characters of base64, near a key id or its name", "AWS IAM, access keys")
        .at(Anchor::Base64, keys::aws_secret_key)
        .near(&["akia*", "asia*", "aws secret", "secret access key"]),
    Detector::new("azure-storage-key", Kind::AccessKey, "Azure storage key")
        .proved("base64 of 64 bytes after its name", "Azure Storage, connection strings")
        .at(Anchor::Mark(&["AccountKey="]), keys::azure_storage_key),
    Detector::new("br-cpf", Kind::NationalId, "Brazilian CPF")
        .proved("two check digits modulo 11; near a word where it is not grouped", "Receita Federal")
        .at(Anchor::Digit, national::br_cpf)
        .near(&["cpf", "cadastro de pessoa*"]),
    Detector::new("de-tax-id", Kind::NationalId, "German tax id")
        .proved(
            "one repeated digit, ISO 7064 MOD 11,10; near a word where it is not grouped",
            "§ 139b AO, BZSt",
        )
        .at(Anchor::Digit, national::de_tax_id)
        .near(&[
            "steuer id*",
            "steuerid*",
            "idnr",
            "id nr",
            "tin",
            "tax id*",
            "tax number",
            "identifikationsnummer",
        ]),
    Detector::new("es-dni-nie", Kind::NationalId, "Spanish DNI or NIE")
        .proved("letter by the rest modulo 23", "Real Decreto 1553/2005, Orden INT/2058/2008")
        .at(Anchor::Base64, national::es_dni_nie),
    Detector::new("fr-nir", Kind::NationalId, "French NIR")
        .proved("sex, month and key modulo 97", "INSEE, NIR")
        .at(Anchor::Digit, national::fr_nir),
    Detector::new("github-token", Kind::AccessKey, "GitHub token")
        .proved("CRC-32 in base 62; fixed parts where fine-grained", "GitHub, authentication token formats")
        .at(Anchor::Mark(&["ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"]), keys::github_token),
    Detector::new("google-api-key", Kind::AccessKey, "Google API key")
        .proved("39 varied characters", "Google Cloud, API keys")
        .at(Anchor::Mark(&["AIza"]), keys::google_api_key),
    Detector::new("iban", Kind::BankAccount, "IBAN")
        .proved("length and structure by country, check digits modulo 97", "ISO 13616, SWIFT IBAN registry")
        .at(Anchor::Letter, money::iban),
    Detector::new("it-codice-fiscale", Kind::NationalId, "Italian codice fiscale")
        .proved("month, day and check letter", "Decreto ministeriale 23 dicembre 1976")
        .at(Anchor::Letter, national::it_codice_fiscale),
    Detector::new("jwt", Kind::AccessKey, "JSON Web Token")
        .proved("header decodes to JSON with alg, payload to an object", "RFC 7519, RFC 7515")
        .at(Anchor::Mark(&["eyJ"]), keys::jwt),
    Detector::new("llm-api-key", Kind::AccessKey, "language model API key")
        .proved("32 or more varied characters", "key formats of OpenAI and Anthropic")
        .at(Anchor::Mark(&["sk-"]), keys::llm_api_key),
    Detector::new("m365-mcp-token", Kind::AccessKey, "token of this server")
        .proved("handle and a secret of 43 characters", "the auth crate, oauth/handle.rs")
        .at(Anchor::Mark(&["m365a_", "m365c_", "m365r_"]), keys::m365_mcp_token),
    Detector::new("nl-bsn", Kind::NationalId, "Dutch BSN")
        .proved("eleven test, near a word", "Wet algemene bepalingen burgerservicenummer")
        .at(Anchor::Digit, national::nl_bsn)
        .near(&["bsn", "burgerservicenummer*", "sofinummer*", "citizen service number", "sofi nummer"]),
    Detector::new("payment-card", Kind::PaymentCard, "payment card")
        .proved("issuer range, length, Luhn", "ISO/IEC 7812-1")
        .at(Anchor::Digit, money::payment_card),
    Detector::new("pl-pesel", Kind::NationalId, "Polish PESEL")
        .proved("date and weighted check digit, near a word", "Ustawa o ewidencji ludności")
        .at(Anchor::Digit, national::pl_pesel)
        .near(&["pesel*"]),
    Detector::new("private-key", Kind::PrivateKey, "private key")
        .proved("heading and a body of base64", "RFC 7468, RFC 1421, OpenSSH and PuTTY key files")
        .at(Anchor::Mark(&["-----BEGIN ", "Private-Lines: "]), private_key::private_key),
    Detector::new("se-personnummer", Kind::NationalId, "Swedish personnummer")
        .proved("date and Luhn, near a word", "Skatteverket, SKV 704")
        .at(Anchor::Digit, national::se_personnummer)
        .near(&[
            "personnummer*",
            "personnr",
            "person nr",
            "samordningsnummer*",
            "pnr",
            "personal identity number",
        ]),
    Detector::new("slack-token", Kind::AccessKey, "Slack token")
        .proved("numbers and a secret between hyphens", "Slack, token types")
        .at(
            Anchor::Mark(&["xoxa-", "xoxb-", "xoxe-", "xoxo-", "xoxp-", "xoxr-", "xoxs-", "xapp-"]),
            keys::slack_token,
        ),
    Detector::new("stripe-key", Kind::AccessKey, "Stripe key")
        .proved("24 or more varied characters, live mode only", "Stripe, API keys")
        .at(Anchor::Mark(&["sk_live_", "rk_live_"]), keys::stripe_key),
    Detector::new("uk-nino", Kind::NationalId, "UK National Insurance number")
        .proved("prefixes that are given out, suffix A to D", "HMRC, NIM39110")
        .at(Anchor::Letter, national::uk_nino),
    Detector::new("us-ssn", Kind::NationalId, "US Social Security number")
        .proved("area, group and serial that can exist, near a word", "Social Security Administration")
        .at(Anchor::Digit, national::us_ssn)
        .near(&["ssn", "ssns", "social security", "soc sec", "socialsecurity*"]),
];

#[cfg(test)]
mod tests;
