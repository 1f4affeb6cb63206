//! The committed lock matrix is what servers do today.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::task::JoinSet;
use underpin_sql::effect::matrix::{self, Outcome};
use underpin_sql::model::{Statement, TableAction, Volatility, read};
use underpin_testkit::lock_matrix::Bench;
use underpin_testkit::{Server, majors};

/// Every case on every major of this run (`UNDERPIN_TEST_MAJORS`).
#[tokio::test]
async fn the_lock_matrix_is_what_servers_do() {
    let mut committed: BTreeMap<(String, u32), Outcome> = BTreeMap::new();
    let mut covered = Vec::new();
    for row in matrix::measured() {
        for major in row.majors.0..=row.majors.1 {
            committed.insert((row.case.clone(), major), row.outcome.clone());
            covered.push(major);
        }
    }
    let committed = Arc::new(committed);
    let mut runs = JoinSet::new();
    for major in majors().into_iter().filter(|major| covered.contains(major)) {
        runs.spawn(differences(major, Arc::clone(&committed)));
    }
    let differ = runs.join_all().await.concat();
    assert!(differ.is_empty(), "cargo xtask lock-matrix writes it anew:\n{}", differ.join("\n"));
}

async fn differences(major: u32, committed: Arc<BTreeMap<(String, u32), Outcome>>) -> Vec<String> {
    // Of its own: the cases change settings of the whole server.
    let server = Server::start(major, &[]).await;
    let bench = Bench::open(&server).await.unwrap_or_else(|e| panic!("{e}"));
    let mut differ = Vec::new();
    for case in matrix::cases() {
        let did = bench.measure(&case).await.unwrap_or_else(|e| panic!("{}: {e}", case.name));
        if committed.get(&(case.name.clone(), major)) != Some(&did) {
            differ.push(format!("{} on {major}: {did}", case.name));
        }
    }
    differ
}

/// What is known of PostgreSQL's own functions is what PostgreSQL 18 says.
#[tokio::test]
async fn functions_are_as_stable_as_the_server_says() {
    if !majors().contains(&18) {
        return;
    }
    let server = Server::start(18, &[]).await;
    let bench = Bench::open(&server).await.unwrap_or_else(|e| panic!("{e}"));
    let said = bench.volatility().await.unwrap_or_else(|e| panic!("{e}"));
    let wrong: Vec<&str> = said
        .lines()
        .filter(|line| {
            let (letter, name) = line.split_once(' ').unwrap_or_default();
            let known = default_volatility(name);
            let expected = match letter {
                "i" => Volatility::Immutable,
                "s" => Volatility::Stable,
                _ => Volatility::Volatile,
            };
            known != Some(expected)
        })
        .collect();
    assert!(said.lines().count() > 2000 && wrong.is_empty(), "{wrong:?}");
}

fn default_volatility(function: &str) -> Option<Volatility> {
    let text = format!("ALTER TABLE t ADD COLUMN c int DEFAULT \"{function}\"()");
    let Statement::AlterTable(alter) = read(&text).remove(0).statement else { return None };
    let TableAction::AddColumn { column, .. } = &alter.actions[0].action else { return None };
    column.default.as_ref().map(|d| d.volatility)
}
