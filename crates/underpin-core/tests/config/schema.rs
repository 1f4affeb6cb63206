//! Finding the Prisma schema and reading its datasource block.

use underpin_core::Code;
use underpin_core::config::{Generation, Origin, Setting};

use super::{Project, SCHEMA, SCHEMA_7, SEVEN, SIX, told};

/// The migrations folder and the schema are found together: one table for both.
#[test]
fn the_schema_is_found_where_prisma_finds_it() {
    let package = ("package.json", "{\"prisma\": {\"schema\": \"db/x.prisma\"}}");
    let config =
        ("prisma.config.ts", "export default { schema: 'c/c.prisma', datasource: { url: 'u' } }");
    let all = ["schema.prisma", "prisma/schema.prisma", "db/x.prisma", "c/c.prisma", "f/f.prisma"];
    for (name, files, flag, schema, migrations) in [
        ("the root", vec![SIX], None, "schema.prisma", "migrations"),
        ("package.json in 6", vec![SIX, package], None, "db/x.prisma", "db/migrations"),
        ("package.json in 7", vec![SEVEN, package], None, "schema.prisma", "migrations"),
        ("config in 6", vec![SIX, package, config], None, "c/c.prisma", "c/migrations"),
        ("config in 7", vec![SEVEN, package, config], None, "c/c.prisma", "c/migrations"),
        ("flag", vec![SIX, package, config], Some("f/f.prisma"), "f/f.prisma", "f/migrations"),
        ("flag, folder", vec![SEVEN, config], Some("f"), "f", "f/migrations"),
    ] {
        let mut project = Project::new(&files);
        for path in all {
            project = project.file(path, SCHEMA_7);
        }
        if let Some(flag) = flag {
            project = project.schema(flag);
        }
        assert_eq!(project.schema_path().as_deref(), Some(schema), "{name}");
        assert_eq!(project.migrations(), migrations, "{name}");
    }
}

#[test]
fn the_second_default_is_the_prisma_folder() {
    let project = Project::new(&[("prisma/schema.prisma", SCHEMA)]).env("DATABASE_URL", "pg://x");
    assert_eq!(project.schema_path().unwrap(), "prisma/schema.prisma");
    assert_eq!(project.migrations(), "prisma/migrations");
    assert_eq!(project.url(), "pg://x");
}

#[test]
fn package_json_counts_from_a_folder_below_and_its_path_from_its_own() {
    let project = Project::new(&[
        SIX,
        ("package.json", "{\n\"name\": \"a\",\n\"prisma\": {\n\"schema\": \"db/s.prisma\"}}"),
        ("db/s.prisma", SCHEMA),
        ("apps/web/x", ""),
    ])
    .below("apps/web");
    let found = project.discover();
    let path = found.schema_path.unwrap();
    assert_eq!(project.shown(&path.value), "db/s.prisma");
    let Origin::File { line, key, .. } = path.origin else { panic!("{:?}", path.origin) };
    assert_eq!((line, key.as_str()), (4, "prisma.schema"));
}

#[test]
fn a_project_without_anything_is_no_error() {
    let project = Project::new(&[]);
    let found = project.discover();
    assert!(matches!(found.url, Setting::Absent));
    assert!(matches!(found.datasource_schemas, Setting::Absent));
    assert!(found.migrate_url().unwrap().is_none());
    assert!(found.schema_path.is_none() && found.config_path.is_none() && found.provider.is_none());
    assert!(matches!(found.generation, Generation::Unknown { .. }));
    assert_eq!(project.migrations(), "prisma/migrations");
    assert!(found.notes.is_empty());
}

