//! Tables, columns and constraints from the tree.

use std::ops::Range;

use pg_query::NodeEnum;
use pg_query::protobuf::{
    AlterTableCmd, AlterTableStmt, AlterTableType as T, ColumnDef, ConstrType, Constraint as Tree,
    CreateStmt, Node, PartitionBoundSpec, Token,
};

use super::name;
use super::object::kind_of;
use super::source::Source;
use super::{expression, options};
use crate::syntax::model::{
    AlterAction, AlterTable, ColumnDefinition, Constraint, ConstraintKind, CreateTable, Expression,
    ForeignKey, ForeignKeyAction, Generated, PartitionBound, PartitionOf, TableAction, TypeName,
};

pub(super) fn create(s: &CreateStmt, source: &Source<'_>, foreign: bool) -> CreateTable {
    let from = s.relation.as_ref().and_then(|r| source.offset(r.location));
    let mut table = CreateTable {
        name: name::of_optional(s.relation.as_ref()),
        persistence: name::persistence(s.relation.as_ref()),
        if_not_exists: s.if_not_exists,
        foreign,
        partitioned: s.partspec.is_some(),
        partition_key: s.partspec.iter().flat_map(|p| &p.part_params).map(key_column).collect(),
        of_type: s.of_typename.as_ref().map(|t| name::of_type(t).name),
        ..CreateTable::default()
    };
    for parent in s.inh_relations.iter().map(name::of_object) {
        match &s.partbound {
            Some(bound) => {
                table.partition_of = Some(PartitionOf {
                    parent,
                    is_default: bound.is_default,
                    bound: self::bound(bound),
                });
            }
            None => table.inherits.push(parent),
        }
    }
    let items = match s.table_elts.len() {
        0 => Vec::new(),
        _ => source.items(from.unwrap_or(source.span.start), true),
    };
    for (index, element) in s.table_elts.iter().enumerate() {
        let item = match items.len() == s.table_elts.len() {
            true => items[index].clone(),
            false => source.span.clone(),
        };
        match &element.node {
            Some(NodeEnum::ColumnDef(column)) => {
                table.columns.push(self::column(column, source, item))
            }
            Some(NodeEnum::Constraint(tree)) => {
                table.constraints.extend(constraint(tree, source, item, None));
            }
            Some(NodeEnum::TableLikeClause(like)) => {
                table.like.push(name::of_optional(like.relation.as_ref()));
            }
            _ => {}
        }
    }
    note_primary_key(&mut table);
    table
}

fn key_column(node: &Node) -> Option<String> {
    match &node.node {
        Some(NodeEnum::PartitionElem(element)) => name::non_empty(&element.name),
        _ => None,
    }
}

fn bound(b: &PartitionBoundSpec) -> PartitionBound {
    let values = |nodes: &[Node]| -> Vec<Option<String>> {
        nodes.iter().map(|n| n.node.as_ref().and_then(bound_value)).collect()
    };
    match b.strategy.as_str() {
        _ if b.is_default => PartitionBound::Default,
        "r" => PartitionBound::Range { from: values(&b.lowerdatums), to: values(&b.upperdatums) },
        "l" => PartitionBound::List(values(&b.listdatums)),
        _ => PartitionBound::Hash { modulus: b.modulus, remainder: b.remainder },
    }
}

fn bound_value(node: &NodeEnum) -> Option<String> {
    let NodeEnum::ColumnRef(reference) = node else { return options::literal(node) };
    match name::words(&reference.fields).as_slice() {
        [word] if word == "minvalue" || word == "maxvalue" => Some(word.to_uppercase()),
        _ => None,
    }
}

/// The columns of a primary key are `NOT NULL` (manual §5.5.4).
fn note_primary_key(table: &mut CreateTable) {
    for constraint in &table.constraints {
        let columns = match &constraint.kind {
            ConstraintKind::PrimaryKey { columns, .. } => columns.as_slice(),
            ConstraintKind::NotNull { column } => std::slice::from_ref(column),
            _ => continue,
        };
        for column in table.columns.iter_mut().filter(|c| columns.contains(&c.name)) {
            column.not_null = true;
        }
    }
}

