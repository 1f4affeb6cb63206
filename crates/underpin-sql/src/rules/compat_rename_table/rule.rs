//! `COMPAT-RENAME-TABLE`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "COMPAT-RENAME-TABLE",
    title: "a table is renamed",
    severity: Severity::Error,
    grades: Grades::new(Loss::None, Downtime::Brief, Back::R0, OldApp::Breaks),
    fact: "the old name is gone at once: every statement of the running application that names it fails with 42P01",
    instead: "",
    check,
    ..Rule::PLAIN
};

fn check(at: &At<'_>, found: &mut Found<'_>) {
    let Statement::Rename(s) = at.statement() else { return };
    if !matches!(s.kind, ObjectKind::Table | ObjectKind::ForeignTable) || !at.existed(&s.object) {
        return;
    }
    let kept = at.later().any(|(_, step)| {
        matches!(&step.parsed.statement, Statement::CreateView(v) if full(&v.name) == full(&s.object)) && at.together(step)
    });
    if !kept {
        let new = Name { schema: s.object.schema.clone(), name: s.to.clone() };
        found
            .add(at.span(), format!("`{}` is called `{}` from now on", s.object, s.to))
            .about(&s.object)
            .phased(phased::rename_table(&s.object, &s.to))
            .instead(format!("in the same transaction: CREATE VIEW {} AS SELECT * FROM {new}; or keep the name with @@map", s.object));
    }
}
