//! Weaknesses of the TypeScript original, each with what makes it impossible here.

use super::Proof::{Case, Test};
use super::{Row, row};

/// Every one of the forty-two.
pub const ORIGINAL: &[Row] = &[
    row(
        "2.1",
        "State on the way to Microsoft is sealed, single-use and bound to person and browser: nobody makes one up",
        &[
            Case("microsoft::a_forged_truncated_or_missing_state_is_refused"),
            Case("microsoft::a_callback_in_another_browser_or_of_another_person_is_refused"),
        ],
        "",
    ),
    row(
        "2.2",
        "Asking creates no client and stores nothing",
        &[Case("authorize::asking_stores_nothing"), Case("authorize::an_unknown_client_is_refused_in_place")],
        "",
    ),
    row(
        "2.3",
        "The response type is looked at again when consent comes back; only a code is ever given",
        &[
            Case("authorize::another_response_type_goes_back_as_an_error"),
            Case("consent::a_tampered_answer_is_refused"),
        ],
        "",
    ),
    row(
        "2.4",
        "Consent needs the token of its own form, from our own page",
        &[
            Case("consent::an_answer_without_our_form_token_is_403"),
            Case("consent::an_answer_from_another_site_is_403"),
        ],
        "",
    ),
    row(
        "2.5",
        "The way back from Microsoft belongs to the browser that left",
        &[Case("microsoft::a_callback_in_another_browser_or_of_another_person_is_refused")],
        "",
    ),
    row(
        "2.6",
        "Consent is remembered for clients that prove who they are, never for registered ones, bounded in time, bound to person, redirect and scopes",
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
        "2.7",
        "No page is framed, scripted or stored",
        &[
            Case("consent::the_page_cannot_be_framed_cached_or_scripted"),
            Case("browser_pages::a_page_of_another_origin_cannot_show_ours_in_a_frame"),
        ],
        "",
    ),
    row(
        "2.8",
        "No link of a client reaches a page",
        &[
            Case("registration::unsafe_links_of_a_client_are_refused"),
            Case("consent::what_a_client_calls_itself_is_text"),
        ],
        "",
    ),
    row(
        "2.9",
        "The page shows scopes, redirect and person",
        &[Case("consent::the_page_shows_client_redirect_scopes_and_person")],
        "",
    ),
    row(
        "2.10",
        "Registration is bounded in number and time",
        &[Case("races::a_flood_of_registrations_is_stopped"), Case("registration::a_registration_expires")],
        "",
    ),
    row(
        "2.11",
        "Microsoft is asked with PKCE, nonce and `openid`",
        &[Case("microsoft::entra_is_asked_with_pkce_nonce_and_state_and_without_resource")],
        "",
    ),
    row(
        "2.12",
        "Microsoft's code is redeemed at once and kept nowhere",
        &[
            Case("microsoft::a_callback_counts_once"),
            Case("canary::no_planted_secret_is_found_anywhere_after_a_day"),
        ],
        "",
    ),
    row(
        "2.13",
        "Tenant and object id are checked and pinned; a person sees and ends their grants",
        &[
            Case("microsoft::a_microsoft_account_of_somebody_else_is_refused"),
            Case("microsoft::a_guest_is_refused"),
            Case("me::ending_a_connection_ends_its_tokens_at_once"),
        ],
        "",
    ),
    row(
        "2.14",
        "A scope is one of a list, and each call is checked against the grant",
        &[Case("authorize::scopes_are_narrowed_to_what_exists"), Case("token::a_narrow_grant_stays_narrow")],
        "",
    ),
    row(
        "2.15",
        "The assertion of Access is verified and its person bound to the Microsoft account",
        &[
            Case("perimeter::identity_without_a_signature_is_not_read"),
            Case("microsoft::a_microsoft_account_of_somebody_else_is_refused"),
        ],
        "",
    ),
    row(
        "2.16",
        "The configuration of the Worker is checked, and `workers_dev` is off",
        &[Case("catalogue_transport::a_host_that_is_missing_foreign_or_of_a_preview_is_refused")],
        "`cargo xtask check wrangler` and `deployment` read the file itself.",
    ),
    row(
        "2.17",
        "No shape of a token goes around the gate",
        &[Case("discovery::a_malformed_credential_is_an_invalid_token")],
        "",
    ),
    row(
        "2.18",
        "One cell per person, and none for nobody",
        &[
            Test(
                "crates/app/tests/route_coverage.rs",
                "only_a_person_vouched_for_by_access_brings_a_cell_into_being",
            ),
            Case("catalogue_transport::nothing_is_upgraded_to_another_protocol"),
        ],
        "",
    ),
    row(
        "2.19",
        "A credential without a token is refused and not a fault",
        &[Case("discovery::a_malformed_credential_is_an_invalid_token")],
        "",
    ),
    row(
        "2.20",
        "No session id that a client chooses means anything, and one of ours nothing without its token",
        &[
            Case("mcp_transport::a_session_id_of_the_client_is_ignored"),
            Case("elicitation::a_session_id_is_a_statement_of_its_own_client_only"),
            Case("sse_sessions::another_persons_message_is_not_taken_and_nothing_comes_of_it"),
        ],
        "",
    ),
    row(
        "2.21",
        "What a caller may do travels with the request, sealed, and not in a shared field",
        &[
            Test("crates/auth/src/context.rs", "the_cell_learns_what_the_front_sealed"),
            Test(
                "crates/auth/src/context.rs",
                "a_context_opens_only_in_its_cell_beside_its_request_and_in_time",
            ),
            Case("catalogue_storage::answers_of_one_person_never_reach_another"),
        ],
        "",
    ),
    row(
        "2.22",
        "Microsoft's tokens are sealed at rest, and every configured key has its purpose",
        &[
            Case("canary::no_planted_secret_is_found_anywhere_after_a_day"),
            Test(
                "crates/seal/src/keys.rs",
                "every_configured_key_serves_a_purpose_and_no_two_purposes_share_a_subkey",
            ),
            Test(
                "crates/auth/src/entra/session/tests.rs",
                "a_completed_sign_in_links_the_account_and_seals_its_tokens",
            ),
        ],
        "",
    ),
    row(
        "2.23",
        "A revocation is seen by the very next request, and what has ended is forgotten",
        &[
            Case("revoke::revoking_a_refresh_token_ends_the_grant"),
            Case("me::ending_a_connection_ends_its_tokens_at_once"),
            Test(
                "crates/app/tests/upkeep.rs",
                "alarms_forget_everything_that_expires_without_another_request",
            ),
        ],
        "",
    ),
    row(
        "2.24",
        "Bodies and their nesting are bounded",
        &[
            Case("catalogue_transport::a_body_may_be_as_long_as_the_limit_and_no_longer"),
            Case("catalogue_transport::nesting_may_be_as_deep_as_the_limit_and_no_deeper"),
        ],
        "",
    ),
    row(
        "2.25",
        "A missing state, a bent cookie, strange characters and an error of Microsoft are client errors",
        &[
            Case("microsoft::a_forged_truncated_or_missing_state_is_refused"),
            Case("authorize::long_and_strange_values_do_no_harm"),
            Case("microsoft::where_consent_needs_an_administrator_the_person_is_told"),
        ],
        "",
    ),
    row(
        "2.26",
        "S256 alone, always; refresh tokens end and have one successor; no foreign page reads tokens; nothing is stored",
        &[
            Case("authorize::without_s256_there_is_no_code"),
            Case("races::parallel_refreshes_have_one_successor"),
            Case("token::a_foreign_page_cannot_read_token_answers"),
        ],
        "",
    ),
    row(
        "2.27",
        "A folder stays in its segment, and no cap can be written away",
        &[Case("hostile_arguments::a_folder_never_leaves_its_segment")],
        "",
    ),
    row(
        "2.28",
        "A team or channel stays in its segment",
        &[Case("hostile_arguments::a_team_or_channel_never_leaves_its_segment")],
        "",
    ),
    row(
        "2.29",
        "A quotation mark does not end a search",
        &[Case("tools::search_emails_quotes_the_query_as_one_phrase")],
        "",
    ),
    row(
        "2.30",
        "Counts are whole and bounded, days too",
        &[Case("hostile_arguments::counts_are_whole_numbers_within_their_range")],
        "",
    ),
    row(
        "2.31",
        "Recipients are addresses and few; the type of a body is one of two",
        &[
            Case("hostile_arguments::recipients_are_addresses_and_few"),
            Case("hostile_arguments::missing_wrong_and_null_arguments_are_named"),
        ],
        "",
    ),
    row(
        "2.32",
        "Words of others reach the model cleaned and framed as data",
        &[Case("tools::text_of_others_is_cleaned_and_framed")],
        "Labels and approvals do not exist yet; SECURITY.md says what that leaves.",
    ),
    row(
        "2.33",
        "No bearer token stands in what the gateway logs",
        &[
            Case("tools::what_graph_is_sent_is_protected_and_named"),
            Case("canary::no_planted_secret_is_found_anywhere_after_a_day"),
        ],
        "",
    ),
    row(
        "2.34",
        "Every call is proven to have passed the gateway",
        &[
            Case("tools::every_call_goes_through_the_gateway_with_five_keys"),
            Test(
                "crates/host-native/src/doctor/canary.rs",
                "an_exchange_without_the_gateway_s_id_went_around_it",
            ),
        ],
        "",
    ),
    row(
        "2.35",
        "Every record names its person",
        &[Case("journal::every_call_is_an_intent_then_an_outcome_with_the_gateway_s_ids")],
        "",
    ),
    row(
        "2.36",
        "Five facts, always the same",
        &[Case("catalogue_storage::every_call_carries_five_facts_and_not_one_more")],
        "",
    ),
    row(
        "2.37",
        "The gateway's id is that of the very exchange, also of one that failed",
        &[
            Case("journal::every_call_is_an_intent_then_an_outcome_with_the_gateway_s_ids"),
            Case("mcp_transport::every_call_of_a_batch_has_a_request_id_of_its_own"),
        ],
        "",
    ),
    row(
        "2.38",
        "Each fault has its own words, bounded time and bounded size",
        &[
            Case("faults::every_graph_status_has_its_own_message"),
            Case("faults::every_gateway_fault_is_told_and_nothing_goes_around_the_gateway"),
        ],
        "",
    ),
    row(
        "2.39",
        "Neither what systems beyond say nor what was asked is repeated in an error",
        &[
            Case("faults::dlp_blocks_without_showing_content"),
            Case("canary::no_planted_secret_is_found_anywhere_after_a_day"),
        ],
        "",
    ),
    row(
        "2.40",
        "A link to a next page is followed only within what the row declares",
        &[
            Test("crates/egress/src/gateway/tests.rs", "what_the_row_does_not_declare_never_leaves"),
            Test("crates/egress/src/door/tests.rs", "near_misses_are_refused_and_nothing_is_sent"),
        ],
        "",
    ),
    row(
        "2.41",
        "Dependencies are locked, few and looked at; tests run in CI",
        &[Test(
            "crates/xtask/src/check/dependencies.rs",
            "a_comment_directly_above_is_a_reason_and_a_heading_is_none",
        )],
        "`cargo xtask check` (`deny`, `dependencies`), `.github/workflows`; nothing of it is a request.",
    ),
    row(
        "2.42",
        "Every tool call succeeds on both hosts",
        &[
            Case("tools::get_emails_reads_ten_of_the_inbox_by_default"),
            Case("clients::the_official_typescript_sdk_signs_in_and_calls_tools"),
        ],
        "",
    ),
];
