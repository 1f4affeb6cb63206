//! Normal forms of what the server stores as it was written: arrays, option lists, definitions.

use std::collections::BTreeSet;

/// The elements of a one-dimensional array in the server's text form (manual §8.15.6). NULL
/// elements, which no catalog list has, are left out.
pub(super) fn array_elements(text: &str) -> Vec<String> {
    let inner = text.strip_prefix('{').and_then(|t| t.strip_suffix('}')).unwrap_or_default();
    let mut elements = Vec::new();
    let mut current = String::new();
    let (mut quoted, mut was_quoted) = (false, false);
    let mut characters = inner.chars();
    while let Some(c) = characters.next() {
        match c {
            '\\' => current.extend(characters.next()),
            '"' => {
                quoted = !quoted;
                was_quoted = true;
            }
            ',' if !quoted => {
                elements.push((std::mem::take(&mut current), std::mem::take(&mut was_quoted)));
            }
            c => current.push(c),
        }
    }
    if !inner.is_empty() {
        elements.push((current, was_quoted));
    }
    let not_null = |(text, quoted): &(String, bool)| *quoted || text != "NULL";
    elements.into_iter().filter(not_null).map(|(text, _)| text).collect()
}

/// Storage parameters that are facts (manual, "Storage Parameters" of CREATE TABLE, CREATE INDEX
/// and CREATE VIEW), with those of pgvector's and bloom's index methods. An allow list, because
/// some builds of PostgreSQL keep notes of their own in option lists.
const STORAGE: &[&str] = &[
    "autosummarize",
    "buffering",
    "check_option",
    "deduplicate_items",
    "ef_construction",
    "fastupdate",
    "fillfactor",
    "gin_pending_list_limit",
    "length",
    "lists",
    "log_autovacuum_min_duration",
    "m",
    "pages_per_range",
    "parallel_workers",
    "security_barrier",
    "security_invoker",
    "toast_tuple_target",
    "user_catalog_table",
    "vacuum_index_cleanup",
    "vacuum_max_eager_freeze_failure_rate",
    "vacuum_truncate",
];

/// Parameters of a column that are facts (manual, ALTER TABLE, `SET (attribute_option …)`).
/// Debian's build of 15.20 writes `pg_attver=…` beside them, different in every run.
const COLUMN: &[&str] = &["n_distinct", "n_distinct_inherited"];

/// Storage parameters whose value is a Boolean, stored as it was written (`on`, `true`, `1`).
const BOOLEAN: &[&str] = &[
    "autosummarize",
    "autovacuum_enabled",
    "deduplicate_items",
    "fastupdate",
    "security_barrier",
    "security_invoker",
    "user_catalog_table",
    "vacuum_truncate",
];

/// An option list in normal form, and the names that are not on the allow list.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Options {
    /// Known options, sorted, `name=value`, joined by `, `; `None` when there is none.
    pub(super) known: Option<String>,
    /// Names that nobody here knows.
    pub(super) unknown: Vec<String>,
}

/// Storage parameters of a relation. `toast` holds those of its TOAST table.
pub(super) fn storage_options(own: Option<&str>, toast: Option<&str>) -> Options {
    let known = |name: &str| {
        STORAGE.contains(&name)
            || name.starts_with("autovacuum_")
            || name.strip_prefix("col").is_some_and(|n| n.parse::<u8>().is_ok())
    };
    let mut options = Options::default();
    let mut kept = BTreeSet::new();
    for (prefix, list) in [("", own), ("toast.", toast)] {
        for element in list.map(array_elements).unwrap_or_default() {
            let (name, value) = element.split_once('=').unwrap_or((&element, ""));
            if known(name) {
                kept.insert(format!("{prefix}{name}={}", option_value(name, value)));
            } else {
                options.unknown.push(format!("{prefix}{name}"));
            }
        }
    }
    options.known = joined(kept);
    options
}

