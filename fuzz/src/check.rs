//! What has to hold for any text. Used by the fuzz targets and, on stable, by the test that
//! replays the seeds (`crates/underpin-sql/tests/fuzz_seeds.rs`).

use std::ops::Range;

use underpin_sql::effect::{self, MAJORS};
use underpin_sql::model::{Parsed, Statement, read};
use underpin_sql::schema::Schema;
use underpin_sql::{Script, concurrent_index, traits};

/// Statements are cut at rising places, on character bounds.
pub(crate) fn split(text: &str) {
    let script = Script::parse(text);
    let _shape = script.shape();
    let mut end = 0;
    for statement in &script.statements {
        assert!(statement.span.start >= end, "{statement:?}");
        inside(text, &statement.span);
        end = statement.span.end;
        let _facts = (
            traits(&text[statement.span.clone()]),
            concurrent_index(&text[statement.span.clone()]),
        );
    }
}

/// The model has the script's statements, and every place in it is one of the text.
pub(crate) fn model(text: &str) {
    let parsed = read(text);
    let spans: Vec<Range<usize>> = parsed.iter().map(|p| p.span.clone()).collect();
    let cut: Vec<Range<usize>> =
        Script::parse(text).statements.into_iter().map(|s| s.span).collect();
    assert_eq!(spans, cut);
    parsed.iter().for_each(|p| places(text, p));
}

fn places(text: &str, parsed: &Parsed) {
    inside(text, &parsed.span);
    match &parsed.statement {
        Statement::AlterTable(alter) => alter.actions.iter().for_each(|a| inside(text, &a.span)),
        Statement::CreateTable(table) => {
            table.columns.iter().for_each(|c| inside(text, &c.span));
            table.all_constraints().for_each(|c| inside(text, &c.span));
        }
        _ => {}
    }
    parsed.inside.iter().for_each(|p| places(text, p));
}

fn inside(text: &str, span: &Range<usize>) {
    assert!(text.get(span.clone()).is_some(), "{span:?} is no place in {} bytes", text.len());
}

/// An effect is found for every statement on every version, whatever was made before it.
pub(crate) fn effect(text: &str) {
    for mut schema in [Schema::empty(), Schema::unknown()] {
        for parsed in read(text) {
            for major in MAJORS {
                let _effect = effect::of(&parsed, &schema, major);
            }
            schema.apply(&parsed);
        }
    }
}
