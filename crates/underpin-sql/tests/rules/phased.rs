//! Phases that are offered instead of a statement reach the catalog that the statement reaches, keep
//! the rows, and never read or write a table anew while nobody can use it.
//!
//! Cases are the bad scripts of rules that are one statement, and `tests/rules/phased/*.sql`. Their
//! `-- proves: after VALUE: query` is asked after the phases, `meanwhile VALUE: query` before the
//! contraction, when both versions of the application run. `-- as: statement` is what the phases
//! stand for where that is not the migration itself, `-- of: RULE` whose phases are meant,
//! `-- rewrites: why` that one of them is known to block.

use underpin_core::catalog;
use underpin_core::postgres::Session;
use underpin_sql::model;
use underpin_sql::phased::{Phase, Stage, When};
use underpin_sql::rules::RULES;

use super::fixture::Fixture;
use super::proof::{Bench, run, value};

/// A backfill of the few rows of a case ends before that.
const BATCHES_MAX: usize = 20;

/// Every table with what a rewrite or a scan changes, and whether this session holds it so that
/// nobody can read.
const TABLES: &str = "SELECT c.oid || ' ' || coalesce(pg_relation_filenode(c.oid), 0) || ' '
        || pg_stat_get_xact_numscans(c.oid),
       EXISTS (SELECT 1 FROM pg_locks WHERE relation = c.oid AND pid = pg_backend_pid() AND mode = 'AccessExclusiveLock')
     FROM pg_class AS c WHERE c.relkind = 'r' AND c.relnamespace::regnamespace::text NOT LIKE 'pg%'
       AND c.relnamespace <> 'information_schema'::regnamespace";

fn cases() -> Vec<(String, Fixture)> {
    let one_statement = |f: &Fixture| {
        let read: Vec<_> = f.migrations.iter().flat_map(|m| model::read(m)).collect();
        match read.as_slice() {
            [one] => match &one.statement {
                model::Statement::AlterTable(s) => s.actions.len() == 1,
                model::Statement::Drop(s) => s.names.len() == 1,
                model::Statement::Do { .. } => false,
                _ => true,
            },
            _ => false,
        }
    };
    let mut cases: Vec<(String, Fixture)> = RULES
        .iter()
        .map(|e| (format!("{} bad.sql", e.rule.id), Fixture::read(e.rule.id, e.bad)))
        .filter(|(_, f)| one_statement(f))
        .map(|(name, f)| (name, Fixture { proofs: Vec::new(), ..f }))
        .collect();
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/rules/phased");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|f| f.unwrap().path()).collect();
    files.sort();
    for path in files {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&path).unwrap();
        let fixture = Fixture::read("", &text);
        assert!(!offered(&fixture).is_empty(), "{name}: no phases are offered");
        cases.push((name, fixture));
    }
    cases
}

/// The different lists of steps that findings carry.
fn offered(fixture: &Fixture) -> Vec<Vec<Phase>> {
    let report = fixture.report();
    let mut lists: Vec<Vec<Phase>> = Vec::new();
    for (_, finding) in report.findings() {
        if fixture.of.as_ref().is_some_and(|of| of != finding.rule) {
            continue;
        }
        let same =
            |l: &Vec<Phase>| l.iter().map(|p| &p.sql).eq(finding.phased.iter().map(|p| &p.sql));
        if !finding.phased.is_empty() && !lists.iter().any(same) {
            lists.push(finding.phased.clone());
        }
    }
    lists
}

