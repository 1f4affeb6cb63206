//! What is named in expressions and queries, and how stable they are.

use std::ops::Range;

use pg_query::NodeEnum;
use pg_query::protobuf::{
    AConst, AExpr, AExprKind, BoolExprType, FuncCall, Node, NullTestType, ReturningClause,
    SelectStmt, WithClause, a_const::Val,
};

use super::name;
use super::source::Source;
use super::volatility;
use crate::syntax::model::{Condition, Expression, Mentions, Name, TypeName, Volatility};

/// Collects what nodes name.
#[derive(Default)]
pub(super) struct Walk {
    pub(super) mentions: Mentions,
    pub(super) volatility: Volatility,
    /// Names of `WITH`, which are no relations.
    made: Vec<String>,
    /// What relations are called in the query.
    aliases: Vec<(String, Name)>,
}

fn push<T: PartialEq>(list: &mut Vec<T>, item: T) {
    if !list.contains(&item) {
        list.push(item);
    }
}

impl Walk {
    pub(super) fn node(&mut self, node: &Node) {
        if let Some(inner) = &node.node {
            self.inner(inner);
        }
    }

    fn option(&mut self, node: Option<&Node>) {
        if let Some(node) = node {
            self.node(node);
        }
    }

    pub(super) fn all(&mut self, nodes: &[Node]) {
        nodes.iter().for_each(|n| self.node(n));
    }

    fn raise(&mut self, volatility: Volatility) {
        self.volatility = self.volatility.max(volatility);
    }

    fn unknown(&mut self) {
        self.mentions.incomplete = true;
        self.raise(Volatility::Unknown);
    }

    fn relation(&mut self, name: Name) {
        if name.schema.is_some() || !self.made.contains(&name.name) {
            push(&mut self.mentions.relations, name);
        }
    }

    fn function(&mut self, call: &FuncCall) {
        let name = name::of_function(&call.funcname);
        self.raise(volatility::of(&name));
        push(&mut self.mentions.functions, name);
        self.all(&call.args);
        self.all(&call.agg_order);
        self.option(call.agg_filter.as_deref());
        if let Some(window) = &call.over {
            self.all(&window.partition_clause);
            self.all(&window.order_clause);
        }
    }

    fn literal(&mut self, text: &str) {
        if self.mentions.literals.len() >= Mentions::LITERALS_MAX {
            self.mentions.incomplete = true;
        } else {
            push_bounded(&mut self.mentions.literals, text);
        }
    }

    pub(super) fn with(&mut self, clause: Option<&WithClause>) {
        for cte in clause.into_iter().flat_map(|c| &c.ctes) {
            if let Some(NodeEnum::CommonTableExpr(cte)) = &cte.node {
                self.made.push(cte.ctename.clone());
                self.option(cte.ctequery.as_deref());
            }
        }
    }

    pub(super) fn returning(&mut self, clause: Option<&ReturningClause>) {
        clause.iter().for_each(|c| self.all(&c.exprs));
    }

    pub(super) fn select(&mut self, s: &SelectStmt) {
        self.with(s.with_clause.as_ref());
        for list in [
            &s.distinct_clause,
            &s.target_list,
            &s.from_clause,
            &s.group_clause,
            &s.window_clause,
            &s.values_lists,
            &s.sort_clause,
        ] {
            self.all(list);
        }
        for one in [&s.where_clause, &s.having_clause, &s.limit_offset, &s.limit_count] {
            self.option(one.as_deref());
        }
        self.mentions.locks_rows |= !s.locking_clause.is_empty();
        for clause in &s.locking_clause {
            let Some(NodeEnum::LockingClause(clause)) = &clause.node else { continue };
            for called in clause.locked_rels.iter().map(name::of_object) {
                let relation = self.aliases.iter().rev().find(|(alias, _)| *alias == called.name);
                let relation = relation.map(|(_, relation)| relation.clone());
                self.mentions.locked.extend(relation);
            }
        }
        for side in [&s.larg, &s.rarg].into_iter().flatten() {
            self.select(side);
        }
    }

