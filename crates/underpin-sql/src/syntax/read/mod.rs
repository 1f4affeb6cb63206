//! From the parser's tree to the model.
//!
//! Invariants: reads any text without a panic; whatever the tree holds becomes a statement, if
//! need be [`Statement::Other`]. The only code that follows the tree's shape.

mod body;
mod expression;
mod name;
mod object;
mod options;
mod rows;
mod source;
mod table;
mod tag;
mod volatility;

use pg_query::NodeEnum;
use pg_query::protobuf as p;

use self::source::{Lines, Place, Source};
use super::model::{
    Condition, CreateType, CreateView, Database, Delete, Name, ObjectKind, Parsed, Role,
    RoleChange, SetSchema, Statement, Truncate, Update, Volatility,
};

/// Reads a script. Never fails: what the grammar does not accept is [`Statement::Unparsed`], and
/// the statements around it are read all the same.
///
/// Statements are cut as [`crate::Script::parse`] cuts them: same number, same spans.
#[must_use]
pub fn read(text: &str) -> Vec<Parsed> {
    statements(text, Place::Offset(0), &Lines::of(text), 0)
}

/// The statements of a text that stands somewhere in the script.
fn statements(text: &str, place: Place, lines: &Lines, depth: usize) -> Vec<Parsed> {
    super::cut(text, |base, span, node| {
        let source = Source::new(text, base, span.clone(), place.clone(), lines);
        let (statement, inside) = match node {
            Ok(node) => of_node(&node, &source, depth),
            Err(message) if message == super::TOO_DEEP => {
                (Statement::Other { tag: "a statement that is nested too deeply" }, Vec::new())
            }
            Err(message) => (Statement::Unparsed { message }, Vec::new()),
        };
        let span = source.place(span);
        Parsed { line: lines.line(span.start), span, statement, inside }
    })
}

/// Whether a function of this name comes with PostgreSQL.
#[must_use]
pub fn is_builtin(function: &Name) -> bool {
    volatility::of(function) != Volatility::Unknown
}

/// A statement that stands inside another, as a schema's element or what `EXPLAIN` explains.
fn nested(node: &NodeEnum, source: &Source<'_>, depth: usize) -> Parsed {
    let (statement, inside) = of_node(node, source, depth);
    let span = source.place(source.span.clone());
    Parsed { line: source.lines.line(span.start), span, statement, inside }
}

fn of_node(node: &NodeEnum, source: &Source<'_>, depth: usize) -> (Statement, Vec<Parsed>) {
    let inside = match node {
        NodeEnum::DoStmt(s) => body::read(&s.args, &language(s), source, depth),
        NodeEnum::CreateFunctionStmt(s) => {
            body::read(&s.options, &object::routine(s).language, source, depth)
        }
        NodeEnum::CreateSchemaStmt(s) => elements(&s.schema_elts, source, depth),
        NodeEnum::ExplainStmt(s) => {
            elements(s.query.as_deref().map_or(&[], std::slice::from_ref), source, depth)
        }
        NodeEnum::SelectStmt(s) => changes(s.with_clause.as_ref(), source, depth),
        NodeEnum::InsertStmt(s) => changes(s.with_clause.as_ref(), source, depth),
        NodeEnum::UpdateStmt(s) => changes(s.with_clause.as_ref(), source, depth),
        NodeEnum::DeleteStmt(s) => changes(s.with_clause.as_ref(), source, depth),
        NodeEnum::MergeStmt(s) => changes(s.with_clause.as_ref(), source, depth),
        _ => Vec::new(),
    };
    (statement(node, source), inside)
}

/// The statements of a `WITH` that change rows (manual §7.8.4).
fn changes(with: Option<&p::WithClause>, source: &Source<'_>, depth: usize) -> Vec<Parsed> {
    let queries = with.iter().flat_map(|w| &w.ctes).filter_map(|n| match n.node.as_ref()? {
        NodeEnum::CommonTableExpr(cte) => cte.ctequery.as_deref()?.node.as_ref(),
        _ => None,
    });
    let changing = queries.filter(|query| {
        matches!(
            query,
            NodeEnum::InsertStmt(_)
                | NodeEnum::UpdateStmt(_)
                | NodeEnum::DeleteStmt(_)
                | NodeEnum::MergeStmt(_)
        )
    });
    let mut found: Vec<Parsed> = changing.map(|query| nested(query, source, depth)).collect();
    for parsed in &mut found {
        // Which WHERE of the whole statement is its own is not known.
        if let Statement::Update(Update { condition, .. })
        | Statement::Delete(Delete { condition, .. }) = &mut parsed.statement
            && let Condition::Where(expression) = condition
        {
            (expression.span, expression.text) = (None, String::new());
        }
    }
    found
}

