//! Entries about the authorization server, and what peers of it got wrong.

use super::Proof::{Case, Test};
use super::{Row, row};

/// The authorization server, as requests and answers.
pub const SERVER: &[Row] = &[
    row(
        "1.1",
        "Metadata of the authorization server name S256 alone, the issuer in answers, and no grant that is not offered",
        &[Case("discovery::server_metadata_declare_only_what_is_offered")],
        "",
    ),
    row(
        "1.2",
        "Metadata of the protected resource are found at the root and below the path, and name exactly the address asked for",
        &[Case("discovery::resource_metadata_name_the_endpoint_at_path_and_root")],
        "",
    ),
    row(
        "1.3",
        "Public documents are readable by scripts of any origin, without credentials",
        &[Case("discovery::metadata_can_be_fetched_by_scripts_without_credentials")],
        "",
    ),
    row(
        "1.4",
        "Without a token the endpoint answers 401 with one plain Bearer challenge that leads to its metadata, and no cache keeps it",
        &[Case("discovery::a_request_without_token_gets_401_and_one_challenge_before_its_method_matters")],
        "",
    ),
    row(
        "1.5",
        "What is not a token of ours is an invalid token, whatever its form",
        &[Case("discovery::a_malformed_credential_is_an_invalid_token")],
        "",
    ),
    row(
        "1.7",
        "A token for another scheme, host or port opens nothing",
        &[
            Case("catalogue_authorization::a_token_of_another_address_of_the_same_server_is_refused"),
            Test(
                "crates/auth/src/oauth/store/tests.rs",
                "an_access_token_opens_only_its_resource_and_only_in_time",
            ),
            Test(
                "crates/auth/src/oauth/metadata.rs",
                "one_trailing_slash_is_the_only_tolerance_of_the_audience",
            ),
        ],
        "",
    ),
    row(
        "1.8",
        "A path that begins like the endpoint's is another address",
        &[
            Case("discovery::an_unknown_path_is_404_without_internals"),
            Case("catalogue_transport::each_address_has_one_spelling"),
        ],
        "",
    ),
    row(
        "1.10",
        "Offline access is neither asked for in challenges nor named in metadata",
        &[
            Case("discovery::a_request_without_token_gets_401_and_one_challenge_before_its_method_matters"),
            Case("discovery::resource_metadata_name_the_endpoint_at_path_and_root"),
        ],
        "",
    ),
    row(
        "1.11",
        "A public client gets an identifier, no secret, and an answer nobody stores",
        &[Case("registration::a_public_client_gets_an_id_and_no_secret")],
        "",
    ),
    row(
        "1.12",
        "A registration that says little gets defaults that work here",
        &[
            Case("registration::without_a_method_the_client_is_public_or_refused"),
            Test("crates/auth/src/oauth/client/tests.rs", "the_defaults_are_those_of_rfc_7591"),
        ],
        "Confidential clients are not offered, so the default of RFC 7591 is refused unless the client says it is public.",
    ),
    row(
        "1.13",
        "Grants and authentications that are not offered cannot be registered",
        &[
            Case("registration::unknown_grants_methods_and_contradictions_are_invalid_metadata"),
            Case("registration::confidential_clients_exist_only_where_metadata_say_so"),
            Case("catalogue_authorization::refused_registrations_are_recorded_once_and_keep_nothing"),
        ],
        "",
    ),
    row(
        "1.14",
        "Grants and answers that contradict each other cannot be registered",
        &[Case("registration::unknown_grants_methods_and_contradictions_are_invalid_metadata")],
        "",
    ),
    row(
        "1.15",
        "A redirect that runs a script or opens a file cannot be registered",
        &[Case("registration::redirects_off_the_list_are_refused")],
        "",
    ),
    row(
        "1.16",
        "Neither case nor white space nor control characters make such a redirect pass",
        &[
            Case("registration::redirects_off_the_list_are_refused"),
            Test("crates/auth/src/oauth/client/tests.rs", "unsafe_redirects_are_refused"),
        ],
        "",
    ),
    row(
        "1.17",
        "A redirect without scheme and host cannot be registered",
        &[Case("registration::redirects_off_the_list_are_refused")],
        "",
    ),
    row(
        "1.18",
        "Links of a client are web addresses, in every language",
        &[Case("registration::unsafe_links_of_a_client_are_refused")],
        "",
    ),
    row(
        "1.19",
        "A registration beyond policy is refused in the words of RFC 7591; a registry that fails is a fault that says nothing",
        &[
            Case("registration::redirects_off_the_list_are_refused"),
            Test(
                "crates/auth/src/oauth/client/tests.rs",
                "the_quota_and_a_failing_registry_refuse_without_keeping_anything",
            ),
        ],
        "The policy is a table, so it cannot fail; a failing registry is shown with a fake, as no black box can break it.",
    ),
    row(
        "1.20",
        "An unknown client is told on our own page and is sent nowhere",
        &[Case("authorize::an_unknown_client_is_refused_in_place")],
        "",
    ),
    row(
        "1.21",
        "A redirect that was not registered is told on our own page and is followed nowhere",
        &[Case("authorize::a_redirect_that_is_not_registered_is_refused_in_place")],
        "",
    ),
    row(
        "1.23",
        "Only a loopback redirect may have another port",
        &[
            Case("authorize::a_redirect_that_is_not_registered_is_refused_in_place"),
            Case("authorize::a_loopback_redirect_may_use_any_port"),
        ],
        "",
    ),
    row(
        "1.24",
        "Another response type goes back to the client as an error, and nothing is kept",
        &[
            Case("authorize::another_response_type_goes_back_as_an_error"),
            Case("authorize::asking_stores_nothing"),
        ],
        "",
    ),
    row(
        "1.25",
        "Without a challenge there is no code",
        &[Case("authorize::without_s256_there_is_no_code")],
        "",
    ),
    row(
        "1.27",
        "A challenge and its method come together or not at all",
        &[Case("authorize::without_s256_there_is_no_code")],
        "",
    ),
    row(
        "1.28",
        "A resource that is not ours to the letter is an invalid target",
        &[Case("authorize::a_foreign_or_malformed_resource_is_an_invalid_target")],
        "",
    ),
    row("1.30", "A wrong verifier gets nothing", &[Case("token::a_wrong_verifier_gets_nothing")], ""),
    row(
        "1.31",
        "A verifier belongs to a challenge",
        &[Case("token::a_wrong_verifier_gets_nothing"), Case("authorize::without_s256_there_is_no_code")],
        "No code exists without a challenge, so there is none that a verifier could come to unasked.",
    ),
    row(
        "1.32",
        "A wrong redirect at the token endpoint gets nothing and spends nothing",
        &[Case("token::a_wrong_redirect_gets_nothing_and_spends_nothing")],
        "",
    ),
    row(
        "1.34",
        "A wrong secret is answered with 401 and a scheme, and spends nothing",
        &[
            Case("token::a_public_client_cannot_authenticate_with_a_secret"),
            Case("token::a_confidential_client_authenticates_exactly_as_it_registered"),
        ],
        "Confidential clients are not offered; a secret is always wrong.",
    ),
    row(
        "1.35",
        "A client authenticates as it registered and in no other way",
        &[
            Case("token::a_public_client_cannot_authenticate_with_a_secret"),
            Test(
                "crates/auth/src/oauth/client/tests.rs",
                "each_method_proves_its_client_and_no_other_method_does",
            ),
        ],
        "",
    ),
    row(
        "1.37",
        "Two authentications at once are refused",
        &[
            Case("token::a_public_client_cannot_authenticate_with_a_secret"),
            Test("crates/auth/src/oauth/client/tests.rs", "wrong_mixed_and_missing_credentials_are_refused"),
        ],
        "",
    ),
    row(
        "1.40",
        "A replayed code ends the tokens it gave",
        &[
            Case("token::a_replayed_code_ends_the_tokens_it_gave"),
            Case("catalogue_authorization::refused_codes_are_recorded_once_and_spend_nothing"),
        ],
        "",
    ),
    row(
        "1.41",
        "A guessed code touches nothing",
        &[
            Case("token::a_guessed_code_is_invalid_and_touches_nothing"),
            Test(
                "crates/auth/src/oauth/store/tests.rs",
                "a_guessed_secret_behind_a_real_handle_opens_and_ends_nothing",
            ),
        ],
        "",
    ),
    row(
        "1.42",
        "A code in the hands of another client gets nothing and stays good for its own",
        &[Case("token::a_code_of_another_client_is_invalid_and_untouched")],
        "",
    ),
    row(
        "1.44",
        "More scope than exists is narrowed, less is honoured",
        &[Case("authorize::scopes_are_narrowed_to_what_exists"), Case("token::a_narrow_grant_stays_narrow")],
        "",
    ),
    row(
        "1.45",
        "A refresh token has one successor, repeated for ten seconds while unused; any later use of it ends the family",
        &[
            Case("refresh::the_previous_token_gets_the_same_successor_while_that_is_unused"),
            Case("refresh::the_previous_token_after_its_successor_was_used_ends_the_family"),
            Case("refresh::the_previous_token_after_ten_seconds_ends_the_family"),
        ],
        "",
    ),
    row(
        "1.47",
        "A refresh never widens the scope",
        &[Case("refresh::a_refresh_cannot_widen_the_scope_but_may_narrow_it")],
        "",
    ),
    row(
        "1.48",
        "A refresh token that has expired, or ends within a minute, is refused as a grant and not as a fault",
        &[
            Case("catalogue_authorization::a_refresh_token_with_less_than_a_minute_left_is_expired"),
            Case("reauth::an_unused_refresh_token_ends_and_a_used_one_goes_on"),
            Test(
                "crates/auth/src/oauth/store/tests.rs",
                "a_refresh_token_ends_idle_and_absolutely_with_a_minute_to_spare",
            ),
        ],
        "",
    ),
    row(
        "1.49",
        "A registry that is too busy is told as such, with a time to come back",
        &[Test(
            "crates/auth/src/oauth/client/tests.rs",
            "the_quota_and_a_failing_registry_refuse_without_keeping_anything",
        )],
        "Only Workers KV can be too busy, and no black box can make it so; a fake is.",
    ),
    row(
        "1.50",
        "A refusal of Microsoft at a refresh is told as what it is, with who must act",
        &[Case("microsoft::a_refused_microsoft_refresh_says_who_must_do_what")],
        "",
    ),
    row(
        "1.51",
        "What goes wrong on the way back from Microsoft shows nothing of its inside",
        &[
            Case("microsoft::entra_failing_at_the_code_is_told_and_a_second_attempt_works"),
            Case(
                "catalogue_authorization::refused_callbacks_are_recorded_once_and_reach_neither_entra_nor_graph",
            ),
        ],
        "",
    ),
    row(
        "1.52",
        "Revoking an access token leaves the grant; revoking a refresh token ends it",
        &[
            Case("revoke::revoking_an_access_token_leaves_the_refresh_token"),
            Case("revoke::revoking_a_refresh_token_ends_the_grant"),
        ],
        "",
    ),
    row(
        "1.54",
        "Authorizing again ends the earlier grant of that client and of no other",
        &[Case("revoke::authorizing_again_ends_the_earlier_grant_of_that_client_only")],
        "",
    ),
    row(
        "1.55",
        "A client that is deleted takes its grants with it",
        &[
            Case("operators::a_deleted_client_is_unknown_and_its_grants_end"),
            Case("client_documents::a_withdrawn_client_gets_no_more_tokens"),
        ],
        "",
    ),
    row(
        "1.56",
        "A metadata document makes a client only at the address it names",
        &[
            Case("client_documents::a_client_with_a_document_gets_tokens_calls_and_refreshes"),
            Case("client_document_refusals::a_document_that_names_another_client_is_refused"),
        ],
        "",
    ),
    row(
        "1.57",
        "An identifier that is no canonical web address is never dialled",
        &[Case(
            "client_document_refusals::an_identifier_that_is_no_address_in_canonical_form_is_never_dialled",
        )],
        "",
    ),
    row(
        "1.58",
        "A document is small and comes soon, or it makes no client; what was wrong is not told",
        &[
            Case("client_document_refusals::a_document_of_five_kilobytes_passes_and_a_longer_one_does_not"),
            Case("client_document_refusals::slow_headers_and_a_slow_body_are_not_waited_for"),
            Case("client_document_refusals::another_status_than_200_makes_no_client"),
            Case("client_document_refusals::every_refusal_of_a_document_looks_the_same"),
        ],
        "",
    ),
    row(
        "1.59",
        "A document with a private key or a symmetric secret makes no client",
        &[
            Case("client_document_refusals::a_private_key_in_a_document_makes_no_client"),
            Case("client_document_refusals::a_secret_or_a_client_authentication_makes_no_client"),
        ],
        "",
    ),
    row(
        "1.60",
        "A planted copy of a document is read again, once",
        &[Case("client_documents::a_planted_document_is_read_again_once")],
        "",
    ),
    row(
        "1.61",
        "An assertion of another authorization server is no grant here",
        &[
            Case("catalogue_authorization::grants_nobody_offers_write_nothing"),
            Case("discovery::server_metadata_declare_only_what_is_offered"),
        ],
        "The grant is not offered: every one of its thirteen attacks ends at the grant type.",
    ),
    row(
        "1.62",
        "Nobody's keys are fetched for an assertion, however long it is",
        &[Case("catalogue_authorization::grants_nobody_offers_write_nothing")],
        "As 1.61.",
    ),
    row(
        "1.63",
        "A token of another issuer opens nothing, whatever its audience",
        &[Case("catalogue_authorization::tokens_of_microsoft_and_of_access_open_nothing")],
        "",
    ),
    row(
        "1.64",
        "No answer about tokens, good or bad, may be stored",
        &[
            Case("token::malformed_token_requests_have_their_documented_errors"),
            Case("catalogue_authorization::grants_nobody_offers_write_nothing"),
        ],
        "",
    ),
];

