//! Statements after which data that was there may be gone for good.
//!
//! Errs towards yes: what cannot be read (a `DO` block, a `CALL`, text that the grammar refuses) may
//! do anything. Adding rows destroys nothing, nor does dropping what can be made again (an index, a
//! view, a constraint).

use pg_query::NodeEnum;
use pg_query::protobuf::{AlterTableType, DropBehavior, ObjectType};

/// What `statement`, a single one, may destroy, in words; `None` where it destroys nothing.
#[must_use]
pub fn destroys(statement: &str) -> Option<&'static str> {
    const UNREADABLE: Option<&str> = Some("does what cannot be told from its text");
    if statement.contains('\0') {
        return UNREADABLE;
    }
    let Ok(result) = pg_query::parse(statement, 0) else { return UNREADABLE };
    let nodes = result.protobuf.stmts.into_iter().filter_map(|raw| raw.stmt?.node);
    nodes.map(|node| of(&node)).find(Option::is_some).flatten()
}

fn of(node: &NodeEnum) -> Option<&'static str> {
    match node {
        NodeEnum::DropStmt(s) => {
            dropped(s.remove_type(), s.behavior() == DropBehavior::DropCascade)
        }
        NodeEnum::DropOwnedStmt(_) => Some("drops what a role owns"),
        NodeEnum::DropdbStmt(_) => Some("drops a database"),
        NodeEnum::AlterTableStmt(s) => s.cmds.iter().find_map(altered),
        NodeEnum::TruncateStmt(_) => Some("empties a table"),
        NodeEnum::DeleteStmt(_) => Some("deletes rows"),
        NodeEnum::UpdateStmt(_) | NodeEnum::MergeStmt(_) => Some("overwrites values"),
        NodeEnum::InsertStmt(s) => s
            .on_conflict_clause
            .as_ref()
            .filter(|clause| !clause.target_list.is_empty())
            .map(|_| "overwrites values"),
        NodeEnum::DoStmt(_) | NodeEnum::CallStmt(_) => {
            Some("runs a program, which may do anything")
        }
        // WITH … (DELETE …) SELECT …
        NodeEnum::SelectStmt(s) => s.with_clause.as_ref().and_then(|with| {
            with.ctes.iter().find_map(|cte| match &cte.node {
                Some(NodeEnum::CommonTableExpr(cte)) => of(cte.ctequery.as_ref()?.node.as_ref()?),
                _ => None,
            })
        }),
        _ => None,
    }
}

fn dropped(what: ObjectType, cascades: bool) -> Option<&'static str> {
    match what {
        ObjectType::ObjectTable => Some("drops a table"),
        ObjectType::ObjectSequence => Some("drops a sequence"),
        ObjectType::ObjectSchema if cascades => Some("drops a schema with what is in it"),
        // CASCADE takes the columns of that type along.
        ObjectType::ObjectType | ObjectType::ObjectDomain | ObjectType::ObjectExtension
            if cascades =>
        {
            Some("drops columns of a type")
        }
        _ => None,
    }
}

fn altered(command: &pg_query::Node) -> Option<&'static str> {
    let Some(NodeEnum::AlterTableCmd(command)) = &command.node else { return None };
    match command.subtype() {
        AlterTableType::AtDropColumn => Some("drops a column"),
        AlterTableType::AtAlterColumnType => Some("changes a column's type"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_takes_data_away_is_found() {
        for sql in [
            "DROP TABLE t",
            "DROP TABLE IF EXISTS a, b CASCADE",
            "DROP SCHEMA s CASCADE",
            "DROP TYPE mood CASCADE",
            "DROP SEQUENCE s",
            "ALTER TABLE t ADD COLUMN a int, DROP COLUMN b",
            "ALTER TABLE t ALTER COLUMN a TYPE smallint",
            "TRUNCATE t",
            "DELETE FROM t WHERE false",
            "UPDATE t SET a = 1",
            "INSERT INTO t VALUES (1) ON CONFLICT (a) DO UPDATE SET a = 2",
            "WITH d AS (DELETE FROM t RETURNING *) SELECT * FROM d",
            "DO $$ BEGIN DELETE FROM t; END $$",
            "CALL p()",
            "this is no SQL",
        ] {
            assert!(destroys(sql).is_some(), "{sql}");
        }
    }

    #[test]
    fn what_leaves_data_alone_is_not() {
        for sql in [
            "CREATE TABLE t (a int)",
            "ALTER TABLE t ADD COLUMN a int, ALTER COLUMN b SET NOT NULL, DROP CONSTRAINT c",
            "DROP INDEX i",
            "DROP VIEW v",
            "DROP TYPE mood",
            "INSERT INTO t VALUES (1) ON CONFLICT DO NOTHING",
            "SELECT 1",
            "ALTER TABLE t RENAME TO u",
            "",
        ] {
            assert_eq!(destroys(sql), None, "{sql}");
        }
    }
}
