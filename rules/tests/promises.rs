//! Each promise of the public functions has a check, and this table says which. A promise without a check is a mistake that
//! no student and no reader of the library would notice.
//!
//! The table names checks by their functions, wherever their file is below a task's `tests/`. When you rename a check,
//! rename it here. When you add a promise, add a row; if no check can be written, say why in `WITHOUT_A_CHECK`.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use rules::{TASKS, read, root};
use syn::{Attribute, Item};

/// A promise, and the checks that a library fails if it breaks it.
struct Promise {
    task: &'static str,
    says: &'static str,
    required: &'static [&'static str],
    /// Extras, and tests of the reference solutions that students do not get.
    others: &'static [&'static str],
}

const fn promise(
    task: &'static str,
    says: &'static str,
    required: &'static [&'static str],
    others: &'static [&'static str],
) -> Promise {
    Promise {
        task,
        says,
        required,
        others,
    }
}

const T0: &str = TASKS[0];
const T1: &str = TASKS[1];
const T2: &str = TASKS[2];
const T3: &str = TASKS[3];

#[rustfmt::skip]
const PROMISES: &[Promise] = &[
    promise(T0, "a missing file is an error and is not created",
        &["a_missing_database_is_an_error_and_is_not_created", "with_connection_refuses_the_same_paths_as_open"], &[]),
    promise(T0, "`:memory:` and an empty path are refused",
        &["refuses_memory_and_an_empty_path", "with_connection_refuses_the_same_paths_as_open"], &[]),
    promise(T0, "a file that is not a database of users is an error",
        &["a_missing_table_is_an_error"], &["a_file_without_a_valid_users_table_is_an_error"]),
    promise(T0, "a connection is open as long as its value lives: until the end of the scope, `?`, or a panic",
        &["closes_at_the_end_of_the_scope", "closes_when_a_query_fails", "closes_on_a_panic"], &[]),
    promise(T0, "`open` opens one connection, and nothing else opens any",
        &["only_open_opens_a_connection"], &[]),
    promise(T0, "`close` closes, once, and reports an error",
        &["close_closes_the_connection_exactly_once", "close_returns_an_error_if_the_connection_stays_open"], &[]),
    promise(T0, "`with_connection` commits when the body returns `Ok`",
        &["commits_when_the_body_succeeds", "returns_the_error_of_the_commit"], &[]),
    promise(T0, "`with_connection` rolls back when the body returns `Err` or panics",
        &["rolls_back_when_the_body_fails", "rolls_back_when_the_body_panics"], &[]),
    promise(T0, "`with_connection` closes in every case, and only then returns",
        &["with_connection_closes_before_it_returns", "closes_when_the_body_fails", "closes_when_the_body_panics", "closes_when_the_commit_fails"], &[]),
    promise(T0, "an error of the close is reported",
        &["returns_the_error_of_the_close"], &[]),
    promise(T0, "the body's error wins over the close's, and neither is lost",
        &["returns_the_error_of_the_body", "returns_both_errors_when_the_body_and_the_close_fail"],
        &["returns_the_error_of_the_body_after_sqlite_rolled_back"]),
    promise(T0, "`fetch_users` returns every user, with every column",
        &["fetches_every_user", "fills_each_field_from_its_column", "returns_an_empty_list_for_an_empty_table"], &["returns_users_in_id_order"]),
    promise(T0, "columns are read by name",
        &["reads_columns_by_name_not_by_position"], &["ignores_case_in_column_names"]),
    promise(T0, "a row that does not fit is an error that names the column and the row; no row is skipped",
        &["a_row_with_an_invalid_value_is_an_error", "a_query_that_fails_after_one_row_is_an_error"], &["the_error_of_a_row_names_the_column_and_the_row"]),
    promise(T0, "an error names the database and keeps SQLite's reason",
        &[], &["the_error_names_the_database", "the_error_of_a_query_says_what_was_wrong"]),
    promise(T0, "the library prints nothing",
        &["the_library_prints_nothing"], &[]),

    promise(T1, "a missing file is an error and is not created",
        &["a_missing_database_is_an_error_and_is_not_created", "execute_refuses_the_same_input_as_run"], &[]),
    promise(T1, "`:memory:` and an empty path are refused",
        &["refuses_memory_and_an_empty_path", "execute_refuses_the_same_input_as_run"], &[]),
    promise(T1, "nothing is opened until the query is run",
        &["new_opens_no_connection"], &[]),
    promise(T1, "the query can be run any number of times",
        &["can_be_run_more_than_once"], &[]),
    promise(T1, "the query that is run is the one that was given",
        &["runs_the_given_query", "excludes_users_of_exactly_the_given_age"], &[]),
    promise(T1, "every parameter is bound, and nothing is written into the SQL",
        &["keeps_the_values_out_of_the_sql", "sql_inside_a_parameter_is_not_executed", "uses_the_given_parameter",
          "binds_the_parameters_in_order", "a_parameter_keeps_its_type", "execute_binds_its_parameters"],
        &["a_question_mark_in_a_string_is_not_a_placeholder"]),
    promise(T1, "too few or too many parameters are an error",
        &["too_few_parameters_are_an_error", "too_many_parameters_are_an_error", "execute_refuses_the_same_input_as_run"], &[]),
    promise(T1, "a parameter that cannot be converted is an error when the query is run",
        &["a_parameter_that_cannot_be_converted_is_an_error_when_the_query_is_run"], &[]),
    promise(T1, "SQL that does not parse is an error that shows the place",
        &["invalid_sql_is_an_error"], &["an_error_shows_where_the_sql_is_wrong", "the_error_of_an_empty_query_says_what_to_fix"]),
    promise(T1, "more than one statement is an error",
        &["two_statements_are_an_error"], &["a_semicolon_does_not_always_begin_a_second_statement"]),
    promise(T1, "a body that stops after one row costs one row",
        &["reads_only_the_rows_that_the_body_asks_for"], &[]),
    promise(T1, "the connection and the statement are closed on every way out",
        &["run_closes_before_it_returns", "closes_when_the_body_fails", "closes_when_the_body_panics",
          "closes_when_the_query_cannot_be_run", "closes_when_the_query_fails_after_one_row", "execute_closes_when_it_succeeds_and_when_it_fails"],
        &["each_run_opens_one_connection"]),
    promise(T1, "the body's error reaches the caller",
        &["returns_the_error_of_the_body"], &[]),
    promise(T1, "`execute` returns how many rows changed, and the change stays",
        &["execute_returns_the_number_of_changed_rows", "execute_saves_its_changes", "an_insert_that_violates_a_constraint_is_an_error"],
        &["execute_returns_0_for_a_create_table", "counts_the_rows_of_a_statement_with_returning"]),
    promise(T1, "columns are read by name",
        &["reads_columns_by_name_not_by_position"], &["ignores_case_in_column_names"]),
    promise(T1, "a row that does not fit is an error that names the column and the row; no row is skipped",
        &["fetches_every_row", "a_row_with_an_invalid_value_is_an_error", "a_query_that_fails_after_one_row_is_an_error"], &["an_error_names_the_database"]),
    promise(T1, "an error names the database",
        &[], &["an_error_names_the_database"]),
    promise(T1, "the library prints nothing",
        &["the_library_prints_nothing"], &[]),

    promise(T2, "a missing file is an error and is not created; `:memory:` and an empty path are refused",
        &["a_missing_database_is_an_error_and_is_not_created", "refuses_memory_and_an_empty_path"], &[]),
    promise(T2, "`with_connection` commits on `Ok`, and rolls back on `Err` and on a panic",
        &["commits_when_the_body_succeeds", "rolls_back_when_the_body_fails", "rolls_back_when_the_body_panics", "returns_the_error_of_the_commit"], &[]),
    promise(T2, "`with_connection` closes in every case, and only then completes",
        &["every_connection_is_closed_after_success", "every_connection_is_closed_after_an_error", "every_connection_is_closed_after_a_panic",
          "every_connection_is_closed_after_a_commit_that_fails", "with_connection_closes_before_it_completes"], &[]),
    promise(T2, "the body's error wins over the close's, and neither is lost",
        &["returns_the_error_of_the_close", "returns_the_error_of_the_body_even_if_the_close_fails"], &["returns_both_errors_when_the_body_and_the_close_fail"]),
    promise(T2, "an executor's thread is never blocked",
        &["a_running_query_does_not_block_the_executor", "a_thousand_queries_at_once_all_succeed"], &["makes_no_sqlite_call_on_the_executors_thread"]),
    promise(T2, "the two queries each have their own connection",
        &["each_query_has_its_own_connection"], &[]),
    promise(T2, "the two queries run at the same time",
        &["both_queries_run_at_the_same_time"], &[]),
    promise(T2, "if one query fails, the other is cancelled and its connection closes",
        &["returns_the_error_of_the_query_that_fails", "cancels_the_other_query_when_one_query_fails"],
        &["closes_both_connections_before_it_returns_the_error"]),
    promise(T2, "they run on Tokio, async-std and smol",
        &[], &["runs_both_queries_at_the_same_time_on_every_runtime", "cancels_both_queries_on_every_runtime"]),
    promise(T2, "dropping a future cancels the statement that is running",
        &["cancels_the_running_statement_when_the_future_is_dropped"], &["dropping_a_future_cancels_no_other_query"]),
    promise(T2, "dropping a future cancels a wait for another connection's lock",
        &["cancels_a_wait_for_a_lock_when_the_future_is_dropped"], &[]),
    promise(T2, "dropping a future cancels statements that the body would start afterwards",
        &["cancels_statements_that_start_after_the_drop"], &["runs_and_commits_nothing_after_the_drop"]),
    promise(T2, "after a drop the connection closes",
        &["closes_its_connections_when_the_future_is_dropped"], &["opens_no_connection_before_the_first_poll"]),
    promise(T2, "all users first, then those who are strictly older",
        &["fetches_every_user_with_every_column", "fetches_only_users_older_than_the_age",
          "fetch_concurrently_returns_all_users_and_then_the_older_ones"], &["returns_users_in_id_order"]),
    promise(T2, "columns are read by name, and a row that does not fit is an error",
        &["reads_columns_by_name_not_by_position", "a_row_with_an_invalid_value_is_an_error", "a_file_without_a_valid_users_table_is_an_error"],
        &["an_error_names_the_database_and_the_column_and_the_row"]),
    promise(T2, "the library prints nothing",
        &["the_library_prints_nothing"], &[]),

    promise(T3, "the first connection is opened before the body is called",
        &["opens_the_first_connection_before_the_body_starts", "a_wrong_password_is_an_error_even_if_the_body_uses_no_connection"], &[]),
    promise(T3, "at most the given number of connections is opened; 0 is an error and 1 works",
        &["opens_at_most_the_given_number_of_connections", "a_pool_of_0_connections_is_an_error", "fetch_concurrently_works_with_one_connection"], &[]),
    promise(T3, "everything is disconnected before `with_pool` returns: after `Ok`, `Err` and a panic",
        &["disconnects_when_the_body_succeeds", "disconnects_when_the_body_fails", "disconnects_when_the_body_panics"],
        &["the_server_counts_no_connection_as_aborted", "disconnects_when_the_body_panics_before_its_future_exists"]),
    promise(T3, "the body's error reaches the caller",
        &["returns_the_error_of_the_body"], &["the_caller_gets_the_panic_of_the_body"]),
    promise(T3, "a connection that is not returned within 5 seconds is an error and not a hang",
        &[], &["a_connection_that_the_body_returns_is_an_error_and_not_a_hang", "closes_a_connection_that_a_task_holds_when_the_task_ends",
               "waits_for_a_connection_that_a_task_returns_in_time"]),
    promise(T3, "if the future of `with_pool` is dropped, every connection closes, inside and outside the runtime",
        &["closes_its_connections_when_the_future_is_dropped", "dropping_the_future_outside_the_runtime_does_not_panic"], &["leaves_no_connection_open_when_dropped_after_any_poll"]),
    promise(T3, "parameters are bound",
        &["binds_the_age_as_a_parameter"], &[]),
    promise(T3, "connections are reused",
        &["reuses_connections"], &["uses_all_its_connections_at_once_and_reuses_them"]),
    promise(T3, "the next user of a connection does not see what the last one left behind",
        &["resets_a_connection_for_its_next_user"],
        &["resets_session_variables", "releases_locks_when_the_connection_returns_to_the_pool"]),
    promise(T3, "a dropped query stops on the server, and its connection returns to the pool intact",
        &[], &["a_statement_stops_on_the_server_when_its_future_is_dropped", "fetch_users_dropped_at_any_packet_returns_its_connection_intact",
               "fetch_older_users_dropped_at_any_packet_returns_its_connection_intact",
               "fetch_concurrently_dropped_at_any_packet_returns_both_connections_intact"]),
    promise(T3, "no statement of another client is killed",
        &[], &["a_kill_that_arrives_early_or_late_stops_no_other_statement", "statements_of_other_clients_go_on_when_with_pool_is_dropped"]),
    promise(T3, "no kill behind a load balancer or a proxy, after a failover or after a restart, unless the session is provably ours",
        &[], &["behind_a_load_balancer_each_cancelled_query_is_stopped_and_no_other", "nothing_is_killed_on_a_server_that_took_over_the_address",
               "nothing_is_killed_after_a_restart_by_an_id_from_before", "nothing_is_killed_behind_a_proxy_that_numbers_connections_itself"]),
    promise(T3, "at most one connection for killing at a time for each pool",
        &[], &["many_drops_open_one_connection_for_killing_at_a_time"]),
    promise(T3, "waiting for a free connection has no time limit",
        &[], &["many_fetches_take_turns_on_one_connection"]),
    promise(T3, "a server that cannot be reached or rejects the user is an error that names host, port, user and database",
        &["a_connection_error_names_host_port_user_and_database"],
        &["a_refused_connection_is_an_error_at_once_and_its_debug_output_hides_the_password"]),
    promise(T3, "a server that says nothing is an error within 5 seconds",
        &[], &["a_silent_server_is_an_error_within_5_seconds"]),
    promise(T3, "no error shows the password",
        &["no_error_shows_the_password"], &["the_error_of_an_invalid_url_shows_no_part_of_it"]),
    promise(T3, "both queries run at the same time, and an error of either reaches the caller",
        &["both_queries_run_at_the_same_time", "returns_the_error_of_either_query"],
        &["a_query_that_fails_stops_the_other_and_its_error_is_returned"]),
    promise(T3, "all users first, then those who are strictly older",
        &["fetches_every_user", "fetches_only_users_older_than_the_age",
          "fetch_concurrently_returns_all_users_and_then_the_older_ones", "returns_an_empty_list_for_an_empty_table", "a_missing_table_is_an_error"],
        &["returns_users_in_id_order"]),
    promise(T3, "columns are read by name, and a row that does not fit is an error that names the column and the row",
        &["fills_each_field_from_its_column", "reads_columns_by_name_not_by_position", "a_row_with_an_invalid_value_is_an_error"],
        &["the_error_of_a_row_names_the_column_and_the_row"]),
    promise(T3, "the library prints nothing",
        &["the_library_prints_nothing"], &[]),
];

