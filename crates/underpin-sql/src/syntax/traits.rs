//! What a statement does as far as proof of its effect is concerned: does it look before it acts,
//! does it change rows, and can the rows say whether it ran.

use pg_query::NodeEnum;
use pg_query::protobuf::{
    AConst, Node, RangeVar, ResTarget, SelectStmt, a_const::Val, node::Node as Inner,
};

/// What is known of one statement.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StatementTraits {
    /// It looks before it acts (`IF NOT EXISTS`, `OR REPLACE`, a `DO` block), so that what it does
    /// depends on what it finds.
    pub guarded: bool,
    /// It changes rows, or may: a data statement, a `DO` block or a query that holds one.
    pub changes_rows: bool,
    /// A query that gives true where nothing of its change is left to be done, false where
    /// something is, and null where rows of an `INSERT` are there in part. True is supporting
    /// evidence only: an empty table says the same.
    pub probe: Option<String>,
    /// The probe looks for rows that the statement makes, so that false says that it has not run.
    /// For others rows that came later give false as well.
    pub makes_rows: bool,
    /// Whose rows it changes, where that is all it changes.
    pub target: Option<RowTarget>,
}

/// The rows that a statement changes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RowTarget {
    /// The relation's schema, where it is named.
    pub schema: Option<String>,
    /// The relation.
    pub relation: String,
    /// The columns that are set; empty where whole rows come or go.
    pub columns: Vec<String>,
}

/// Rows of an `INSERT` that a probe looks for; longer ones have none.
const PROBED_ROWS_MAX: usize = 50;

/// The traits of the first statement in `text`; of text that the grammar refuses nothing is known,
/// so that everything is possible.
#[must_use]
pub fn traits(text: &str) -> StatementTraits {
    let unknown =
        StatementTraits { guarded: true, changes_rows: true, ..StatementTraits::default() };
    if text.contains('\0') {
        return unknown;
    }
    let Ok(result) = pg_query::parse(text, 0) else { return unknown };
    let first = result.protobuf.stmts.into_iter().next();
    let Some(node) = first.and_then(|raw| raw.stmt?.node) else {
        return StatementTraits::default();
    };
    StatementTraits {
        guarded: is_guarded(&node),
        changes_rows: changes_rows(&node),
        probe: probe(&node),
        makes_rows: matches!(node, NodeEnum::InsertStmt(_)),
        target: target(&node),
    }
}

fn is_guarded(node: &NodeEnum) -> bool {
    match node {
        NodeEnum::CreateStmt(s) => s.if_not_exists,
        NodeEnum::IndexStmt(s) => s.if_not_exists,
        NodeEnum::CreateExtensionStmt(s) => s.if_not_exists,
        NodeEnum::CreateSchemaStmt(s) => s.if_not_exists,
        NodeEnum::CreateSeqStmt(s) => s.if_not_exists,
        NodeEnum::CreateTableAsStmt(s) => s.if_not_exists,
        NodeEnum::CreateStatsStmt(s) => s.if_not_exists,
        NodeEnum::AlterEnumStmt(s) => s.skip_if_new_val_exists,
        NodeEnum::AlterTableStmt(s) => {
            s.missing_ok
                || s.cmds
                    .iter()
                    .any(|c| matches!(&c.node, Some(Inner::AlterTableCmd(c)) if c.missing_ok))
        }
        NodeEnum::DropStmt(s) => s.missing_ok,
        NodeEnum::RenameStmt(s) => s.missing_ok,
        NodeEnum::ViewStmt(s) => s.replace,
        NodeEnum::CreateFunctionStmt(s) => s.replace,
        NodeEnum::CreateTrigStmt(s) => s.replace,
        NodeEnum::DoStmt(_) | NodeEnum::CallStmt(_) => true,
        _ => false,
    }
}

