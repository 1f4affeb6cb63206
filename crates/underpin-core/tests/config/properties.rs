//! Whatever the files hold, discovery ends without a panic and shows no secret.

use proptest::prelude::*;

use super::{Project, SIX, printed};

/// Pieces that the readers give a meaning to, in any order.
fn soup(pieces: &'static [&'static str]) -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(pieces), 0..60).prop_map(|parts| parts.concat())
}

const SCRIPT: &[&str] = &[
    "export default ",
    "defineConfig(",
    "{",
    "}",
    "(",
    ")",
    "[",
    "]",
    "datasource",
    "url",
    ":",
    ",",
    "'a'",
    "\"b",
    "`",
    "${",
    "process.env",
    ".X",
    "['X']",
    " ?? ",
    " || ",
    "env('X')",
    "\n",
    ";",
    "// c\n",
    "/*",
    "*/",
    "/",
    "import ",
    "from ",
    "'dotenv/config'",
    "require(",
    "const a",
    " = ",
    "...",
    "as const",
    " satisfies ",
    "<",
    ">",
    "!",
    "?.",
    "module.exports",
    "\\",
    "é",
    "path.join(",
    "schema",
    "migrations",
    "path",
    "a",
    "=> ",
    "function f",
    "if (",
    "dotenv.config(",
    "delete ",
];
const SCHEMA: &[&str] = &[
    "datasource ",
    "db ",
    "{",
    "}",
    "\n",
    "url ",
    "= ",
    "env(",
    "\"X\"",
    ")",
    "\"",
    "\\",
    "[",
    "]",
    ",",
    "//",
    "/*",
    "*/",
    "provider ",
    "schemas ",
    "model A ",
    "\\u00",
    "é",
];
const DOTENV: &[&str] = &[
    "X",
    "=",
    "\"",
    "'",
    "`",
    "\n",
    "\r",
    "#",
    "export ",
    "${X}",
    "${",
    "\\",
    "$",
    ": ",
    " ",
    "é",
    "DATABASE_URL=",
    "$&",
    "$`",
    "\u{2028}",
];

fn survives(config: Option<&[u8]>, schema: &[u8], env: &[u8]) {
    let mut project = Project::new(&[SIX]).file("schema.prisma", schema).file(".env", env);
    if let Some(config) = config {
        project = project.file("prisma.config.ts", config);
    }
    let found = project.env("X", "SECRET").try_discover();
    assert!(!printed(&found).contains("SECRET"));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_bytes_are_survived(
        config in prop::option::of(prop::collection::vec(any::<u8>(), 0..200)),
        schema in prop::collection::vec(any::<u8>(), 0..200),
        env in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        survives(config.as_deref(), &schema, &env);
    }

    #[test]
    fn soup_is_survived(script in soup(SCRIPT), schema in soup(SCHEMA), env in soup(DOTENV)) {
        survives(Some(script.as_bytes()), schema.as_bytes(), env.as_bytes());
        let default = format!("export default {{{script}");
        survives(Some(default.as_bytes()), schema.as_bytes(), b"");
        let block = format!("datasource db {{\nurl = env(\"X\")\n{schema}");
        survives(None, block.as_bytes(), env.as_bytes());
    }
}

/// Deep nesting must not end the stack.
#[test]
fn deep_nesting_is_survived() {
    for piece in ["{", "[", "(", "{a:", "`${", "a ?? ", "a || ", "defineConfig(", "path.join(", "<"]
    {
        let text = format!("export default {}", piece.repeat(100_000));
        survives(Some(text.as_bytes()), b"", b"");
        let text = format!("export default {{ datasource: {{ url: {}", piece.repeat(100_000));
        survives(Some(text.as_bytes()), piece.repeat(100_000).as_bytes(), b"");
    }
}
