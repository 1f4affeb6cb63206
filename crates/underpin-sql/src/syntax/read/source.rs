//! The text that a tree was made from, its tokens, and where both stand in the script.

use std::cell::OnceCell;
use std::ops::Range;

use pg_query::protobuf::Token;

/// Offsets of a script's line starts.
pub(super) struct Lines(Vec<usize>);

impl Lines {
    pub(super) fn of(text: &str) -> Self {
        Self(text.match_indices('\n').map(|(i, _)| i + 1).collect())
    }

    /// 1-based line of an offset.
    pub(super) fn line(&self, offset: usize) -> usize {
        self.0.partition_point(|start| *start <= offset) + 1
    }
}

/// One statement's text.
pub(super) struct Source<'a> {
    /// What locations of the tree point into, after [`Self::base`] is added.
    pub(super) text: &'a str,
    /// Added to every location of the tree.
    pub(super) base: usize,
    /// The statement's bytes in `text`.
    pub(super) span: Range<usize>,
    /// Where `text` stands in the script.
    pub(super) place: Place,
    /// Of the script.
    pub(super) lines: &'a Lines,
    tokens: OnceCell<Vec<Lexeme>>,
}

/// Where a text stands in the script.
#[derive(Clone)]
pub(super) enum Place {
    /// So many bytes from its start.
    Offset(usize),
    /// Inside this range, more is not known: a body that had to be unescaped.
    Within(Range<usize>),
}

/// A token, comments left out, with offsets in the source's text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lexeme {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) token: Token,
}

impl<'a> Source<'a> {
    pub(super) fn new(
        text: &'a str,
        base: usize,
        span: Range<usize>,
        place: Place,
        lines: &'a Lines,
    ) -> Self {
        Self { text, base, span, place, lines, tokens: OnceCell::new() }
    }

    /// A range of this text as a range of the script.
    pub(super) fn place(&self, range: Range<usize>) -> Range<usize> {
        match &self.place {
            Place::Offset(offset) => offset + range.start..offset + range.end,
            Place::Within(outer) => outer.clone(),
        }
    }

    /// A location of the tree as an offset of this text; `None` where the tree has none.
    pub(super) fn offset(&self, location: i32) -> Option<usize> {
        usize::try_from(location).ok().map(|l| l + self.base).filter(|o| *o < self.text.len())
    }

    /// The statement's tokens.
    pub(super) fn tokens(&self) -> &[Lexeme] {
        self.tokens.get_or_init(|| {
            lexemes(&self.text[self.span.clone()])
                .unwrap_or_default()
                .into_iter()
                .map(|l| Lexeme {
                    start: l.start + self.span.start,
                    end: l.end + self.span.start,
                    token: l.token,
                })
                .collect()
        })
    }

    /// The items of the list that begins at or after `from`: split at commas outside brackets.
    /// With `bracketed` the list is the first one in parentheses.
    pub(super) fn items(&self, from: usize, bracketed: bool) -> Vec<Range<usize>> {
        let mut tokens = self.tokens().iter().filter(|t| t.start >= from);
        let mut start = from;
        if bracketed {
            match tokens.find(|t| t.token == Token::Ascii40) {
                Some(open) => start = open.end,
                None => return Vec::new(),
            }
        }
        let (mut depth, mut items, mut end) = (0usize, Vec::new(), self.span.end);
        for token in tokens {
            match token.token {
                Token::Ascii40 | Token::Ascii91 => depth += 1,
                Token::Ascii41 | Token::Ascii93 if depth == 0 => {
                    end = token.start;
                    break;
                }
                Token::Ascii41 | Token::Ascii93 => depth -= 1,
                Token::Ascii44 if depth == 0 => {
                    items.push(start..token.start);
                    start = token.end;
                }
                _ => {}
            }
        }
        items.push(start..end.max(start));
        items.into_iter().map(|item| self.tight(item)).collect()
    }

    /// A range without comments and space around it.
    pub(super) fn tight(&self, range: Range<usize>) -> Range<usize> {
        let mut inside =
            self.tokens().iter().filter(|t| t.start >= range.start && t.end <= range.end);
        let Some(first) = inside.next() else { return range };
        first.start..inside.next_back().unwrap_or(first).end
    }

    /// What follows the first token `word` outside brackets in `range`, up to the first of `until`.
    pub(super) fn after(
        &self,
        range: &Range<usize>,
        word: Token,
        until: &[Token],
    ) -> Option<Range<usize>> {
        let (mut depth, mut start) = (0usize, None);
        for token in self.tokens().iter().filter(|t| t.start >= range.start && t.end <= range.end) {
            match token.token {
                t if depth == 0 && start.is_none() && t == word => start = Some(token.end),
                t if depth == 0 && until.contains(&t) => {
                    if let Some(start) = start {
                        return Some(self.tight(start..token.start));
                    }
                }
                Token::Ascii40 | Token::Ascii91 => depth += 1,
                Token::Ascii41 | Token::Ascii93 => depth = depth.saturating_sub(1),
                _ => {}
            }
        }
        Some(self.tight(start?..range.end))
    }

    /// The inside of the first parentheses after the token `word` in `range`.
    pub(super) fn parenthesised(&self, range: &Range<usize>, word: Token) -> Option<Range<usize>> {
        let mut tokens = self
            .tokens()
            .iter()
            .filter(|t| t.start >= range.start && t.end <= range.end)
            .skip_while(|t| t.token != word)
            .skip_while(|t| t.token != Token::Ascii40);
        let start = tokens.next()?.end;
        let mut depth = 0usize;
        for token in tokens {
            match token.token {
                Token::Ascii40 => depth += 1,
                Token::Ascii41 if depth == 0 => return Some(self.tight(start..token.start)),
                Token::Ascii41 => depth -= 1,
                _ => {}
            }
        }
        None
    }
}

/// The tokens of a text without its comments; `None` where it cannot be scanned (an unfinished
/// string, for instance).
pub(super) fn lexemes(text: &str) -> Option<Vec<Lexeme>> {
    let scan = pg_query::scan(text).ok()?;
    let lexemes = scan.tokens.into_iter().filter_map(|t| {
        let token = t.token();
        let (start, end) = (usize::try_from(t.start).ok()?, usize::try_from(t.end).ok()?);
        (!matches!(token, Token::SqlComment | Token::CComment)).then_some(Lexeme {
            start,
            end,
            token,
        })
    });
    Some(lexemes.collect())
}
