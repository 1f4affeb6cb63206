//! `.env` files, as the npm package `dotenv` (16 to 18) parses them and as Prisma 6 expands them.
//!
//! `dotenv` is one regular expression, so its oddities are part of the contract: a quoted value
//! may start on the line after the `=`, a quote that is not closed is part of the value, and text
//! after the closing quote turns the quotes into plain characters. This reader follows the
//! expression step by step; it was compared with the package on generated files.
//!
//! Prisma 6 expands `${NAME}` and nothing else: `$NAME` and `${NAME:-x}` stay as they are
//! (measured with 6.19.3). Prisma 7 expands nothing.

use std::collections::BTreeMap;

/// One assignment of a file.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Entry {
    /// The variable.
    pub(super) key: String,
    /// Its value, quotes removed. May be a secret.
    pub(super) value: String,
    /// 1-based line of the key.
    pub(super) line: usize,
}

/// JavaScript's `\s`.
fn is_space(c: char) -> bool {
    (c.is_whitespace() && c != '\u{85}') || c == '\u{feff}'
}

/// Where JavaScript's `$` and `^` see the end of a line (carriage returns are gone by then).
fn is_line_end(c: char) -> bool {
    matches!(c, '\n' | '\u{2028}' | '\u{2029}')
}

fn is_key(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-')
}

/// The assignments of a file, the last one of a name at the place of the first.
pub(super) fn parse(text: &str) -> Vec<Entry> {
    let normal: Vec<char> = text.replace("\r\n", "\n").replace('\r', "\n").chars().collect();
    let reader = Reader { text: &normal };
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    let mut entries: Vec<Entry> = Vec::new();
    let (mut at, mut line, mut counted) = (Some(0), 1, 0);
    while let Some(start) = at {
        let first = reader.skip_spaces(start);
        let Some((entry, end)) = reader.assignment(first) else {
            at = reader.next_line(first + 1);
            continue;
        };
        line += normal[counted..entry.at].iter().filter(|c| **c == '\n').count();
        counted = entry.at;
        let new = Entry { key: entry.key, value: entry.value, line };
        match places.get(&new.key) {
            Some(place) => entries[*place] = new,
            None => {
                places.insert(new.key.clone(), entries.len());
                entries.push(new);
            }
        }
        at = reader.next_line(end);
    }
    entries
}

struct Reader<'a> {
    text: &'a [char],
}

struct Assignment {
    key: String,
    value: String,
    at: usize,
}

impl Reader<'_> {
    fn peek(&self, at: usize) -> Option<char> {
        self.text.get(at).copied()
    }

    fn skip(&self, mut at: usize, take: impl Fn(char) -> bool) -> usize {
        while self.peek(at).is_some_and(&take) {
            at += 1;
        }
        at
    }

    fn skip_spaces(&self, at: usize) -> usize {
        self.skip(at, is_space)
    }

    /// The first start of a line at or after `at`.
    fn next_line(&self, at: usize) -> Option<usize> {
        (at..self.text.len()).find(|i| *i == 0 || is_line_end(self.text[*i - 1]))
    }

    fn string(&self, from: usize, to: usize) -> String {
        self.text[from..to].iter().collect()
    }

    /// `(?:export\s+)?key separator value`, with `at` behind the leading white space.
    fn assignment(&self, at: usize) -> Option<(Assignment, usize)> {
        const EXPORT: [char; 6] = ['e', 'x', 'p', 'o', 'r', 't'];
        if self.text.get(at..at + EXPORT.len()) == Some(&EXPORT[..]) {
            let key = self.skip_spaces(at + EXPORT.len());
            if key > at + EXPORT.len()
                && let Some(found) = self.key_and_value(key)
            {
                return Some(found);
            }
        }
        self.key_and_value(at)
    }

    fn key_and_value(&self, at: usize) -> Option<(Assignment, usize)> {
        let key_end = self.skip(at, is_key);
        if key_end == at {
            return None;
        }
        let separator = self.skip_spaces(key_end);
        let value_at = if self.peek(separator) == Some('=') {
            separator + 1
        } else if self.peek(key_end) == Some(':') && self.peek(key_end + 1).is_some_and(is_space) {
            key_end + 2
        } else {
            return None;
        };
        let (value, end) = self.value(value_at);
        Some((Assignment { key: self.string(at, key_end), value, at }, end))
    }

    fn value(&self, at: usize) -> (String, usize) {
        let open = self.skip_spaces(at);
        if let Some(quote @ ('\'' | '"' | '`')) = self.peek(open)
            && let Some((close, end)) = self.closing_quote(open, quote)
        {
            return (unescape(&self.string(open + 1, close), quote), end);
        }
        let stop = self.skip(at, |c| c != '#' && c != '\n');
        let raw = self.string(at, stop);
        let raw = raw.trim_matches(is_space);
        let quote = raw.chars().next().filter(|c| matches!(c, '\'' | '"' | '`'));
        let value = match quote {
            Some(quote) => {
                let inner = raw[1..].strip_suffix(quote).unwrap_or(raw);
                unescape(inner, quote)
            }
            None => raw.to_owned(),
        };
        (value, self.tail(stop).unwrap_or(stop))
    }

    /// The quote that ends the value, and the end of the match. A quote behind a backslash may
    /// end it too, if no later one does.
    fn closing_quote(&self, open: usize, quote: char) -> Option<(usize, usize)> {
        let mut best = None;
        for at in open + 1..self.text.len() {
            if self.text[at] != quote {
                continue;
            }
            if let Some(end) = self.tail(at + 1) {
                best = Some((at, end));
            }
            if self.text[at - 1] != '\\' {
                break;
            }
        }
        best
    }

    /// `\s*(?:#.*)?$` from `at`: where it ends, if it fits.
    fn tail(&self, at: usize) -> Option<usize> {
        let end = self.skip_spaces(at);
        match self.peek(end) {
            None => Some(end),
            Some('#') => Some(self.skip(end, |c| !is_line_end(c))),
            Some(_) => (at..end).rev().find(|i| is_line_end(self.text[*i])),
        }
    }
}

