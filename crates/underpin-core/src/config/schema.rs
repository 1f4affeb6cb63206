//! A small, tolerant reader of Prisma schema files: it finds the `datasource` block and reads its
//! keys. Models, enums, generators and whatever a later Prisma adds are stepped over.

use std::ops::Range;

/// A value of a key.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Value {
    /// A text in quotes, escapes decoded. May be a secret.
    Text(String),
    /// `env("NAME")`.
    Variable(String),
    /// A list of texts; `None` if an element is something else.
    List(Option<Vec<String>>),
    /// Anything else.
    Other,
}

/// A key of the block.
pub(super) struct Property {
    pub(super) key: String,
    pub(super) value: Value,
    /// Byte offset of the key.
    pub(super) at: usize,
}

/// A `datasource` block.
pub(super) struct Datasource {
    pub(super) name: String,
    pub(super) properties: Vec<Property>,
    /// Byte offset of the keyword.
    pub(super) at: usize,
}

impl Datasource {
    /// The first property of that name.
    pub(super) fn property(&self, key: &str) -> Option<&Property> {
        self.properties.iter().find(|p| p.key == key)
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    Word(String),
    Text(String),
    Mark(char),
    LineEnd,
}

struct Token {
    kind: Kind,
    range: Range<usize>,
}

/// A file that was read.
pub(super) struct Schema {
    pub(super) datasources: Vec<Datasource>,
    /// Where quoted texts stand; with the comments, what an error must not show.
    pub(super) hidden: Vec<Range<usize>>,
}

/// Reads a schema file. Never fails: what is not understood is stepped over.
pub(super) fn read(text: &str) -> Schema {
    let (tokens, hidden) = tokens(text);
    let mut reader = Reader { tokens: &tokens, at: 0 };
    let mut datasources = Vec::new();
    while reader.at < tokens.len() {
        let start = reader.at;
        if let Some(datasource) = reader.datasource() {
            datasources.push(datasource);
        } else {
            reader.at = start;
            reader.step_over();
        }
    }
    Schema { datasources, hidden }
}

fn tokens(text: &str) -> (Vec<Token>, Vec<Range<usize>>) {
    let (mut tokens, mut hidden) = (Vec::new(), Vec::new());
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        let rest = &text[at..];
        let end = if rest.starts_with("//") {
            let end = at + rest.find('\n').unwrap_or(rest.len());
            hidden.push(at..end);
            at = end;
            continue;
        } else if rest.starts_with("/*") {
            let end = rest.find("*/").map_or(text.len(), |i| at + i + 2);
            hidden.push(at..end);
            at = end;
            continue;
        } else if c == '\n' {
            tokens.push(Token { kind: Kind::LineEnd, range: at..at + 1 });
            at + 1
        } else if c == '"' {
            let (value, end) = quoted(text, at);
            hidden.push(at..end);
            tokens.push(Token { kind: Kind::Text(value), range: at..end });
            end
        } else if is_word(c) {
            let end = at + rest.find(|c| !is_word(c)).unwrap_or(rest.len());
            tokens.push(Token { kind: Kind::Word(text[at..end].to_owned()), range: at..end });
            end
        } else {
            let end = at + c.len_utf8();
            if !c.is_whitespace() {
                tokens.push(Token { kind: Kind::Mark(c), range: at..end });
            }
            end
        };
        at = end;
    }
    (tokens, hidden)
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '-'
}

