//! Attacks on what carries a call: transport, tools, egress, storage.

use super::Proof::{Case, Test};
use super::{Row, row};

/// Attacks on transport, tools, egress and storage. What has a letter behind its number is ours.
pub const BEYOND: &[Row] = &[
    // Transport
    row(
        "3.48",
        "A foreign, `null` or second origin is refused",
        &[
            Case("catalogue_transport::origins_are_our_own_or_none"),
            Case("mcp_transport::a_foreign_null_or_doubled_origin_is_403"),
            Case("mcp_transport::an_empty_origin_is_403"),
        ],
        "workerd takes an empty `Origin` away, so that a Worker cannot tell it from none; no browser sends one.",
    ),
    row(
        "3.49",
        "Only our own names are answered, in the header and in an absolute target",
        &[
            Case("catalogue_transport::a_host_that_is_missing_foreign_or_of_a_preview_is_refused"),
            Case("catalogue_transport::a_target_in_absolute_form_does_not_replace_the_host_header"),
            Case("catalogue_transport::a_target_in_absolute_form_must_name_us_whatever_the_host_header_says"),
            Case("catalogue_transport::two_host_headers_are_refused"),
        ],
        "workerd forgets the host of an absolute target and keeps the header, which is checked; it answers two `Host` headers with 500 before a Worker is asked, and Cloudflare's front lets none through.",
    ),
    row(
        "3.50",
        "A handle of one person with the secret of another opens nothing and is recorded",
        &[
            Case("mcp_transport::a_token_of_one_person_never_opens_another"),
            Test(
                "crates/app/tests/route_coverage.rs",
                "each_refusal_of_the_mcp_route_is_recorded_with_its_own_cause",
            ),
            Case("sse_sessions::another_persons_message_is_not_taken_and_nothing_comes_of_it"),
            Case("sse_sessions::another_grants_message_is_not_taken_and_nothing_comes_of_it"),
            Case("sse_sessions::a_message_that_is_not_taken_is_recorded_once_and_names_no_session"),
        ],
        "",
    ),
    row(
        "3.51",
        "An identifier that a client chooses is ignored",
        &[
            Case("mcp_transport::a_session_id_of_the_client_is_ignored"),
            Case("elicitation::a_session_id_is_a_statement_of_its_own_client_only"),
            Case("sse_sessions::an_unknown_session_takes_no_message"),
        ],
        "",
    ),
    row(
        "3.52",
        "State that a client carries for us cannot be altered, lent or replayed",
        &[
            Case("request_state::a_state_that_was_changed_or_made_up_is_refused"),
            Case("request_state::a_state_counts_for_its_own_person_and_grant_only"),
            Case("request_state::a_state_counts_for_its_own_request_only"),
            Case("request_state::a_state_ends_after_ten_minutes"),
            Case("request_state::the_state_of_a_call_counts_once"),
            Case("request_state::of_ten_retries_at_once_exactly_one_has_an_effect"),
            Case("request_state::a_state_that_does_not_count_is_recorded_once_and_repeated_nowhere"),
        ],
        "",
    ),
    row(
        "3.52a",
        "A cursor continues its own list, for its own person, for an hour, and carries no permission",
        &[
            Case("paging::a_cursor_of_another_person_is_refused"),
            Case("paging::a_cursor_of_another_tool_is_refused"),
            Case("paging::a_cursor_that_was_changed_or_made_up_is_refused"),
            Case("paging::a_cursor_ends_after_an_hour"),
            Case("paging::a_cursor_carries_no_scope"),
            Case("paging::a_cursor_can_be_used_again_and_shows_nothing_of_what_it_remembers"),
        ],
        "",
    ),
    row(
        "3.52b",
        "Who declines, or does not sign in, gets no effect; who cannot be asked is not",
        &[
            Case("elicitation::who_declines_gets_an_error_and_no_effect"),
            Case("elicitation::who_accepts_and_does_not_sign_in_gets_no_effect"),
            Case("elicitation::a_client_that_cannot_be_asked_gets_the_link"),
        ],
        "",
    ),
    row(
        "3.52c",
        "A call is cancelled by its own caller alone, and only as long as it has had no effect",
        &[
            Case("cancellation::nobody_else_cancels_a_call"),
            Case("cancellation::another_grant_of_the_person_cancels_nothing"),
            Case("cancellation::an_effect_that_is_on_its_way_is_not_cancelled"),
            Case("cancellation::a_cancellation_of_nothing_is_accepted_and_changes_nothing"),
            Case("sse_transport::a_call_is_cancelled_through_the_session"),
        ],
        "",
    ),
    row(
        "3.52d",
        "A token counts at the endpoint it was given for and at no other",
        &[
            Case("sse_transport::a_token_counts_at_the_endpoint_it_was_given_for_and_at_no_other"),
            Case("sse_transport::a_token_is_given_for_an_endpoint_there_is_and_for_no_other"),
            Case("sse_transport::a_client_that_names_no_resource_gets_a_token_for_both"),
        ],
        "Clients as old as HTTP+SSE name no resource; what they get is for this server and so for both.",
    ),
    row(
        "3.53",
        "Headers that contradict the body run nothing",
        &[
            Case("catalogue_transport::headers_that_contradict_the_body_run_nothing"),
            Case("mcp_protocol::headers_must_repeat_the_body"),
        ],
        "",
    ),
    row(
        "3.55",
        "A body may be as long as the limit and no longer, announced or in chunks",
        &[Case("catalogue_transport::a_body_may_be_as_long_as_the_limit_and_no_longer")],
        "",
    ),
    row(
        "3.56",
        "Nesting may be as deep as the limit and no deeper",
        &[Case("catalogue_transport::nesting_may_be_as_deep_as_the_limit_and_no_deeper")],
        "",
    ),
    row(
        "3.57",
        "Bytes that two readers could see differently are a parse error",
        &[
            Case("catalogue_transport::bytes_that_readers_see_differently_are_refused"),
            Case("mcp_transport::text_that_is_not_json_is_a_parse_error"),
        ],
        "",
    ),
    row(
        "3.59",
        "An unknown method is not found",
        &[
            Case("catalogue_transport::unknown_methods_are_not_found"),
            Case("mcp_protocol::unknown_methods_tools_and_resources_have_their_codes"),
        ],
        "",
    ),
    row(
        "3.62",
        "Who dawdles is cut off, in the headers, in the body, and between two requests",
        &[
            Case("slow_clients::a_header_without_end_is_cut_off_by_its_deadline"),
            Case("slow_clients::a_body_that_trickles_is_cut_off_by_its_deadline"),
            Case("slow_clients::a_connection_that_says_nothing_more_is_closed"),
            Case("slow_clients::others_are_served_while_clients_dawdle"),
        ],
        "",
    ),
    row(
        "3.63",
        "Connections are capped, and who holds them in silence keeps nobody else out",
        &[
            Case(
                "slow_clients::connections_beyond_the_share_of_an_address_are_refused_and_the_share_comes_back",
            ),
            Test(
                "crates/host-native/src/listener.rs",
                "who_holds_connections_and_says_nothing_keeps_nobody_else_out",
            ),
            Test("crates/host-native/src/places.rs", "a_near_address_holds_most_and_never_all"),
            Case("sse_sessions::a_ninth_session_ends_the_oldest"),
            Case("sse_sessions::a_session_that_nobody_uses_ends_after_a_quarter_of_an_hour"),
        ],
        "Connections end at Cloudflare's front, and a Worker sees requests alone. Streams of HTTP+SSE take a token and are eight for each person.",
    ),
    row(
        "3.63g",
        "A stream ends with its connection, its token, an order, and the server",
        &[
            Case("sse_sessions::ending_the_connection_ends_the_stream"),
            Case("sse_sessions::a_stream_lives_as_long_as_the_newest_token_that_was_used_with_it"),
            Case("sse_sessions::an_order_of_an_operator_ends_the_stream"),
            Case("sse_sessions::open_streams_do_not_keep_the_server_from_stopping"),
            Case("progress::an_order_of_an_operator_ends_a_stream_without_its_result"),
        ],
        "",
    ),
    row(
        "3.63a",
        "Compressed bodies are refused unread",
        &[Case("catalogue_transport::compressed_bodies_are_refused_unread")],
        "",
    ),
    row(
        "3.63b",
        "Headers are counted and measured",
        &[Case("catalogue_transport::header_fields_are_counted_and_measured")],
        "",
    ),
    row(
        "3.63c",
        "A request framed in two ways is one request or none, and nothing follows it",
        &[Case("catalogue_transport::a_request_framed_in_two_ways_is_one_request_or_none")],
        "",
    ),
    row(
        "3.63d",
        "Each address has one spelling",
        &[Case("catalogue_transport::each_address_has_one_spelling")],
        "",
    ),
    row(
        "3.63e",
        "Methods nobody needs are refused, and nothing is reflected",
        &[
            Case("catalogue_transport::methods_nobody_needs_are_refused"),
            Case("catalogue_transport::connect_and_methods_of_others_are_refused"),
        ],
        "workerd answers `CONNECT` and unknown methods with 500 and 501 before a Worker is asked; Cloudflare's front lets none through.",
    ),
    row(
        "3.63f",
        "Nothing is upgraded to another protocol",
        &[Case("catalogue_transport::nothing_is_upgraded_to_another_protocol")],
        "",
    ),
    row(
        "3.65",
        "Without a token no call is looked at",
        &[
            Case("catalogue_transport::without_a_token_no_call_is_looked_at"),
            Case(
                "sse_transport::without_a_token_there_is_no_stream_and_the_challenge_names_its_own_metadata",
            ),
            Test(
                "crates/app/tests/tool_coverage.rs",
                "without_a_token_no_action_is_performed_and_one_record_says_so",
            ),
        ],
        "",
    ),
    row(
        "3.65a",
        "Where discovery comes before the sign-in, it takes an assertion and tells everybody the same and nothing more",
        &[
            Case("early_discovery::whatever_does_something_still_asks_for_a_token"),
            Case("early_discovery::without_an_assertion_nothing_is_told"),
            Case("early_discovery::a_token_that_is_none_is_refused_and_never_taken_for_none"),
            Case("early_discovery::a_batch_answers_only_where_all_of_it_discovers"),
            Case("early_discovery::what_is_told_is_what_everybody_is_told"),
            Case("early_discovery::without_access_before_every_path_the_start_is_refused"),
        ],
        "That a start is refused is shown of the native host; the configuration is read by the same code in a Worker.",
    ),
    // Tools
    row(
        "3.68",
        "An identifier never leaves its segment of a path",
        &[
            Case("hostile_arguments::a_folder_never_leaves_its_segment"),
            Case("hostile_arguments::a_team_or_channel_never_leaves_its_segment"),
            Case("template_refusals::an_id_never_leaves_its_segment"),
            Case("templates::an_offset_is_digits_and_nothing_else"),
            Case("completions::channels_without_a_team_that_exists_are_none"),
        ],
        "",
    ),
    row(
        "3.71",
        "Markup of others is cleaned and framed",
        &[
            Case("tools::text_of_others_is_cleaned_and_framed"),
            Case("hostile_arguments::markup_that_grows_when_it_is_read_is_refused"),
            Case("templates::text_of_others_is_cleaned_in_every_kind"),
        ],
        "",
    ),
    row(
        "3.71a",
        "What a person fills into a prompt stays a quoted text",
        &[Case("prompts::an_argument_stays_a_quoted_text_whatever_it_says")],
        "",
    ),
    row(
        "3.71b",
        "The address that downloads a file without a token is never passed on",
        &[
            Case("templates::the_address_that_downloads_a_file_is_never_passed_on"),
            Case("canary::no_planted_secret_is_found_anywhere_after_a_day"),
        ],
        "",
    ),
    row(
        "3.73",
        "A count is a whole number within its range",
        &[Case("hostile_arguments::counts_are_whole_numbers_within_their_range")],
        "",
    ),
    row(
        "3.75",
        "Recipients are addresses and few",
        &[Case("hostile_arguments::recipients_are_addresses_and_few")],
        "Approvals do not exist yet: this much is proven of it today.",
    ),
    row(
        "3.76",
        "The profile `read-only` allows no other effect",
        &[
            Test(
                "crates/app/tests/tool_coverage.rs",
                "under_the_read_only_profile_every_other_effect_is_refused_recorded_and_unsent",
            ),
            Test(
                "crates/policy/src/decide/tests.rs",
                "every_combination_of_principal_effect_profile_and_grant_has_its_answer",
            ),
        ],
        "The profile is a setting of the deployment, shown over the whole table of tools.",
    ),
    row(
        "3.81",
        "A repeat of a write cannot double it",
        &[
            Case("tools::create_calendar_event_keeps_the_zone_and_cannot_double"),
            Case("tools::send_email_sends_once_and_says_so"),
        ],
        "",
    ),
    // Egress and storage
    row(
        "3.84",
        "A gateway that fails is told, and nothing goes around it",
        &[
            Case("catalogue_storage::answers_of_a_gateway_that_fails_are_not_asked_for_elsewhere"),
            Case("faults::every_gateway_fault_is_told_and_nothing_goes_around_the_gateway"),
        ],
        "",
    ),
    row(
        "3.85",
        "A block of data-loss prevention is told without what was blocked",
        &[Case("faults::dlp_blocks_without_showing_content")],
        "",
    ),
    row(
        "3.86",
        "A throttled call is told; a write is done at most once",
        &[
            Case("catalogue_storage::a_throttled_write_is_told_and_done_at_most_once"),
            Case("faults::a_write_is_never_repeated_when_its_fate_is_unknown"),
            Test("crates/egress/src/classify/tests.rs", "graph_s_own_refusals_keep_status_code_and_patience"),
        ],
        "The catalogue asks for no second try of a write. Here a write refused with 429 may be tried again, because such a refusal says that nothing was done; after any other failure it is not.",
    ),
    row(
        "3.87",
        "No answer is anybody's but who asked for it",
        &[
            Case("catalogue_storage::answers_of_one_person_never_reach_another"),
            Case("tools::two_people_on_the_same_path_see_their_own_data"),
            Case("faults::a_cached_answer_is_not_passed_on"),
            Case("template_refusals::nobody_reads_what_is_another_s"),
            Case("completions::nobody_is_shown_what_is_another_s"),
            Case("progress::two_streams_of_two_people_are_apart"),
        ],
        "",
    ),
    row(
        "3.88",
        "A call carries five facts; a sixth does not compile",
        &[
            Case("catalogue_storage::every_call_carries_five_facts_and_not_one_more"),
            Case("completions::a_completion_goes_through_the_gateway_under_its_own_name"),
            Case("templates::a_read_is_governed_and_recorded_under_its_template"),
            Test("crates/egress/src/metadata.rs", "the_header_is_five_texts_in_ascii_whatever_the_values"),
        ],
        "",
    ),
    row(
        "3.89",
        "No planted secret is found anywhere",
        &[
            Case("canary::no_planted_secret_is_found_anywhere_after_a_day"),
            Case("journal::no_token_secret_or_content_is_anywhere"),
            Test(
                "crates/journal/tests/journal/append.rs",
                "no_planted_secret_address_or_content_reaches_a_record",
            ),
        ],
        "",
    ),
    row(
        "3.90",
        "Nothing is dialled but what the table of destinations names",
        &[
            Test("crates/egress/src/door/tests.rs", "near_misses_are_refused_and_nothing_is_sent"),
            Test("crates/egress/src/door/tests.rs", "whatever_the_url_only_the_table_is_dialled"),
            Test("crates/egress/src/door/tests.rs", "a_redirect_is_an_answer"),
        ],
        "",
    ),
    row(
        "3.93",
        "Keys can be rotated: the previous one reads, the new one writes",
        &[
            Test(
                "crates/auth/src/oauth/store/tests.rs",
                "tokens_survive_a_change_of_keys_while_the_previous_ones_are_configured",
            ),
            Test("crates/seal/src/sealer.rs", "a_rotated_key_opens_old_values_and_says_so"),
            Case("operators::rotated_keys_are_read_and_sealed_again_and_the_old_one_can_go"),
        ],
        "",
    ),
    row(
        "3.94",
        "Under another key nothing opens, and nothing of it is a fault",
        &[Case("catalogue_storage::other_keys_open_nothing_and_the_right_ones_everything")],
        "A token sealed under another key is a token of another server: 401 and 400, rather than 503.",
    ),
    row(
        "3.95",
        "Without a journal nothing is done",
        &[
            Case("faults::a_journal_that_cannot_be_written_stops_calls_and_not_the_server"),
            Test("crates/app/tests/tool_coverage.rs", "without_a_journal_no_action_is_performed"),
            Test(
                "crates/journal/tests/journal/append.rs",
                "a_full_disk_refuses_the_intent_and_leaves_the_chain_whole",
            ),
        ],
        "A full disk is the native host's; Durable Object storage that refuses is shown with a fake.",
    ),
    row(
        "3.96",
        "A record that was altered, put back or removed is found and named",
        &[
            Case("catalogue_storage::an_altered_record_is_named_by_the_verifier"),
            Case("catalogue_storage::a_journal_put_back_in_time_is_found"),
            Case("catalogue_storage::a_deleted_journal_is_missed"),
            Test(
                "crates/journal/tests/journal/chain.rs",
                "a_consistently_rewritten_end_is_found_against_the_noted_high_water",
            ),
        ],
        "The storage of a Durable Object is Cloudflare's, and there is no file of it that anybody could alter; the verifier is the same.",
    ),
    row(
        "3.97",
        "A clock ten minutes off is refused, one a minute off is not",
        &[
            Case("catalogue_access::a_clock_ten_minutes_off_is_refused_and_one_minute_is_not"),
            Test("crates/auth/src/perimeter/tests.rs", "times_hold_to_the_second_with_a_minute_of_leeway"),
        ],
        "",
    ),
    row(
        "3.99",
        "The kill switch ends sessions within the stated seconds",
        &[
            Case("operators::one_persons_sessions_end_at_once_and_nobody_elses"),
            Case("operators::everyones_sessions_end_within_half_a_minute_of_the_moved_clock"),
            Case("operators::the_command_kill_ends_everyones_sessions_at_once"),
            Case("operators::a_call_under_way_is_cut_off_from_its_caller"),
        ],
        "",
    ),
];