#[test]
fn a_schema_folder_is_read_whole() {
    let project = Project::new(&[
        SEVEN,
        ("prisma.config.ts", "export default { schema: './db', datasource: { url: 'pg://c' } }"),
        ("db/models/a.prisma", "model A {\n  id Int @id\n}\n"),
        ("db/notes.txt", "datasource x {\n}"),
        ("db/deep/er/base.prisma", "datasource db {\n provider = \"postgresql\"\n}"),
    ]);
    let found = project.discover();
    assert_eq!(found.provider.unwrap().value, "postgresql");
    assert_eq!(project.migrations(), "db/migrations");
}

/// Measured: 6 looks beside the file of the datasource block.
#[test]
fn prisma_6_keeps_migrations_beside_the_datasource_block() {
    let project = Project::new(&[SIX, ("db/base/d.prisma", SCHEMA), ("db/m.prisma", "")])
        .schema("db")
        .env("DATABASE_URL", "pg://x");
    assert_eq!(project.migrations(), "db/base/migrations");
    assert_eq!(project.url(), "pg://x");
}

#[cfg(unix)]
#[test]
fn links_in_a_schema_folder_are_followed() {
    let project = Project::new(&[SIX, ("db/m.prisma", ""), ("shared/d/base.prisma", SCHEMA)])
        .schema("db")
        .env("DATABASE_URL", "pg://x");
    std::os::unix::fs::symlink(project.path("shared"), project.path("db/linked")).unwrap();
    std::os::unix::fs::symlink(project.path("db"), project.path("db/loop")).unwrap();
    assert_eq!(project.url(), "pg://x");
}

#[test]
fn literal_urls_direct_urls_and_schemas_are_read() {
    let project = Project::new(&[(
        "schema.prisma",
        "datasource db {\n provider = \"postgresql\"\n url = \"pg://a\"\n directUrl = \"pg://d\"\n \
         shadowDatabaseUrl = env(\"SHADOW\")\n schemas = [\"public\",\n \"audit\"] // two\n}\n",
    )])
    .env("SHADOW", "pg://s");
    let found = project.discover();
    assert_eq!(found.url.get().unwrap().unwrap().value.expose(), "pg://a");
    assert_eq!(found.migrate_url().unwrap().unwrap().value.expose(), "pg://d");
    assert_eq!(found.shadow_url.found().unwrap().value.expose(), "pg://s");
    let schemas = found.datasource_schemas.get().unwrap().unwrap();
    assert_eq!(schemas.value, ["public", "audit"]);
    assert_eq!(schemas.origin.to_string(), "schema.prisma:6 (datasource db.schemas)");
    assert!(matches!(found.generation, Generation::Six { .. }), "the schema holds the URL");
}

#[test]
fn an_unset_variable_is_an_error_of_who_asks_for_it() {
    let schema = "datasource db {\n provider = \"postgresql\"\n url = env(\"A\")\n \
        directUrl = env(\"B\")\n shadowDatabaseUrl = env(\"C\")\n}";
    let project = Project::new(&[SIX, ("schema.prisma", schema)]).env("A", "pg://a");
    let found = project.discover();
    let error = found.migrate_url().unwrap_err();
    assert_eq!(error.code(), Code::VariableUnset, "UP-1005");
    assert_eq!(
        error.message(),
        "Environment variable not found: B. (datasource db.directUrl in schema.prisma:4)"
    );
    assert_eq!(error.location().unwrap().line, 4);
    assert!(error.hints()[0].contains("--url URL"), "{}", told(&error));
    assert_eq!(found.url.get().unwrap().unwrap().value.expose(), "pg://a");
    assert!(found.shadow_url.get().unwrap().is_none(), "production has no shadow database");
    let project = project.env("B", "");
    assert!(project.url().starts_with("UP-1005: Environment variable is empty: B."));
}

#[test]
fn what_is_no_text_is_an_error_and_not_a_guess() {
    for value in ["env(\"A\") || \"x\"", "foo()", "env(A)", "\"\""] {
        let text = format!("datasource db {{\n url = {value}\n}}");
        let project = Project::new(&[SIX, ("schema.prisma", text.as_str())]).env("A", "pg://a");
        assert!(project.url().starts_with("UP-1006: datasource db.url in schema.prisma:2"));
    }
}

