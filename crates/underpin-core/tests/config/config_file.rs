//! The Prisma config file: its names, the forms that are read, and what is refused.

use underpin_core::Code;

use super::{Project, SCHEMA, SCHEMA_7, SEVEN, SIX, printed, told};

fn seven(config: &str) -> Project {
    Project::new(&[SEVEN, ("schema.prisma", SCHEMA_7), ("prisma.config.ts", config)])
}

fn with_url(expression: &str) -> String {
    format!(
        "import {{ defineConfig, env }} from 'prisma/config'\n\
         export default defineConfig({{\n  datasource: {{\n    url: {expression},\n  }},\n}})\n"
    )
}

#[test]
fn the_names_in_order() {
    let names = [
        "prisma7.config.js",
        "prisma7.config.ts",
        "prisma7.config.cts",
        ".config/prisma7.ts",
        "prisma.config.js",
        "prisma.config.ts",
        "prisma.config.mjs",
        "prisma.config.cjs",
        "prisma.config.mts",
        "prisma.config.cts",
        ".config/prisma.ts",
        ".config/prisma.config.ts",
    ];
    let mut project = Project::new(&[SEVEN]);
    for name in names.iter().rev() {
        project =
            project.file(name, format!("export default {{ datasource: {{ url: '{name}' }} }}"));
        assert_eq!(project.url(), *name);
        assert_eq!(project.shown(&project.discover().config_path.unwrap().value), *name);
    }
    let project = project
        .file("other/my.config.ts", "export default { datasource: { url: 'flag' } }")
        .config("other/my.config.ts");
    assert_eq!(project.url(), "flag");
}

#[test]
fn paths_count_from_the_config_file() {
    let project = Project::new(&[
        SEVEN,
        (
            ".config/prisma.ts",
            "export default { schema: '../db/s.prisma', migrations: { path: 'm' } }",
        ),
        ("db/s.prisma", SCHEMA_7),
    ]);
    assert_eq!(project.schema_path().unwrap(), "db/s.prisma");
    assert_eq!(project.migrations(), ".config/m");
}

#[test]
fn every_way_to_export_is_read() {
    for text in [
        "export default { datasource: { url: 'pg://x' } }",
        "export default { datasource: { url: 'pg://x' } } satisfies PrismaConfig;",
        "export default { datasource: { url: 'pg://x' } } as const",
        "import { defineConfig } from 'prisma/config';\nexport default defineConfig({ datasource: { url: 'pg://x' } });",
        "import { defineConfig as d } from \"prisma/config\";\nexport default d<X<Y>>({ datasource: { url: 'pg://x' } });",
        "import type { PrismaConfig } from 'prisma'\nconst c: PrismaConfig = { datasource: { url: 'pg://x' } }\nexport default c",
        "module.exports = { datasource: { url: 'pg://x' } }",
        "const { defineConfig } = require('prisma/config')\nmodule.exports = defineConfig({ datasource: { url: 'pg://x' } })",
        "const p = require('prisma/config');\nmodule.exports = p.defineConfig({ datasource: { url: 'pg://x' } });",
        "exports.default = { datasource: { url: 'pg://x' } }",
        "export default ({ 'datasource': { \"url\": `pg://x`, }, /* , */ }) // end",
        "const url = 'pg://x'\nexport default { datasource: { url } }",
        "const datasource = { url: 'pg://x' }\nexport default { datasource }",
    ] {
        assert_eq!(seven(text).url(), "pg://x", "{text}");
    }
}

#[test]
fn every_literal_form_of_a_value_is_read() {
    for (expression, url) in [
        ("'pg://x'", "pg://x"),
        ("\"pg://\\u0078\"", "pg://x"),
        ("`pg://x`", "pg://x"),
        ("env('URL')", "value"),
        ("env<Env>(\"URL\")", "value"),
        ("process.env.URL", "value"),
        ("process.env['URL']", "value"),
        ("process.env.URL!", "value"),
        ("process.env.URL as string", "value"),
        ("(process.env.URL ?? 'pg://x')", "value"),
        ("process.env.NO ?? 'pg://x'", "pg://x"),
        ("process.env.NO || process.env.URL || 'pg://x'", "value"),
        ("process.env.EMPTY || 'pg://x'", "pg://x"),
    ] {
        let project = seven(&with_url(expression)).env("URL", "value").env("EMPTY", "");
        assert_eq!(project.url(), url, "{expression}");
    }
    let found = seven(&with_url("env('URL')")).env("URL", "postgres://u:p@h/d").discover();
    assert_eq!(
        found.url.found().unwrap().origin.to_string(),
        "prisma.config.ts:4 (datasource.url = env(\"URL\")), URL from the environment"
    );
}

