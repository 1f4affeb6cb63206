//! What a command did, reduced to what must be the same: exit code, the stable lines by stream, the
//! history column by column, the relations that there are. Times, identities and free words are
//! left out, after a check of their form.

use std::collections::BTreeSet;
use std::fmt;

use regex_lite::Regex;
use underpin_testkit::TestDatabase;
use underpin_testkit::prisma::Outcome;

/// Lines that scripts rely on (docs/reference/prisma.md §4, §5); all others are free.
const STABLE: &[&str] = &[
    r"^\d+ migrations? found in prisma/migrations$",
    r"^No migration found in prisma/migrations$",
    r"^Applying migration `",
    r"^The following migration\(s\) have been applied:$",
    r"^[ │]*[├└]─ ",
    r"^All migrations have been successfully applied\.$",
    r"^No pending migrations to apply\.$",
    r"^Migration .* marked as (applied|rolled back)\.$",
    r"^Following migrations? have (not yet been applied|failed):$",
    r"^Database schema is up to date!$",
    r"^The current database is not managed by Prisma Migrate\.$",
    r"^Your local migration history and the migrations table from your database are different:$",
    r"^The last common migration is: ",
    r"^The migrations? have not yet been applied:$",
    r"^The migrations? from the database are not found locally in prisma/migrations:$",
    r"^Error: P[0-9]{4}",
    r"^migrate found failed migrations in the target database",
    r"^The `.*` migration started at .* failed$",
    r"^A migration failed to apply\.",
    r"^Migration name: ",
    r"^Database error code: ",
    r"^Could not find the migration file at ",
    r"^The database schema is not empty",
    r"^The migration .* could not be found\.",
    r"^The migration `.*` is already recorded as applied",
    r"^Migration `.*` cannot be rolled back because",
    r"^The datasource provider .* does not match the one specified in the migration_lock\.toml",
    r"^Error: Invariant violation: ",
    r#"^(prisma|underpin) migrate resolve --(applied|rolled-back) ""#,
];

/// What one command did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Observation {
    pub(crate) command: String,
    pub(crate) code: i32,
    pub(crate) out: Vec<String>,
    pub(crate) err: Vec<String>,
    /// The history after it.
    pub(crate) rows: Vec<String>,
    /// The relations after it.
    pub(crate) relations: Vec<String>,
}

impl fmt::Display for Observation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "$ migrate {}", self.command)?;
        writeln!(f, "exit {}", self.code)?;
        for (word, lines) in
            [("out", &self.out), ("err", &self.err), ("row", &self.rows), ("rel", &self.relations)]
        {
            for line in lines {
                writeln!(f, "{word}  {line}")?;
            }
        }
        Ok(())
    }
}

/// Reads the database after a command.
pub(crate) async fn observe(
    command: &str,
    outcome: &Outcome,
    database: &TestDatabase,
    names: &BTreeSet<String>,
) -> Result<Observation, String> {
    let stable: Vec<Regex> = STABLE.iter().map(|s| Regex::new(s).unwrap()).collect();
    let lines = |text: &str| -> Vec<String> {
        let text = plain(text);
        let kept = text.lines().map(str::trim_end).filter(|line| {
            names.contains(*line)
                || stable.iter().any(|s| s.is_match(line)) && !line.trim().is_empty()
        });
        kept.map(|line| normalise(line, &database.name)).collect()
    };
    let (rows, relations) = state(database).await?;
    let (out, err) = (lines(&outcome.stdout), lines(&outcome.stderr));
    Ok(Observation { command: command.to_owned(), code: outcome.code, out, err, rows, relations })
}

/// Without colours.
fn plain(text: &str) -> String {
    Regex::new("\u{1b}\\[[0-9;]*m").unwrap().replace_all(text, "").into_owned()
}

fn normalise(line: &str, database: &str) -> String {
    let line = line.replace(database, "[db]").replace("underpin migrate ", "prisma migrate ");
    // Prisma 6 writes "\n\nError: P1001: words" and "Error: P3009\n\nwords": words are compared by
    // their own stems.
    let line =
        Regex::new(r"^Error: (P[0-9]{4}).*").unwrap().replace(&line, "Error: $1").into_owned();
    // Advice after the first sentence is free.
    let line = Regex::new(r"^(migrate found failed migrations in the target database|The database schema is not empty|A migration failed to apply\.).*")
        .unwrap()
        .replace(&line, "$1")
        .into_owned();
    let line = Regex::new(
        r"^(.* (make sure that the migration exists|the migration file at migration\.sql|specified in the migration_lock\.toml)).*",
    )
    .unwrap()
    .replace(&line, "$1")
    .into_owned();
    Regex::new(r"started at [0-9-]+[ T][0-9:.]+( ?UTC|Z)?")
        .unwrap()
        .replace_all(&line, "started at [when]")
        .into_owned()
}