/// Promises for which there is no check, and the reason.
#[rustfmt::skip]
const WITHOUT_A_CHECK: &[(&str, &str, &str)] = &[
    (T1, "if the body and the close both fail, neither error is lost",
        "a body gets only `Rows`, and nothing that it can do with them makes the close fail"),
    (T2, "a body that is not inside SQLite when its future is dropped ends when it returns",
        "Rust cannot stop a closure from outside, so no solution can break it"),
    (T3, "a query has no time limit",
        "a check would have to wait longer than any limit that a solution may have"),
];

#[test]
fn every_promise_has_a_check_that_exists() {
    let mut wrong = String::new();
    for (task, says, why) in WITHOUT_A_CHECK {
        assert!(TASKS.contains(task) && !why.is_empty(), "{says}");
        let has_one = |promise: &Promise| promise.task == *task && promise.says == *says;
        assert!(!PROMISES.iter().any(has_one), "{task}: has a check: {says}");
    }
    for task in TASKS {
        let mut checks = BTreeMap::new();
        find_checks(&root().join(task).join("tests"), &mut checks);
        assert!(checks.len() > 10, "{task}: {checks:?}");
        for promise in PROMISES.iter().filter(|promise| promise.task == task) {
            let says = promise.says;
            if promise.required.is_empty() && promise.others.is_empty() {
                wrong += &format!("{task}: no check: {says}\n");
            }
            let required = promise.required.iter().map(|name| (name, true));
            let others = promise.others.iter().map(|name| (name, false));
            for (name, expected) in required.chain(others) {
                match checks.get(*name) {
                    None => wrong += &format!("{task}: {name} does not exist: {says}\n"),
                    Some(required) if *required != expected => {
                        let is = if *required {
                            "required"
                        } else {
                            "not required"
                        };
                        wrong += &format!("{task}: {name} is {is}: {says}\n");
                    }
                    Some(_) => (),
                }
            }
        }
    }
    assert!(wrong.is_empty(), "fix the table or the checks:\n{wrong}");
}

