//! The committed lock matrix is what servers do today.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::task::JoinSet;
use underpin_sql::effect::matrix::{self, Outcome};
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