fn changes_rows(node: &NodeEnum) -> bool {
    match node {
        NodeEnum::InsertStmt(_)
        | NodeEnum::UpdateStmt(_)
        | NodeEnum::DeleteStmt(_)
        | NodeEnum::MergeStmt(_)
        | NodeEnum::TruncateStmt(_)
        | NodeEnum::CallStmt(_) => true,
        NodeEnum::CopyStmt(s) => s.is_from,
        NodeEnum::DoStmt(s) => s.args.iter().any(|argument| {
            let Some(Inner::DefElem(element)) = &argument.node else { return false };
            let body = element.arg.as_ref().and_then(|a| a.node.as_ref());
            let Some(Inner::String(body)) = body else { return false };
            names_a_change_of_rows(&body.sval)
        }),
        // A query may call a function that writes (`setval` among them).
        NodeEnum::SelectStmt(s) => !s.from_clause.is_empty() || calls_function(s),
        _ => false,
    }
}

/// Whether the body of a block names a statement that changes rows. `ON UPDATE CASCADE`, `FOR UPDATE`
/// and the events of a trigger name none.
fn names_a_change_of_rows(body: &str) -> bool {
    let body = body.to_ascii_lowercase();
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    let mut before = "";
    let mut words = body.split(|c| !is_part(c)).filter(|word| !word.is_empty()).peekable();
    while let Some(word) = words.next() {
        let next = words.peek().copied().unwrap_or_default();
        let changes = match word {
            "insert" | "merge" => next == "into",
            "delete" => next == "from",
            "update" => !matches!(before, "on" | "for" | "key" | "before" | "after" | "or" | "of"),
            "truncate" => !matches!(before, "before" | "after" | "or"),
            _ => false,
        };
        if changes {
            return true;
        }
        before = word;
    }
    false
}

fn calls_function(select: &SelectStmt) -> bool {
    let calls = |node: &Node| {
        let Some(Inner::ResTarget(target)) = &node.node else { return false };
        let value = target.val.as_ref().and_then(|v| v.node.as_ref());
        !matches!(value, Some(Inner::AConst(_)) | None)
    };
    select.target_list.iter().any(calls)
}

fn target(node: &NodeEnum) -> Option<RowTarget> {
    let (relation, columns) = match node {
        NodeEnum::UpdateStmt(s) if s.with_clause.is_none() => {
            let names = s.target_list.iter().filter_map(|target| match &target.node {
                Some(Inner::ResTarget(t)) => Some(t.name.clone()),
                _ => None,
            });
            (s.relation.as_ref()?, names.collect())
        }
        NodeEnum::InsertStmt(s) if s.with_clause.is_none() => (s.relation.as_ref()?, Vec::new()),
        NodeEnum::DeleteStmt(s) if s.with_clause.is_none() => (s.relation.as_ref()?, Vec::new()),
        _ => return None,
    };
    let schema = Some(relation.schemaname.clone()).filter(|schema| !schema.is_empty());
    Some(RowTarget { schema, relation: relation.relname.clone(), columns })
}

fn probe(node: &NodeEnum) -> Option<String> {
    match node {
        NodeEnum::UpdateStmt(s) if s.from_clause.is_empty() && s.with_clause.is_none() => {
            let condition = s.where_clause.as_deref()?;
            let mut columns = Vec::new();
            columns_of(condition, &mut columns);
            // Only a condition on what is set says whether something is left to be set.
            let about_what_is_set = s.target_list.iter().any(|target| {
                matches!(&target.node, Some(Inner::ResTarget(t)) if columns.contains(&t.name))
            });
            about_what_is_set
                .then(|| select_from(s.relation.clone()?, Some(condition.clone())))?
                .map(|query| format!("SELECT NOT EXISTS ({query})"))
        }
        NodeEnum::DeleteStmt(s) if s.using_clause.is_empty() && s.with_clause.is_none() => {
            let query = select_from(s.relation.clone()?, s.where_clause.as_deref().cloned())?;
            Some(format!("SELECT NOT EXISTS ({query})"))
        }
        NodeEnum::InsertStmt(s) if s.with_clause.is_none() => {
            let columns: Vec<&str> = s
                .cols
                .iter()
                .filter_map(|c| match &c.node {
                    Some(Inner::ResTarget(t)) => Some(t.name.as_str()),
                    _ => None,
                })
                .collect();
            let Some(Inner::SelectStmt(select)) = s.select_stmt.as_ref()?.node.as_ref() else {
                return None;
            };
            let rows = select.values_lists.len();
            if columns.is_empty() || rows == 0 || rows > PROBED_ROWS_MAX {
                return None;
            }
            let table = select_from(s.relation.clone()?, None)?;
            let rows: Option<Vec<String>> =
                select.values_lists.iter().map(|row| row_condition(&columns, row)).collect();
            let exist = rows?.into_iter().map(|row| format!("EXISTS ({table} WHERE {row})"));
            let exist: Vec<String> = exist.collect();
            Some(match exist.as_slice() {
                [one] => format!("SELECT {one}"),
                all => format!(
                    "SELECT CASE WHEN {} THEN true WHEN NOT ({}) THEN false END",
                    all.join(" AND "),
                    all.join(" OR ")
                ),
            })
        }
        _ => None,
    }
}

