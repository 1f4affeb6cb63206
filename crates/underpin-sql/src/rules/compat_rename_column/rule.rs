//! `COMPAT-RENAME-COLUMN`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "COMPAT-RENAME-COLUMN",
    title: "a column is renamed",
    severity: Severity::Error,
    grades: Grades::new(Loss::None, Downtime::Brief, Back::R0, OldApp::Breaks),
    fact: "the old name is gone at once: every statement of the running application that names it fails with 42703",
    instead: "keep the name in the database (@map), or add the new column, keep both in step with a trigger, move the readers, drop the old one later",
    check,
    ..Rule::PLAIN
};

fn check(at: &At<'_>, found: &mut Found<'_>) {
    if let Statement::Rename(s) = at.statement()
        && s.kind == ObjectKind::Column
        && matches!(
            s.relation_kind,
            ObjectKind::Table | ObjectKind::ForeignTable | ObjectKind::View
        )
        && at.column_existed(&s.object, &s.from)
    {
        found
            .add(at.span(), format!("`{}.{}` is called `{}` from now on", s.object, s.from, s.to))
            .about(&s.object)
            .phased(phased::rename_column(at, &s.object, &s.from, &s.to));
    }
}
