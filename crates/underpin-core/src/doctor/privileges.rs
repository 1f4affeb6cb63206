//! What the role may do, and the statements that would let it.
//!
//! A deploy needs CREATE on the schema, ownership of every table that it alters (manual §5.8: the
//! right to alter or drop is the owner's alone), CREATE on the database to make the schema
//! `underpin` once, and rows of the history.

use super::{Finding, Questions, count, is_true, number, text};
use crate::history;
use crate::postgres::{ConnectionSettings, SqlError, identifier, literal};

const CHECK: &str = "privileges";

/// What the role may do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts {
    database_owner: String,
    may_create_schemas: bool,
    own_schema_exists: bool,
    own_schema_usable: bool,
    schema_exists: bool,
    schema_owner: String,
    may_create: bool,
    may_use: bool,
    history_exists: bool,
    history_usable: bool,
    /// Owners of tables of the schema that this role cannot act as, with how many they own.
    foreign_owners: Vec<Owner>,
}

/// Somebody who owns objects of the schema.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Owner {
    name: String,
    objects: u64,
    superuser: bool,
}

/// Asks.
///
/// # Errors
/// What the server says.
pub async fn read(ask: Questions<'_>) -> Result<Facts, SqlError> {
    let schema = literal(ask.target.schema());
    let row = ask
        .row(&format!(
            "SELECT pg_get_userbyid(d.datdba), has_database_privilege(d.oid, 'CREATE'), own.oid IS NOT NULL, \
             coalesce(has_schema_privilege(own.oid, 'USAGE') AND has_schema_privilege(own.oid, 'CREATE'), false), \
             n.oid IS NOT NULL, coalesce(pg_get_userbyid(n.nspowner), ''), \
             coalesce(has_schema_privilege(n.oid, 'CREATE'), false), coalesce(has_schema_privilege(n.oid, 'USAGE'), false), \
             t.oid IS NOT NULL, coalesce(has_table_privilege(t.oid, 'SELECT') AND has_table_privilege(t.oid, 'INSERT') \
             AND has_table_privilege(t.oid, 'UPDATE'), false) \
             FROM pg_database d LEFT JOIN pg_namespace own ON own.nspname = 'underpin' \
             LEFT JOIN pg_namespace n ON n.nspname = {schema} \
             LEFT JOIN pg_class t ON t.relnamespace = n.oid AND t.relname = '{}' \
             WHERE d.datname = current_database()",
            history::TABLE
        ))
        .await?;
    let owners = ask
        .rows(&format!(
            "SELECT r.rolname, count(*), r.rolsuper FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
             JOIN pg_roles r ON r.oid = c.relowner \
             WHERE n.nspname = {schema} AND c.relkind IN ('r', 'p', 'v', 'm', 'S') AND NOT pg_has_role(c.relowner, 'USAGE') \
             AND NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = 'pg_class'::regclass AND e.objid = c.oid AND e.deptype = 'e') \
             GROUP BY 1, 3 ORDER BY 1"
        ))
        .await?;
    Ok(Facts {
        database_owner: text(&row, 0).to_owned(),
        may_create_schemas: is_true(&row, 1),
        own_schema_exists: is_true(&row, 2),
        own_schema_usable: is_true(&row, 3),
        schema_exists: is_true(&row, 4),
        schema_owner: text(&row, 5).to_owned(),
        may_create: is_true(&row, 6),
        may_use: is_true(&row, 7),
        history_exists: is_true(&row, 8),
        history_usable: is_true(&row, 9),
        foreign_owners: owners
            .iter()
            .map(|row| Owner {
                name: text(row, 0).to_owned(),
                objects: number(row, 1),
                superuser: is_true(row, 2),
            })
            .collect(),
    })
}