/// The text from the quote at `start`, and where it ends. A quoted text ends with its line, as
/// Prisma's does: one that is not closed must not swallow the rest of the file.
fn quoted(text: &str, start: usize) -> (String, usize) {
    let mut value = String::new();
    let mut chars = text[start + 1..].char_indices();
    while let Some((i, c)) = chars.next() {
        let at = start + 1 + i;
        match c {
            '"' => return (value, at + 1),
            '\n' => return (value, at),
            '\\' => match chars.next() {
                Some((_, 'n')) => value.push('\n'),
                Some((_, 'r')) => value.push('\r'),
                Some((_, 't')) => value.push('\t'),
                Some((_, 'u')) => {
                    let rest = chars.as_str();
                    let code = rest.get(..4).and_then(|hex| u32::from_str_radix(hex, 16).ok());
                    if let Some(code) = code {
                        value.push(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
                        chars.nth(3);
                    } else {
                        value.push_str("\\u");
                    }
                }
                Some((i, '\n')) => return (value, start + 1 + i),
                Some((_, other)) => value.push(other),
                None => break,
            },
            other => value.push(other),
        }
    }
    (value, text.len())
}

struct Reader<'a> {
    tokens: &'a [Token],
    at: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Option<&Kind> {
        self.tokens.get(self.at).map(|t| &t.kind)
    }

    fn mark(&mut self, mark: char) -> bool {
        let found = self.peek() == Some(&Kind::Mark(mark));
        self.at += usize::from(found);
        found
    }

    fn word(&mut self) -> Option<String> {
        let Some(Kind::Word(word)) = self.peek() else { return None };
        let word = word.clone();
        self.at += 1;
        Some(word)
    }

    /// One token, or a block from its brace to the matching one. Braces count, so a field named
    /// `datasource` in a model is not taken for a block.
    fn step_over(&mut self) {
        let mut depth = 0_usize;
        while let Some(token) = self.tokens.get(self.at) {
            self.at += 1;
            match token.kind {
                Kind::Mark('{' | '[' | '(') => depth += 1,
                Kind::Mark('}' | ']' | ')') => depth = depth.saturating_sub(1),
                _ => {}
            }
            if depth == 0 {
                return;
            }
        }
    }

    fn datasource(&mut self) -> Option<Datasource> {
        let at = self.tokens.get(self.at)?.range.start;
        if self.word()? != "datasource" {
            return None;
        }
        let name = self.word()?;
        if !self.mark('{') {
            return None;
        }
        let mut properties = Vec::new();
        while self.at < self.tokens.len() && !self.mark('}') {
            let start = self.at;
            if let Some(property) = self.property() {
                properties.push(property);
            } else {
                self.at = start;
                self.step_over();
            }
        }
        Some(Datasource { name, properties, at })
    }

    fn property(&mut self) -> Option<Property> {
        let at = self.tokens.get(self.at)?.range.start;
        let key = self.word()?;
        if !self.mark('=') {
            return None;
        }
        let mut value = self.value();
        // A value is alone on its line: `"a" + "b"` is not the text `a`.
        while !matches!(self.peek(), None | Some(Kind::LineEnd | Kind::Mark('}'))) {
            value = Value::Other;
            self.step_over();
        }
        Some(Property { key, value, at })
    }

    fn value(&mut self) -> Value {
        let kind = self.peek().cloned();
        match kind {
            Some(Kind::Text(text)) => {
                self.at += 1;
                Value::Text(text)
            }
            Some(Kind::Word(word)) if word == "env" => {
                self.at += 1;
                self.variable().map_or(Value::Other, Value::Variable)
            }
            Some(Kind::Mark('[')) => self.list(),
            None | Some(Kind::LineEnd | Kind::Mark('}')) => Value::Other,
            Some(_) => {
                self.step_over();
                Value::Other
            }
        }
    }

    fn variable(&mut self) -> Option<String> {
        if !self.mark('(') {
            return None;
        }
        let Some(Kind::Text(name)) = self.peek() else { return None };
        let name = name.clone();
        self.at += 1;
        self.mark(')').then_some(name)
    }

    fn list(&mut self) -> Value {
        let start = self.at;
        self.at += 1;
        let mut items = Vec::new();
        loop {
            match self.peek() {
                Some(Kind::LineEnd | Kind::Mark(',')) => self.at += 1,
                Some(Kind::Text(text)) => {
                    items.push(text.clone());
                    self.at += 1;
                }
                Some(Kind::Mark(']')) => {
                    self.at += 1;
                    return Value::List(Some(items));
                }
                _ => {
                    self.at = start;
                    self.step_over();
                    return Value::List(None);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn only(text: &str) -> Datasource {
        let mut found = read(text).datasources;
        assert_eq!(found.len(), 1, "{text}");
        found.remove(0)
    }

    fn value(text: &str, key: &str) -> Option<Value> {
        only(text).property(key).map(|p| p.value.clone())
    }

    #[test]
    fn the_block_is_read() {
        let text = "generator client {\n  provider = \"prisma-client-js\"\n}\n\
            /// doc with { brace\n\
            datasource db { // {\n  provider = \"postgresql\"\n  url      = env(\"DATABASE_URL\") // x\n\
            /* block\n } */\n  schemas = [\"a\", // first\n    \"b\"]\n\
            extensions = [pgcrypto(map: \"x\", schema: \"y\"), citext]\n\
            relationMode = \"prisma\"\n}\n";
        let block = only(text);
        assert_eq!(block.name, "db");
        assert!(block.property("url").unwrap().value == Value::Variable("DATABASE_URL".into()));
        assert!(block.property("provider").unwrap().value == Value::Text("postgresql".into()));
        let schemas = Value::List(Some(vec!["a".into(), "b".into()]));
        assert!(block.property("schemas").unwrap().value == schemas);
        assert!(block.property("extensions").unwrap().value == Value::List(None));
        assert!(block.property("relationMode").is_some());
        assert!(block.property("directUrl").is_none());
    }

    #[test]
    fn texts_have_escapes_and_may_hold_braces() {
        let text = "datasource db {\n  url = \"postgres://u:p}{\\\"\\\\\\u0041\\n@h//x\"\n}";
        assert!(value(text, "url") == Some(Value::Text("postgres://u:p}{\"\\A\n@h//x".into())));
    }

    #[test]
    fn what_is_not_a_block_is_not_taken_for_one() {
        for text in [
            "model A {\n  datasource Int\n  x String @default(\"datasource db {\")\n}",
            "// datasource db {\n// url = \"x\"\n// }",
            "/* datasource db {\n} */",
            "datasource {\n}",
            "model A {\n datasource db {\n url = \"x\"\n}\n}",
            "",
        ] {
            assert!(read(text).datasources.is_empty(), "{text}");
        }
    }

    #[test]
    fn a_value_that_is_computed_is_other() {
        for value_text in ["env(\"A\") || \"b\"", "\"a\" + \"b\"", "foo(\"x\")", "env(A)", "", "a"]
        {
            let text = format!("datasource db {{\n url = {value_text}\n provider = \"p\"\n}}");
            assert!(value(&text, "url") == Some(Value::Other), "{value_text}");
            assert!(value(&text, "provider") == Some(Value::Text("p".into())), "{value_text}");
        }
    }

    #[test]
    fn a_text_that_is_not_closed_ends_with_its_line() {
        let text = "datasource db {\n url = \"abc\n provider = \"p\"\n}";
        assert!(value(text, "provider") == Some(Value::Text("p".into())));
    }

    #[test]
    fn two_blocks_are_both_seen() {
        assert_eq!(read("datasource a {\n}\ndatasource b {\n}").datasources.len(), 2);
    }

    #[test]
    fn carriage_returns_do_not_matter() {
        let text = "datasource db {\r\n  url = \"x\"\r\n  provider = \"p\"\r\n}\r\n";
        assert!(value(text, "url") == Some(Value::Text("x".into())));
    }
}