#[test]
fn two_datasource_blocks_are_refused() {
    let project = Project::new(&[SIX, ("db/a.prisma", SCHEMA), ("db/b.prisma", SCHEMA)]);
    let error = project.schema("db").try_discover().unwrap_err();
    assert_eq!(error.code(), Code::SchemaUnreadable, "UP-1006");
    assert_eq!(error.location().unwrap().file, "db/b.prisma");
}

#[test]
fn prisma_7_takes_the_url_of_the_config_file_over_that_of_the_schema() {
    let project = Project::new(&[
        SEVEN,
        ("schema.prisma", SCHEMA),
        ("prisma.config.ts", "export default { datasource: { url: 'pg://c' } }"),
    ]);
    assert_eq!(project.url(), "pg://c");
    assert!(project.discover().notes[0].contains("P1012"));
}

/// Prisma 7 would stop; the URL is still the only one the project names.
#[test]
fn a_url_in_the_schema_of_prisma_7_is_used_with_a_note() {
    let project = Project::new(&[SEVEN, ("schema.prisma", SCHEMA)]).env("DATABASE_URL", "pg://x");
    assert_eq!(project.url(), "pg://x");
    assert!(project.discover().notes[0].contains("P1012"));
}

#[test]
fn the_generation_is_told_by_what_is_installed_and_then_by_what_is_asked_for() {
    let wants = |range: &str| format!("{{\"devDependencies\": {{\"prisma\": \"{range}\"}}}}");
    let seven_config = ("prisma7.config.ts", "export default { datasource: { url: 'u' } }");
    let classic = ("prisma.config.ts", "export default { engine: 'classic' }");
    let url = ("prisma.config.ts", "export default { datasource: { url: 'u' } }");
    let (six, seven) = (wants("^6.1.0"), wants("~7.1"));
    for (files, shown) in [
        (vec![SIX, ("package.json", seven.as_str())], "Prisma 6"),
        (vec![SEVEN, ("package.json", six.as_str())], "Prisma 7"),
        (vec![("package.json", six.as_str()), url], "Prisma 6"),
        (vec![("package.json", seven.as_str())], "Prisma 7"),
        (vec![SIX, seven_config], "Prisma 7"),
        (vec![classic], "Prisma 6"),
        (vec![url], "Prisma 7"),
        (vec![("schema.prisma", SCHEMA)], "Prisma 6"),
        (vec![("schema.prisma", SCHEMA_7)], "unknown (6's rules)"),
    ] {
        let found = Project::new(&files).discover();
        assert_eq!(found.generation.to_string(), shown, "{files:?}");
        assert!(!found.generation.why().is_empty());
    }
}

#[test]
fn the_origins_are_a_table_without_secrets() {
    let project = Project::new(&[
        SIX,
        ("package.json", "{}"),
        ("prisma/schema.prisma", SCHEMA),
        (".env", "# a\n\nDATABASE_URL=\"postgresql://u:SECRET@h:5432/d?schema=s\"\n"),
    ]);
    let rows = project.discover().origins();
    let row = |name: &str| {
        let (_, value, origin) = rows.iter().find(|row| row.0 == name).unwrap();
        (value.as_str(), origin.as_str())
    };
    assert_eq!(
        row("url"),
        (
            "postgresql://u:***@h:5432/d?schema=s",
            "prisma/schema.prisma:7 (datasource db.url = env(\"DATABASE_URL\")), \
             DATABASE_URL from .env:3"
        )
    );
    assert_eq!(row("migrations").1, "default (beside the datasource block)");
    assert_eq!(row("schema").1, "default (./prisma/schema.prisma)");
    assert_eq!(row("prisma"), ("Prisma 6", "node_modules/prisma is 6.19.3"));
}
