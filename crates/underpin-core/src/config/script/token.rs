//! JavaScript and TypeScript text to tokens: enough to find texts, names and brackets for
//! certain. A place that cannot be told apart is an error, never a guess.

use std::ops::Range;

/// What a token is.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Kind {
    /// An identifier or a keyword.
    Name(String),
    /// A text, escapes decoded; also a template without substitutions.
    Text(String),
    /// A template with substitutions.
    Template,
    /// A number or a regular expression.
    Other,
    /// Punctuation.
    Mark(&'static str),
}

/// A token and its place.
#[derive(Debug, Clone)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) range: Range<usize>,
    /// A line ended between this token and the one before.
    pub(super) new_line: bool,
}

/// Why a text has no tokens, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Unreadable {
    pub(super) at: usize,
    pub(super) why: &'static str,
}

/// The tokens, and the ranges that must not be shown to anybody: texts, templates and comments.
pub(super) struct Tokens {
    pub(super) list: Vec<Token>,
    pub(super) hidden: Vec<Range<usize>>,
}

/// Longest first. `>>` is not here: it also closes two lists of type arguments.
const MARKS: &[&str] = &[
    "===", "!==", "...", "??=", "||=", "&&=", "**=", "=>", "==", "!=", "??", "||", "&&", "?.",
    "++", "--", "+=", "-=", "*=", "/=", "%=", "**", "{", "}", "(", ")", "[", "]", ";", ",", "<",
    ">", ":", "=", "!", "?", ".", "+", "-", "*", "/", "%", "&", "|", "^", "~", "@", "#",
];

/// No template is nested deeper than this.
const MAX_DEPTH: usize = 32;

/// Cuts a text into tokens.
pub(super) fn tokens(text: &str) -> Result<Tokens, Unreadable> {
    let mut out = Tokens { list: Vec::new(), hidden: Vec::new() };
    let mut lexer = Lexer { text, at: 0 };
    if text.starts_with("#!") {
        lexer.skip_line();
    }
    let mut new_line = true;
    while let Some(c) = lexer.peek() {
        let start = lexer.at;
        if c.is_whitespace() || c == '\u{feff}' {
            new_line |= matches!(c, '\n' | '\r' | '\u{2028}' | '\u{2029}');
            lexer.at += c.len_utf8();
            continue;
        }
        if lexer.starts_with("//") || lexer.starts_with("/*") {
            lexer.comment()?;
            new_line |= text[start..lexer.at].contains('\n');
            out.hidden.push(start..lexer.at);
            continue;
        }
        let kind = lexer.token(c, out.list.last())?;
        if matches!(kind, Kind::Text(_) | Kind::Template | Kind::Other) {
            out.hidden.push(start..lexer.at);
        }
        out.list.push(Token { kind, range: start..lexer.at, new_line });
        new_line = false;
    }
    Ok(out)
}

fn is_name_start(c: char) -> bool {
    c.is_alphabetic() || matches!(c, '_' | '$')
}

fn is_name(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '$' | '\u{200c}' | '\u{200d}')
}

struct Lexer<'a> {
    text: &'a str,
    at: usize,
}

