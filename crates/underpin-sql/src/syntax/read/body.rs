//! The statements in the body of a `DO` block or a routine.
//!
//! PL/pgSQL is cut by its tokens, which are those of SQL: that gives exact places, and it works
//! for trigger functions, which `pg_query::parse_plpgsql` 18.1 answers with malformed JSON. Both
//! are compared in the tests. What is found is read with the SQL grammar: variables look like
//! columns to it.

use std::ops::Range;

use pg_query::NodeEnum;
use pg_query::protobuf::{Node, Token};

use super::options;
use super::source::{Lexeme, Lines, Place, Source, lexemes};
use crate::syntax::model::{Parsed, Statement};

/// Bodies inside bodies (a `DO` in a string that a `DO` executes) are followed this far.
const NESTED_MAX: usize = 3;

/// The statements in the body that `options` carry (`AS '…'`), found in the source.
pub(super) fn read(
    list: &[Node],
    language: &str,
    source: &Source<'_>,
    depth: usize,
) -> Vec<Parsed> {
    let Some(body) = text_of(list) else { return Vec::new() };
    let Some((text, place)) = locate(&body, source) else { return Vec::new() };
    within(text, language, place, source.lines, depth)
}

fn text_of(list: &[Node]) -> Option<String> {
    match options::argument(list, "as")? {
        NodeEnum::String(s) => Some(s.sval.clone()),
        NodeEnum::List(l) => super::name::words(&l.items).into_iter().next(),
        _ => None,
    }
}

/// Where the body stands: the string token that decodes to it.
fn locate<'a>(body: &'a str, source: &Source<'a>) -> Option<(&'a str, Place)> {
    let strings = source.tokens().iter().filter(|t| t.token == Token::Sconst);
    let mut candidates = strings.map(|t| (t, literal(&source.text[t.start..t.end])));
    let (token, inside) =
        candidates.find(|(_, inside)| inside.as_ref().is_none_or(|(_, inside)| *inside == body))?;
    match inside {
        Some((skipped, inside)) => {
            let start = token.start + skipped;
            let place = match &source.place {
                Place::Offset(offset) => Place::Offset(offset + start),
                within @ Place::Within(_) => within.clone(),
            };
            Some((inside, place))
        }
        None => Some((body, Place::Within(source.place(token.start..token.end)))),
    }
}

/// The inside of a string literal, and the length of what stands before it; `None` where it holds
/// escapes.
fn literal(token: &str) -> Option<(usize, &str)> {
    if let Some(rest) = token.strip_prefix('$') {
        let tag = rest.find('$')? + 2;
        return Some((tag, token.get(tag..token.len().checked_sub(tag)?)?));
    }
    let inside = token.strip_prefix('\'')?.strip_suffix('\'')?;
    (!inside.contains('\'')).then_some((1, inside))
}

fn within(text: &str, language: &str, place: Place, lines: &Lines, depth: usize) -> Vec<Parsed> {
    if depth >= NESTED_MAX {
        return Vec::new();
    }
    match language {
        "plpgsql" => Cutter::new(text, place, lines, depth).map_or_else(Vec::new, Cutter::cut),
        "sql" => super::statements(text, place, lines, depth + 1),
        _ => Vec::new(),
    }
}

/// Walks the tokens of a PL/pgSQL body from one statement to the next.
struct Cutter<'a> {
    text: &'a str,
    place: Place,
    lines: &'a Lines,
    tokens: Vec<Lexeme>,
    at: usize,
    depth: usize,
    found: Vec<Parsed>,
}

impl<'a> Cutter<'a> {
    fn new(text: &'a str, place: Place, lines: &'a Lines, depth: usize) -> Option<Self> {
        Some(Self { text, place, lines, tokens: lexemes(text)?, at: 0, depth, found: Vec::new() })
    }

    fn cut(mut self) -> Vec<Parsed> {
        while self.at < self.tokens.len() {
            let before = self.at;
            self.statement();
            self.at = self.at.max(before + 1);
        }
        self.found
    }

