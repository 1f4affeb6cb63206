//! Tokens to values. What is not one of the known forms is [`Form::Computed`]; whether that
//! matters is decided later, when somebody needs the value.

use super::bindings::{Bindings, Module};
use super::token::{Kind, Token};

/// A value and the byte offset of its first token.
#[derive(Debug, Clone)]
pub(in crate::config) struct Node {
    pub(in crate::config) at: usize,
    pub(in crate::config) form: Form,
}

/// The forms that can be known without running the file.
#[derive(Debug, Clone)]
pub(in crate::config) enum Form {
    /// A text.
    Text(String),
    /// `true` or `false`.
    Boolean(bool),
    /// `undefined` or `null`.
    Nothing,
    /// `env('NAME')` of `prisma/config`: an error if unset or empty.
    Required(String),
    /// `process.env.NAME`.
    Variable(String),
    /// `left ?? right` (`empty` false) or `left || right` (`empty` true).
    Fallback { left: Box<Node>, right: Box<Node>, empty: bool },
    /// `{ … }`, or `defineConfig({ … })`.
    Object(Vec<Member>),
    /// `[ … ]`.
    List(Vec<Node>),
    /// `path.join(…)`, `path.resolve(…)`.
    Path { resolve: bool, parts: Vec<Node> },
    /// `__dirname`, `import.meta.dirname`.
    FileFolder,
    /// `__filename`, `import.meta.filename`.
    FileName,
    /// `import.meta.url`.
    FileUrl,
    /// `process.cwd()`.
    WorkingFolder,
    /// The name of something else.
    Name(String),
    /// Anything else.
    Computed,
}

/// One entry of an object.
#[derive(Debug, Clone)]
pub(in crate::config) struct Member {
    /// `None`: a spread or a computed key, so it may be any key.
    pub(in crate::config) key: Option<String>,
    pub(in crate::config) at: usize,
    pub(in crate::config) value: Node,
}

/// Behind a line end, these go on with the value.
const GOES_ON: &str = "( [ . ?. + - * / % ** ? && & | ^ < > == === != !== , = =>";
/// No value is nested deeper than this.
const MAX_DEPTH: usize = 48;

