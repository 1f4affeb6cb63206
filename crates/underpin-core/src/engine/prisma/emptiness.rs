//! Prisma's test of whether a database without history is empty (P3005).
//!
//! Source: docs/reference/prisma.md, measured on Prisma 6.19 and 7.10. Ordinary tables count and
//! nothing else does: no view, type, function, sequence, foreign table, partitioned parent.

use super::PrismaOptions;
use crate::error::{Code, Error, Result};
use crate::history::TABLE;
use crate::postgres::{Session, literal};

/// Tables of PostGIS that do not count, in any case of letters.
const IGNORED: [&str; 5] = [
    "spatial_ref_sys",
    "geometry_columns",
    "geography_columns",
    "raster_columns",
    "raster_overviews",
];

/// What stands in the schemas that Prisma looks at.
pub(super) enum Emptiness {
    /// Nothing that counts.
    Empty,
    /// A table of the history's name in another of those schemas: Prisma stops there.
    HistoryElsewhere(String),
    /// These tables, some of them.
    Tables(Vec<String>),
}

pub(super) async fn look(session: &Session, options: &PrismaOptions) -> Result<Emptiness> {
    let mut schemas = vec![literal(options.options.target.schema())];
    schemas.extend(options.datasource_schemas.iter().map(|s| literal(s)));
    let external = options.external_tables.iter().map(|name| literal(name));
    let external = external.collect::<Vec<_>>().join(", ");
    let sql = format!(
        "SELECT n.nspname, c.relname FROM pg_catalog.pg_class c \
         JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
         WHERE c.relkind = 'r' AND n.nspname IN ({}) AND lower(c.relname) NOT IN ({}) \
         AND n.nspname || '.' || c.relname <> ALL (ARRAY[{external}]::text[]) \
         ORDER BY c.relname <> {}, 1, 2 LIMIT 20",
        schemas.join(", "),
        IGNORED.map(literal).join(", "),
        literal(TABLE),
    );
    let rows = session.rows(&sql).await.map_err(|e| {
        let code = if e.connection_lost { Code::ConnectionLost } else { Code::CatalogUnreadable };
        Error::new(code, "the tables cannot be listed")
            .caused_by(&e)
            .sqlstate(e.sqlstate.as_deref())
            .hint("put right what the server says, and run the same command again")
    })?;
    let tables = rows.into_iter().filter_map(|row| {
        let mut values = row.into_iter().flatten();
        Some((values.next()?, values.next()?))
    });
    let tables: Vec<(String, String)> = tables.collect();
    Ok(match tables.first() {
        None => Emptiness::Empty,
        Some((schema, table)) if table == TABLE => Emptiness::HistoryElsewhere(schema.clone()),
        Some(_) => Emptiness::Tables(tables.into_iter().map(|(s, t)| format!("{s}.{t}")).collect()),
    })
}
