//! Statements that are easily misread: names, comments, quotes, runners, several ways to write one
//! thing. `-- also:` holds every rule that speaks; a change of it is a change of a verdict.

use super::fixture::Fixture;

/// The cases: path, name, text.
fn cases() -> Vec<(std::path::PathBuf, String, String)> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/rules/traps");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|f| f.unwrap().path()).collect();
    files.sort();
    let case = |path: std::path::PathBuf| {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&path).unwrap();
        (path, name, text)
    };
    files.into_iter().map(case).collect()
}

/// A script in which no rule sees a failure runs, on a server that has what it presumes.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_said_to_fail_does_not() {
    let mut faults = Vec::new();
    for major in underpin_testkit::majors() {
        let bench = super::proof::Bench::open(major).await;
        for (_, name, text) in cases() {
            let mut fixture = Fixture::read(&name, &text);
            let other = fixture.options.server_major.is_some_and(|m| m != major);
            if fixture.unproven.is_some() || other || fixture.since.is_some_and(|s| major < s) {
                continue;
            }
            let fails = fixture.also.iter().any(|rule| rule.starts_with("FAIL-"));
            if !fails && fixture.proofs.is_empty() {
                fixture.proofs.push("passes".to_owned());
            }
            for claim in &fixture.proofs {
                if let Err(fault) = bench.put(&fixture, claim).await {
                    faults.push(format!("{name} on {major}: {claim}: {fault}"));
                }
                if claim.starts_with("fails") && !fails {
                    faults.push(format!("{name}: no rule says that it fails: {:?}", fixture.also));
                }
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// `UPDATE_RULES=1` writes the lines anew, to be read by a person.
#[test]
fn traps_are_seen_and_harmless_statements_are_not() {
    let mut faults = Vec::new();
    let cases = cases();
    for (path, name, text) in &cases {
        let fixture = Fixture::read(name, text);
        let fired = fixture.fired();
        if fired == fixture.also {
            continue;
        }
        if std::env::var_os("UPDATE_RULES").is_some() {
            let rest = text.split_inclusive('\n').filter(|l| !l.starts_with("-- also: "));
            let rest: String = rest.collect();
            let also = match fired.as_slice() {
                [] => String::new(),
                _ => format!("-- also: {}\n", fired.join(", ")),
            };
            std::fs::write(path, also + &rest).unwrap();
        } else {
            faults.push(format!("{name}: {fired:?}, not {:?}", fixture.also));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(cases.len() > 140, "{} cases", cases.len());
}