/// Judges.
#[must_use]
pub fn judge(facts: &Facts, target: &ConnectionSettings) -> Vec<Finding> {
    let role = identifier(target.user());
    let (database, schema) = (identifier(target.database()), identifier(target.schema()));
    let as_owner = |sql: String| target.psql(Some(&facts.database_owner), &sql);
    let mut findings = Vec::new();
    if !facts.schema_exists {
        let words = format!("schema {} does not exist; the first deploy makes it", target.schema());
        findings.push(match facts.may_create_schemas {
            true => Finding::note(CHECK, words),
            false => Finding::error(CHECK, format!("{words}, and the role may not"))
                .remedy(as_owner(format!("CREATE SCHEMA {schema} AUTHORIZATION {role}"))),
        });
    } else if !facts.may_create || !facts.may_use {
        // `pg_database_owner` owns public from 15 on, and nobody logs in as it (manual §22.5).
        let owner = match facts.schema_owner.as_str() {
            "pg_database_owner" => &facts.database_owner,
            owner => owner,
        };
        let sql = format!("GRANT USAGE, CREATE ON SCHEMA {schema} TO {role}");
        let words = format!("the role may not make objects in schema {}", target.schema());
        findings.push(Finding::error(CHECK, words).remedy(target.psql(Some(owner), &sql)));
    }
    if facts.history_exists && !facts.history_usable {
        let table = format!("{schema}.{}", history::TABLE);
        findings.push(
            Finding::error(CHECK, "the role may not read and write the history")
                .remedy(as_owner(format!("GRANT SELECT, INSERT, UPDATE ON {table} TO {role}"))),
        );
    }
    for owner in &facts.foreign_owners {
        let objects = count(usize::try_from(owner.objects).unwrap_or(0), "object");
        let words = format!(
            "{objects} of schema {} owned by {}: only the owner may alter them",
            target.schema(),
            owner.name
        );
        // To be a member of a superuser is to be one.
        let sql = match owner.superuser {
            true => take_over(&owner.name, target),
            false => format!("GRANT {} TO {role}", identifier(&owner.name)),
        };
        findings.push(Finding::warning(CHECK, words).remedy(as_owner(sql)));
    }
    let lease = match (facts.own_schema_exists, facts.own_schema_usable) {
        (true, true) => None,
        (true, false) => Some(format!("GRANT USAGE, CREATE ON SCHEMA underpin TO {role}")),
        (false, _) if facts.may_create_schemas => None,
        (false, _) => Some(format!("GRANT CREATE ON DATABASE {database} TO {role}")),
    };
    if let Some(sql) = lease {
        let words = "the role may not make the lease and the journal (schema underpin): \
                     Prisma's lock alone keeps others out";
        findings.push(Finding::warning(CHECK, words).remedy(as_owner(sql)));
    }
    if findings.is_empty() {
        let words =
            format!("{} may do what a deploy does in schema {}", target.user(), target.schema());
        findings.push(Finding::ok(CHECK, words));
    }
    findings
}

/// Gives what `owner` has in the schema to the role. Sequences of columns go with their tables.
fn take_over(owner: &str, target: &ConnectionSettings) -> String {
    format!(
        "DO $$ DECLARE r record; BEGIN FOR r IN SELECT c.oid::regclass AS name FROM pg_class c \
         WHERE c.relnamespace = {}::regnamespace AND c.relowner = {}::regrole AND c.relkind IN ('r', 'p', 'v', 'm') \
         LOOP EXECUTE format('ALTER TABLE %s OWNER TO %I', r.name, {}); END LOOP; END $$",
        literal(&identifier(target.schema())),
        literal(&identifier(owner)),
        literal(target.user())
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Level;

    fn all() -> Facts {
        Facts {
            database_owner: "boss".to_owned(),
            may_create_schemas: true,
            schema_exists: true,
            schema_owner: "pg_database_owner".to_owned(),
            may_create: true,
            may_use: true,
            ..Facts::default()
        }
    }

    fn first(facts: &Facts) -> Finding {
        let target = ConnectionSettings::parse("postgresql://app@db/shop?schema=Sales").unwrap();
        judge(facts, &target).remove(0)
    }

    #[test]
    fn each_missing_privilege_has_its_statement() {
        assert_eq!(first(&all()).level, Level::Ok);
        let denied = first(&Facts { may_create: false, ..all() });
        let remedy = &denied.remedies[0];
        assert!(remedy.contains("user=boss"), "{remedy}");
        assert!(remedy.contains(r#"GRANT USAGE, CREATE ON SCHEMA "Sales" TO "app""#), "{remedy}");
        let lease = first(&Facts { may_create_schemas: false, ..all() });
        assert!(lease.remedies[0].contains(r#"GRANT CREATE ON DATABASE "shop" TO "app""#));
        let other = Owner { name: "other".to_owned(), objects: 2, superuser: false };
        let owners = first(&Facts { foreign_owners: vec![other.clone()], ..all() });
        assert!(owners.remedies[0].contains(r#"GRANT "other" TO "app""#));
        let boss = Owner { superuser: true, ..other };
        let owners = first(&Facts { foreign_owners: vec![boss], ..all() });
        assert!(!owners.remedies[0].contains("GRANT"), "nobody becomes superuser by our advice");
    }
}