#[test]
fn a_computed_url_is_refused_with_key_place_and_way_out() {
    for expression in [
        "getUrl()",
        "`pg://${host}/x`",
        "'pg://' + host",
        "process.env.A ? 'a' : 'b'",
        "process.env[name]",
        "process.env.URL.trim()",
        "new URL('pg://x').href",
        "host",
        "await secret('x')",
        "env(name)",
        "process.env.NO ?? fallback()",
    ] {
        let project = seven(&with_url(expression)).env("URL", "value").env("A", "1");
        let found = project.discover();
        let error = found.url.get().unwrap_err();
        assert_eq!(error.code(), Code::ConfigNotLiteral, "UP-1004: {expression}");
        assert_eq!(error.location().unwrap().line, 4, "{expression}");
        let told = told(&error);
        assert!(told.contains("`datasource.url` in prisma.config.ts:4"), "{told}");
        assert!(told.contains("--url URL"), "{told}");
        assert_eq!(project.migrations(), "migrations", "the rest is known");
        let rows = found.origins();
        assert!(rows.iter().any(|r| r.0 == "url" && r.2.starts_with("UP-1004")), "{rows:?}");
    }
}

#[test]
fn spreads_and_changes_are_never_looked_past() {
    for text in [
        "export default { datasource: { url: 'pg://x', ...other } }",
        "export default { datasource: { url: 'pg://x' }, ...other }",
        "export default { datasource: { url: 'pg://x', [key]: 'y' } }",
        "const c = { datasource: { url: 'pg://x' } }\nc.datasource.url = 'y'\nexport default c",
        "module.exports = { datasource: { url: 'pg://x' } }\nmodule.exports.datasource.url = f()",
        "let url = 'pg://x'\nurl = f()\nexport default { datasource: { url } }",
        "export default async () => ({ datasource: { url: 'pg://x' } })",
        "export default make({ datasource: { url: 'pg://x' } })",
        "function defineConfig(c) { return 1 }\nexport default defineConfig({ datasource: { url: 'pg://x' } })",
        "export default { datasource: { get url() { return 'pg://x' } } }",
        "import { url } from './url'\nexport default { datasource: { url } }",
        "const url = 'pg://x' // '\n+ tail\nexport default { datasource: { url } }",
        "process.env.URL = f()\nexport default { datasource: { url: process.env.URL } }",
        "import './load'\nexport default { datasource: { url: process.env.URL2 ?? 'x' } }",
        "export const url = 'pg://x'",
        "export default { datasource: { url: 'pg://x' }",
        "\u{0} not a script '",
    ] {
        let told = seven(text).env("URL", "pg://process").url();
        assert!(told.starts_with("UP-1004: "), "{text}: {told}");
    }
    // What stands behind a spread wins.
    let text = "export default { ...other, datasource: { url: 'pg://x' } }";
    assert_eq!(seven(text).url(), "pg://x");
}

#[test]
fn a_variable_that_is_unset_or_empty_is_an_error_in_prismas_words() {
    for (expression, value) in
        [("env('URL')", None), ("env('URL')", Some("")), ("process.env.URL", None)]
    {
        let project = seven(&with_url(expression)).file(".env", "URL=x");
        let project = match value {
            Some(value) => project.env("URL", value),
            None => project,
        };
        let told = project.url();
        assert!(
            told.starts_with("UP-1005: Cannot resolve environment variable: URL. (datasource.url"),
            "{told}"
        );
        assert!(told.contains("import 'dotenv/config'"), "{told}");
    }
}

#[test]
fn dotenv_is_loaded_where_the_file_says_so() {
    let body = "export default { datasource: { url: process.env.URL } }";
    for load in [
        "import 'dotenv/config'",
        "import \"dotenv/config\";",
        "require('dotenv/config')",
        "import dotenv from 'dotenv'\ndotenv.config()",
        "import * as dotenv from 'dotenv'\ndotenv.config({ quiet: true });",
        "import { config } from 'dotenv'\nconfig()",
        "require('dotenv').config()",
        "import dotenv from 'dotenv'\ndotenv.config({ path: './.env' })",
        "import dotenv from 'dotenv'\ndotenv.config({ path: ['.none', '.env'] })",
        "import dotenv from 'dotenv'\nimport path from 'node:path'\ndotenv.config({ path: path.join(__dirname, '.env') })",
    ] {
        let project = seven(&format!("{load}\n{body}")).file(".env", "\nURL=pg://file");
        assert_eq!(project.url(), "pg://file", "{load}");
        let origin = project.discover().url.found().unwrap().origin.to_string();
        assert!(origin.ends_with("URL from .env:2"), "{origin}");
        assert_eq!(project.env("URL", "pg://process").url(), "pg://process", "{load}");
    }
    for load in [
        "import dotenv from 'dotenv'\nif (x) dotenv.config()",
        "import dotenv from 'dotenv'\ndotenv.config({ path: file })",
        "import dotenv from 'dotenv'\nx && dotenv.config()",
        "import dotenv from 'dotenv'\ndotenv.config(options)",
    ] {
        let project = seven(&format!("{load}\n{body}")).file(".env", "URL=pg://file");
        assert!(project.url().starts_with("UP-1004: "), "{load}: {}", project.url());
    }
    let overwrites = format!("import d from 'dotenv'\nd.config({{ override: true }})\n{body}");
    let project = seven(&overwrites).file(".env", "URL=pg://file").env("URL", "pg://process");
    assert_eq!(project.url(), "pg://file");
}