/// A column; `item` are its bytes in the source's text.
pub(super) fn column(c: &ColumnDef, source: &Source<'_>, item: Range<usize>) -> ColumnDefinition {
    let type_name = c.type_name.as_ref().map(name::of_type);
    let mut column = ColumnDefinition {
        span: source.place(item.clone()),
        name: c.colname.clone(),
        not_null: type_name.as_ref().is_some_and(TypeName::is_serial),
        type_name,
        collation: c.coll_clause.as_ref().map(|clause| name::of_words(&clause.collname)),
        ..ColumnDefinition::default()
    };
    let trees: Vec<&Tree> = c
        .constraints
        .iter()
        .filter_map(|node| match &node.node {
            Some(NodeEnum::Constraint(tree)) => Some(&**tree),
            _ => None,
        })
        .collect();
    let start = |tree: &Tree| source.offset(tree.location).unwrap_or(item.start).max(item.start);
    for (index, tree) in trees.iter().enumerate() {
        let rest = &trees[index + 1..];
        let end = rest.iter().find(|t| !is_attribute(t)).map_or(item.end, |next| start(next));
        let span = source.tight(start(tree)..end.max(start(tree)));
        let text = |word| source.after(&span, word, &[]);
        match tree.contype() {
            ConstrType::ConstrNotnull => column.not_null = true,
            ConstrType::ConstrDefault => {
                column.default = expression(tree.raw_expr.as_deref(), source, text(Token::Default));
            }
            ConstrType::ConstrIdentity => (column.identity, column.not_null) = (true, true),
            ConstrType::ConstrGenerated => {
                let inside = source.parenthesised(&span, Token::As);
                let expression = expression(tree.raw_expr.as_deref(), source, inside);
                column.generated = Some(Generated {
                    stored: tree.generated_kind != "v",
                    expression: expression.unwrap_or_default(),
                });
            }
            ConstrType::ConstrPrimary => column.not_null = true,
            _ => {}
        }
        if is_attribute(tree) {
            if let Some(last) = column.constraints.last_mut() {
                attribute(tree.contype(), last);
            }
        } else {
            column.constraints.extend(constraint(tree, source, span, Some(&c.colname)));
        }
    }
    column
}

fn is_attribute(tree: &Tree) -> bool {
    use ConstrType as C;
    matches!(
        tree.contype(),
        C::ConstrAttrDeferrable
            | C::ConstrAttrNotDeferrable
            | C::ConstrAttrDeferred
            | C::ConstrAttrImmediate
            | C::ConstrAttrEnforced
            | C::ConstrAttrNotEnforced
    )
}

fn attribute(kind: ConstrType, constraint: &mut Constraint) {
    match kind {
        ConstrType::ConstrAttrDeferrable | ConstrType::ConstrAttrDeferred => {
            constraint.deferrable = true;
        }
        ConstrType::ConstrAttrNotEnforced => constraint.not_enforced = true,
        _ => {}
    }
}

fn expression(
    node: Option<&Node>,
    source: &Source<'_>,
    span: Option<Range<usize>>,
) -> Option<Expression> {
    node.map(|node| expression::read(node, source, span))
}