fn elements(nodes: &[p::Node], source: &Source<'_>, depth: usize) -> Vec<Parsed> {
    nodes.iter().filter_map(|n| n.node.as_ref()).map(|n| nested(n, source, depth)).collect()
}

fn language(s: &p::DoStmt) -> String {
    options::argument(&s.args, "language")
        .and_then(options::literal)
        .map_or_else(|| "plpgsql".to_owned(), |l| l.to_lowercase())
}

#[allow(clippy::too_many_lines)] // one arm per statement
fn statement(node: &NodeEnum, source: &Source<'_>) -> Statement {
    use NodeEnum as N;
    use Statement as S;
    let relations =
        |nodes: &[p::Node]| -> Vec<Name> { nodes.iter().map(name::of_object).collect() };
    match node {
        N::CreateStmt(s) => S::CreateTable(table::create(s, source, false)),
        N::CreateForeignTableStmt(s) => match &s.base_stmt {
            Some(base) => S::CreateTable(table::create(base, source, true)),
            None => S::Other { tag: "CREATE FOREIGN TABLE" },
        },
        N::CreateTableAsStmt(s) => S::CreateTableAs(rows::create_table_as(s)),
        N::AlterTableStmt(s) => S::AlterTable(table::alter(s, source)),
        N::IndexStmt(s) => S::CreateIndex(object::index(s, source)),
        N::ReindexStmt(s) => S::Reindex(object::reindex(s)),
        N::DropStmt(s) => S::Drop(object::drop(s)),
        N::DropdbStmt(s) => S::Drop(dropped(ObjectKind::Database, &s.dbname, s.missing_ok)),
        N::DropTableSpaceStmt(s) => {
            S::Drop(dropped(ObjectKind::Tablespace, &s.tablespacename, s.missing_ok))
        }
        N::DropSubscriptionStmt(s) => {
            S::Drop(dropped(ObjectKind::Subscription, &s.subname, s.missing_ok))
        }
        N::RenameStmt(s) => S::Rename(object::rename(s)),
        N::AlterObjectSchemaStmt(s) => S::SetSchema(SetSchema {
            kind: object::kind_of(s.object_type()),
            name: match (&s.relation, &s.object) {
                (Some(relation), _) => name::of_relation(relation),
                (None, Some(o)) => name::of_object(o),
                (None, None) => Name::default(),
            },
            to: s.newschema.clone(),
        }),
        N::AlterOwnerStmt(s) => S::SetOwner {
            kind: object::kind_of(s.object_type()),
            name: match (&s.relation, &s.object) {
                (Some(relation), _) => name::of_relation(relation),
                (None, Some(o)) => name::of_object(o),
                (None, None) => Name::default(),
            },
        },
        N::CreateEnumStmt(s) => S::CreateType(CreateType {
            name: name::of_words(&s.type_name),
            labels: Some(name::words(&s.vals)),
        }),
        N::CompositeTypeStmt(s) => {
            S::CreateType(CreateType { name: name::of_optional(s.typevar.as_ref()), labels: None })
        }
        N::CreateRangeStmt(s) => {
            S::CreateType(CreateType { name: name::of_words(&s.type_name), labels: None })
        }
        N::DefineStmt(s) if s.kind() == p::ObjectType::ObjectType => {
            S::CreateType(CreateType { name: name::of_words(&s.defnames), labels: None })
        }
        N::AlterEnumStmt(s) => S::AlterEnum(object::alter_enum(s)),
        N::CreateDomainStmt(s) => S::CreateDomain(object::create_domain(s, source)),
        N::AlterDomainStmt(s) => S::AlterDomain(object::alter_domain(s, source)),
        N::ViewStmt(s) => S::CreateView(CreateView {
            name: name::of_optional(s.view.as_ref()),
            replace: s.replace,
            mentions: s.query.as_deref().map(rows::of_query).unwrap_or_default(),
        }),
        N::RefreshMatViewStmt(s) => S::RefreshMaterializedView {
            view: name::of_optional(s.relation.as_ref()),
            concurrently: s.concurrent,
            no_data: s.skip_data,
        },
        N::CreateSeqStmt(s) => {
            S::CreateSequence(object::sequence(s.sequence.as_ref(), &s.options, s.if_not_exists))
        }
        N::AlterSeqStmt(s) => {
            S::AlterSequence(object::sequence(s.sequence.as_ref(), &s.options, s.missing_ok))
        }
        N::CreateTrigStmt(s) => S::CreateTrigger(object::trigger(s)),
        N::RuleStmt(s) => S::CreateRule {
            name: s.rulename.clone(),
            table: name::of_optional(s.relation.as_ref()),
            replace: s.replace,
        },
        N::CreatePolicyStmt(s) => S::Policy(object::create_policy(s)),
        N::AlterPolicyStmt(s) => S::Policy(object::alter_policy(s)),
        N::CreateFunctionStmt(s) => S::CreateRoutine(object::routine(s)),
        N::AlterFunctionStmt(s) => S::AlterRoutine {
            name: s.func.as_ref().map(|f| name::of_words(&f.objname)).unwrap_or_default(),
            options: options::names(&s.actions),
        },
        N::DoStmt(s) => S::Do { language: language(s) },
        N::CallStmt(s) => S::Call {
            procedure: s.funccall.as_ref().map(|f| name::of_words(&f.funcname)).unwrap_or_default(),
        },
        N::CreateSchemaStmt(s) => {
            S::CreateSchema { name: s.schemaname.clone(), if_not_exists: s.if_not_exists }
        }
        N::CreateExtensionStmt(s) => S::CreateExtension {
            name: s.extname.clone(),
            if_not_exists: s.if_not_exists,
            pinned: options::names(&s.options).iter().any(|o| o == "new_version"),
        },
        N::AlterExtensionStmt(s) => S::UpdateExtension {
            name: s.extname.clone(),
            pinned: options::names(&s.options).iter().any(|o| o == "new_version"),
        },
        N::GrantStmt(s) => S::Grant(object::grant(s)),
        N::GrantRoleStmt(s) => {
            S::GrantRole { grant: s.is_grant, roles: object::privileges(&s.granted_roles) }
        }
        N::AlterDefaultPrivilegesStmt(s) => {
            S::DefaultPrivileges { grant: s.action.as_ref().is_none_or(|a| a.is_grant) }
        }
        N::CreateRoleStmt(s) => role(RoleChange::Create, vec![s.role.clone()], &s.options),
        N::AlterRoleStmt(s) => {
            role(RoleChange::Alter, s.role.iter().map(object::role_name).collect(), &s.options)
        }
        N::AlterRoleSetStmt(s) => S::Role(Role {
            change: RoleChange::Set,
            names: s.role.iter().map(object::role_name).collect(),
            options: s.setstmt.iter().map(|v| v.name.clone()).collect(),
        }),
        N::DropRoleStmt(s) => role(RoleChange::Drop, object::roles(&s.roles), &[]),
        N::ReassignOwnedStmt(s) => role(RoleChange::ReassignOwned, object::roles(&s.roles), &[]),
        N::DropOwnedStmt(s) => role(RoleChange::DropOwned, object::roles(&s.roles), &[]),
        N::TruncateStmt(s) => S::Truncate(Truncate {
            tables: relations(&s.relations),
            only: only(&s.relations),
            cascade: s.behavior() == p::DropBehavior::DropCascade,
            restart_identity: s.restart_seqs,
        }),
        N::InsertStmt(s) => S::Insert(rows::insert(s)),
        N::UpdateStmt(s) => S::Update(rows::update(s, source)),
        N::DeleteStmt(s) => S::Delete(rows::delete(s, source)),
        N::MergeStmt(s) => rows::merge(s),
        N::CopyStmt(s) => S::Copy(rows::copy(s)),
        N::SelectStmt(s) => rows::select(s),
        N::ExplainStmt(s) => S::Explain { analyze: options::has(&s.options, "analyze") },
        N::VariableSetStmt(s) => S::Set(object::setting(s)),
        N::TransactionStmt(s) => S::Transaction(super::kind::control(s.kind(), s.chain)),
        N::VacuumStmt(s) => {
            let tables = vacuumed(&s.rels);
            match s.is_vacuumcmd {
                true => S::Vacuum { full: options::has(&s.options, "full"), tables },
                false => S::Analyze { tables },
            }
        }
        N::ClusterStmt(s) => S::Cluster { table: s.relation.as_ref().map(name::of_relation) },
        N::LockStmt(s) => S::Lock {
            tables: relations(&s.relations),
            only: only(&s.relations),
            mode: u8::try_from(s.mode).unwrap_or(8),
        },
        N::CommentStmt(s) => {
            let kind = object::kind_of(s.objtype());
            S::Comment { kind, name: commented(kind, s.object.as_deref()) }
        }
        N::AlterSystemStmt(s) => S::AlterSystem {
            setting: s.setstmt.as_ref().map(|v| v.name.clone()).filter(|n| !n.is_empty()),
        },
        N::CreatedbStmt(s) => S::Database(database(&s.dbname, true, options::names(&s.options))),
        N::AlterDatabaseStmt(s) => {
            S::Database(database(&s.dbname, false, options::names(&s.options)))
        }
        N::AlterDatabaseSetStmt(s) => {
            let settings = s.setstmt.iter().map(|v| v.name.clone()).collect();
            S::Database(database(&s.dbname, false, settings))
        }
        N::CreateStatsStmt(s) => S::CreateStatistics {
            name: (!s.defnames.is_empty()).then(|| name::of_words(&s.defnames)),
            table: s.relations.first().map(name::of_object),
        },
        N::CreatePublicationStmt(s) => S::Publication {
            name: s.pubname.clone(),
            create: true,
            tables: published(&s.pubobjects),
            all_tables: s.for_all_tables,
        },
        N::AlterPublicationStmt(s) => S::Publication {
            name: s.pubname.clone(),
            create: false,
            tables: published(&s.pubobjects),
            all_tables: s.for_all_tables,
        },
        N::CreateSubscriptionStmt(s) => S::Subscription { name: s.subname.clone(), create: true },
        N::AlterSubscriptionStmt(s) => S::Subscription { name: s.subname.clone(), create: false },
        other => S::Other { tag: tag::of(other) },
    }
}

