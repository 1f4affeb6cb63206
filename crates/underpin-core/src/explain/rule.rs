//! The pages of rules, from their rows.

use underpin_sql::rules::{Entry, RULES};

use super::{Explanation, Kind};

pub(super) fn pages() -> Vec<Explanation> {
    RULES.iter().map(page).collect()
}

/// The page in `docs/rules`, when `id` is a rule's.
pub(super) fn markdown(id: &str) -> Option<String> {
    RULES.iter().find(|entry| entry.rule.id == id).map(Entry::markdown)
}

fn page(entry: &Entry) -> Explanation {
    let rule = entry.rule;
    let instead = rule.instead.trim_end_matches(';');
    let mut way_out = match instead {
        "" => String::new(),
        instead => format!("Instead: {instead}.\n\n"),
    };
    way_out += &format!(
        "Where it is meant so, a comment above the statement lets it pass, where review sees it:\n\
         `-- underpin: allow {} reason`.",
        rule.id
    );
    Explanation {
        id: rule.id.to_owned(),
        kind: Kind::Rule,
        title: rule.title.to_owned(),
        means: format!("{}.", rule.fact),
        cause: entry.page.trim().to_owned(),
        state: "Nothing was changed: a rule judges a migration before it runs.".to_owned(),
        way_out,
        commands: vec![
            match rule.default {
                true => "underpin lint".to_owned(),
                false => format!("underpin lint --enable {}", rule.id),
            },
            "underpin plan".to_owned(),
        ],
    }
}
