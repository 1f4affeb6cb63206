//! From the parser's tree to [`StatementKind`].

use pg_query::NodeEnum;
use pg_query::protobuf::{AlterTableType, ReindexObjectType, TransactionStmtKind};

/// What a statement does to the transaction it stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TransactionControl {
    /// `BEGIN`, `START TRANSACTION`.
    Begin,
    /// `COMMIT`, `END`, `PREPARE TRANSACTION`.
    Commit,
    /// `ROLLBACK`, `ABORT`.
    Rollback,
    /// `COMMIT AND CHAIN`, `ROLLBACK AND CHAIN`: ends one and opens the next.
    Chain,
    /// `SAVEPOINT`, `RELEASE`, `ROLLBACK TO`: stays inside.
    Savepoint,
}

/// What kind of statement it is, as far as running it needs to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StatementKind {
    /// Transaction control.
    Transaction(TransactionControl),
    /// The server refuses it inside a transaction block. The words name it.
    NonTransactional {
        /// `CREATE INDEX CONCURRENTLY`, `VACUUM`, …
        what: &'static str,
    },
    /// May end the transaction from inside (`CALL`, a `DO` block with `COMMIT`), which the server
    /// allows only outside a transaction block (manual §43.8).
    MayCommit,
    /// `COPY … FROM STDIN`: needs data that a script cannot carry to the server.
    CopyFromStdin,
    /// Changes rows: `INSERT`, `UPDATE`, `DELETE`, `MERGE`, `TRUNCATE`.
    Data,
    /// A session setting (`SET`, `RESET`, `SET ROLE`), which would leak into what follows.
    Setting,
    /// Everything else: definitions and queries.
    Other,
    /// The grammar does not accept it.
    Unparsed {
        /// The parser's message.
        message: String,
    },
}

pub(super) fn of(node: NodeEnum) -> StatementKind {
    use StatementKind::{CopyFromStdin, Data, MayCommit, Other, Setting, Transaction};
    match node {
        NodeEnum::TransactionStmt(s) => Transaction(control(s.kind(), s.chain)),
        NodeEnum::CallStmt(_) => MayCommit,
        NodeEnum::DoStmt(s) if s.args.iter().any(ends_transaction) => MayCommit,
        NodeEnum::CopyStmt(s) if s.is_from && !s.is_program && s.filename.is_empty() => {
            CopyFromStdin
        }
        NodeEnum::InsertStmt(_)
        | NodeEnum::UpdateStmt(_)
        | NodeEnum::DeleteStmt(_)
        | NodeEnum::MergeStmt(_)
        | NodeEnum::TruncateStmt(_)
        | NodeEnum::CopyStmt(_) => Data,
        NodeEnum::VariableSetStmt(_) => Setting,
        other => {
            non_transactional(&other).map_or(Other, |what| StatementKind::NonTransactional { what })
        }
    }
}

pub(super) fn control(kind: TransactionStmtKind, chain: bool) -> TransactionControl {
    use TransactionStmtKind as K;
    match kind {
        K::TransStmtBegin | K::TransStmtStart => TransactionControl::Begin,
        K::TransStmtCommit | K::TransStmtRollback if chain => TransactionControl::Chain,
        K::TransStmtRollback => TransactionControl::Rollback,
        K::TransStmtSavepoint | K::TransStmtRelease | K::TransStmtRollbackTo => {
            TransactionControl::Savepoint
        }
        // COMMIT PREPARED runs outside a block and leaves none open.
        K::TransStmtCommit
        | K::TransStmtPrepare
        | K::TransStmtCommitPrepared
        | K::TransStmtRollbackPrepared
        | K::Undefined => TransactionControl::Commit,
    }
}

/// The statements that `PreventInTransactionBlock` guards, PostgreSQL 13–18 (each command's
/// manual page says "cannot be executed inside a transaction block").
fn non_transactional(node: &NodeEnum) -> Option<&'static str> {
    Some(match node {
        NodeEnum::IndexStmt(s) if s.concurrent => "CREATE INDEX CONCURRENTLY",
        NodeEnum::DropStmt(s) if s.concurrent => "DROP INDEX CONCURRENTLY",
        NodeEnum::ReindexStmt(s) if s.params.iter().any(|p| is_option(p, "concurrently")) => {
            "REINDEX CONCURRENTLY"
        }
        NodeEnum::ReindexStmt(s)
            if matches!(
                s.kind(),
                ReindexObjectType::ReindexObjectDatabase
                    | ReindexObjectType::ReindexObjectSystem
                    | ReindexObjectType::ReindexObjectSchema
            ) =>
        {
            "REINDEX of a schema or database"
        }
        NodeEnum::VacuumStmt(s) if s.is_vacuumcmd => "VACUUM",
        NodeEnum::ClusterStmt(s) if s.relation.is_none() => "CLUSTER of all tables",
        NodeEnum::CreatedbStmt(_) => "CREATE DATABASE",
        NodeEnum::DropdbStmt(_) => "DROP DATABASE",
        NodeEnum::AlterDatabaseStmt(s) if s.options.iter().any(|o| is_option(o, "tablespace")) => {
            "ALTER DATABASE SET TABLESPACE"
        }
        NodeEnum::CreateTableSpaceStmt(_) => "CREATE TABLESPACE",
        NodeEnum::DropTableSpaceStmt(_) => "DROP TABLESPACE",
        NodeEnum::AlterSystemStmt(_) => "ALTER SYSTEM",
        // Allowed inside a block only when no slot is touched; outside it is always allowed.
        NodeEnum::CreateSubscriptionStmt(_) => "CREATE SUBSCRIPTION",
        NodeEnum::DropSubscriptionStmt(_) => "DROP SUBSCRIPTION",
        NodeEnum::AlterTableStmt(s) if s.cmds.iter().any(detaches_concurrently) => {
            "DETACH PARTITION CONCURRENTLY"
        }
        NodeEnum::DiscardStmt(s) if s.target() == pg_query::protobuf::DiscardMode::DiscardAll => {
            "DISCARD ALL"
        }
        _ => return None,
    })
}

fn is_option(node: &pg_query::Node, name: &str) -> bool {
    matches!(&node.node, Some(NodeEnum::DefElem(e)) if e.defname == name)
}

fn detaches_concurrently(node: &pg_query::Node) -> bool {
    let Some(NodeEnum::AlterTableCmd(command)) = &node.node else { return false };
    command.subtype() == AlterTableType::AtDetachPartition
        && matches!(
            command.def.as_ref().and_then(|d| d.node.as_ref()),
            Some(NodeEnum::PartitionCmd(p)) if p.concurrent
        )
}

/// Whether the text of a `DO` block holds `COMMIT` or `ROLLBACK` as a statement of its own.
fn ends_transaction(argument: &pg_query::Node) -> bool {
    let Some(NodeEnum::DefElem(element)) = &argument.node else { return false };
    let Some(NodeEnum::String(body)) = element.arg.as_ref().and_then(|a| a.node.as_ref()) else {
        return false;
    };
    let words: Vec<&str> = body.sval.split_inclusive([' ', '\n', '\t', '\r', ';']).collect();
    words.iter().enumerate().any(|(i, word)| {
        let bare = word.trim().trim_end_matches(';');
        let is_control =
            bare.eq_ignore_ascii_case("commit") || bare.eq_ignore_ascii_case("rollback");
        let ended =
            word.trim_end().ends_with(';')
                || words[i + 1..].iter().map(|w| w.trim()).find(|w| !w.is_empty()).is_some_and(
                    |w| w.starts_with(';') || w.to_ascii_lowercase().starts_with("and"),
                );
        is_control && ended
    })
}