fn dropped(kind: ObjectKind, name: &str, if_exists: bool) -> super::model::Drop {
    super::model::Drop {
        kind,
        names: vec![Name::bare(name)],
        on: None,
        cascade: false,
        if_exists,
        concurrently: false,
    }
}

fn role(change: RoleChange, names: Vec<String>, list: &[p::Node]) -> Statement {
    let options = options::names(list).into_iter().filter(|name| options::has(list, name));
    Statement::Role(Role { change, names, options: options.collect() })
}

fn database(name: &str, create: bool, options: Vec<String>) -> Database {
    Database { name: name.to_owned(), create, options }
}

fn only(nodes: &[p::Node]) -> Vec<Name> {
    nodes
        .iter()
        .filter_map(|n| match &n.node {
            Some(NodeEnum::RangeVar(r)) if !r.inh => Some(name::of_relation(r)),
            _ => None,
        })
        .collect()
}

fn vacuumed(nodes: &[p::Node]) -> Vec<Name> {
    nodes
        .iter()
        .filter_map(|n| match &n.node {
            Some(NodeEnum::VacuumRelation(v)) => v.relation.as_ref().map(name::of_relation),
            _ => None,
        })
        .collect()
}

fn published(nodes: &[p::Node]) -> Vec<Name> {
    nodes
        .iter()
        .filter_map(|n| match &n.node {
            Some(NodeEnum::PublicationObjSpec(o)) => {
                Some(name::of_relation(o.pubtable.as_ref()?.relation.as_ref()?))
            }
            _ => None,
        })
        .collect()
}

/// The object of `COMMENT ON`; for parts of a relation the relation.
fn commented(kind: ObjectKind, object: Option<&p::Node>) -> Name {
    use ObjectKind as K;
    match object.and_then(|o| o.node.as_ref()) {
        Some(NodeEnum::List(list))
            if matches!(
                kind,
                K::Column | K::Trigger | K::Policy | K::Rule | K::TableConstraint
            ) =>
        {
            let mut words = name::words(&list.items);
            words.pop();
            name::of_strings(words)
        }
        _ => object.map(name::of_object).unwrap_or_default(),
    }
}