/// Reads values.
pub(super) struct Reader<'a> {
    pub(super) tokens: &'a [Token],
    pub(super) bindings: &'a Bindings,
    pub(super) at: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn new(tokens: &'a [Token], bindings: &'a Bindings, at: usize) -> Self {
        Self { tokens, bindings, at }
    }

    fn kind(&self) -> Option<&'a Kind> {
        self.tokens.get(self.at).map(|t| &t.kind)
    }

    fn mark(&mut self, mark: &'static str) -> bool {
        let found = self.kind() == Some(&Kind::Mark(mark));
        self.at += usize::from(found);
        found
    }

    fn name(&mut self) -> Option<&'a str> {
        let Some(Kind::Name(name)) = self.kind() else { return None };
        self.at += 1;
        Some(name)
    }

    fn word(&mut self, word: &str) -> bool {
        let found = matches!(self.kind(), Some(Kind::Name(name)) if name == word);
        self.at += usize::from(found);
        found
    }

    fn offset(&self) -> usize {
        self.tokens.get(self.at).or(self.tokens.last()).map_or(0, |t| t.range.start)
    }

    fn ends_here(&self) -> bool {
        matches!(self.kind(), None | Some(Kind::Mark("," | "}" | ")" | "]" | ";")))
    }

    /// A value inside of brackets, up to its comma or the closing bracket.
    pub(super) fn value(&mut self, depth: usize) -> Node {
        let (start, at) = (self.at, self.offset());
        if depth < MAX_DEPTH
            && let Some(form) = self.chain(depth)
            && self.ends_here()
        {
            return Node { at, form };
        }
        self.at = start;
        self.skip_value();
        Node { at, form: Form::Computed }
    }

    /// A value at the end of a statement.
    pub(super) fn statement(&mut self) -> Node {
        let at = self.offset();
        let form = self.chain(0).filter(|_| {
            let new_line = self.tokens.get(self.at).is_some_and(|t| t.new_line);
            let goes_on = match self.kind() {
                Some(Kind::Mark(mark)) => GOES_ON.split(' ').any(|m| m == *mark),
                kind => kind == Some(&Kind::Template),
            };
            matches!(self.kind(), None | Some(Kind::Mark(";"))) || (new_line && !goes_on)
        });
        Node { at, form: form.unwrap_or(Form::Computed) }
    }

    fn skip_value(&mut self) {
        let mut depth = 0_usize;
        while let Some(token) = self.tokens.get(self.at) {
            match token.kind {
                Kind::Mark("," | ";") if depth == 0 => return,
                Kind::Mark("{" | "(" | "[") => depth += 1,
                Kind::Mark("}" | ")" | "]") if depth == 0 => return,
                Kind::Mark("}" | ")" | "]") => depth -= 1,
                _ => {}
            }
            self.at += 1;
        }
    }

    /// `a ?? b`, `a || b`; from left to right.
    fn chain(&mut self, depth: usize) -> Option<Form> {
        let at = self.offset();
        let mut left = self.operand(depth)?;
        loop {
            let empty = if self.mark("??") {
                false
            } else if self.mark("||") {
                true
            } else {
                return Some(left);
            };
            let right = Node { at: self.offset(), form: self.operand(depth)? };
            left = Form::Fallback {
                left: Box::new(Node { at, form: left }),
                right: Box::new(right),
                empty,
            };
            // A long chain nests to the left; it is dropped and walked by recursion.
            if nesting(&left) > MAX_DEPTH {
                return None;
            }
        }
    }

    fn operand(&mut self, depth: usize) -> Option<Form> {
        let form = self.primary(depth)?;
        loop {
            let new_line = self.tokens.get(self.at).is_some_and(|t| t.new_line);
            if self.kind() == Some(&Kind::Mark("!")) && !new_line {
                self.at += 1;
            } else if !new_line && (self.word("as") || self.word("satisfies")) {
                self.skip_type();
            } else {
                return Some(form);
            }
        }
    }

    /// A type behind `as` or `satisfies`: up to what cannot belong to a type.
    fn skip_type(&mut self) {
        let (mut depth, start) = (0_usize, self.at);
        while let Some(token) = self.tokens.get(self.at) {
            match &token.kind {
                Kind::Mark("{" | "(" | "[" | "<") => depth += 1,
                Kind::Mark("}" | ")" | "]" | ">") if depth > 0 => depth -= 1,
                Kind::Mark("," | ";" | "}" | ")" | "]" | "??" | "||" | "=") if depth == 0 => return,
                Kind::Name(name) if depth == 0 && (name == "as" || name == "satisfies") => return,
                // `as string` and the next statement: two words in a row, on two lines.
                Kind::Name(_) | Kind::Mark("@") if depth == 0 && token.new_line => {
                    let joined = self.at > start
                        && matches!(self.tokens[self.at - 1].kind, Kind::Mark("|" | "&" | "."));
                    if self.at > start && !joined {
                        return;
                    }
                }
                _ => {}
            }
            self.at += 1;
        }
    }

    fn primary(&mut self, depth: usize) -> Option<Form> {
        if depth >= MAX_DEPTH {
            return None;
        }
        match self.kind()? {
            Kind::Text(text) => {
                self.at += 1;
                Some(Form::Text(text.clone()))
            }
            Kind::Mark("{") => self.object(depth),
            Kind::Mark("[") => {
                self.at += 1;
                self.list("]", depth).map(Form::List)
            }
            Kind::Mark("(") => {
                self.at += 1;
                let form = self.chain(depth + 1)?;
                self.mark(")").then_some(form)
            }
            Kind::Name(name) => self.named(name, depth),
            _ => None,
        }
    }

    /// The arguments of a call, from its bracket on.
    pub(super) fn arguments(&mut self) -> Option<Vec<Node>> {
        if self.mark("(") { self.list(")", 0) } else { None }
    }

    fn list(&mut self, close: &'static str, depth: usize) -> Option<Vec<Node>> {
        let mut items = Vec::new();
        while !self.mark(close) {
            items.push(self.value(depth + 1));
            if !self.mark(",") && self.kind() != Some(&Kind::Mark(close)) {
                return None;
            }
        }
        Some(items)
    }

    fn object(&mut self, depth: usize) -> Option<Form> {
        self.at += 1;
        let mut members = Vec::new();
        while !self.mark("}") {
            members.push(self.member(depth)?);
            if !self.mark(",") && self.kind() != Some(&Kind::Mark("}")) {
                return None;
            }
        }
        Some(Form::Object(members))
    }

    fn member(&mut self, depth: usize) -> Option<Member> {
        let at = self.offset();
        let computed = Node { at, form: Form::Computed };
        let key = match self.kind()? {
            Kind::Text(text) => text.clone(),
            Kind::Name(name) => name.clone(),
            Kind::Other => self.tokens[self.at].range.start.to_string(),
            Kind::Mark("..." | "[" | "*" | "#") => {
                self.skip_value();
                return Some(Member { key: None, at, value: computed });
            }
            _ => return None,
        };
        let shorthand = matches!(self.kind(), Some(Kind::Name(_)));
        self.at += 1;
        if self.mark(":") {
            return Some(Member { key: Some(key), at, value: self.value(depth + 1) });
        }
        if shorthand && matches!(self.kind(), Some(Kind::Mark("," | "}"))) {
            let value = Node { at, form: Form::Name(key.clone()) };
            return Some(Member { key: Some(key), at, value });
        }
        // A method; behind `get`, `set`, `async` and `static` the name follows.
        let key = match self.kind()? {
            Kind::Mark("(" | "<") => Some(key),
            Kind::Name(name) | Kind::Text(name) => Some(name.clone()),
            _ => None,
        };
        self.skip_value();
        Some(Member { key, at, value: computed })
    }

    /// What begins with a name: a constant, `process.env`, a call.
    fn named(&mut self, name: &'a str, depth: usize) -> Option<Form> {
        match name {
            "true" | "false" => {
                self.at += 1;
                return Some(Form::Boolean(name == "true"));
            }
            "undefined" | "null" => {
                self.at += 1;
                return Some(Form::Nothing);
            }
            "__dirname" if !self.bindings.declares(name) => {
                self.at += 1;
                return Some(Form::FileFolder);
            }
            "__filename" if !self.bindings.declares(name) => {
                self.at += 1;
                return Some(Form::FileName);
            }
            "import" => {
                self.at += 1;
                let own = self.mark(".") && self.word("meta") && self.mark(".");
                return match self.name().filter(|_| own)? {
                    "dirname" => Some(Form::FileFolder),
                    "filename" => Some(Form::FileName),
                    "url" => Some(Form::FileUrl),
                    _ => None,
                };
            }
            _ => {}
        }
        if let Some(next) = self.bindings.environment_at(self.tokens, self.at) {
            self.at = next;
            return self.environment_key().map(Form::Variable);
        }
        if let Some((module, function, next)) = self.bindings.callee_at(self.tokens, self.at) {
            self.at = next;
            return self.call(module, &function, depth);
        }
        self.at += 1;
        Some(Form::Name(name.to_owned()))
    }

    /// `.NAME`, `['NAME']`, behind `process.env`.
    fn environment_key(&mut self) -> Option<String> {
        if self.mark(".") || self.mark("?.") {
            if !self.mark("[") {
                return self.name().map(str::to_owned);
            }
        } else if !self.mark("[") {
            return None;
        }
        let Some(Kind::Text(name)) = self.kind() else { return None };
        self.at += 1;
        self.mark("]").then(|| name.clone())
    }

    /// A call of a known module's function, from its arguments on.
    fn call(&mut self, module: Module, function: &str, depth: usize) -> Option<Form> {
        if self.mark("<") {
            let mut open = 1_usize;
            while open > 0 {
                match self.kind()? {
                    Kind::Mark("<") => open += 1,
                    Kind::Mark(">") => open -= 1,
                    _ => {}
                }
                self.at += 1;
            }
        }
        if !self.mark("(") {
            return None;
        }
        let mut arguments = self.list(")", depth)?;
        match (module, function) {
            (Module::Prisma, "env") => match arguments.as_slice() {
                [Node { form: Form::Text(name), .. }] => Some(Form::Required(name.clone())),
                _ => None,
            },
            (Module::Prisma, "defineConfig") if arguments.len() == 1 => {
                Some(arguments.remove(0).form)
            }
            (Module::Path, "join" | "resolve") => {
                Some(Form::Path { resolve: function == "resolve", parts: arguments })
            }
            (Module::Path, "dirname") => match arguments.as_slice() {
                [Node { form: Form::FileName, .. }] => Some(Form::FileFolder),
                _ => None,
            },
            (Module::Url, "fileURLToPath") => match arguments.as_slice() {
                [Node { form: Form::FileUrl, .. }] => Some(Form::FileName),
                _ => None,
            },
            (Module::Process, "cwd") if arguments.is_empty() => Some(Form::WorkingFolder),
            _ => None,
        }
    }
}

fn nesting(form: &Form) -> usize {
    let (mut depth, mut form) = (0, form);
    while let Form::Fallback { left, .. } = form {
        depth += 1;
        form = &left.form;
    }
    depth
}