/// `a = 1 AND b IS NULL` for a row of literals; calls (`gen_random_uuid()`) cannot be looked for
/// and are left out, as long as something is left to look for.
fn row_condition(columns: &[&str], row: &Node) -> Option<String> {
    let Some(Inner::List(list)) = &row.node else { return None };
    let parts: Vec<String> = columns
        .iter()
        .zip(&list.items)
        .filter_map(|(column, value)| {
            let literal = literal(value)?;
            Some(format!("\"{}\" IS NOT DISTINCT FROM {literal}", column.replace('"', "\"\"")))
        })
        .collect();
    (!parts.is_empty()).then(|| parts.join(" AND "))
}

fn literal(value: &Node) -> Option<String> {
    match &value.node {
        Some(Inner::AConst(_)) => {}
        Some(Inner::TypeCast(cast))
            if matches!(cast.arg.as_ref()?.node.as_ref()?, Inner::AConst(_)) => {}
        _ => return None,
    }
    let target = ResTarget { val: Some(Box::new(value.clone())), ..ResTarget::default() };
    let select = SelectStmt {
        target_list: vec![Node { node: Some(Inner::ResTarget(Box::new(target))) }],
        ..plain_select()
    };
    let text =
        NodeEnum::SelectStmt(Box::new(select)).deparse(pg_query::DeparseOptions::default()).ok()?;
    text.strip_prefix("SELECT ").map(str::to_owned)
}

fn select_from(relation: RangeVar, condition: Option<Node>) -> Option<String> {
    let one = AConst {
        val: Some(Val::Ival(pg_query::protobuf::Integer { ival: 1 })),
        ..AConst::default()
    };
    let target = ResTarget {
        val: Some(Box::new(Node { node: Some(Inner::AConst(one)) })),
        ..ResTarget::default()
    };
    let select = SelectStmt {
        target_list: vec![Node { node: Some(Inner::ResTarget(Box::new(target))) }],
        from_clause: vec![Node { node: Some(Inner::RangeVar(relation)) }],
        where_clause: condition.map(Box::new),
        ..plain_select()
    };
    NodeEnum::SelectStmt(Box::new(select)).deparse(pg_query::DeparseOptions::default()).ok()
}

/// A select without anything; the default of the generated type has values that the grammar
/// does not know.
fn plain_select() -> SelectStmt {
    SelectStmt {
        limit_option: pg_query::protobuf::LimitOption::Default as i32,
        op: pg_query::protobuf::SetOperation::SetopNone as i32,
        ..SelectStmt::default()
    }
}

