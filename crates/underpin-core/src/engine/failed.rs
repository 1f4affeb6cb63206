//! What a failed migration may have left behind, told from its script and its row.
//!
//! Two ways of running a file are in the field: Prisma up to 7.3 sends it as one message, hence as
//! one implicit transaction (manual §55.2.3.1); Prisma 7.4 and later, and every runner for a file
//! that cannot be one transaction, send statement by statement. The row does not say which.
//! Source: docs/reference/prisma.md.

use underpin_sql::{Script, StatementKind, TransactionShape};

use crate::history::MigrationRecord;

/// One sentence about the database after the failure. `script` is the file's text, if it is there.
pub(super) fn remains(record: &MigrationRecord, script: Option<&str>) -> String {
    if record.logs.is_none() {
        return "no error is recorded: the process that ran it was killed or lost its connection, \
                so all of it, a part or nothing may be in effect"
            .to_owned();
    }
    let Some(script) = script.map(Script::parse) else {
        return "its file is not in the folder, so what it did cannot be told".to_owned();
    };
    let count = script.statements.len();
    let concurrent = script.statements.iter().any(
        |s| matches!(&s.kind, StatementKind::NonTransactional { what } if what.ends_with("CONCURRENTLY")),
    );
    if script.statements.iter().any(|s| s.kind == StatementKind::MayCommit) {
        return "it holds a statement that can commit by itself (CALL, DO with COMMIT), so a part of \
                it may be in effect"
            .to_owned();
    }
    let invalid = if concurrent { "; an invalid index may be left" } else { "" };
    match script.shape() {
        _ if count <= 1 => format!("it is one statement, so nothing of it is in effect{invalid}"),
        TransactionShape::Wrapped { .. } => {
            "it is one transaction of its own (BEGIN … COMMIT), so nothing \
             of it is in effect unless the error came after its COMMIT"
                .to_owned()
        }
        TransactionShape::Atomic => format!(
            "Underpin, and Prisma up to 7.3, ran its {count} statements as one transaction: then nothing \
             of it is in effect; Prisma 7.4 and later sent them one by one: then those before the \
             failing one are"
        ),
        TransactionShape::Separate { .. } | TransactionShape::Unclosed { .. } => format!(
            "its {count} statements cannot be one transaction: those before the failing one may be \
             in effect{invalid}"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::migrations::MigrationName;

    fn record(logs: Option<&str>) -> MigrationRecord {
        MigrationRecord {
            id: "1".to_owned(),
            checksum: String::new(),
            finished_at: None,
            name: MigrationName::new("1_a"),
            logs: logs.map(str::to_owned),
            rolled_back_at: None,
            started_at: String::new(),
            applied_steps: 0,
        }
    }

    #[test]
    fn each_shape_has_its_sentence() {
        let of = |script| remains(&record(Some("ERROR")), script);
        assert!(of(Some("SELECT 1")).starts_with("it is one statement, so nothing"));
        assert!(
            of(Some("CREATE INDEX CONCURRENTLY i ON t (a)"))
                .ends_with("an invalid index may be left")
        );
        assert!(
            of(Some("BEGIN; SELECT 1; COMMIT")).starts_with("it is one transaction of its own")
        );
        assert!(
            of(Some("SELECT 1; SELECT 2")).contains("Prisma 7.4 and later sent them one by one")
        );
        assert!(
            of(Some("SELECT 1; CREATE INDEX CONCURRENTLY i ON t (a)")).contains("cannot be one")
        );
        assert!(of(Some("CALL p()")).contains("may be in effect"));
        assert!(of(None).contains("not in the folder"));
        assert!(remains(&record(None), Some("SELECT 1")).starts_with("no error is recorded"));
    }
}
