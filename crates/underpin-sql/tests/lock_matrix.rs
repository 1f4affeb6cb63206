//! What the effect of a statement is said to be, against what servers did.

use std::collections::BTreeMap;

use underpin_sql::effect::matrix::{self, Outcome};
use underpin_sql::effect::{self, Effect, Verdict, Work};
use underpin_sql::model::{Name, Parsed, read};
use underpin_sql::schema::Schema;

/// A case, read once for all versions.
struct Script {
    given: Vec<Parsed>,
    statement: Parsed,
}

impl Script {
    fn of(case: &matrix::Case) -> Self {
        Self { given: read(&case.given), statement: read(&case.statement).remove(0) }
    }

    /// The statement's effect in a schema that is followed from nothing through what the case
    /// needs; the refusal of what it needs, where this version does not know that.
    fn effect(&self, major: u32) -> Effect {
        let mut schema = Schema::empty();
        schema.time_zone_is_utc = Some(true);
        for parsed in &self.given {
            let effect = effect::of(parsed, &schema, major);
            if matches!(effect.verdict, Verdict::Refused(_)) {
                return effect;
            }
            schema.apply(parsed);
        }
        schema.settle();
        effect::of(&self.statement, &schema, major)
    }
}

fn names<T: Copy>(map: &BTreeMap<Name, T>) -> BTreeMap<String, T> {
    let text = |name: &Name| match &name.schema {
        Some(schema) => format!("{schema}.{}", name.name),
        None => name.name.clone(),
    };
    map.iter().map(|(name, value)| (text(name), *value)).collect()
}

/// In the words of the matrix.
fn outcome_of(effect: &Effect) -> Outcome {
    let mut work = names(&effect.work);
    work.retain(|_, work| *work != Work::Metadata);
    Outcome {
        locks: names(&effect.locks),
        index_locks: names(&effect.index_locks),
        work,
        verdict: effect.verdict.clone(),
    }
}

/// Whether the two agree. A server with rows can refuse for their sake, which an effect can only
/// announce. Of a statement outside a transaction the servers show the locks up to where it was
/// held up, and no reading.
fn agrees(effect: &Effect, measured: &Outcome) -> bool {
    let said = outcome_of(effect);
    match &measured.verdict {
        Verdict::Refused(sqlstate) if effect.may_fail.iter().any(|s| s == sqlstate) => true,
        Verdict::Alone => {
            said.verdict == Verdict::Alone
                && said.locks == measured.locks
                && measured
                    .index_locks
                    .iter()
                    .all(|(name, mode)| said.index_locks.get(name) == Some(mode))
                && said.work.iter().filter(|(_, w)| **w >= Work::Build).eq(&measured.work)
        }
        _ => said == *measured,
    }
}

#[test]
fn effects_are_what_servers_did() {
    let scripts: BTreeMap<String, (matrix::Case, Script)> = matrix::cases()
        .into_iter()
        .map(|c| (c.name.clone(), (c.clone(), Script::of(&c))))
        .collect();
    let (mut wrong, mut compared) = (Vec::new(), 0);
    for row in matrix::measured() {
        let (case, script) = &scripts[&row.case];
        for major in row.majors.0..=row.majors.1 {
            compared += 1;
            let effect = script.effect(major);
            if !agrees(&effect, &row.outcome) {
                wrong.push(format!(
                    "{} on {major}: {}\n   said {}\n    did {}",
                    row.case,
                    case.statement,
                    outcome_of(&effect),
                    row.outcome
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {compared}:\n{}", wrong.len(), wrong.join("\n"));
    assert!(compared > 3500, "{compared}: the matrix is there");
}

/// No case is answered with a shrug: what is measured is also known.
#[test]
fn every_case_of_the_matrix_has_an_effect() {
    let unknown: Vec<String> = matrix::cases()
        .iter()
        .filter(|case| Script::of(case).effect(18).is_unknown())
        .map(|case| case.name.clone())
        .collect();
    assert!(unknown.is_empty(), "{unknown:?}");
}

#[test]
fn every_case_is_measured_and_every_row_has_a_case() {
    let rows = matrix::measured();
    let mut measured: Vec<&str> = rows.iter().map(|r| r.case.as_str()).collect();
    measured.dedup();
    let cases = matrix::cases();
    let names: Vec<&str> = cases.iter().map(|c| c.name.as_str()).collect();
    assert_eq!(names, measured, "run cargo xtask lock-matrix");
}
