//! The rules: one folder each, with `rule.rs`, `page.md`, `bad.sql` and `good.sql`, and one row in
//! the list below.
//!
//! Invariants: a rule looks at one statement in its surroundings ([`At`]) and decides nothing
//! without a fact; ids are stable. What a rule has in common with all of its kind - title, fact,
//! grades - stands in its row, so that `check` only says where it fires. Non-goals: whether a
//! finding is allowed (a directive, the policy), how it looks.

mod bounds;
mod changes;
mod enums;
mod names;
mod page;
mod prelude;
mod row;

pub use names::words;
pub use row::{Draft, Entry, Found, Rule};

pub(crate) use crate::context::{At, Step};

/// The rule of this id.
#[must_use]
pub fn rule(id: &str) -> Option<&'static Rule> {
    RULES.iter().map(|e| e.rule).find(|r| r.id == id)
}

macro_rules! rules {
    ($($folder:ident)+) => {
        $(mod $folder { pub(super) mod rule; })+

        /// Every rule, by family.
        pub static RULES: &[Entry] = &[$(Entry {
            rule: &$folder::rule::RULE,
            page: include_str!(concat!(stringify!($folder), "/page.md")),
            bad: include_str!(concat!(stringify!($folder), "/bad.sql")),
            good: include_str!(concat!(stringify!($folder), "/good.sql")),
        }),+];
    };
}

rules! {
    loss_delete
    loss_drop_and_readd_column
    loss_drop_cascade
    loss_drop_column
    loss_drop_database
    loss_drop_extension
    loss_drop_matview_or_sequence
    loss_drop_partition
    loss_drop_schema
    loss_drop_table
    loss_enum_value_removed
    loss_fk_action_cascade
    loss_recreate_table
    loss_rename_as_drop_add
    loss_rename_table_as_drop_create
    loss_sequence_restart
    loss_set_unlogged
    loss_truncate
    loss_truncate_cascade
    loss_type_narrowing
    loss_update_overwrite
    fail_add_column_not_null_no_default
    fail_check_violated
    fail_concurrently_in_transaction
    fail_dependent_object
    fail_disk_space
    fail_duplicate_assignment
    fail_enum_removed_value_in_use
    fail_enum_value_used_in_same_transaction
    fail_extension_unavailable
    fail_foreign_key_with_orphans
    fail_identifier_truncated
    fail_invalid_index_left
    fail_lock_table_full
    fail_nontransactional_statement
    fail_object_state_mismatch
    fail_partition_bounds
    fail_privilege
    fail_set_not_null_with_nulls
    fail_syntax
    fail_type_cast
    fail_unique_with_duplicates
    fail_version_unsupported
    rewrite_add_column_constrained_domain
    rewrite_add_column_default_pre11
    rewrite_add_column_generated_stored
    rewrite_add_column_identity
    rewrite_add_column_serial
    rewrite_add_column_volatile_default
    rewrite_alter_column_type
    rewrite_collation_version
    rewrite_refresh_matview
    rewrite_set_access_method
    rewrite_set_expression
    rewrite_set_logged
    rewrite_set_tablespace
    rewrite_vacuum_full_cluster
    meta_alter_column_type
    scan_add_check
    scan_add_column_inline_constraint
    scan_add_foreign_key
    scan_add_primary_key_using_index_nullable
    scan_attach_partition
    scan_create_table_as
    scan_default_partition
    scan_domain_add_constraint
    scan_set_not_null
    build_add_exclusion
    build_add_primary_key
    build_add_unique_constraint
    build_alter_column_type_dependants
    build_create_index
    build_create_index_concurrently
    build_index_on_partitioned
    build_reindex
    build_slow_index_type
    lock_access_exclusive_metadata
    lock_blocker_present
    lock_create_partition
    lock_create_trigger
    lock_cumulative
    lock_detach_partition
    lock_drop_fk_locks_other_table
    lock_drop_index
    lock_drop_trigger
    lock_explicit
    lock_fk_locks_other_table
    lock_hot_table
    lock_partition_fanout
    lock_policy_or_rule
    lock_refresh_concurrently
    lock_replace_or_drop_view
    compat_add_required_column
    compat_cached_plan
    compat_code_still_references
    compat_default_change
    compat_drop_column
    compat_drop_constraint
    compat_drop_index_in_use
    compat_drop_not_null
    compat_drop_table
    compat_drop_view_or_routine
    compat_enum_value_added
    compat_enum_value_renamed
    compat_implicit_m2m
    compat_new_constraint
    compat_privilege
    compat_rename_column
    compat_rename_other
    compat_rename_table
    compat_replace_routine
    compat_replication
    compat_rls
    compat_set_not_null
    compat_set_schema
    compat_type_change
    tx_concurrently_mixed
    tx_data_in_migration
    tx_explicit_commit_splits_file
    tx_lock_timeout_ineffective
    tx_multiple_tables_locked
    tx_nested
    tx_no_idle_timeout
    tx_no_lock_timeout
    tx_no_statement_timeout
    tx_not_valid_and_validate_together
    tx_replication_lag
    tx_schema_and_backfill
    tx_setting_leaks
    tx_unbatched_backfill
    tx_unclosed
    tx_work_while_holding_lock
    ops_analyze_needed
    ops_autovacuum_disabled
    ops_ddl_in_do_block
    ops_disable_trigger
    ops_drift
    ops_extension_version
    ops_grant_widened
    ops_history_edited
    ops_irreversible_no_plan
    ops_large_table_policy
    ops_not_rerunnable
    ops_opaque_dynamic_sql
    ops_out_of_order
    ops_security_definer
    ops_server_setting
    ops_unanalysed_statement
    style_char_type
    style_column_order
    style_comment_or_pii
    style_domain_constraint
    style_enum
    style_enum_value_order
    style_int_key
    style_json_type
    style_money_type
    style_naming
    style_no_primary_key
    style_serial
    style_timestamp_no_tz
    style_unqualified_name
    style_varchar_n
    perf_fk_type_mismatch
    perf_foreign_key_without_index
    perf_hash_index
    perf_index_on_write_hot_table
    perf_multiple_alter_same_table
    perf_redundant_index
    perf_vector_index_params
    perf_wide_index
    directive_invalid
    directive_unused
}