/// The history's rows and all other relations.
async fn state(database: &TestDatabase) -> Result<(Vec<String>, Vec<String>), String> {
    let session = &database.session;
    let query =
        |sql: String| async move { session.rows(&sql).await.map_err(|e| format!("{e}\n{sql}")) };
    let first = |rows: Vec<Vec<Option<String>>>| -> Vec<String> {
        rows.into_iter().filter_map(|r| r.into_iter().next().flatten()).collect()
    };
    let tables = first(query(
        "SELECT quote_ident(n.nspname) || '.' || quote_ident(c.relname) FROM pg_class c \
         JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relname = '_prisma_migrations' AND c.relkind = 'r' ORDER BY 1"
            .to_owned(),
    )
    .await?);
    let mut rows = Vec::new();
    for table in tables {
        let shape = first(query(SHAPE.replace("{table}", &table)).await?).join(" | ");
        if shape == PRISMAS_SHAPE {
            rows.push(format!("{table} as Prisma makes it"));
            rows.extend(first(query(ROWS.replace("{table}", &table)).await?));
        } else {
            rows.push(format!("{table} {shape}"));
        }
    }
    let mut relations = first(query(RELATIONS.to_owned()).await?);
    for line in &mut relations {
        if let Some(table) = line.strip_prefix("table ") {
            let name = table.split('(').next().unwrap_or_default().to_owned();
            let count = first(query(format!("SELECT count(*)::text FROM {name}")).await?).join("");
            line.push_str(&format!(" {count} rows"));
        }
    }
    Ok((rows, relations))
}

/// Columns, defaults and keys of a history table, measured on tables made by both versions.
const SHAPE: &str = "SELECT a.attname || ' ' || format_type(a.atttypid, a.atttypmod) || CASE WHEN a.attnotnull THEN ' not null' ELSE '' END \
    || coalesce(' default ' || pg_get_expr(d.adbin, d.adrelid), '') \
    FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum \
    WHERE a.attrelid = '{table}'::regclass AND a.attnum > 0 AND NOT a.attisdropped \
    UNION ALL SELECT c.relname || ' ' || regexp_replace(pg_get_indexdef(i.indexrelid), '^.* USING ', '') || CASE WHEN i.indisprimary THEN ' primary' ELSE '' END \
    FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE i.indrelid = '{table}'::regclass";

const PRISMAS_SHAPE: &str = "id character varying(36) not null | checksum character varying(64) not null | \
    finished_at timestamp with time zone | migration_name character varying(255) not null | logs text | \
    rolled_back_at timestamp with time zone | started_at timestamp with time zone not null default now() | \
    applied_steps_count integer not null default 0 | _prisma_migrations_pkey btree (id) primary";

const ROWS: &str = "SELECT migration_name \
    || CASE WHEN finished_at IS NOT NULL AND rolled_back_at IS NOT NULL THEN ' finished and rolled back' \
            WHEN finished_at IS NOT NULL THEN ' finished' WHEN rolled_back_at IS NOT NULL THEN ' rolled back' ELSE ' failed' END \
    || ', steps ' || applied_steps_count || ', logs ' || CASE WHEN logs IS NULL THEN 'null' WHEN logs = '' THEN 'empty' ELSE 'text' END \
    || CASE WHEN applied_steps_count = 0 AND started_at = finished_at THEN ', at once' ELSE '' END \
    || CASE WHEN finished_at < started_at OR rolled_back_at < started_at THEN ', ENDED BEFORE IT BEGAN' ELSE '' END \
    || CASE WHEN id !~ '^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$' THEN ', ID IS NOT A UUID V4' ELSE '' END \
    || ', ' || checksum FROM {table} ORDER BY started_at, finished_at, id";

/// `underpin` is our own schema (docs/design §7).
const RELATIONS: &str = "SELECT CASE c.relkind WHEN 'i' THEN 'index ' WHEN 'v' THEN 'view ' ELSE 'table ' END \
    || quote_ident(n.nspname) || '.' || quote_ident(c.relname) || coalesce((SELECT '(' || string_agg(a.attname || ' ' || format_type(a.atttypid, a.atttypmod), ', ' ORDER BY a.attnum) || ')' \
        FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND c.relkind <> 'i'), '') \
    || CASE WHEN NOT i.indisvalid THEN ' INVALID' ELSE '' END \
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace LEFT JOIN pg_index i ON i.indexrelid = c.oid \
    WHERE c.relkind IN ('r', 'v', 'i') AND n.nspname !~ '^(pg_|information_schema$|underpin$)' AND c.relname !~ '^_prisma_migrations' ORDER BY 1";