/// Every required check of a task keeps some promise: otherwise a correct solution could fail it.
#[test]
fn every_required_check_belongs_to_a_promise() {
    let mut without = Vec::new();
    for task in TASKS {
        let mut checks = BTreeMap::new();
        find_checks(&root().join(task).join("tests/checks"), &mut checks);
        let promises = || PROMISES.iter().filter(|promise| promise.task == task);
        for (name, required) in checks {
            let is_named = promises().any(|promise| promise.required.contains(&name.as_str()));
            if required && !is_named {
                without.push(format!("{task}: {name}"));
            }
        }
    }
    assert!(without.is_empty(), "add these to a promise: {without:#?}");
}

/// Finds the test functions in a folder, and whether each is a required check: those in `tests/checks/` are.
fn find_checks(folder: &Path, checks: &mut BTreeMap<String, bool>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            find_checks(&path, checks);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let required = path.components().any(|part| part.as_os_str() == "checks");
            for item in syn::parse_file(&read(&path)).unwrap().items {
                let Item::Fn(function) = item else { continue };
                if has(&function.attrs, "test") {
                    checks.insert(function.sig.ident.to_string(), required);
                }
            }
        }
    }
}

fn has(attributes: &[Attribute], name: &str) -> bool {
    attributes
        .iter()
        .any(|attribute| attribute.path().is_ident(name))
}
