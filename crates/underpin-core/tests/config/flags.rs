//! What a flag names must be usable; what a file names is an error only for who needs it.

use underpin_core::Code;

use super::{Project, SCHEMA, SEVEN, SIX, told};

#[test]
fn a_schema_flag_that_names_nothing_is_an_error() {
    let error = Project::new(&[SIX]).schema("no.prisma").try_discover().unwrap_err();
    assert_eq!(error.code(), Code::SchemaUnreadable, "UP-1006");
    assert!(told(&error).contains("no.prisma") && told(&error).contains("--schema"));
}

#[test]
fn a_config_flag_that_names_nothing_is_an_error() {
    for flag in ["no.ts", "a.json"] {
        let project = Project::new(&[("a.json", "{}")]).config(flag);
        let error = project.try_discover().unwrap_err();
        assert_eq!(error.code(), Code::ConfigUnreadable, "UP-1008");
        assert!(error.message().contains(flag), "{error}");
    }
}

/// An image for production may hold the config file and the migrations, and no schema.
#[test]
fn a_schema_that_is_not_there_takes_nothing_else_away() {
    let text = "export default { schema: 'db/s.prisma', migrations: { path: 'db/migrations' }, \
        datasource: { url: 'pg://x' } }";
    let project = Project::new(&[SEVEN, ("prisma.config.ts", text)]);
    assert_eq!(project.url(), "pg://x");
    assert_eq!(project.migrations(), "db/migrations");
    let error = project.discover().datasource_schemas.get().unwrap_err();
    assert_eq!(error.code(), Code::SchemaUnreadable);
    let text = "export default { schema: 'db/s.prisma', datasource: { url: 'pg://x' } }";
    let project = Project::new(&[SEVEN, ("prisma.config.ts", text)]);
    assert_eq!(project.discover().migrations.get().unwrap_err().code(), Code::SchemaUnreadable);
}

#[test]
fn a_config_file_that_cannot_be_read_is_an_error_of_everything_it_could_say() {
    let big = " ".repeat((4 << 20) + 1);
    for (text, code) in
        [("export default f()", Code::ConfigNotLiteral), (big.as_str(), Code::ConfigUnreadable)]
    {
        let project = Project::new(&[SEVEN, ("prisma.config.ts", text), ("schema.prisma", SCHEMA)])
            .env("DATABASE_URL", "x");
        let found = project.discover();
        assert_eq!(found.migrate_url().unwrap_err().code(), code);
        assert_eq!(found.shadow_url.get().unwrap_err().code(), code);
        assert_eq!(found.migrations.get().unwrap_err().code(), code);
        assert!(found.schema_path.is_none() && found.config_path.is_some());
    }
}

#[test]
fn a_schema_that_is_too_large_is_refused() {
    let big = vec![b' '; (4 << 20) + 1];
    let project = Project::new(&[SIX]).file("schema.prisma", big).schema("schema.prisma");
    let error = project.try_discover().unwrap_err();
    assert!(error.message().ends_with("it is larger than 4 MiB"), "{error}");
}