    fn word(&self, index: usize) -> &'a str {
        self.tokens.get(index).map_or("", |t| &self.text[t.start..t.end])
    }

    fn is(&self, index: usize, word: &str) -> bool {
        self.word(index).eq_ignore_ascii_case(word)
    }

    /// The index of the next token outside brackets that is one of `words`, or a semicolon. As in
    /// PL/pgSQL, a `THEN` counts even inside `CASE`, which therefore needs brackets in an `IF`.
    fn next(&self, from: usize, words: &[&str]) -> usize {
        let mut depth = 0usize;
        for index in from..self.tokens.len() {
            match self.word(index) {
                "(" | "[" => depth += 1,
                ")" | "]" => depth = depth.saturating_sub(1),
                // A semicolon ends whatever was open by mistake.
                ";" => return index,
                w if depth == 0 && words.iter().any(|x| w.eq_ignore_ascii_case(x)) => {
                    return index;
                }
                _ => {}
            }
        }
        self.tokens.len()
    }

    fn end(&self) -> usize {
        self.next(self.at, &[";"])
    }

    /// One step: a control word is skipped, a statement is read.
    fn statement(&mut self) {
        let word = self.word(self.at).to_ascii_lowercase();
        match word.as_str() {
            ";" | "begin" | "else" | "loop" | "exception" => self.at += 1,
            // <<label>>
            "<<" => self.at += 3,
            // #variable_conflict use_column, #print_strict_params on, #option dump
            "#" => self.at += 3,
            "declare" => self.declarations(),
            "if" | "elsif" | "elseif" | "when" => self.at = self.next(self.at + 1, &["then"]) + 1,
            "case" => self.at = self.next(self.at + 1, &["when"]),
            "while" | "foreach" => self.at = self.next(self.at + 1, &["loop"]) + 1,
            "for" => self.for_loop(),
            "execute" => self.execute(self.at + 1, self.end()),
            "perform" => {
                let end = self.end();
                self.sql(self.at, end, Some("SELECT "));
                self.at = end + 1;
            }
            "return" if self.is(self.at + 1, "query") => {
                let end = self.end();
                match self.is(self.at + 2, "execute") {
                    true => self.execute(self.at + 3, end),
                    false => {
                        self.sql(self.at + 2, end, None);
                        self.at = end + 1;
                    }
                }
            }
            "open" => {
                let end = self.end();
                if (self.at..end).any(|i| self.is(i, "execute")) {
                    self.dynamic(self.at, end);
                }
                self.at = end + 1;
            }
            "end" | "return" | "raise" | "exit" | "continue" | "get" | "fetch" | "move"
            | "close" | "null" | "assert" => self.at = self.end() + 1,
            _ => {
                let end = self.end();
                if !self.is_assignment(end) {
                    self.sql(self.at, end, None);
                }
                self.at = end + 1;
            }
        }
    }

    /// `DECLARE … BEGIN`: every declaration ends with a semicolon.
    fn declarations(&mut self) {
        self.at += 1;
        while self.at < self.tokens.len() && !self.is(self.at, "begin") {
            self.at = self.end() + 1;
        }
    }

    /// `FOR x IN query LOOP`; a query is a statement, a range is not.
    fn for_loop(&mut self) {
        let end = self.next(self.at + 1, &["loop"]);
        let start = self.next(self.at + 1, &["in", "loop"]) + 1;
        if start < end {
            match self.word(start).to_ascii_lowercase().as_str() {
                "execute" => self.execute(start + 1, end),
                "select" | "with" | "values" | "table" | "insert" | "update" | "delete" | "(" => {
                    self.sql(start, end, None);
                }
                _ => {}
            }
        }
        self.at = end + 1;
    }

    /// `x := …`, `x.y = …`, `x[1] := …`.
    fn is_assignment(&self, end: usize) -> bool {
        let mut index = self.at + 1;
        loop {
            match self.word(index) {
                ":=" => return true,
                "=" => return index < end,
                "." => index += 2,
                "[" => {
                    while index < end && self.word(index) != "]" {
                        index += 1;
                    }
                    index += 1;
                }
                _ => return false,
            }
            if index >= end {
                return false;
            }
        }
    }

    fn bytes(&self, from: usize, end: usize) -> Option<Range<usize>> {
        let (first, last) = (self.tokens.get(from)?, self.tokens.get(end.checked_sub(1)?)?);
        (first.start < last.end).then_some(first.start..last.end)
    }

    fn range(&self, bytes: Range<usize>) -> Range<usize> {
        match &self.place {
            Place::Offset(offset) => offset + bytes.start..offset + bytes.end,
            Place::Within(outer) => outer.clone(),
        }
    }

    fn dynamic(&mut self, from: usize, end: usize) {
        let Some(bytes) = self.bytes(from, end) else { return };
        let span = self.range(bytes);
        self.found.push(Parsed {
            line: self.lines.line(span.start),
            span,
            statement: Statement::Dynamic,
            inside: Vec::new(),
        });
    }

    /// `EXECUTE`: a literal alone is SQL like any other, everything else is dynamic.
    fn execute(&mut self, from: usize, end: usize) {
        let alone = from + 1 == end || self.is(from + 1, "into");
        let string = self.tokens.get(from).filter(|t| alone && t.token == Token::Sconst).copied();
        match string.and_then(|t| Some((t, literal(&self.text[t.start..t.end])?))) {
            Some((token, (skipped, inside))) => {
                let place = match &self.place {
                    Place::Offset(offset) => Place::Offset(offset + token.start + skipped),
                    within @ Place::Within(_) => within.clone(),
                };
                self.found.extend(super::statements(inside, place, self.lines, self.depth + 1));
            }
            None => self.dynamic(from.saturating_sub(1), end),
        }
        self.at = end + 1;
    }

    /// Reads SQL from token `from` up to `end`, with `INTO target` taken out and the first word
    /// replaced by another of the same length.
    fn sql(&mut self, from: usize, end: usize, replace: Option<&str>) {
        let Some(bytes) = self.bytes(from, end) else { return };
        let mut copy = self.text[bytes.clone()].to_owned();
        let mut blank = |range: Range<usize>| {
            let (start, stop) = (range.start - bytes.start, range.end - bytes.start);
            copy.replace_range(start..stop, &" ".repeat(stop - start));
        };
        if let Some(into) = self.target_of_into(from, end) {
            blank(into);
        }
        if let Some(word) = replace {
            copy.replace_range(..word.len().min(copy.len()), word);
        }
        let span = self.range(bytes.clone());
        let place = match &self.place {
            Place::Offset(offset) => Place::Offset(offset + bytes.start),
            within @ Place::Within(_) => within.clone(),
        };
        let mut statements = super::statements(&copy, place, self.lines, self.depth + 1);
        if let [one] = statements.as_mut_slice() {
            one.span = span;
        }
        self.found.extend(statements);
    }

    /// The bytes of `INTO [STRICT] target, …` in a statement that is not `INSERT INTO` or
    /// `MERGE INTO` (manual §41.5.3).
    fn target_of_into(&self, from: usize, end: usize) -> Option<Range<usize>> {
        let mut at = from;
        let start = loop {
            at = self.next(at, &["into"]);
            if at >= end {
                return None;
            }
            let after =
                at.checked_sub(1).filter(|_| at > from).map_or("", |before| self.word(before));
            if !after.eq_ignore_ascii_case("insert") && !after.eq_ignore_ascii_case("merge") {
                break at;
            }
            at += 1;
        };
        let mut last = start + 1;
        if self.is(last, "strict") {
            last += 1;
        }
        while last + 1 < end {
            match self.word(last + 1) {
                "." | "," => last += 2,
                "[" => {
                    while last + 1 < end && self.word(last) != "]" {
                        last += 1;
                    }
                }
                _ => break,
            }
        }
        let last = last.min(end - 1);
        Some(self.tokens[start].start..self.tokens[last].end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The SQL that `parse_plpgsql` finds, as the tree's statements say it.
    fn reference(body: &str) -> Vec<String> {
        let tree = pg_query::parse_plpgsql(&format!("DO $reference${body}$reference$"))
            .unwrap_or_else(|e| panic!("{e}: {body}"));
        let mut found = Vec::new();
        queries(&tree, &mut found);
        found
    }

    fn queries(value: &serde_json::Value, found: &mut Vec<String>) {
        match value {
            serde_json::Value::Object(map) => {
                for (key, inner) in map {
                    let wanted =
                        ["PLpgSQL_stmt_execsql", "PLpgSQL_stmt_perform", "PLpgSQL_stmt_fors"];
                    if wanted.contains(&key.as_str()) {
                        let place = ["sqlstmt", "expr", "query"].iter().find_map(|k| inner.get(k));
                        let text = place.and_then(|e| e["PLpgSQL_expr"]["query"].as_str());
                        found.extend(text.map(normal));
                        if let Some(body) = inner.get("body") {
                            queries(body, found);
                        }
                    } else if key == "PLpgSQL_stmt_dynexecute" || key == "PLpgSQL_stmt_dynfors" {
                        found.push("EXECUTE".to_owned());
                        if let Some(body) = inner.get("body") {
                            queries(body, found);
                        }
                    } else if key == "PLpgSQL_stmt_return_query" {
                        let text = inner["query"]["PLpgSQL_expr"]["query"].as_str();
                        found.push(text.map_or("EXECUTE".to_owned(), normal));
                    } else {
                        queries(inner, found);
                    }
                }
            }
            serde_json::Value::Array(list) => list.iter().for_each(|v| queries(v, found)),
            _ => {}
        }
    }

    fn normal(text: &str) -> String {
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    fn ours(body: &str) -> Vec<String> {
        let text = format!("DO $reference${body}$reference$");
        let mut all = crate::model::read(&text);
        all.remove(0)
            .inside
            .into_iter()
            .map(|p| match p.statement {
                Statement::Dynamic => "EXECUTE".to_owned(),
                _ => normal(&text[p.span]).replacen("PERFORM ", "SELECT ", 1),
            })
            .collect()
    }

    #[test]
    fn the_cutter_finds_what_postgresql_finds() {
        for body in [
            "BEGIN END",
            "BEGIN ALTER TABLE t ADD a int; DELETE FROM t; END;",
            "DECLARE a int := (SELECT 1); c CURSOR FOR SELECT 2; BEGIN UPDATE t SET a = 1; END",
            "BEGIN IF a = (CASE WHEN b THEN 1 ELSE 2 END) THEN INSERT INTO t VALUES (1); \
             ELSIF EXISTS (SELECT 1) THEN NULL; ELSE DELETE FROM u; END IF; END",
            "BEGIN CASE x WHEN 1, 2 THEN DELETE FROM a; WHEN 3 THEN DELETE FROM b; ELSE TRUNCATE c; END CASE; END",
            "BEGIN CASE WHEN x > 1 THEN DELETE FROM a; END CASE; END",
            "BEGIN FOR i IN 1..10 LOOP UPDATE t SET a = i; END LOOP; END",
            "BEGIN FOR i IN REVERSE 10..1 BY 2 LOOP UPDATE t SET a = i; EXIT WHEN i > 3; END LOOP; END",
            "DECLARE r record; BEGIN <<o>> FOR r IN WITH q AS (SELECT 1 AS x) SELECT * FROM q LOOP DELETE FROM t WHERE id = r.x; CONTINUE o; END LOOP o; END",
            "DECLARE r record; BEGIN FOR r IN EXECUTE 'SELECT ' || 1 LOOP DELETE FROM t; END LOOP; END",
            "DECLARE r int; BEGIN FOREACH r IN ARRAY ARRAY[1,2] LOOP DELETE FROM t; END LOOP; END",
            "BEGIN WHILE EXISTS (SELECT 1 FROM t) LOOP DELETE FROM t; END LOOP; END",
            "BEGIN PERFORM pg_sleep(1); PERFORM 1 FROM t WHERE a; EXECUTE 'x' || y USING 1; END",
            "DECLARE a int; b record; BEGIN a := 1; b.x = 2; a = (SELECT max(id) FROM t); UPDATE t SET a = 2; END",
            "DECLARE a int[]; BEGIN a[1] := 1; DELETE FROM t; END",
            "BEGIN BEGIN DELETE FROM a; EXCEPTION WHEN unique_violation OR foreign_key_violation THEN DELETE FROM b; END; DELETE FROM c; END",
            "BEGIN RAISE EXCEPTION 'a % b', 1 USING HINT = 'x; y'; DROP TABLE a; END",
            "BEGIN ASSERT 1 = 1, 'no'; NULL; CREATE TABLE x (a int DEFAULT CASE WHEN true THEN 1 END); RETURN; END",
            "#variable_conflict use_column\nBEGIN DELETE FROM t; END",
            "BEGIN MERGE INTO t USING s ON t.id = s.id WHEN MATCHED THEN DELETE; COMMENT ON TABLE t IS 'begin; end'; END",
        ] {
            // The JSON's keys are sorted, which loses the order of THEN and ELSE.
            let (mut expected, mut found) = (reference(body), ours(body));
            expected.sort();
            found.sort();
            assert_eq!(found, expected, "{body}");
        }
    }

    #[test]
    fn into_is_taken_out() {
        let text = "DO $$DECLARE a int; b int; BEGIN SELECT x, y INTO STRICT a, b FROM t; \
                    INSERT INTO t SELECT 1 RETURNING id INTO a; DELETE FROM t RETURNING id, y INTO a.x, b; END$$";
        for (parsed, reads) in
            crate::model::read(text).remove(0).inside.into_iter().zip([true, false, false])
        {
            match parsed.statement {
                Statement::Select(s) => assert!(reads && s.mentions.relations[0].name == "t"),
                Statement::Insert(_) | Statement::Delete(_) => assert!(!reads),
                other => panic!("{other:?}"),
            }
        }
    }
}
