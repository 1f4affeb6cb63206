//! `FAIL-PRIVILEGE`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "FAIL-PRIVILEGE",
    title: "the deploying role does not own the object",
    severity: Severity::Error,
    grades: Grades::new(Loss::None, Downtime::None, Back::R0, OldApp::Works),
    fact: "only the owner, or a member of the owning role, may alter or drop an object: 42501",
    instead: "deploy as the owner, or ALTER … OWNER TO the deploying role",
    needs_facts: true,
    check,
    ..Rule::PLAIN
};

fn check(at: &At<'_>, found: &mut Found<'_>) {
    let names: Vec<&Name> = match at.statement() {
        Statement::AlterTable(s) => vec![&s.relation],
        Statement::Drop(s) => s.names.iter().collect(),
        Statement::CreateIndex(s) => vec![&s.table],
        Statement::Rename(s) => vec![&s.object],
        Statement::Truncate(s) => s.tables.iter().collect(),
        _ => return,
    };
    let mine = |n: &&Name| at.options.facts.not_owned.contains(&short(n).to_string());
    for name in names.into_iter().filter(mine) {
        found.add(at.span(), format!("the deploying role does not own `{name}`")).about(name);
    }
}