/// The last name of every column reference in an expression that a probe may copy.
fn columns_of(node: &Node, columns: &mut Vec<String>) {
    let mut visit = |inner: Option<&Node>| {
        if let Some(node) = inner {
            columns_of(node, columns);
        }
    };
    match &node.node {
        Some(Inner::ColumnRef(reference)) => {
            if let Some(Inner::String(name)) = reference.fields.last().and_then(|f| f.node.as_ref())
            {
                columns.push(name.sval.clone());
            }
        }
        Some(Inner::AExpr(e)) => {
            visit(e.lexpr.as_deref());
            visit(e.rexpr.as_deref());
        }
        Some(Inner::BoolExpr(e)) => e.args.iter().for_each(|a| visit(Some(a))),
        Some(Inner::NullTest(t)) => visit(t.arg.as_deref()),
        Some(Inner::BooleanTest(t)) => visit(t.arg.as_deref()),
        Some(Inner::FuncCall(f)) => f.args.iter().for_each(|a| visit(Some(a))),
        Some(Inner::TypeCast(c)) => visit(c.arg.as_deref()),
        Some(Inner::CoalesceExpr(e)) => e.args.iter().for_each(|a| visit(Some(a))),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn probes_say_what_is_left_to_be_done() {
        let cases = [
            (
                "UPDATE \"User\" SET name = 'x' WHERE name IS NULL",
                Some("SELECT NOT EXISTS (SELECT 1 FROM \"User\" WHERE name IS NULL)"),
            ),
            ("UPDATE t SET a = 1 WHERE b > 2", None),
            ("UPDATE t SET a = 1", None),
            ("DELETE FROM t WHERE a = 1", Some("SELECT NOT EXISTS (SELECT 1 FROM t WHERE a = 1)")),
            (
                "INSERT INTO t (id, \"kI\", at) VALUES (gen_random_uuid(), 'a', 3)",
                Some(
                    "SELECT EXISTS (SELECT 1 FROM t WHERE \"kI\" IS NOT DISTINCT FROM 'a' AND \"at\" IS NOT DISTINCT FROM 3)",
                ),
            ),
            (
                "INSERT INTO t (a) VALUES (1), (2)",
                Some(
                    "SELECT CASE WHEN EXISTS (SELECT 1 FROM t WHERE \"a\" IS NOT DISTINCT FROM 1) \
                     AND EXISTS (SELECT 1 FROM t WHERE \"a\" IS NOT DISTINCT FROM 2) THEN true \
                     WHEN NOT (EXISTS (SELECT 1 FROM t WHERE \"a\" IS NOT DISTINCT FROM 1) \
                     OR EXISTS (SELECT 1 FROM t WHERE \"a\" IS NOT DISTINCT FROM 2)) THEN false END",
                ),
            ),
            ("INSERT INTO t SELECT * FROM u", None),
        ];
        for (text, expected) in cases {
            assert_eq!(traits(text).probe.as_deref(), expected, "{text}");
            assert!(traits(text).changes_rows, "{text}");
        }
    }

    #[test]
    fn a_block_changes_rows_only_where_it_says_so() {
        let of = |body: &str| traits(&format!("DO $$ BEGIN {body} END $$")).changes_rows;
        for body in [
            "UPDATE t SET a = 1;",
            "IF x THEN\n\tupdate t set a = 1; END IF;",
            "DELETE  FROM t;",
            "EXECUTE 'INSERT INTO t VALUES (1)';",
            "TRUNCATE t;",
        ] {
            assert!(of(body), "{body}");
        }
        for body in [
            "ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES u ON DELETE CASCADE ON UPDATE CASCADE;",
            "PERFORM 1 FROM t FOR UPDATE;",
            "CREATE TRIGGER g BEFORE INSERT OR UPDATE OR DELETE ON t EXECUTE FUNCTION f();",
            "ALTER TABLE t ADD COLUMN updated_at int;",
        ] {
            assert!(!of(body), "{body}");
        }
    }

    #[test]
    fn guards_are_seen() {
        for text in [
            "CREATE TABLE IF NOT EXISTS a ()",
            "ALTER TABLE a ADD COLUMN IF NOT EXISTS b int",
            "DROP INDEX IF EXISTS i",
            "DO $$ BEGIN END $$",
            "ALTER TYPE e ADD VALUE IF NOT EXISTS 'x'",
        ] {
            assert!(traits(text).guarded, "{text}");
        }
        assert_eq!(traits("ALTER TABLE a ADD COLUMN b int"), StatementTraits::default());
        assert!(!traits("SELECT 1").changes_rows);
        assert!(traits("SELECT setval('s', 1)").changes_rows);
    }
}
