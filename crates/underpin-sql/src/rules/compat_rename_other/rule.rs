//! `COMPAT-RENAME-OTHER`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "COMPAT-RENAME-OTHER",
    title: "a view, type, function, sequence, schema or constraint is renamed",
    severity: Severity::Warning,
    grades: Grades::new(Loss::None, Downtime::Brief, Back::R0, OldApp::MayBreak),
    fact: "what names it fails: a cast to the type, a call of the function, ON CONFLICT ON CONSTRAINT",
    instead: "make the new one beside it and drop the old one in a later release",
    check,
    ..Rule::PLAIN
};

fn check(at: &At<'_>, found: &mut Found<'_>) {
    use ObjectKind as K;
    let Statement::Rename(s) = at.statement() else { return };
    let what = match s.kind {
        K::View | K::MaterializedView => "view",
        K::Type | K::Domain => "type",
        K::Function | K::Procedure | K::Routine | K::Aggregate => "routine",
        K::Sequence => "sequence",
        K::Schema => "schema",
        K::TableConstraint => "constraint",
        _ => return,
    };
    // The two halves of an enum swap leave the name as it was.
    let swapped = s.kind == K::Type && at.file.steps.iter().any(|step| {
        matches!(&step.parsed.statement, Statement::Rename(r) if r.kind == K::Type && r.to == s.object.name)
    });
    if at.existed(&s.object) && !swapped {
        let old = if s.kind == K::TableConstraint { &s.from } else { &s.object.name };
        found
            .add(at.span(), format!("{what} `{old}` is called `{}` from now on", s.to))
            .about(&s.object);
    }
}
