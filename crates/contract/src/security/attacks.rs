//! Attacks on the authorization server and on the assertion of Access.

use super::Proof::{Case, Test};
use super::{Row, row};

/// Attacks on OAuth and on Access.
pub const ATTACKS: &[Row] = &[
    // OAuth
    row(
        "3.1",
        "A redirect host that merely begins or ends like a registered one is refused in place",
        &[
            Case("authorize::a_redirect_that_is_not_registered_is_refused_in_place"),
            Case("catalogue_authorization::refused_authorizations_are_recorded_once_and_lead_nowhere"),
        ],
        "",
    ),
    row(
        "3.3",
        "Encoded steps and path parameters do not make a redirect another one",
        &[Case("authorize::a_redirect_that_is_not_registered_is_refused_in_place")],
        "",
    ),
    row(
        "3.5",
        "A fragment or a second redirect is refused in place",
        &[
            Case("authorize::a_doubled_parameter_is_an_invalid_request"),
            Case("catalogue_authorization::refused_authorizations_are_recorded_once_and_lead_nowhere"),
        ],
        "",
    ),
    row(
        "3.6",
        "Leaving the challenge out ends the attempt before there is a code",
        &[Case("authorize::without_s256_there_is_no_code")],
        "",
    ),
    row(
        "3.7",
        "The method cannot be lowered to `plain`",
        &[Case("authorize::without_s256_there_is_no_code")],
        "",
    ),
    row(
        "3.9",
        "Twenty redemptions at once: one succeeds",
        &[Case("races::of_twenty_parallel_redemptions_exactly_one_succeeds")],
        "",
    ),
    row("3.10", "A code ends after a minute", &[Case("catalogue_authorization::a_code_lives_a_minute")], ""),
    row(
        "3.11",
        "An answer in the name of another issuer is refused",
        &[
            Case("microsoft::an_issuer_that_is_not_entra_is_refused"),
            Test("crates/auth/src/entra/session/tests.rs", "every_claim_of_the_id_token_is_checked"),
        ],
        "Entra sends no `iss` in its answers, so a missing one is checked in the signed id token.",
    ),
    row(
        "3.12",
        "A state that is forged, cut, replayed, too old or of another browser is refused, and Graph hears nothing",
        &[
            Case("microsoft::a_forged_truncated_or_missing_state_is_refused"),
            Case("microsoft::a_callback_counts_once"),
            Case("microsoft::a_callback_after_ten_minutes_is_refused"),
            Case("microsoft::a_callback_in_another_browser_or_of_another_person_is_refused"),
            Case(
                "catalogue_authorization::refused_callbacks_are_recorded_once_and_reach_neither_entra_nor_graph",
            ),
        ],
        "",
    ),
    row(
        "3.13",
        "A consent that comes from elsewhere, or without its token, or with another's, is refused",
        &[
            Case("consent::an_answer_from_another_site_is_403"),
            Case("consent::an_answer_without_our_form_token_is_403"),
            Case("catalogue_authorization::refused_forms_are_recorded_once_and_grant_nothing"),
        ],
        "",
    ),
    row(
        "3.14",
        "The consent page stands in no frame",
        &[
            Case("consent::the_page_cannot_be_framed_cached_or_scripted"),
            Case("browser_pages::a_page_of_another_origin_cannot_show_ours_in_a_frame"),
        ],
        "",
    ),
    row(
        "3.15",
        "Remembered consent that was altered, or is another's, is no consent",
        &[
            Case("remembered_consent::the_same_is_not_asked_twice_where_the_person_asked_for_that"),
            Case("remembered_consent::a_changed_cookie_of_ours_is_none"),
            Case("remembered_consent::more_scopes_another_redirect_and_another_client_are_asked"),
            Case("remembered_consent::another_person_and_another_browser_are_asked"),
        ],
        "",
    ),
    row(
        "3.16",
        "Another redirect or more scope asks again",
        &[
            Case("consent::consent_is_asked_again_every_time_for_a_registered_client"),
            Case("remembered_consent::the_same_is_not_asked_twice_where_the_person_asked_for_that"),
            Case("remembered_consent::a_changed_cookie_of_ours_is_none"),
            Case("remembered_consent::more_scopes_another_redirect_and_another_client_are_asked"),
            Case("remembered_consent::another_person_and_another_browser_are_asked"),
        ],
        "",
    ),
    row(
        "3.18",
        "A flood of registrations is stopped and bounded",
        &[Case("races::a_flood_of_registrations_is_stopped"), Case("registration::a_registration_expires")],
        "",
    ),
    row(
        "3.20",
        "No private, special or redirected address is ever dialled for a document",
        &[
            Case("client_document_refusals::a_host_that_is_not_listed_is_never_dialled"),
            Case("client_document_refusals::a_redirect_is_not_followed"),
            Case("client_document_refusals::this_server_is_never_asked_for_a_document"),
        ],
        "",
    ),
    row(
        "3.22",
        "A refresh token used after its rotation ends the family and is recorded as reuse",
        &[Case("catalogue_authorization::a_reused_refresh_token_is_recorded_as_reuse_and_ends_everything")],
        "",
    ),
    row(
        "3.23",
        "A refresh token in the hands of another client leaves the family intact",
        &[Case("refresh::a_refresh_token_of_another_client_is_invalid_and_the_family_intact")],
        "",
    ),
    row(
        "3.24",
        "A Graph token is no token of ours",
        &[Case("catalogue_authorization::tokens_of_microsoft_and_of_access_open_nothing")],
        "",
    ),
    row(
        "3.25",
        "A token of ours never travels to Graph",
        &[
            Test(
                "crates/app/tests/tool_coverage.rs",
                "each_action_sends_its_own_request_with_five_facts_and_no_token_of_ours",
            ),
            Case("canary::no_planted_secret_is_found_anywhere_after_a_day"),
        ],
        "",
    ),
    row(
        "3.26",
        "A token in a query, a form or a cookie is none",
        &[
            Case("discovery::a_token_in_the_query_is_not_a_credential"),
            Case("catalogue_transport::without_a_token_no_call_is_looked_at"),
        ],
        "",
    ),
    row(
        "3.27",
        "Another account, another tenant and a guest are refused",
        &[
            Case("microsoft::a_microsoft_account_of_somebody_else_is_refused"),
            Case("microsoft::a_guest_is_refused"),
            Test(
                "crates/auth/src/entra/session/tests.rs",
                "another_account_and_tenant_and_guests_are_refused",
            ),
        ],
        "",
    ),
    row(
        "3.29",
        "How long a refusal takes tells nothing of a token",
        &[
            Test("crates/types/src/secret.rs", "matches_only_the_same_bytes"),
            Test("crates/auth/src/oauth/store/tests.rs", "the_database_holds_no_token"),
        ],
        "By structure: a token is looked up by the hash of all of it, and secrets are compared in constant time. A clock across a network proves nothing here.",
    ),
    // Access
    row(
        "3.31",
        "Names without an assertion are refused",
        &[
            Case("catalogue_access::refused_assertions_are_recorded_once_and_name_nobody"),
            Case("perimeter::identity_without_a_signature_is_not_read"),
        ],
        "",
    ),
    row(
        "3.32",
        "`none` is no algorithm",
        &[
            Case("perimeter::an_assertion_with_another_algorithm_is_refused"),
            Case("catalogue_access::refused_assertions_are_recorded_once_and_name_nobody"),
        ],
        "",
    ),
    row(
        "3.33",
        "A public key is no shared secret",
        &[
            Case("perimeter::an_assertion_with_another_algorithm_is_refused"),
            Test("crates/auth/src/jwt.rs", "an_hmac_keyed_with_the_public_key_is_refused"),
        ],
        "",
    ),
    row(
        "3.34",
        "An assertion for another application is refused",
        &[Case("perimeter::an_assertion_of_another_application_team_or_key_is_refused")],
        "",
    ),
    row(
        "3.35",
        "An assertion of another team is refused",
        &[Case("perimeter::an_assertion_of_another_application_team_or_key_is_refused")],
        "",
    ),
    row(
        "3.36",
        "An unknown key is looked up once in half a minute, then refused",
        &[
            Case("perimeter::an_unknown_key_is_looked_up_at_most_once_in_half_a_minute"),
            Case("catalogue_access::an_unknown_or_withdrawn_key_is_refused_and_recorded"),
        ],
        "",
    ),
    row(
        "3.38",
        "An expired assertion is refused",
        &[Case("perimeter::the_times_of_an_assertion_count_with_a_minute_of_leeway")],
        "",
    ),
    row(
        "3.39",
        "An assertion that is not valid yet is refused",
        &[Case("perimeter::the_times_of_an_assertion_count_with_a_minute_of_leeway")],
        "",
    ),
    row(
        "3.40",
        "An altered assertion is refused",
        &[Case("perimeter::a_tampered_or_doubled_assertion_is_refused")],
        "",
    ),
    row(
        "3.42",
        "A rotated key is good in the overlap and not after it",
        &[
            Case("perimeter::a_rotated_key_is_good_in_the_overlap_and_not_after"),
            Case("catalogue_access::an_unknown_or_withdrawn_key_is_refused_and_recorded"),
        ],
        "",
    ),
    row(
        "3.44",
        "Without fresh keys the known ones serve until they are too old; then the gate closes",
        &[
            Case("perimeter::without_keys_the_known_ones_serve_until_they_are_too_old"),
            Case("catalogue_access::without_keys_the_gate_closes_and_says_so_in_one_record"),
        ],
        "",
    ),
    row(
        "3.45",
        "The cookie of Access is not an assertion",
        &[
            Case("perimeter::identity_without_a_signature_is_not_read"),
            Case("catalogue_access::refused_assertions_are_recorded_once_and_name_nobody"),
        ],
        "",
    ),
    row(
        "3.46",
        "Names under `workers.dev` and of previews are not ours",
        &[Case("catalogue_transport::a_host_that_is_missing_foreign_or_of_a_preview_is_refused")],
        "",
    ),
];
