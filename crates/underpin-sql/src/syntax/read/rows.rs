//! Statements about rows from the tree.

use pg_query::NodeEnum;
use pg_query::protobuf::{self as p, Node, Token};

use super::expression::{self, Walk};
use super::name;
use super::source::Source;
use crate::syntax::model::{
    Copy, CreateTableAs, Delete, Insert, Mentions, ObjectKind, Select, Statement, Update,
};

pub(super) fn insert(s: &p::InsertStmt) -> Insert {
    let select = match s.select_stmt.as_ref().and_then(|n| n.node.as_ref()) {
        Some(NodeEnum::SelectStmt(select)) => Some(&**select),
        _ => None,
    };
    let rows = match select {
        Some(select) if select.values_lists.is_empty() => None,
        Some(select) => Some(select.values_lists.len()),
        None => Some(1), // DEFAULT VALUES
    };
    let mut walk = Walk::default();
    walk.with(s.with_clause.as_ref());
    if let Some(select) = select {
        walk.select(select);
    }
    if let Some(conflict) = &s.on_conflict_clause {
        walk.all(&conflict.target_list);
    }
    walk.returning(s.returning_clause.as_ref());
    Insert {
        table: name::of_optional(s.relation.as_ref()),
        columns: targets(&s.cols),
        rows,
        on_conflict: s.on_conflict_clause.is_some(),
        mentions: walk.mentions,
    }
}

fn targets(nodes: &[Node]) -> Vec<String> {
    nodes
        .iter()
        .filter_map(|n| match &n.node {
            Some(NodeEnum::ResTarget(t)) => Some(t.name.clone()),
            _ => None,
        })
        .collect()
}

pub(super) fn update(s: &p::UpdateStmt, source: &Source<'_>) -> Update {
    let mut walk = Walk::default();
    walk.with(s.with_clause.as_ref());
    walk.all(&s.target_list);
    walk.all(&s.from_clause);
    s.where_clause.iter().for_each(|n| walk.node(n));
    walk.returning(s.returning_clause.as_ref());
    Update {
        table: name::of_optional(s.relation.as_ref()),
        assigned: targets(&s.target_list),
        condition: condition(s.where_clause.as_deref(), source),
        mentions: walk.mentions,
    }
}

pub(super) fn delete(s: &p::DeleteStmt, source: &Source<'_>) -> Delete {
    let mut walk = Walk::default();
    walk.with(s.with_clause.as_ref());
    walk.all(&s.using_clause);
    s.where_clause.iter().for_each(|n| walk.node(n));
    walk.returning(s.returning_clause.as_ref());
    Delete {
        table: name::of_optional(s.relation.as_ref()),
        condition: condition(s.where_clause.as_deref(), source),
        mentions: walk.mentions,
    }
}

fn condition(node: Option<&Node>, source: &Source<'_>) -> crate::syntax::model::Condition {
    let span = node.and_then(|_| source.after(&source.span, Token::Where, &[Token::Returning]));
    expression::condition(node, source, span)
}

pub(super) fn merge(s: &p::MergeStmt) -> Statement {
    let mut walk = Walk::default();
    walk.with(s.with_clause.as_ref());
    [&s.source_relation, &s.join_condition].into_iter().flatten().for_each(|n| walk.node(n));
    for clause in &s.merge_when_clauses {
        if let Some(NodeEnum::MergeWhenClause(clause)) = &clause.node {
            walk.all(&clause.target_list);
            walk.all(&clause.values);
            clause.condition.iter().for_each(|n| walk.node(n));
        }
    }
    walk.returning(s.returning_clause.as_ref());
    Statement::Merge {
        table: name::of_optional(s.relation.as_ref()),
        mentions: walk.mentions,
        returning: s.returning_clause.is_some(),
    }
}

pub(super) fn copy(s: &p::CopyStmt) -> Copy {
    Copy {
        table: s.relation.as_ref().map(name::of_relation),
        from: s.is_from,
        mentions: s.query.as_deref().map(of_query).unwrap_or_default(),
    }
}

pub(super) fn of_query(node: &Node) -> Mentions {
    let mut walk = Walk::default();
    walk.node(node);
    walk.mentions
}

/// `SELECT`; with `INTO` it makes a table.
pub(super) fn select(s: &p::SelectStmt) -> Statement {
    let mut walk = Walk::default();
    walk.select(s);
    match s.into_clause.as_ref().and_then(|into| into.rel.as_ref()) {
        Some(relation) => Statement::CreateTableAs(CreateTableAs {
            name: name::of_relation(relation),
            kind: ObjectKind::Table,
            persistence: name::persistence(Some(relation)),
            if_not_exists: false,
            no_data: false,
            mentions: walk.mentions,
        }),
        None => {
            let calls_only =
                walk.mentions.relations.is_empty() && !walk.mentions.functions.is_empty();
            Statement::Select(Select { mentions: walk.mentions, calls_only })
        }
    }
}

pub(super) fn create_table_as(s: &p::CreateTableAsStmt) -> CreateTableAs {
    let into = s.into.as_ref();
    let relation = into.and_then(|i| i.rel.as_ref());
    CreateTableAs {
        name: name::of_optional(relation),
        kind: super::object::kind_of(s.objtype()),
        persistence: name::persistence(relation),
        if_not_exists: s.if_not_exists,
        no_data: into.is_some_and(|i| i.skip_data),
        mentions: s.query.as_deref().map(of_query).unwrap_or_default(),
    }
}