#[test]
fn paths_are_joined_from_literals() {
    for (expression, schema) in [
        ("'./db/s.prisma'", "db/s.prisma"),
        ("path.join('db', 's.prisma')", "db/s.prisma"),
        ("path.join(__dirname, 'db', 's.prisma')", "db/s.prisma"),
        ("path.resolve(import.meta.dirname, 'db/s.prisma')", "db/s.prisma"),
        ("path.join(process.cwd(), 'db/s.prisma')", "db/s.prisma"),
        ("path.resolve('db', '..', 'db', 's.prisma')", "db/s.prisma"),
        ("join('db', 's.prisma')", "db/s.prisma"),
    ] {
        let text = format!(
            "import path, {{ join }} from 'node:path'\nexport default {{ schema: {expression} }}"
        );
        let project = seven(&text).file("db/s.prisma", SCHEMA_7);
        assert_eq!(project.schema_path().as_deref(), Some(schema), "{expression}");
    }
}

#[test]
fn a_computed_schema_or_folder_waits_until_it_is_needed() {
    let text =
        "export default { schema: f(), migrations: { path: g() }, datasource: { url: 'pg://x' } }";
    let project = seven(text);
    assert_eq!(project.url(), "pg://x");
    let error = project.discover().migrations.get().unwrap_err();
    assert_eq!(error.code(), Code::ConfigNotLiteral);
    assert!(told(&error).contains("`migrations.path`") && told(&error).contains("--dir"));
    assert_eq!(project.schema_path(), None);
    assert!(project.discover().datasource_schemas.get().is_err());
    let project = project.schema("schema.prisma");
    assert_eq!(project.schema_path().as_deref(), Some("schema.prisma"));
}

#[test]
fn prisma_6_uses_the_config_files_datasource_only_with_the_classic_engine() {
    let datasource = "datasource: { url: 'pg://c', directUrl: 'pg://d' }";
    for (engine, url) in [("engine: 'classic',", "pg://d"), ("", "UP-1008")] {
        let text = format!("export default {{ {engine} {datasource} }}");
        let project = Project::new(&[SIX, ("schema.prisma", SCHEMA), ("prisma.config.ts", &text)]);
        let found = project.env("DATABASE_URL", "pg://schema").url();
        assert_eq!(found.split(": the schema").next(), Some(url), "{engine}");
    }
    let text = "export default { engine: 'js', adapter: async () => new PrismaPg({}) }";
    let project = Project::new(&[SIX, ("schema.prisma", SCHEMA), ("prisma.config.ts", text)]);
    assert!(project.url().starts_with("UP-1004: "));
}

#[test]
fn prisma_7_has_no_direct_url_and_reads_shadow_and_external_tables() {
    let text = "export default {\n datasource: { url: 'pg://u', directUrl: 'pg://d', \
        shadowDatabaseUrl: env2() },\n tables: { external: ['public.users', \"audit.log\"] } }";
    let found = seven(text).discover();
    assert_eq!(found.migrate_url().unwrap().unwrap().value.expose(), "pg://u");
    assert!(found.notes.iter().any(|note| note.contains("directUrl")));
    assert_eq!(found.external_tables, ["public.users", "audit.log"]);
    assert_eq!(found.shadow_url.get().unwrap_err().code(), Code::ConfigNotLiteral);
    let text = "export default { tables: { external: list() }, datasource: { \
        shadowDatabaseUrl: 'pg://s' } }";
    let found = seven(text).discover();
    assert!(found.notes.iter().any(|note| note.contains("tables.external")));
    assert_eq!(found.shadow_url.found().unwrap().value.expose(), "pg://s");
    assert!(found.migrate_url().unwrap().is_none());
}

#[test]
fn no_message_shows_a_secret() {
    for text in [
        "export default { datasource: { url: 'pg://u:SECRET@h/d' + x /* SECRET */ } }",
        "const url = `pg://u:SECRET@${h}/d`; export default { datasource: { url } }",
        "export default { datasource: { url: 'pg://u:SECRET@h/d",
        "export default { datasource: { url: 'postgres://u:SECRET@h/d' } }",
        "export default { datasource: { url: 'postgres://u:SECRET/x@h/d', directUrl: 1 } }",
        "export default { datasource: { url: process.env.URL.x } } // SECRET",
    ] {
        let found = seven(text).env("URL", "SECRET").try_discover();
        assert!(!printed(&found).contains("SECRET"), "{text}: {}", printed(&found));
    }
    for text in [
        "datasource db {\n url = \"pg://u:SECRET@h/d\" + 1\n}",
        "datasource db {\n url = \"pg://u:SECRET@h/d\"\n}",
        "datasource db {\n url = env(\"pg://u:SECRET",
    ] {
        let found = Project::new(&[SIX, ("schema.prisma", text)]).try_discover();
        assert!(!printed(&found).contains("SECRET"), "{text}: {}", printed(&found));
    }
}
