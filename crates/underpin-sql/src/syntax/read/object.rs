//! Every statement but tables and rows from the tree.

use pg_query::NodeEnum;
use pg_query::protobuf::{
    self as p, DropBehavior, GrantTargetType, Node, ObjectType as O, ReindexObjectType, RoleSpec,
    RoleSpecType, Token, VariableSetKind,
};

use super::expression::Walk;
use super::source::Source;
use super::{expression, name, options, table};
use crate::syntax::model::{
    AlterDomain, AlterEnum, ConstraintKind, CreateDomain, CreateIndex, CreateRoutine,
    CreateTrigger, DomainChange, Drop, EnumChange, Grant, Name, ObjectKind, Policy, Reindex,
    ReindexTarget, Rename, Sequence, Setting,
};

pub(super) fn kind_of(kind: O) -> ObjectKind {
    use ObjectKind as K;
    match kind {
        O::ObjectTable => K::Table,
        O::ObjectForeignTable => K::ForeignTable,
        O::ObjectView => K::View,
        O::ObjectMatview => K::MaterializedView,
        O::ObjectIndex => K::Index,
        O::ObjectSequence => K::Sequence,
        O::ObjectColumn => K::Column,
        O::ObjectTabconstraint => K::TableConstraint,
        O::ObjectDomconstraint => K::DomainConstraint,
        O::ObjectAttribute => K::Attribute,
        O::ObjectType => K::Type,
        O::ObjectDomain => K::Domain,
        O::ObjectSchema => K::Schema,
        O::ObjectFunction => K::Function,
        O::ObjectProcedure => K::Procedure,
        O::ObjectRoutine => K::Routine,
        O::ObjectAggregate => K::Aggregate,
        O::ObjectTrigger => K::Trigger,
        O::ObjectPolicy => K::Policy,
        O::ObjectRule => K::Rule,
        O::ObjectExtension => K::Extension,
        O::ObjectCollation => K::Collation,
        O::ObjectStatisticExt => K::Statistics,
        O::ObjectPublication => K::Publication,
        O::ObjectSubscription => K::Subscription,
        O::ObjectDatabase => K::Database,
        O::ObjectRole => K::Role,
        O::ObjectTablespace => K::Tablespace,
        O::ObjectEventTrigger => K::EventTrigger,
        O::ObjectLanguage => K::Language,
        O::ObjectCast => K::Cast,
        O::ObjectForeignServer => K::ForeignServer,
        O::ObjectFdw => K::ForeignDataWrapper,
        O::ObjectUserMapping => K::UserMapping,
        _ => K::Other,
    }
}

/// Kinds whose dotted name ends with the relation's own part: `table.trigger`.
fn lives_on_a_relation(kind: ObjectKind) -> bool {
    use ObjectKind as K;
    matches!(kind, K::Trigger | K::Policy | K::Rule | K::TableConstraint | K::Column)
}

pub(super) fn drop(s: &p::DropStmt) -> Drop {
    let kind = kind_of(s.remove_type());
    let mut on = None;
    let names = s.objects.iter().map(|object| match &object.node {
        Some(NodeEnum::List(list)) if lives_on_a_relation(kind) => {
            let mut words = name::words(&list.items);
            let last = words.pop().unwrap_or_default();
            on = Some(name::of_strings(words));
            Name::bare(last)
        }
        _ => name::of_object(object),
    });
    Drop {
        kind,
        names: names.collect(),
        on,
        cascade: s.behavior() == DropBehavior::DropCascade,
        if_exists: s.missing_ok,
        concurrently: s.concurrent,
    }
}

pub(super) fn rename(s: &p::RenameStmt) -> Rename {
    let object = match (&s.relation, &s.object) {
        (Some(relation), _) => name::of_relation(relation),
        (None, Some(object)) => name::of_object(object),
        (None, None) => Name::bare(s.subname.clone()),
    };
    let from = name::non_empty(&s.subname).unwrap_or_else(|| object.name.clone());
    Rename {
        kind: kind_of(s.rename_type()),
        relation_kind: kind_of(s.relation_type()),
        object,
        from,
        to: s.newname.clone(),
        if_exists: s.missing_ok,
        only: s.relation.as_ref().is_some_and(|r| !r.inh),
    }
}

pub(super) fn index(s: &p::IndexStmt, source: &Source<'_>) -> CreateIndex {
    let elements = |nodes: &[Node]| -> Vec<Option<String>> {
        nodes
            .iter()
            .filter_map(|n| match &n.node {
                Some(NodeEnum::IndexElem(e)) => Some(name::non_empty(&e.name)),
                _ => None,
            })
            .collect()
    };
    let predicate = s
        .where_clause
        .as_ref()
        .map(|node| expression::read(node, source, source.after(&source.span, Token::Where, &[])));
    let mut walk = Walk::default();
    for node in &s.index_params {
        if let Some(NodeEnum::IndexElem(e)) = &node.node {
            e.expr.iter().for_each(|n| walk.node(n));
        }
    }
    CreateIndex {
        name: name::non_empty(&s.idxname),
        labels: labels(&s.index_params),
        expressions: walk.mentions,
        table: name::of_optional(s.relation.as_ref()),
        only: s.relation.as_ref().is_some_and(|r| !r.inh),
        unique: s.unique,
        concurrently: s.concurrent,
        if_not_exists: s.if_not_exists,
        method: name::non_empty(&s.access_method).unwrap_or_else(|| "btree".to_owned()),
        columns: elements(&s.index_params),
        including: elements(&s.index_including_params).into_iter().flatten().collect(),
        predicate,
        nulls_not_distinct: s.nulls_not_distinct,
    }
}

