//! `cargo xtask lock-matrix`: measures every case on every server at hand and writes the matrix.

use std::collections::BTreeMap;
use std::path::Path;

use underpin_sql::effect::matrix::{self, Outcome, Row};
use underpin_testkit::Server;
use underpin_testkit::lock_matrix::Bench;

const FILE: &str = "crates/underpin-sql/src/effect/matrix/measured.tsv";
const VOLATILITY: &str = "crates/underpin-sql/src/syntax/read/volatility.txt";

/// Measures and writes, for the servers of `UNDERPIN_TEST_MAJORS` alone: name all of them, lowest
/// first. The list of stable and volatile functions is that of the last.
pub(crate) fn write(root: &Path) -> Vec<String> {
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => return vec![error.to_string()],
    };
    let mut measured: BTreeMap<u32, Vec<Outcome>> = BTreeMap::new();
    let (mut faults, mut newest) = (Vec::new(), String::new());
    for major in underpin_testkit::majors() {
        crate::print_line(&format!("measuring on PostgreSQL {major}"));
        match runtime.block_on(one(major)) {
            Ok((outcomes, volatility)) => {
                measured.insert(major, outcomes);
                newest = volatility;
            }
            Err(fault) => faults.push(format!("PostgreSQL {major}: {fault}")),
        }
    }
    if faults.is_empty() {
        for (file, text) in [(FILE, text(&measured)), (VOLATILITY, newest)] {
            if let Err(error) = std::fs::write(root.join(file), text) {
                faults.push(format!("{file}: {error}"));
            }
        }
    }
    faults
}

async fn one(major: u32) -> Result<(Vec<Outcome>, String), String> {
    let server = Server::start(major, &[]).await;
    let bench = Bench::open(&server).await.map_err(|e| e.to_string())?;
    let mut outcomes = Vec::new();
    for case in matrix::cases() {
        let outcome = bench.measure(&case).await;
        outcomes.push(outcome.map_err(|e| format!("{}: {e}", case.name))?);
    }
    Ok((outcomes, bench.volatility().await.map_err(|e| e.to_string())?))
}

fn text(measured: &BTreeMap<u32, Vec<Outcome>>) -> String {
    let mut text = format!("{}\n", Row::HEAD);
    for (index, case) in matrix::cases().into_iter().enumerate() {
        let mut rows: Vec<Row> = Vec::new();
        for (major, outcomes) in measured {
            match rows.last_mut() {
                Some(row) if row.outcome == outcomes[index] => row.majors.1 = *major,
                _ => rows.push(Row {
                    case: case.name.clone(),
                    majors: (*major, *major),
                    outcome: outcomes[index].clone(),
                }),
            }
        }
        for row in rows {
            text += &format!("{row}\n");
        }
    }
    text
}