impl Lexer<'_> {
    fn peek(&self) -> Option<char> {
        self.text[self.at..].chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += c.len_utf8();
        Some(c)
    }

    fn starts_with(&self, prefix: &str) -> bool {
        self.text[self.at..].starts_with(prefix)
    }

    fn skip(&mut self, take: impl Fn(char) -> bool) {
        while self.peek().is_some_and(&take) {
            self.next();
        }
    }

    fn skip_line(&mut self) {
        self.skip(|c| !matches!(c, '\n' | '\r' | '\u{2028}' | '\u{2029}'));
    }

    fn fail<T>(at: usize, why: &'static str) -> Result<T, Unreadable> {
        Err(Unreadable { at, why })
    }

    fn comment(&mut self) -> Result<(), Unreadable> {
        if self.starts_with("//") {
            self.skip_line();
            return Ok(());
        }
        match self.text[self.at + 2..].find("*/") {
            Some(length) => self.at += length + 4,
            None => return Self::fail(self.at, "a comment is not closed"),
        }
        Ok(())
    }

    fn token(&mut self, c: char, before: Option<&Token>) -> Result<Kind, Unreadable> {
        let start = self.at;
        if is_name_start(c) {
            self.skip(is_name);
            if self.peek() == Some('\\') {
                return Self::fail(self.at, "a name holds an escape");
            }
            return Ok(Kind::Name(self.text[start..self.at].to_owned()));
        }
        match c {
            '"' | '\'' => self.quoted(c).map(Kind::Text),
            '`' => Ok(self.template(0)?.map_or(Kind::Template, Kind::Text)),
            '0'..='9' => {
                self.skip(|c| is_name(c) || c == '.');
                Ok(Kind::Other)
            }
            '/' if !ends_a_value(before) => {
                self.regular_expression()?;
                Ok(Kind::Other)
            }
            _ => match MARKS.iter().find(|m| self.starts_with(m)) {
                // `a?.5:b` is a question mark and a number.
                Some(&"?.") if self.text[start + 2..].starts_with(|c: char| c.is_ascii_digit()) => {
                    self.at += 1;
                    Ok(Kind::Mark("?"))
                }
                Some(mark) => {
                    self.at += mark.len();
                    Ok(Kind::Mark(mark))
                }
                None => Self::fail(start, "a character is not JavaScript"),
            },
        }
    }

    fn quoted(&mut self, quote: char) -> Result<String, Unreadable> {
        let start = self.at;
        self.next();
        let mut value = Units::default();
        loop {
            match self.next() {
                Some(c) if c == quote => return Ok(value.text()),
                Some('\\') => self.escape(&mut value)?,
                None | Some('\n' | '\r') => return Self::fail(start, "a text is not closed"),
                Some(c) => value.push(c),
            }
        }
    }

    /// The value of a template; `None` if it has substitutions.
    fn template(&mut self, depth: usize) -> Result<Option<String>, Unreadable> {
        let start = self.at;
        if depth > MAX_DEPTH {
            return Self::fail(start, "templates are nested too deep");
        }
        self.next();
        let mut value = Units::default();
        let mut literal = true;
        loop {
            match self.next() {
                Some('`') => return Ok(literal.then(|| value.text())),
                Some('\\') => self.escape(&mut value)?,
                Some('$') if self.peek() == Some('{') => {
                    literal = false;
                    self.next();
                    self.substitution(depth)?;
                }
                Some('\r') => {
                    if self.peek() == Some('\n') {
                        self.next();
                    }
                    value.push('\n');
                }
                Some(c) => value.push(c),
                None => return Self::fail(start, "a template is not closed"),
            }
        }
    }

    /// The code of a `${…}`, up to its closing brace.
    fn substitution(&mut self, depth: usize) -> Result<(), Unreadable> {
        let start = self.at;
        let mut braces = 0_usize;
        let mut before: Option<Token> = None;
        while let Some(c) = self.peek() {
            if c.is_whitespace() {
                self.next();
                continue;
            }
            if self.starts_with("//") || self.starts_with("/*") {
                self.comment()?;
                continue;
            }
            if c == '`' {
                self.template(depth + 1)?;
                before = Some(Token { kind: Kind::Template, range: 0..0, new_line: false });
                continue;
            }
            let kind = self.token(c, before.as_ref())?;
            match kind {
                Kind::Mark("{") => braces += 1,
                Kind::Mark("}") if braces == 0 => return Ok(()),
                Kind::Mark("}") => braces -= 1,
                _ => {}
            }
            before = Some(Token { kind, range: 0..0, new_line: false });
        }
        Self::fail(start, "a template is not closed")
    }

    fn regular_expression(&mut self) -> Result<(), Unreadable> {
        let start = self.at;
        self.next();
        let mut class = false;
        loop {
            match self.next() {
                Some('/') if !class => break,
                Some('[') => class = true,
                Some(']') => class = false,
                Some('\\') if !matches!(self.peek(), None | Some('\n' | '\r')) => {
                    self.next();
                }
                None | Some('\n' | '\r') => {
                    return Self::fail(start, "a regular expression is not closed");
                }
                Some(_) => {}
            }
        }
        self.skip(is_name);
        Ok(())
    }

    /// An escape, behind its backslash.
    fn escape(&mut self, value: &mut Units) -> Result<(), Unreadable> {
        let at = self.at;
        let bad = Self::fail(at, "a text holds an unknown escape");
        match self.next() {
            Some('n') => value.push('\n'),
            Some('t') => value.push('\t'),
            Some('r') => value.push('\r'),
            Some('b') => value.push('\u{8}'),
            Some('f') => value.push('\u{c}'),
            Some('v') => value.push('\u{b}'),
            Some('0') if !self.peek().is_some_and(|c| c.is_ascii_digit()) => value.push('\0'),
            Some('0'..='9') | None => return bad,
            Some('\r') => {
                if self.peek() == Some('\n') {
                    self.next();
                }
            }
            Some('\n' | '\u{2028}' | '\u{2029}') => {}
            Some('x') => match self.hexadecimal(2) {
                Some(unit) => value.units.push(unit),
                None => return bad,
            },
            Some('u') if self.peek() == Some('{') => {
                let rest = &self.text[self.at + 1..];
                let Some(end) = rest.find('}').filter(|end| *end <= 8) else { return bad };
                let code = u32::from_str_radix(&rest[..end], 16).ok().and_then(char::from_u32);
                let Some(c) = code else { return bad };
                value.push(c);
                self.at += end + 2;
            }
            Some('u') => match self.hexadecimal(4) {
                Some(unit) => value.units.push(unit),
                None => return bad,
            },
            Some(c) => value.push(c),
        }
        Ok(())
    }

    fn hexadecimal(&mut self, digits: usize) -> Option<u16> {
        let text = self.text.get(self.at..self.at + digits)?;
        if !text.bytes().all(|b| b.is_ascii_hexdigit()) {
            return None;
        }
        self.at += digits;
        u16::from_str_radix(text, 16).ok()
    }
}

