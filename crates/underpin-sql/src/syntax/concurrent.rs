//! What a concurrent statement works on, so that its outcome can be read from the catalog.

use pg_query::NodeEnum;

/// A name with its schema, if the statement gives one. Unquoted names are folded already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RelationName {
    /// The schema.
    pub schema: Option<String>,
    /// The name.
    pub name: String,
}

/// A statement whose effect on indexes can be looked up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConcurrentIndex {
    /// `CREATE INDEX CONCURRENTLY name ON table`.
    Create {
        /// The index, in its table's schema.
        index: String,
        /// The table.
        table: RelationName,
    },
    /// `DROP INDEX CONCURRENTLY name`.
    Drop {
        /// The index.
        index: RelationName,
    },
}

/// What `statement` does to an index, concurrently; `None` for everything else, and for an index
/// whose name the server chooses.
#[must_use]
pub fn concurrent_index(statement: &str) -> Option<ConcurrentIndex> {
    let parsed = pg_query::parse(statement, 0).ok()?;
    match parsed.protobuf.stmts.into_iter().next()?.stmt?.node? {
        NodeEnum::IndexStmt(s) if s.concurrent && !s.idxname.is_empty() => {
            let table = s.relation?;
            Some(ConcurrentIndex::Create {
                index: s.idxname.clone(),
                table: RelationName {
                    schema: Some(table.schemaname).filter(|schema| !schema.is_empty()),
                    name: table.relname,
                },
            })
        }
        NodeEnum::DropStmt(s) if s.concurrent => {
            let Some(NodeEnum::List(list)) = s.objects.into_iter().next()?.node else {
                return None;
            };
            let mut words = list.items.into_iter().filter_map(|item| match item.node {
                Some(NodeEnum::String(word)) => Some(word.sval),
                _ => None,
            });
            let (first, second) = (words.next()?, words.next());
            Some(ConcurrentIndex::Drop {
                index: match second {
                    Some(name) => RelationName { schema: Some(first), name },
                    None => RelationName { schema: None, name: first },
                },
            })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_and_folded() {
        assert_eq!(
            concurrent_index("CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS \"I x\" ON app.T (a)"),
            Some(ConcurrentIndex::Create {
                index: "I x".to_owned(),
                table: RelationName { schema: Some("app".to_owned()), name: "t".to_owned() },
            })
        );
        let name = |schema: Option<&str>| RelationName {
            schema: schema.map(str::to_owned),
            name: "i".to_owned(),
        };
        for (sql, index) in [
            ("DROP INDEX CONCURRENTLY I", name(None)),
            ("DROP INDEX CONCURRENTLY IF EXISTS app.i", name(Some("app"))),
        ] {
            assert_eq!(concurrent_index(sql), Some(ConcurrentIndex::Drop { index }), "{sql}");
        }
        assert_eq!(concurrent_index("CREATE INDEX CONCURRENTLY ON t (a)"), None);
        assert_eq!(concurrent_index("CREATE INDEX i ON t (a)"), None);
        assert_eq!(concurrent_index("VACUUM"), None);
    }
}