/// Made different by a number where they repeat (`ChooseIndexColumnNames`).
fn labels(parts: &[Node]) -> Vec<String> {
    let mut labels: Vec<String> = Vec::new();
    for part in parts {
        let Some(NodeEnum::IndexElem(e)) = &part.node else { continue };
        let label = match name::non_empty(&e.name) {
            Some(column) => column,
            None => e.expr.as_deref().and_then(figure).unwrap_or_else(|| "expr".to_owned()),
        };
        let taken = |wanted: &str| labels.iter().any(|l| l == wanted);
        let numbered = (1..).map(|n| format!("{label}{n}")).find(|l| !taken(l));
        let label = if taken(&label) { numbered.unwrap_or(label) } else { label };
        labels.push(label);
    }
    labels
}

fn figure(node: &Node) -> Option<String> {
    match node.node.as_ref()? {
        NodeEnum::FuncCall(call) => Some(name::of_function(&call.funcname).name),
        NodeEnum::CoalesceExpr(_) => Some("coalesce".to_owned()),
        NodeEnum::ColumnRef(c) => name::word(c.fields.last()?),
        NodeEnum::TypeCast(cast) => figure(cast.arg.as_deref()?)
            .or_else(|| Some(name::of_type(cast.type_name.as_ref()?).name.name)),
        NodeEnum::CollateClause(c) => figure(c.arg.as_deref()?),
        _ => None,
    }
}

pub(super) fn reindex(s: &p::ReindexStmt) -> Reindex {
    let relation = name::of_optional(s.relation.as_ref());
    Reindex {
        target: match s.kind() {
            ReindexObjectType::ReindexObjectIndex => ReindexTarget::Index(relation),
            ReindexObjectType::ReindexObjectTable => ReindexTarget::Table(relation),
            ReindexObjectType::ReindexObjectSchema => ReindexTarget::Schema(s.name.clone()),
            _ => ReindexTarget::Database,
        },
        concurrently: options::has(&s.params, "concurrently"),
        tablespace: options::has(&s.params, "tablespace"),
    }
}

pub(super) fn alter_enum(s: &p::AlterEnumStmt) -> AlterEnum {
    let change = match name::non_empty(&s.old_val) {
        Some(from) => EnumChange::Rename { from, to: s.new_val.clone() },
        None => EnumChange::Add {
            label: s.new_val.clone(),
            if_not_exists: s.skip_if_new_val_exists,
            placed: !s.new_val_neighbor.is_empty(),
        },
    };
    AlterEnum { name: name::of_words(&s.type_name), change }
}

pub(super) fn create_domain(s: &p::CreateDomainStmt, source: &Source<'_>) -> CreateDomain {
    let mut domain = CreateDomain {
        name: name::of_words(&s.domainname),
        base: s.type_name.as_ref().map(name::of_type).unwrap_or_default(),
        not_null: false,
        constraints: Vec::new(),
        default: None,
    };
    for node in &s.constraints {
        let Some(NodeEnum::Constraint(tree)) = &node.node else { continue };
        let start = source.offset(tree.location).unwrap_or(source.span.start);
        let span = start.clamp(source.span.start, source.span.end)..source.span.end;
        match tree.contype() {
            p::ConstrType::ConstrNotnull => domain.not_null = true,
            p::ConstrType::ConstrDefault => {
                domain.default =
                    tree.raw_expr.as_deref().map(|node| expression::read(node, source, None));
            }
            _ => domain.constraints.extend(table::constraint(tree, source, span, None)),
        }
    }
    domain
}

pub(super) fn alter_domain(s: &p::AlterDomainStmt, source: &Source<'_>) -> AlterDomain {
    let constraint = match s.def.as_ref().and_then(|d| d.node.as_ref()) {
        Some(NodeEnum::Constraint(tree)) => {
            let start = source.offset(tree.location).unwrap_or(source.span.start);
            let span = start.clamp(source.span.start, source.span.end)..source.span.end;
            // NOT NULL as a constraint names no column; the domain stands for it.
            table::constraint(tree, source, span, Some("value"))
        }
        _ => None,
    };
    let change = match (s.subtype.as_str(), constraint) {
        ("N", _) => DomainChange::DropNotNull,
        ("O", _) => DomainChange::SetNotNull,
        ("C", Some(c)) if matches!(c.kind, ConstraintKind::NotNull { .. }) => {
            DomainChange::SetNotNull
        }
        ("C", Some(constraint)) => DomainChange::AddConstraint(constraint),
        ("X", _) => DomainChange::DropConstraint {
            name: s.name.clone(),
            cascade: s.behavior() == DropBehavior::DropCascade,
        },
        ("V", _) => DomainChange::Validate { name: s.name.clone() },
        _ => DomainChange::Default,
    };
    AlterDomain { name: name::of_words(&s.type_name), change }
}

