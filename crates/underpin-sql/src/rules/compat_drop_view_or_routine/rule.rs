//! `COMPAT-DROP-VIEW-OR-ROUTINE`: see `page.md`.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    id: "COMPAT-DROP-VIEW-OR-ROUTINE",
    title: "a view, routine or trigger is dropped",
    severity: Severity::Warning,
    grades: Grades::new(Loss::None, Downtime::Brief, Back::R0, OldApp::MayBreak),
    fact: "what reads or calls it fails; what a trigger did is not done any more",
    instead: "drop it after nothing uses it",
    check,
    ..Rule::PLAIN
};

fn check(at: &At<'_>, found: &mut Found<'_>) {
    use ObjectKind as K;
    let Statement::Drop(s) = at.statement() else { return };
    let what = match s.kind {
        K::View | K::MaterializedView => "view",
        K::Function | K::Procedure | K::Routine | K::Aggregate => "routine",
        K::Trigger => "trigger",
        _ => return,
    };
    for name in &s.names {
        let old = s.on.as_ref().map_or_else(|| at.existed(name), |table| at.existed(table));
        let again = at.later().any(|(_, step)| match &step.parsed.statement {
            Statement::CreateView(v) => full(&v.name) == full(name),
            Statement::CreateRoutine(r) => full(&r.name) == full(name),
            Statement::CreateTrigger(t) => t.name == name.name,
            Statement::CreateTableAs(t) => full(&t.name) == full(name),
            _ => false,
        } && at.together(step));
        if old && !again {
            found.add(at.span(), format!("{what} `{name}` is gone")).about(name);
        }
    }
}