/// Parameters of a column.
pub(super) fn column_options(list: Option<&str>) -> Option<String> {
    let elements = list.map(array_elements).unwrap_or_default();
    joined(
        elements
            .into_iter()
            .filter(|e| e.split_once('=').is_some_and(|(name, _)| COLUMN.contains(&name)))
            .collect(),
    )
}

fn option_value(name: &str, value: &str) -> String {
    let lower = value.to_ascii_lowercase();
    if !BOOLEAN.contains(&name) {
        return lower;
    }
    match lower.as_str() {
        "on" | "true" | "yes" | "1" | "t" | "y" => "true".to_owned(),
        "off" | "false" | "no" | "0" | "f" | "n" => "false".to_owned(),
        _ => lower,
    }
}

/// The elements of a list whose order means nothing, sorted.
pub(super) fn sorted_list(text: &str) -> Option<String> {
    joined(array_elements(text).into_iter().collect())
}

fn joined(elements: BTreeSet<String>) -> Option<String> {
    let elements: Vec<String> = elements.into_iter().collect();
    (!elements.is_empty()).then(|| elements.join(", "))
}

/// A definition of an index without its ` WITH (…)`, whose order is the order of writing; the
/// options are a fact of their own. `options` is the index's stored option list.
pub(super) fn without_options(definition: &str, options: Option<&str>) -> String {
    const OPENING: &str = " WITH (";
    let elements = options.map(array_elements).unwrap_or_default();
    let Some((first, _)) = elements.first().and_then(|e| e.split_once('=')) else {
        return definition.to_owned();
    };
    let marker = format!("{OPENING}{first}=");
    // The clause stands before the predicate, which may hold anything: the first hit is it,
    // unless an indexed expression holds the same words; then both sides keep the same text.
    let Some(start) = definition.find(&marker) else {
        return definition.to_owned();
    };
    let body = &definition[start + OPENING.len()..];
    let mut quoted = false;
    for (at, c) in body.char_indices() {
        match c {
            '\'' => quoted = !quoted,
            ')' if !quoted => return format!("{}{}", &definition[..start], &body[at + 1..]),
            _ => {}
        }
    }
    definition.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrays_are_read_as_the_server_writes_them() {
        assert_eq!(array_elements("{}"), Vec::<String>::new());
        assert_eq!(array_elements("{a,NULL,\"NULL\"}"), ["a", "NULL"]);
        assert_eq!(array_elements(r#"{"a b","c\"d\\,e",f=1}"#), ["a b", "c\"d\\,e", "f=1"]);
    }

    #[test]
    fn option_lists_are_sets_of_known_names() {
        let one = storage_options(Some("{fillfactor=70,autovacuum_enabled=off}"), None);
        let two = storage_options(Some("{autovacuum_enabled=false,fillfactor=70}"), None);
        assert_eq!(one, two);
        assert_eq!(one.known.as_deref(), Some("autovacuum_enabled=false, fillfactor=70"));
        let odd = storage_options(Some("{stamp=9}"), Some("{autovacuum_enabled=1}"));
        assert_eq!(odd.known.as_deref(), Some("toast.autovacuum_enabled=true"));
        assert_eq!(odd.unknown, ["stamp"]);
    }

    #[test]
    fn the_stamp_of_a_debian_build_is_no_fact() {
        assert_eq!(column_options(Some("{pg_attver=17}")), None);
        let both = column_options(Some("{pg_attver=17,n_distinct=5}"));
        assert_eq!(both.as_deref(), Some("n_distinct=5"));
    }

    #[test]
    fn the_options_leave_an_index_definition() {
        let with =
            "CREATE INDEX i ON public.t USING btree (a) WITH (fillfactor='70') WHERE (a > 0)";
        let without = "CREATE INDEX i ON public.t USING btree (a) WHERE (a > 0)";
        assert_eq!(without_options(with, Some("{fillfactor=70}")), without);
        assert_eq!(without_options(without, None), without);
    }
}