/// `\n` and `\r` stand for characters in double quotes only; no other escape exists.
fn unescape(value: &str, quote: char) -> String {
    if quote == '"' { value.replace("\\n", "\n").replace("\\r", "\r") } else { value.to_owned() }
}

/// Values that refer to each other deeper than this refer to themselves.
const MAX_DEPTH: usize = 32;
/// No expanded value is longer than this.
const MAX_LENGTH: usize = 64 * 1024;
/// No value needs more look-ups than this.
const MAX_STEPS: usize = 10_000;

/// The value cannot be expanded: it refers to itself, or grows without bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Endless;

/// Expands `${NAME}` as Prisma 6 does; `\${` stands for `${`, an unknown name for nothing.
///
/// # Errors
/// [`Endless`].
pub(super) fn expand<'v>(
    value: &str,
    look_up: &impl Fn(&str) -> Option<&'v str>,
) -> Result<String, Endless> {
    expand_at(value, look_up, 0, &mut 0)
}

fn expand_at<'v>(
    value: &str,
    look_up: &impl Fn(&str) -> Option<&'v str>,
    depth: usize,
    steps: &mut usize,
) -> Result<String, Endless> {
    if depth > MAX_DEPTH {
        return Err(Endless);
    }
    let mut out = value.to_owned();
    for reference in references(value) {
        *steps += 1;
        if *steps > MAX_STEPS {
            return Err(Endless);
        }
        let (part, new) = if reference.escaped {
            (format!("\\{}", reference.text), reference.text.to_owned())
        } else {
            let found = look_up(reference.name).unwrap_or_default();
            (reference.text.to_owned(), expand_at(found, look_up, depth + 1, steps)?)
        };
        out = replace_first(&out, &part, &new);
        if out.len() > MAX_LENGTH {
            return Err(Endless);
        }
    }
    Ok(out)
}

struct Reference<'a> {
    /// `${NAME}`.
    text: &'a str,
    name: &'a str,
    /// A backslash stands before it.
    escaped: bool,
}

fn references(value: &str) -> Vec<Reference<'_>> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(start) = value[at..].find("${").map(|i| at + i) {
        let name_end = value[start + 2..]
            .find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
            .map_or(value.len(), |i| start + 2 + i);
        if value[name_end..].starts_with('}') {
            let escaped = start > at && value[at..start].ends_with('\\');
            let text = &value[start..=name_end];
            found.push(Reference { text, name: &value[start + 2..name_end], escaped });
            at = name_end + 1;
        } else {
            // The next `$` may begin inside (`${${A}`); the backslash test must still see it.
            at = start + 1;
        }
    }
    found
}

/// JavaScript's `text.replace(part, new)` for texts: the first place only, and `$$`, `$&`,
/// `` $` `` and `$'` in `new` mean something.
fn replace_first(text: &str, part: &str, new: &str) -> String {
    let Some(at) = text.find(part) else { return text.to_owned() };
    let (before, after) = (&text[..at], &text[at + part.len()..]);
    let mut out = String::with_capacity(text.len() + new.len());
    out.push_str(before);
    let mut rest = new;
    while let Some(i) = rest.find('$') {
        out.push_str(&rest[..i]);
        let (meaning, used) = match rest[i + 1..].chars().next() {
            Some('$') => ("$", 2),
            Some('&') => (part, 2),
            Some('`') => (before, 2),
            Some('\'') => (after, 2),
            _ => ("$", 1),
        };
        out.push_str(meaning);
        rest = &rest[i + used..];
        if out.len() > 2 * MAX_LENGTH {
            return out;
        }
    }
    out.push_str(rest);
    out.push_str(after);
    out
}
