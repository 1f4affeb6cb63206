//! `COMPAT-ENUM-VALUE-ADDED`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "COMPAT-ENUM-VALUE-ADDED",
    title: "an enum gets a label that the running application does not know",
    severity: Severity::Note,
    grades: Grades::new(Loss::None, Downtime::None, Back::R2, OldApp::MayBreak),
    fact: "Prisma Client refuses a label that is not in its schema when it reads one; a label cannot be removed again",
    instead: "deploy readers that know the label before anything writes it",
    check,
    ..Rule::PLAIN
};

fn check(at: &At<'_>, found: &mut Found<'_>) {
    if let Statement::AlterEnum(AlterEnum { name, change: EnumChange::Add { label, .. } }) =
        at.statement()
        && at.existed(name)
    {
        found.add(at.span(), format!("readers of `{name}` have to know '{label}'")).about(name);
    }
}
