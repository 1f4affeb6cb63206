//! `.env` files: where Prisma 6 finds them, how they are parsed, and that 7 loads none.

use underpin_core::Code;

use super::{Project, SCHEMA, SEVEN, SIX};

fn six(files: &[(&str, &str)]) -> Project {
    Project::new(files).file(SIX.0, SIX.1).file("prisma/schema.prisma", SCHEMA)
}

/// A project whose only `.env` says that.
fn value_of(text: &str) -> String {
    six(&[("package.json", "{}"), (".env", text)]).url()
}

#[test]
fn the_places_of_prisma_6() {
    let root = (".env", "DATABASE_URL=root");
    let prisma = ("prisma/.env", "DATABASE_URL=prisma");
    let package = ("package.json", "{}");
    for (name, files, url) in [
        ("beside package.json", vec![package, root], "root"),
        ("in ./prisma", vec![prisma], "prisma"),
        ("in ., without package.json", vec![root], "root"),
        ("./prisma before .", vec![root, prisma], "prisma"),
        ("package.json's before ./prisma's", vec![package, root, prisma], "root"),
    ] {
        assert_eq!(six(&files).url(), url, "{name}");
        assert_eq!(six(&files).env("DATABASE_URL", "process").url(), "process", "{name}");
    }
}

#[test]
fn the_file_beside_the_schema_flag_comes_before_the_prisma_folder() {
    let files = [("db/.env", "DATABASE_URL=db"), ("prisma/.env", "DATABASE_URL=prisma")];
    let project = six(&files).file("db/s.prisma", SCHEMA);
    assert_eq!(project.schema("db/s.prisma").url(), "db");
    let project = six(&files[1..]).file("db/s.prisma", SCHEMA);
    assert_eq!(project.schema("db/s.prisma").url(), "prisma");
}

#[test]
fn nothing_is_loaded_beside_a_schema_that_package_json_names() {
    let project = Project::new(&[
        SIX,
        ("package.json", "{\"prisma\": {\"schema\": \"db/s.prisma\"}}"),
        ("db/s.prisma", SCHEMA),
        ("db/.env", "DATABASE_URL=db"),
    ]);
    assert!(project.url().starts_with("UP-1005: Environment variable not found: DATABASE_URL."));
}

#[test]
fn package_json_is_looked_for_upwards() {
    let project = Project::new(&[
        SIX,
        ("package.json", "{}"),
        (".env", "DATABASE_URL=up"),
        ("apps/web/prisma/schema.prisma", SCHEMA),
    ]);
    assert_eq!(project.below("apps/web").url(), "up");
}

/// Prisma's test is the wrong way round: equal values conflict.
#[test]
fn equal_values_in_two_files_conflict_and_different_ones_do_not() {
    let project = six(&[
        ("package.json", "{}"),
        (".env", "A=same\nB=1\nDATABASE_URL=pg://SECRET"),
        ("prisma/.env", "A=same\nB=2"),
    ]);
    let found = project.discover();
    let error = found.url.get().unwrap_err();
    assert_eq!(error.code(), Code::EnvFile, "UP-1007");
    assert!(error.message().contains(".env and prisma/.env"), "{error}");
    assert_eq!(error.detail_lines(), ["conflicting variable: A"]);
    assert_eq!(project.migrations(), "prisma/migrations", "the rest is known");
    let project = project.file("prisma/.env", "A=other\nB=2");
    assert_eq!(project.url(), "pg://SECRET");
}

#[test]
fn values_are_parsed_as_dotenv_does() {
    for (text, value) in [
        ("DATABASE_URL=plain", "plain"),
        ("  export DATABASE_URL = spaced  ", "spaced"),
        ("DATABASE_URL=a # comment", "a"),
        ("DATABASE_URL=a#b", "a"),
        ("DATABASE_URL='a#b' # c", "a#b"),
        ("DATABASE_URL=\"a\\nb\"", "a\nb"),
        ("DATABASE_URL='a\\nb'", "a\\nb"),
        ("DATABASE_URL=`a'\"b`", "a'\"b"),
        ("DATABASE_URL=\"a\nb\"\nX=1", "a\nb"),
        ("DATABASE_URL: yaml", "yaml"),
        ("# c\r\n\r\nDATABASE_URL=crlf\r\nX=1\r\n", "crlf"),
        ("DATABASE_URL=one\nDATABASE_URL=two", "two"),
        ("not a line\nDATABASE_URL=x", "x"),
        ("DATABASE_URL=\"open", "\"open"),
        ("DATABASE_URL=a=b=c", "a=b=c"),
        ("DATABASE_URL=\"a\" b", "\"a\" b"),
    ] {
        assert_eq!(value_of(text), value, "{text:?}");
    }
}

#[test]
fn references_are_expanded_as_prisma_6_does() {
    for (text, value) in [
        ("U=u\nDATABASE_URL=pg://${U}@h", "pg://u@h"),
        ("DATABASE_URL=pg://${U}@h\nU=later", "pg://later@h"),
        ("DATABASE_URL=pg://${NO}@h", "pg://@h"),
        ("U=u\nDATABASE_URL=pg://\\${U}@h", "pg://${U}@h"),
        ("U=u\nDATABASE_URL=pg://$U@h", "pg://$U@h"),
        ("A=1\nB=${A}2\nDATABASE_URL=${B}3", "123"),
    ] {
        assert_eq!(value_of(text), value, "{text:?}");
    }
    assert!(value_of("DATABASE_URL=${DATABASE_URL}").starts_with("UP-1007"));
}

#[test]
fn prisma_7_and_prisma_6_with_a_config_file_load_nothing() {
    for installed in [SIX, SEVEN] {
        let project = Project::new(&[
            installed,
            ("package.json", "{}"),
            ("schema.prisma", SCHEMA),
            ("prisma.config.ts", "export default { schema: 'schema.prisma' }"),
            (".env", "DATABASE_URL=x"),
        ]);
        assert!(project.url().starts_with("UP-1005"), "{}", project.url());
        assert_eq!(project.env("DATABASE_URL", "process").url(), "process");
    }
}