    #[allow(clippy::too_many_lines)] // one arm per kind of node
    pub(super) fn inner(&mut self, node: &NodeEnum) {
        use NodeEnum as N;
        match node {
            N::AConst(AConst { val: Some(Val::Sval(s)), .. }) => self.literal(&s.sval),
            N::AConst(_)
            | N::SetToDefault(_)
            | N::AStar(_)
            | N::ParamRef(_)
            | N::String(_)
            | N::Integer(_)
            | N::Float(_)
            | N::Boolean(_) => {}
            N::ColumnRef(c) => {
                let last = c.fields.last().and_then(|f| f.node.as_ref());
                let column = match last {
                    Some(N::String(s)) => s.sval.clone(),
                    _ => "*".to_owned(),
                };
                push(&mut self.mentions.columns, column);
            }
            N::SqlvalueFunction(_) => self.raise(Volatility::Stable),
            N::FuncCall(call) => self.function(call),
            N::RangeVar(r) => {
                let alias = r.alias.as_ref().map_or(&r.relname, |a| &a.aliasname);
                self.aliases.push((alias.clone(), name::of_relation(r)));
                self.relation(name::of_relation(r));
            }
            N::SelectStmt(s) => self.select(s),
            N::InsertStmt(s) => {
                self.with(s.with_clause.as_ref());
                push(&mut self.mentions.changes, name::of_optional(s.relation.as_ref()));
                self.option(s.select_stmt.as_deref());
                self.returning(s.returning_clause.as_ref());
                self.raise(Volatility::Volatile);
            }
            N::UpdateStmt(s) => {
                self.with(s.with_clause.as_ref());
                push(&mut self.mentions.changes, name::of_optional(s.relation.as_ref()));
                self.all(&s.target_list);
                self.all(&s.from_clause);
                self.option(s.where_clause.as_deref());
                self.returning(s.returning_clause.as_ref());
                self.raise(Volatility::Volatile);
            }
            N::DeleteStmt(s) => {
                self.with(s.with_clause.as_ref());
                push(&mut self.mentions.changes, name::of_optional(s.relation.as_ref()));
                self.all(&s.using_clause);
                self.option(s.where_clause.as_deref());
                self.returning(s.returning_clause.as_ref());
                self.raise(Volatility::Volatile);
            }
            N::AExpr(e) => {
                self.option(e.lexpr.as_deref());
                self.option(e.rexpr.as_deref());
            }
            N::BoolExpr(e) => self.all(&e.args),
            N::NullTest(t) => self.option(t.arg.as_deref()),
            N::BooleanTest(t) => self.option(t.arg.as_deref()),
            N::TypeCast(c) => self.option(c.arg.as_deref()),
            N::CollateClause(c) => self.option(c.arg.as_deref()),
            N::CoalesceExpr(e) => self.all(&e.args),
            N::MinMaxExpr(e) => self.all(&e.args),
            N::CaseExpr(e) => {
                self.option(e.arg.as_deref());
                self.all(&e.args);
                self.option(e.defresult.as_deref());
            }
            N::CaseWhen(w) => {
                self.option(w.expr.as_deref());
                self.option(w.result.as_deref());
            }
            N::AArrayExpr(a) => self.all(&a.elements),
            N::RowExpr(r) => self.all(&r.args),
            N::List(l) => self.all(&l.items),
            N::ReturnStmt(r) => self.option(r.returnval.as_deref()),
            N::AIndirection(i) => {
                self.option(i.arg.as_deref());
                self.all(&i.indirection);
            }
            N::AIndices(i) => {
                self.option(i.lidx.as_deref());
                self.option(i.uidx.as_deref());
            }
            N::NamedArgExpr(a) => self.option(a.arg.as_deref()),
            N::ResTarget(t) => {
                self.option(t.val.as_deref());
                self.all(&t.indirection);
            }
            N::MultiAssignRef(m) => self.option(m.source.as_deref()),
            N::SubLink(s) => {
                self.option(s.testexpr.as_deref());
                self.option(s.subselect.as_deref());
            }
            N::SortBy(s) => self.option(s.node.as_deref()),
            N::WindowDef(w) => {
                self.all(&w.partition_clause);
                self.all(&w.order_clause);
            }
            N::GroupingSet(g) => self.all(&g.content),
            N::GroupingFunc(g) => self.all(&g.args),
            N::JoinExpr(j) => {
                self.option(j.larg.as_deref());
                self.option(j.rarg.as_deref());
                self.option(j.quals.as_deref());
            }
            N::RangeSubselect(r) => self.option(r.subquery.as_deref()),
            N::RangeFunction(f) => self.all(&f.functions),
            N::RangeTableSample(t) => self.option(t.relation.as_deref()),
            N::IndexElem(e) => {
                if !e.name.is_empty() {
                    push(&mut self.mentions.columns, e.name.clone());
                }
                self.option(e.expr.as_deref());
            }
            N::JsonObjectConstructor(_) | N::JsonArrayConstructor(_) | N::XmlExpr(_) => {
                self.unknown();
            }
            _ => self.unknown(),
        }
    }
}