/// A constraint; `column` is the one that it stands behind, if any. Defaults and the like, which
/// the grammar calls constraints, give `None`.
pub(super) fn constraint(
    tree: &Tree,
    source: &Source<'_>,
    span: Range<usize>,
    column: Option<&str>,
) -> Option<Constraint> {
    let or_column = |keys: &[Node]| match (keys, column) {
        ([], Some(column)) => vec![column.to_owned()],
        (keys, _) => name::words(keys),
    };
    let using_index = name::non_empty(&tree.indexname);
    let keys = |tree: &Tree| if using_index.is_some() { Vec::new() } else { or_column(&tree.keys) };
    let kind = match tree.contype() {
        ConstrType::ConstrNotnull => {
            ConstraintKind::NotNull { column: or_column(&tree.keys).pop()? }
        }
        ConstrType::ConstrCheck => {
            let inside = source.parenthesised(&span, Token::Check);
            ConstraintKind::Check {
                expression: expression(tree.raw_expr.as_deref(), source, inside)?,
                no_inherit: tree.is_no_inherit,
            }
        }
        ConstrType::ConstrPrimary => {
            ConstraintKind::PrimaryKey { columns: keys(tree), using_index }
        }
        ConstrType::ConstrUnique => ConstraintKind::Unique {
            columns: keys(tree),
            using_index,
            nulls_not_distinct: tree.nulls_not_distinct,
        },
        ConstrType::ConstrExclusion => ConstraintKind::Exclude,
        ConstrType::ConstrForeign => ConstraintKind::ForeignKey(ForeignKey {
            columns: or_column(&tree.fk_attrs),
            references: name::of_optional(tree.pktable.as_ref()),
            referenced_columns: name::words(&tree.pk_attrs),
            on_delete: action(&tree.fk_del_action),
            on_update: action(&tree.fk_upd_action),
        }),
        _ => return None,
    };
    // The grammar sets `is_enforced` on CHECK and FOREIGN KEY alone; as a column's constraint
    // NOT ENFORCED is a node of its own.
    let enforceable = matches!(kind, ConstraintKind::Check { .. } | ConstraintKind::ForeignKey(_));
    Some(Constraint {
        span: source.place(span),
        name: name::non_empty(&tree.conname),
        kind,
        not_valid: tree.skip_validation,
        not_enforced: enforceable && !tree.is_enforced,
        deferrable: tree.deferrable,
    })
}

fn action(letter: &str) -> ForeignKeyAction {
    match letter {
        "r" => ForeignKeyAction::Restrict,
        "c" => ForeignKeyAction::Cascade,
        "n" => ForeignKeyAction::SetNull,
        "d" => ForeignKeyAction::SetDefault,
        _ => ForeignKeyAction::NoAction,
    }
}

pub(super) fn alter(s: &AlterTableStmt, source: &Source<'_>) -> AlterTable {
    let spans = actions_spans(s, source);
    let actions = s.cmds.iter().enumerate().filter_map(|(index, node)| {
        let Some(NodeEnum::AlterTableCmd(command)) = &node.node else { return None };
        let span = match spans.len() == s.cmds.len() {
            true => spans[index].clone(),
            false => source.span.clone(),
        };
        let action = action_of(command, source, &span);
        Some(AlterAction { span: source.place(span), action })
    });
    AlterTable {
        relation: name::of_optional(s.relation.as_ref()),
        kind: kind_of(s.objtype()),
        only: s.relation.as_ref().is_some_and(|r| !r.inh),
        if_exists: s.missing_ok,
        actions: actions.collect(),
    }
}

/// The bytes of each sub-command: what stands between the commas behind the relation's name.
fn actions_spans(s: &AlterTableStmt, source: &Source<'_>) -> Vec<Range<usize>> {
    let Some(start) = s.relation.as_ref().and_then(|r| source.offset(r.location)) else {
        return Vec::new();
    };
    let mut tokens = source.tokens().iter().filter(|t| t.start >= start).skip(1).peekable();
    while tokens.next_if(|t| t.token == Token::Ascii46).is_some() {
        tokens.next();
    }
    tokens.next_if(|t| t.token == Token::Ascii42);
    // ONLY (name) is allowed too.
    tokens.next_if(|t| t.token == Token::Ascii41);
    tokens.peek().map_or_else(Vec::new, |first| source.items(first.start, false))
}