/// Published weaknesses of peers: each is impossible here.
pub const PEERS: &[Row] = &[
    row(
        "P.1",
        "Of parallel redemptions of one code exactly one succeeds (workers-oauth-provider gave four of four)",
        &[
            Case("races::of_twenty_parallel_redemptions_exactly_one_succeeds"),
            Test(
                "crates/auth/src/oauth/store/tests.rs",
                "of_twenty_parallel_redemptions_exactly_one_succeeds",
            ),
        ],
        "",
    ),
    row(
        "P.2",
        "Parallel refreshes of one token have one successor (it gave three of three)",
        &[
            Case("races::parallel_refreshes_have_one_successor"),
            Test("crates/auth/src/oauth/store/tests.rs", "twenty_parallel_refreshes_give_one_successor"),
        ],
        "",
    ),
    row(
        "P.3",
        "An older refresh token that comes back ends the family (it left the family alive)",
        &[Case("refresh::the_previous_token_after_its_successor_was_used_ends_the_family")],
        "",
    ),
    row(
        "P.4",
        "No token of Microsoft is ever given to a client (peers hand them on as they are)",
        &[
            Case("canary::no_planted_secret_is_found_anywhere_after_a_day"),
            Test("crates/auth/src/oauth/store/tests.rs", "the_database_holds_no_token"),
        ],
        "",
    ),
    row(
        "P.5",
        "No redirect is accepted because it was asked for (peers accept any)",
        &[
            Case("registration::redirects_off_the_list_are_refused"),
            Case("authorize::a_redirect_that_is_not_registered_is_refused_in_place"),
        ],
        "",
    ),
    row(
        "P.6",
        "No header names a person (peers trust one)",
        &[
            Case("perimeter::identity_without_a_signature_is_not_read"),
            Case("catalogue_access::refused_assertions_are_recorded_once_and_name_nobody"),
        ],
        "",
    ),
];