#[tokio::test(flavor = "multi_thread")]
async fn phases_reach_the_same_catalog() {
    let (mut faults, mut tried) = (Vec::new(), 0);
    for major in underpin_testkit::majors() {
        let mut bench = Bench::open(major).await;
        for (name, fixture) in cases() {
            if fixture.since.is_some_and(|since| major < since) {
                continue;
            }
            for phases in offered(&fixture) {
                tried += 1;
                if let Err(fault) = compare(&mut bench, &fixture, &phases).await {
                    let sql: Vec<&str> = phases.iter().map(|p| p.sql.as_str()).collect();
                    faults.push(format!("{name} on {major}: {fault}\n{}", sql.join("\n\n")));
                }
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n\n"));
    assert!(tried > 30, "only {tried} lists of phases were tried");
}

async fn compare(bench: &mut Bench, fixture: &Fixture, phases: &[Phase]) -> Result<(), String> {
    bench.given(&fixture.given).await?;
    let direct =
        Fixture { migrations: fixture.stands_for.iter().cloned().collect(), ..Fixture::default() };
    let direct = if direct.migrations.is_empty() { fixture } else { &direct };
    // What fails on rows is compared without them.
    let empty = run(direct, &bench.database.session).await.is_err();
    if empty {
        bench.given(&fixture.given).await?;
        clear(&bench.database.session).await?;
        run(direct, &bench.database.session).await.map_err(|e| e.to_string())?;
    }
    let session = &mut bench.database.session;
    let expected = catalog::read(session).await.map_err(|e| e.to_string())?;
    bench.given(&fixture.given).await?;
    // Phases that claim something of the rows have to deal with them.
    if empty && fixture.proofs.is_empty() {
        clear(&bench.database.session).await?;
    }
    let mut expanded = false;
    for phase in phases {
        if phase.stage == Stage::Contract && !expanded {
            expanded = true;
            asked(&bench.database.session, fixture, "meanwhile ").await?;
        }
        apply(&bench.database.session, phase, fixture.rewrites.is_some())
            .await
            .map_err(|e| format!("{}: {e}", phase.sql))?;
    }
    let session = &mut bench.database.session;
    let reached = catalog::read(session).await.map_err(|e| e.to_string())?;
    let difference = underpin_testkit::evidence::difference(&expected, &reached);
    if !difference.is_empty() {
        return Err(difference.join("\n"));
    }
    asked(session, fixture, "after ").await
}

async fn asked(session: &Session, fixture: &Fixture, word: &str) -> Result<(), String> {
    for claim in fixture.proofs.iter().filter_map(|c| c.strip_prefix(word)) {
        let (expected, query) = claim.split_once(": ").unwrap();
        let found = value(session, query).await?;
        if found != expected {
            return Err(format!("{query}: {found}"));
        }
    }
    Ok(())
}

async fn clear(session: &Session) -> Result<(), String> {
    let tables = "SELECT string_agg(c.oid::regclass::text, ', ') FROM pg_class AS c
        WHERE c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace";
    let tables = value(session, tables).await?;
    let truncate = format!("TRUNCATE {tables} CASCADE");
    session.simple_query(&truncate).await.map(|_| ()).map_err(|e| e.to_string())
}

async fn apply(session: &Session, phase: &Phase, rewrites: bool) -> Result<(), String> {
    let query = async |sql: &str| session.simple_query(sql).await.map_err(|e| e.to_string());
    if phase.sql.contains("CONCURRENTLY") {
        return query(&phase.sql).await.map(|_| ());
    }
    if phase.when == When::Repeated {
        for _ in 0..BATCHES_MAX {
            let done = query(&phase.sql).await?;
            if done.iter().all(|set| set.affected == 0) {
                return Ok(());
            }
        }
        return Err("it changes rows for ever".to_owned());
    }
    query("BEGIN; SET LOCAL enable_indexscan = off; SET LOCAL enable_bitmapscan = off").await?;
    let before = tables(session).await?;
    query(&phase.sql).await?;
    for (table, held) in tables(session).await? {
        let oid = |t: &str| t.split(' ').next().map(str::to_owned);
        let new = !before.iter().any(|(old, _)| oid(old) == oid(&table));
        if held && !rewrites && !new && !before.iter().any(|(old, _)| *old == table) {
            return Err(format!(
                "read or written anew under ACCESS EXCLUSIVE: {table}, {before:?}"
            ));
        }
    }
    query("COMMIT").await.map(|_| ())
}

async fn tables(session: &Session) -> Result<Vec<(String, bool)>, String> {
    let rows = session.rows(TABLES).await.map_err(|e| e.to_string())?;
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    Ok(rows.iter().map(|r| (text(&r[0]), text(&r[1]) == "t")).collect())
}