/// A text as JavaScript holds it, so that two escapes can make one character.
#[derive(Default)]
struct Units {
    units: Vec<u16>,
}

impl Units {
    fn push(&mut self, c: char) {
        self.units.extend_from_slice(c.encode_utf16(&mut [0; 2]));
    }

    fn text(&self) -> String {
        String::from_utf16_lossy(&self.units)
    }
}

/// Whether a `/` behind this token divides; otherwise it opens a regular expression.
fn ends_a_value(before: Option<&Token>) -> bool {
    const KEYWORDS: &[&str] = &["return", "typeof", "case", "in", "of", "default", "await", "void"];
    match before.map(|t| &t.kind) {
        None => false,
        Some(Kind::Name(name)) => !KEYWORDS.contains(&name.as_str()),
        Some(Kind::Mark(mark)) => matches!(*mark, ")" | "]" | "}"),
        Some(_) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(text: &str) -> Vec<Kind> {
        tokens(text).map(|t| t.list.into_iter().map(|t| t.kind).collect()).unwrap()
    }

    fn one_text(text: &str) -> String {
        match kinds(text).as_slice() {
            [Kind::Text(value)] => value.clone(),
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn texts_are_decoded() {
        for (text, value) in [
            (r#""a\"b'""#, "a\"b'"),
            (r"'a\'b\\\n\t\x41\u0042\u{43}\q'", "a'b\\\n\tABCq"),
            (r"'\ud83d\ude00'", "\u{1f600}"),
            ("'a\\\nb'", "ab"),
            ("`a\nb\\`c$d`", "a\nb`c$d"),
        ] {
            assert_eq!(one_text(text), value, "{text}");
        }
    }

    #[test]
    fn a_template_with_substitutions_is_one_token() {
        for text in ["`a${b}c`", "`${`}${1}`}`", "`${ {a: '}'} }`", "`${/}/.test(x)}`"] {
            assert_eq!(kinds(text), [Kind::Template], "{text}");
        }
    }

    #[test]
    fn comments_and_regular_expressions_are_no_code() {
        assert_eq!(kinds("/* ' */ // \"\n"), []);
        assert_eq!(kinds("#!/usr/bin/env node '\n"), []);
        assert_eq!(
            kinds("a = /[/'\"]\\//g"),
            [Kind::Name("a".into()), Kind::Mark("="), Kind::Other]
        );
        assert_eq!(kinds("(a) / b").len(), 5);
    }

    #[test]
    fn what_cannot_be_read_is_an_error() {
        for text in
            ["'a", "\"a\nb\"", "`a", "`${a", "/* a", "x = /a", "'\\u12'", "'\\8'", "\\", "a\\u0041"]
        {
            assert!(tokens(text).is_err(), "{text}");
        }
    }
}