pub(super) fn sequence(target: Option<&p::RangeVar>, list: &[Node], guarded: bool) -> Sequence {
    Sequence {
        name: name::of_optional(target),
        guarded,
        options: options::names(list),
        type_name: match options::argument(list, "as") {
            Some(NodeEnum::TypeName(t)) => Some(name::of_type(t)),
            _ => None,
        },
        owned_by: match options::argument(list, "owned_by") {
            Some(NodeEnum::List(l)) => {
                let mut words = name::words(&l.items);
                words.pop();
                (!words.is_empty()).then(|| name::of_strings(words))
            }
            _ => None,
        },
    }
}

pub(super) fn trigger(s: &p::CreateTrigStmt) -> CreateTrigger {
    let mut walk = Walk::default();
    s.when_clause.iter().for_each(|n| walk.node(n));
    let mut columns = name::words(&s.columns);
    columns.extend(walk.mentions.columns);
    CreateTrigger {
        name: s.trigname.clone(),
        table: name::of_optional(s.relation.as_ref()),
        replace: s.replace,
        constraint: s.isconstraint,
        from: s.constrrel.as_ref().map(name::of_relation),
        function: name::of_function(&s.funcname),
        columns,
    }
}

pub(super) fn create_policy(s: &p::CreatePolicyStmt) -> Policy {
    let mut walk = Walk::default();
    [&s.qual, &s.with_check].into_iter().flatten().for_each(|n| walk.node(n));
    Policy {
        name: s.policy_name.clone(),
        table: name::of_optional(s.table.as_ref()),
        create: true,
        permissive: s.permissive,
        mentions: walk.mentions,
    }
}

pub(super) fn alter_policy(s: &p::AlterPolicyStmt) -> Policy {
    let mut walk = Walk::default();
    [&s.qual, &s.with_check].into_iter().flatten().for_each(|n| walk.node(n));
    Policy {
        name: s.policy_name.clone(),
        table: name::of_optional(s.table.as_ref()),
        create: false,
        permissive: true,
        mentions: walk.mentions,
    }
}

pub(super) fn routine(s: &p::CreateFunctionStmt) -> CreateRoutine {
    let word = |wanted: &str| options::argument(&s.options, wanted).and_then(options::literal);
    let returns = s.return_type.as_ref().map(|t| name::of_type(t).name.name);
    let fixes_search_path = options::elements(&s.options).any(|e| {
        e.defname == "set"
            && matches!(
                e.arg.as_ref().and_then(|a| a.node.as_ref()),
                Some(NodeEnum::VariableSetStmt(v)) if v.name == "search_path"
            )
    });
    CreateRoutine {
        name: name::of_words(&s.funcname),
        procedure: s.is_procedure,
        replace: s.replace,
        language: word("language").unwrap_or_else(|| "sql".to_owned()).to_lowercase(),
        security_definer: word("security").is_some_and(|v| v == "true"),
        fixes_search_path,
        volatility: word("volatility"),
        atomic: s.sql_body.as_deref().map(super::rows::of_query),
        for_trigger: matches!(returns.as_deref(), Some("trigger" | "event_trigger")),
    }
}

pub(super) fn grant(s: &p::GrantStmt) -> Grant {
    Grant {
        grant: s.is_grant,
        kind: kind_of(s.objtype()),
        names: s.objects.iter().map(name::of_object).collect(),
        all_in_schema: s.targtype() == GrantTargetType::AclTargetAllInSchema,
        privileges: privileges(&s.privileges),
        roles: roles(&s.grantees),
    }
}

pub(super) fn privileges(nodes: &[Node]) -> Vec<String> {
    nodes
        .iter()
        .filter_map(|n| match &n.node {
            Some(NodeEnum::AccessPriv(a)) => Some(a.priv_name.clone()),
            _ => None,
        })
        .collect()
}

pub(super) fn roles(nodes: &[Node]) -> Vec<String> {
    nodes
        .iter()
        .filter_map(|n| match &n.node {
            Some(NodeEnum::RoleSpec(role)) => Some(role_name(role)),
            _ => None,
        })
        .collect()
}

pub(super) fn role_name(role: &RoleSpec) -> String {
    match role.roletype() {
        RoleSpecType::RolespecPublic => "public".to_owned(),
        RoleSpecType::RolespecCstring => role.rolename.clone(),
        _ => "current_user".to_owned(),
    }
}

pub(super) fn setting(s: &p::VariableSetStmt) -> Setting {
    let reset = matches!(
        s.kind(),
        VariableSetKind::VarReset | VariableSetKind::VarResetAll | VariableSetKind::VarSetDefault
    );
    let value = match s.args.as_slice() {
        [one] => one.node.as_ref().and_then(options::literal),
        _ => None,
    };
    Setting {
        name: (s.kind() != VariableSetKind::VarResetAll).then(|| s.name.clone()),
        local: s.is_local,
        reset,
        value,
    }
}