/// Literals repeat a lot in data; looking through all of them would be quadratic.
fn push_bounded(list: &mut Vec<String>, text: &str) {
    if !list.iter().rev().take(64).any(|l| l == text) {
        list.push(text.to_owned());
    }
}

/// An expression; `span` are its bytes in the source's text.
pub(super) fn read(node: &Node, source: &Source<'_>, span: Option<Range<usize>>) -> Expression {
    let mut walk = Walk::default();
    walk.node(node);
    let implied = implies_not_null(node);
    Expression {
        text: span.clone().map(|s| source.text[s].to_owned()).unwrap_or_default(),
        span: span.map(|s| source.place(s)),
        mentions: walk.mentions,
        volatility: walk.volatility,
        is_null: is_null(node),
        cast: plain_cast(node),
        not_null_of: match &node.node {
            Some(NodeEnum::NullTest(_)) => implied.first().cloned(),
            _ => None,
        },
        implies_not_null: implied,
    }
}

fn is_null(node: &Node) -> bool {
    match &node.node {
        Some(NodeEnum::AConst(c)) => c.isnull,
        Some(NodeEnum::TypeCast(c)) => c.arg.as_deref().is_some_and(is_null),
        _ => false,
    }
}

fn plain_cast(node: &Node) -> Option<(String, Vec<TypeName>)> {
    match node.node.as_ref()? {
        NodeEnum::ColumnRef(c) => Some((name::word(c.fields.last()?)?, Vec::new())),
        NodeEnum::TypeCast(cast) => {
            let (column, mut types) = plain_cast(cast.arg.as_deref()?)?;
            types.push(name::of_type(cast.type_name.as_ref()?));
            Some((column, types))
        }
        _ => None,
    }
}

fn implies_not_null(node: &Node) -> Vec<String> {
    match &node.node {
        Some(NodeEnum::BoolExpr(e)) if e.boolop() == BoolExprType::AndExpr => {
            e.args.iter().flat_map(implies_not_null).collect()
        }
        Some(NodeEnum::NullTest(test)) if test.nulltesttype() == NullTestType::IsNotNull => {
            let column = test.arg.as_deref().and_then(plain_cast);
            column
                .filter(|(_, casts)| casts.is_empty())
                .map(|(column, _)| column)
                .into_iter()
                .collect()
        }
        _ => Vec::new(),
    }
}

/// A `WHERE`.
pub(super) fn condition(
    node: Option<&Node>,
    source: &Source<'_>,
    span: Option<Range<usize>>,
) -> Condition {
    match node {
        None => Condition::Missing,
        Some(node) if constant(node) == Some(true) => Condition::Tautology,
        Some(node) => Condition::Where(read(node, source, span)),
    }
}

/// The truth value of a condition that does not look at the row.
fn constant(node: &Node) -> Option<bool> {
    match node.node.as_ref()? {
        NodeEnum::AConst(AConst { val: Some(Val::Boolval(b)), .. }) => Some(b.boolval),
        NodeEnum::TypeCast(c) => match c.arg.as_ref()?.node.as_ref()? {
            NodeEnum::AConst(AConst { val: Some(Val::Sval(s)), .. }) => match s.sval.as_str() {
                "t" | "true" => Some(true),
                "f" | "false" => Some(false),
                _ => None,
            },
            _ => constant(c.arg.as_deref()?),
        },
        NodeEnum::BoolExpr(e) => {
            let mut values = e.args.iter().map(constant);
            match e.boolop() {
                BoolExprType::NotExpr => values.next()?.map(|v| !v),
                BoolExprType::OrExpr if values.clone().any(|v| v == Some(true)) => Some(true),
                BoolExprType::AndExpr if values.clone().any(|v| v == Some(false)) => Some(false),
                BoolExprType::AndExpr => values.all(|v| v == Some(true)).then_some(true),
                _ => None,
            }
        }
        NodeEnum::AExpr(e) if e.kind() == AExprKind::AexprOp => same_sides(e),
        _ => None,
    }
}

/// `1 = 1`, `'a' <> 'b'`: literals compared.
fn same_sides(e: &AExpr) -> Option<bool> {
    let literal = |side: &Option<Box<Node>>| match side.as_ref()?.node.as_ref()? {
        NodeEnum::AConst(c) if !c.isnull => c.val.clone(),
        _ => None,
    };
    let (left, right) = (literal(&e.lexpr)?, literal(&e.rexpr)?);
    match name::words(&e.name).first().map(String::as_str) {
        Some("=") => Some(left == right),
        Some("<>" | "!=") => Some(left != right),
        _ => None,
    }
}
