//! Every rule finds its `bad.sql`, leaves its `good.sql` alone, and is proven on real servers.

#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

mod fixture;
mod mix;
mod phased;
mod proof;
mod traps;

use fixture::Fixture;
use underpin_sql::rules::RULES;

/// `UPDATE_RULES=1` writes the `-- also:` line of each bad script anew, to be read by a person.
#[test]
fn bad_scripts_are_found_and_good_ones_are_not() {
    let mut faults = Vec::new();
    for entry in RULES.iter().filter(|e| !e.rule.title.is_empty()) {
        let id = entry.rule.id;
        let bad = Fixture::read(id, entry.bad);
        let fired = bad.fired();
        if !fired.contains(&id) {
            faults.push(format!("{id}: bad.sql is not found; {fired:?}"));
        }
        let others: Vec<&str> = fired.iter().copied().filter(|f| *f != id).collect();
        if others != bad.also {
            if std::env::var_os("UPDATE_RULES").is_some() {
                update(id, entry.bad, &others);
            } else {
                faults
                    .push(format!("{id}: bad.sql is also found by {others:?}, not {:?}", bad.also));
            }
        }
        let good = Fixture::read(id, entry.good);
        if good.fired().contains(&id) {
            faults.push(format!("{id}: good.sql is found"));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

fn update(id: &str, text: &str, others: &[&str]) {
    let folder = id.to_lowercase().replace('-', "_");
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("src/rules")
        .join(folder)
        .join("bad.sql");
    let rest: Vec<&str> = text.lines().filter(|l| !l.starts_with("-- also: ")).collect();
    let also = match others {
        [] => String::new(),
        _ => format!("-- also: {}\n", others.join(", ")),
    };
    std::fs::write(path, format!("{also}{}\n", rest.join("\n"))).unwrap();
}

#[test]
fn ids_are_unique_and_rows_are_complete() {
    let mut ids: Vec<&str> = RULES.iter().map(|e| e.rule.id).collect();
    ids.sort_unstable();
    let before = ids.len();
    ids.dedup();
    assert_eq!(ids.len(), before);
    for entry in RULES {
        let id = entry.rule.id;
        assert!(!entry.rule.title.is_empty() && !entry.rule.fact.is_empty(), "{id}");
        assert!(!entry.rule.fact.ends_with('.') && !entry.rule.instead.ends_with('.'), "{id}");
        assert!(entry.page.len() > 30, "{id}: the page says nothing");
    }
}

/// Families whose rules are advice on design, off unless asked for: they claim no lock, no failure
/// and no loss of a migration.
const ADVICE: &[&str] = &["STYLE", "PERF"];

/// Every rule is proven, or says why it cannot be; the same for its harmless script.
#[test]
fn every_rule_has_a_proof_or_a_reason() {
    let mut faults = Vec::new();
    for entry in RULES.iter().filter(|e| !ADVICE.contains(&e.rule.family())) {
        for (script, text) in [("bad.sql", entry.bad), ("good.sql", entry.good)] {
            let fixture = Fixture::read(entry.rule.id, text);
            let reason = fixture.unproven.as_deref().unwrap_or_default();
            if fixture.proofs.is_empty() == (reason.len() < 20) {
                let both = "has neither a proof nor a reason, or both";
                faults.push(format!("{} {script} {both}", entry.rule.id));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// Every claim of every script, on every server that the run uses.
#[tokio::test(flavor = "multi_thread")]
async fn what_rules_claim_holds_on_real_servers() {
    let (mut faults, mut proven) = (Vec::new(), 0);
    for major in underpin_testkit::majors() {
        let bench = proof::Bench::open(major).await;
        for entry in RULES {
            for (script, text) in [("bad.sql", entry.bad), ("good.sql", entry.good)] {
                let fixture = Fixture::read(entry.rule.id, text);
                if fixture.since.is_some_and(|since| major < since) {
                    continue;
                }
                for claim in &fixture.proofs {
                    if let Err(fault) = bench.put(&fixture, claim).await {
                        let id = entry.rule.id;
                        faults.push(format!("{id} {script} on {major}: {claim}: {fault}"));
                    }
                    proven += 1;
                }
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(proven > 250, "only {proven} claims were put");
}