#[allow(clippy::too_many_lines)] // one arm per sub-command
fn action_of(c: &AlterTableCmd, source: &Source<'_>, span: &Range<usize>) -> TableAction {
    let column = c.name.clone();
    let named = || c.name.clone();
    let definition = c.def.as_ref().and_then(|d| d.node.as_ref());
    let cascade = c.behavior() == pg_query::protobuf::DropBehavior::DropCascade;
    match (c.subtype(), definition) {
        (T::AtAddColumn | T::AtAddColumnToView, Some(NodeEnum::ColumnDef(def))) => {
            let words = source.tokens().iter().filter(|t| t.start >= span.start);
            let before = ["add", "column", "attribute", "if", "not", "exists"];
            let start = words
                .map(|t| (t.start, &source.text[t.start..t.end]))
                .find(|(_, word)| !before.iter().any(|b| word.eq_ignore_ascii_case(b)))
                .map_or(span.start, |(start, _)| start);
            let start = source.offset(def.location).unwrap_or(start).clamp(span.start, span.end);
            TableAction::AddColumn {
                column: self::column(def, source, start..span.end),
                if_not_exists: c.missing_ok,
            }
        }
        (T::AtDropColumn, _) => {
            TableAction::DropColumn { column, if_exists: c.missing_ok, cascade }
        }
        (T::AtColumnDefault, None) => TableAction::DropDefault { column },
        (T::AtColumnDefault, Some(_)) => TableAction::SetDefault {
            column,
            default: expression(c.def.as_deref(), source, source.after(span, Token::Default, &[]))
                .unwrap_or_default(),
        },
        (T::AtSetNotNull, _) => TableAction::SetNotNull { column },
        (T::AtDropNotNull, _) => TableAction::DropNotNull { column },
        (T::AtAlterColumnType, Some(NodeEnum::ColumnDef(def))) => TableAction::AlterType {
            column,
            to: def.type_name.as_ref().map(name::of_type).unwrap_or_default(),
            collation: def.coll_clause.as_ref().map(|clause| name::of_words(&clause.collname)),
            using: expression(
                def.raw_default.as_deref(),
                source,
                source.after(span, Token::Using, &[]),
            ),
        },
        (T::AtSetExpression, Some(_)) => TableAction::SetExpression {
            column,
            expression: expression(c.def.as_deref(), source, source.parenthesised(span, Token::As))
                .unwrap_or_default(),
        },
        (T::AtDropExpression, _) => TableAction::DropExpression { column },
        (T::AtAddIdentity, _) => TableAction::AddIdentity { column },
        (T::AtSetIdentity, _) => TableAction::SetIdentity { column },
        (T::AtDropIdentity, _) => TableAction::DropIdentity { column },
        (T::AtSetStatistics, _) => TableAction::SetStatistics { column },
        (T::AtSetOptions | T::AtResetOptions, _) => TableAction::SetColumnOptions { column },
        (T::AtSetStorage, _) => TableAction::SetStorage { column },
        (T::AtSetCompression, _) => TableAction::SetCompression { column },
        (T::AtAddConstraint | T::AtAddIndexConstraint, Some(NodeEnum::Constraint(tree))) => {
            let start = source.offset(tree.location).unwrap_or(span.start);
            match constraint(tree, source, start.clamp(span.start, span.end)..span.end, None) {
                Some(constraint) => TableAction::AddConstraint(constraint),
                None => TableAction::Other { what: "ADD CONSTRAINT" },
            }
        }
        (T::AtAlterConstraint, Some(NodeEnum::AtalterConstraint(a))) => {
            TableAction::AlterConstraint {
                name: a.conname.clone(),
                enforced: a.alter_enforceability.then_some(a.is_enforced),
                deferrable: a.alter_deferrability.then_some(a.deferrable),
            }
        }
        (T::AtValidateConstraint, _) => TableAction::ValidateConstraint { name: named() },
        (T::AtDropConstraint, _) => {
            TableAction::DropConstraint { name: named(), if_exists: c.missing_ok, cascade }
        }
        (T::AtChangeOwner, _) => TableAction::OwnerTo,
        (T::AtClusterOn, _) => TableAction::ClusterOn { index: named() },
        (T::AtDropCluster, _) => TableAction::SetWithoutCluster,
        (T::AtSetLogged, _) => TableAction::SetLogged,
        (T::AtSetUnLogged, _) => TableAction::SetUnlogged,
        (T::AtSetAccessMethod, _) => {
            TableAction::SetAccessMethod { method: name::non_empty(&c.name) }
        }
        (T::AtSetTableSpace, _) => TableAction::SetTablespace { tablespace: named() },
        (T::AtSetRelOptions | T::AtReplaceRelOptions, Some(NodeEnum::List(list))) => {
            TableAction::SetOptions { options: options::relation(&list.items) }
        }
        (T::AtResetRelOptions, Some(NodeEnum::List(list))) => {
            TableAction::ResetOptions { options: options::relation(&list.items) }
        }
        (T::AtEnableTrig | T::AtEnableAlwaysTrig | T::AtEnableReplicaTrig, _) => {
            TableAction::Trigger { name: Some(named()), enable: true }
        }
        (T::AtDisableTrig, _) => TableAction::Trigger { name: Some(named()), enable: false },
        (T::AtEnableTrigAll | T::AtEnableTrigUser, _) => {
            TableAction::Trigger { name: None, enable: true }
        }
        (T::AtDisableTrigAll | T::AtDisableTrigUser, _) => {
            TableAction::Trigger { name: None, enable: false }
        }
        (T::AtEnableRule | T::AtEnableAlwaysRule | T::AtEnableReplicaRule, _) => {
            TableAction::Rule { name: named(), enable: true }
        }
        (T::AtDisableRule, _) => TableAction::Rule { name: named(), enable: false },
        (T::AtAddInherit, Some(NodeEnum::RangeVar(r))) => {
            TableAction::Inherit { parent: name::of_relation(r) }
        }
        (T::AtDropInherit, Some(NodeEnum::RangeVar(r))) => {
            TableAction::NoInherit { parent: name::of_relation(r) }
        }
        (T::AtAddOf, Some(NodeEnum::TypeName(t))) => {
            TableAction::OfType { of: name::of_type(t).name }
        }
        (T::AtDropOf, _) => TableAction::NotOf,
        (T::AtReplicaIdentity, Some(NodeEnum::ReplicaIdentityStmt(r))) => {
            TableAction::ReplicaIdentity { index: name::non_empty(&r.name) }
        }
        (T::AtEnableRowSecurity, _) => TableAction::RowSecurity { enable: true },
        (T::AtDisableRowSecurity, _) => TableAction::RowSecurity { enable: false },
        (T::AtForceRowSecurity, _) => TableAction::ForceRowSecurity { force: true },
        (T::AtNoForceRowSecurity, _) => TableAction::ForceRowSecurity { force: false },
        (T::AtAttachPartition, Some(NodeEnum::PartitionCmd(p))) => TableAction::AttachPartition {
            partition: name::of_optional(p.name.as_ref()),
            is_default: p.bound.as_ref().is_some_and(|b| b.is_default),
            bound: p.bound.as_ref().map(bound).unwrap_or_default(),
        },
        (T::AtDetachPartition, Some(NodeEnum::PartitionCmd(p))) => TableAction::DetachPartition {
            partition: name::of_optional(p.name.as_ref()),
            concurrently: p.concurrent,
        },
        (T::AtDetachPartitionFinalize, Some(NodeEnum::PartitionCmd(p))) => {
            TableAction::DetachFinalize { partition: name::of_optional(p.name.as_ref()) }
        }
        (T::AtGenericOptions | T::AtAlterColumnGenericOptions, _) => TableAction::ForeignOptions,
        (other, _) => TableAction::Other { what: other.as_str_name() },
    }
}
