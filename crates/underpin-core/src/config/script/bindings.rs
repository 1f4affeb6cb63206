//! What the names of a file stand for: imports of the few modules that matter, and constants.

use std::collections::{BTreeMap, BTreeSet};

use super::token::{Kind, Token};

/// The modules whose functions have a known meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Module {
    Prisma,
    Path,
    Url,
    Process,
    Dotenv,
    DotenvExpand,
    Other,
}

impl Module {
    pub(super) fn of(name: &str) -> Self {
        match name {
            "prisma/config" | "@prisma/config" | "@prisma/prisma7/config" | "prisma7/config" => {
                Self::Prisma
            }
            "path" | "node:path" | "path/posix" | "node:path/posix" | "pathe" => Self::Path,
            "url" | "node:url" => Self::Url,
            "process" | "node:process" => Self::Process,
            "dotenv" => Self::Dotenv,
            "dotenv-expand" | "dotenv-expand/config" => Self::DotenvExpand,
            _ => Self::Other,
        }
    }
}

/// An import of a whole module, by its name in quotes.
#[derive(Debug, Clone)]
pub(super) struct Import {
    pub(super) module: String,
    pub(super) at: usize,
    /// It binds no name: it is there for what it does.
    pub(super) bare: bool,
    /// `import`, which runs before everything else; otherwise `require`.
    pub(super) hoisted: bool,
    /// It stands inside of braces, so it may not run.
    pub(super) nested: bool,
}

/// The names of a file.
#[derive(Debug, Default)]
pub(super) struct Bindings {
    /// Local name to module and exported name (`None`: the module itself).
    names: BTreeMap<String, (Option<Module>, Option<String>)>,
    /// Top-level `const` to the index of its value's first token.
    constants: BTreeMap<String, usize>,
    /// Everything declared anywhere, by whatever means.
    declared: BTreeSet<String>,
    /// The modules that are loaded, in order.
    pub(super) imports: Vec<Import>,
}

impl Bindings {
    /// Collects the names of a file.
    pub(super) fn of(tokens: &[Token]) -> Self {
        let mut bindings = Self::default();
        let mut depth = 0_usize;
        for (at, token) in tokens.iter().enumerate() {
            match &token.kind {
                Kind::Mark("{" | "(" | "[") => depth += 1,
                Kind::Mark("}" | ")" | "]") => depth = depth.saturating_sub(1),
                Kind::Name(name) if !after_dot(tokens, at) => match name.as_str() {
                    "import" if depth == 0 => bindings.import(tokens, at),
                    "const" | "let" | "var" => bindings.declaration(tokens, at, depth),
                    "function" | "class" => {
                        if let Some(name) = name_at(tokens, at + 1) {
                            bindings.declared.insert(name.to_owned());
                        }
                    }
                    "require" => bindings.require(tokens, at, depth > 0),
                    _ => {}
                },
                _ => {}
            }
        }
        bindings
    }

    /// Whether the file declares that name itself.
    pub(super) fn declares(&self, name: &str) -> bool {
        self.declared.contains(name) || self.names.contains_key(name)
    }

    /// The index of the value of a top-level constant.
    pub(super) fn constant(&self, name: &str) -> Option<usize> {
        self.constants.get(name).copied()
    }

    /// Whether `process.env` (or an import of it) stands at token `at`; the index behind it.
    pub(super) fn environment_at(&self, tokens: &[Token], at: usize) -> Option<usize> {
        let name = name_at(tokens, at)?;
        match self.names.get(name) {
            Some((Some(Module::Process), Some(export))) if export == "env" => Some(at + 1),
            _ if self.is_process(name)
                && mark_at(tokens, at + 1) == Some(".")
                && name_at(tokens, at + 2) == Some("env") =>
            {
                Some(at + 3)
            }
            _ => None,
        }
    }

    fn is_process(&self, name: &str) -> bool {
        match self.names.get(name) {
            Some((Some(Module::Process), None)) => true,
            Some(_) => false,
            None => name == "process" && !self.declared.contains(name),
        }
    }

    /// The function of a known module that is called at token `at`, and the index of its
    /// arguments.
    pub(super) fn callee_at(&self, tokens: &[Token], at: usize) -> Option<(Module, String, usize)> {
        let name = name_at(tokens, at)?;
        let called = |index: usize| matches!(mark_at(tokens, index), Some("(" | "<"));
        if let Some((Some(module), Some(function))) = self.names.get(name) {
            return called(at + 1).then(|| (*module, function.clone(), at + 1));
        }
        let (module, dot) = if self.is_process(name) {
            (Module::Process, at + 1)
        } else if let Some((Some(module), None)) = self.names.get(name) {
            if called(at + 1) {
                return Some((*module, "default".to_owned(), at + 1));
            }
            (*module, at + 1)
        } else if name == "require" && !self.declares(name) {
            let (module, end) = required(tokens, at)?;
            (Module::of(module), end)
        } else {
            return None;
        };
        let function = name_at(tokens, dot + 1).filter(|_| mark_at(tokens, dot) == Some("."))?;
        called(dot + 2).then(|| (module, function.to_owned(), dot + 2))
    }

    fn bind(&mut self, local: &str, module: &str, export: Option<&str>) {
        let export = export.filter(|e| *e != "default").map(str::to_owned);
        // Bound twice (in two scopes, say): no meaning is certain.
        let bound = match self.names.contains_key(local) {
            true => (None, None),
            false => (Some(Module::of(module)), export),
        };
        self.names.insert(local.to_owned(), bound);
    }

    fn import(&mut self, tokens: &[Token], start: usize) {
        let at = tokens[start].range.start;
        let next = tokens.get(start + 1).map(|t| &t.kind);
        if let Some(Kind::Text(module)) = next {
            let module = module.clone();
            self.imports.push(Import { module, at, bare: true, hoisted: true, nested: false });
            return;
        }
        if matches!(next, None | Some(Kind::Mark("(" | "."))) {
            return;
        }
        // `import type …` loads nothing; `import type from 'x'` is a default import.
        let type_only = name_at(tokens, start + 1) == Some("type")
            && name_at(tokens, start + 2) != Some("from")
            && mark_at(tokens, start + 2) != Some(",");
        let Some(from) = (start + 1..tokens.len().min(start + 400)).find(|i| {
            matches!(&tokens[*i].kind, Kind::Name(name) if name == "from")
                && matches!(tokens.get(i + 1).map(|t| &t.kind), Some(Kind::Text(_)))
        }) else {
            return;
        };
        let Some(Kind::Text(module)) = tokens.get(from + 1).map(|t| &t.kind) else { return };
        if type_only {
            return;
        }
        let module_name = module.clone();
        let import = Import { module: module_name, at, bare: false, hoisted: true, nested: false };
        self.imports.push(import);
        let mut i = start + 1;
        while i < from {
            match &tokens[i].kind {
                Kind::Mark("*") if name_at(tokens, i + 1) == Some("as") => {
                    if let Some(local) = name_at(tokens, i + 2) {
                        self.bind(local, module, None);
                    }
                    i += 3;
                }
                Kind::Mark("{") => i = self.pattern(tokens, i, module, "as"),
                Kind::Name(local) => {
                    self.bind(local, module, None);
                    i += 1;
                }
                _ => i += 1,
            }
        }
    }

    /// `{ a, b as c }` or `{ a, b: c }` from its brace; the index behind it.
    fn pattern(&mut self, tokens: &[Token], open: usize, module: &str, rename: &str) -> usize {
        let mut i = open + 1;
        while i < tokens.len() && mark_at(tokens, i) != Some("}") {
            let type_only = name_at(tokens, i) == Some("type")
                && name_at(tokens, i + 1).is_some_and(|name| name != "as");
            if type_only {
                i += 2;
                continue;
            }
            let Some(export) = name_at(tokens, i) else {
                i += 1;
                continue;
            };
            let renamed = name_at(tokens, i + 1) == Some(rename)
                || mark_at(tokens, i + 1).is_some_and(|mark| mark == rename);
            match name_at(tokens, i + 2).filter(|_| renamed) {
                Some(local) => {
                    self.bind(local, module, Some(export));
                    i += 3;
                }
                None => {
                    self.bind(export, module, Some(export));
                    i += 1;
                }
            }
        }
        i + 1
    }

    fn declaration(&mut self, tokens: &[Token], start: usize, depth: usize) {
        if mark_at(tokens, start + 1) == Some("{") || mark_at(tokens, start + 1) == Some("[") {
            self.destructuring(tokens, start + 1, depth);
            return;
        }
        let Some(name) = name_at(tokens, start + 1) else { return };
        let Some(value) = behind_equals(tokens, start + 2) else {
            self.declared.insert(name.to_owned());
            return;
        };
        if depth == 0 && name_at(tokens, start) == Some("const") {
            if let Some((module, end)) = required(tokens, value)
                && ends_statement(tokens, end)
            {
                self.bind(name, module, None);
                return;
            }
            if !self.declared.contains(name) {
                self.constants.insert(name.to_owned(), value);
            }
        }
        // Declared twice, in two scopes: which one is meant takes more than this reader knows.
        if !self.declared.insert(name.to_owned()) {
            self.constants.remove(name);
        }
    }

    fn destructuring(&mut self, tokens: &[Token], open: usize, depth: usize) {
        let Some(close) = closing(tokens, open) else { return };
        if depth == 0
            && mark_at(tokens, close + 1) == Some("=")
            && let Some((module, end)) = required(tokens, close + 2)
            && ends_statement(tokens, end)
        {
            self.pattern(tokens, open, module, ":");
            return;
        }
        for i in open..close {
            if let Some(name) = name_at(tokens, i) {
                self.declared.insert(name.to_owned());
            }
        }
    }

    fn require(&mut self, tokens: &[Token], start: usize, nested: bool) {
        let Some((module, end)) = required(tokens, start) else { return };
        let bare = ends_statement(tokens, end)
            && !matches!(
                start.checked_sub(1).and_then(|i| mark_at(tokens, i)),
                Some("=" | "(" | ",")
            );
        let at = tokens[start].range.start;
        self.imports.push(Import { module: module.to_owned(), at, bare, hoisted: false, nested });
    }
}

/// The name at token `at`.
pub(super) fn name_at(tokens: &[Token], at: usize) -> Option<&str> {
    match tokens.get(at).map(|t| &t.kind) {
        Some(Kind::Name(name)) => Some(name),
        _ => None,
    }
}

/// The mark at token `at`.
pub(super) fn mark_at(tokens: &[Token], at: usize) -> Option<&'static str> {
    match tokens.get(at).map(|t| &t.kind) {
        Some(Kind::Mark(mark)) => Some(mark),
        _ => None,
    }
}

/// Whether token `at` is a property of something.
pub(super) fn after_dot(tokens: &[Token], at: usize) -> bool {
    at > 0 && matches!(mark_at(tokens, at - 1), Some("." | "?."))
}

/// `require('module')` at token `at`: the module, and the index behind.
fn required(tokens: &[Token], at: usize) -> Option<(&str, usize)> {
    let Some(Kind::Text(module)) = tokens.get(at + 2).map(|t| &t.kind) else { return None };
    let call = name_at(tokens, at) == Some("require")
        && mark_at(tokens, at + 1) == Some("(")
        && mark_at(tokens, at + 3) == Some(")");
    call.then_some((module, at + 4))
}

/// Whether a statement ends before token `at`.
fn ends_statement(tokens: &[Token], at: usize) -> bool {
    match tokens.get(at) {
        None => true,
        Some(Token { kind: Kind::Mark(";"), .. }) => true,
        Some(token) => token.new_line && !matches!(token.kind, Kind::Mark("." | "(" | "[" | "?.")),
    }
}

/// The index behind the `=` of a declaration whose name ends before `at`; a type may stand
/// between.
fn behind_equals(tokens: &[Token], at: usize) -> Option<usize> {
    match mark_at(tokens, at)? {
        "=" => Some(at + 1),
        ":" => {
            let mut depth = 0_usize;
            for i in at + 1..tokens.len().min(at + 400) {
                match mark_at(tokens, i) {
                    Some("=") if depth == 0 => return Some(i + 1),
                    Some(";") if depth == 0 => return None,
                    Some("{" | "(" | "[" | "<") => depth += 1,
                    Some("}" | ")" | "]" | ">") => depth = depth.checked_sub(1)?,
                    _ => {}
                }
            }
            None
        }
        _ => None,
    }
}

/// The bracket that closes the one at `open`.
fn closing(tokens: &[Token], open: usize) -> Option<usize> {
    let mut depth = 0_usize;
    // Bounded: no pattern of names is that long, and unclosed ones must not cost a scan each.
    for (i, token) in tokens.iter().enumerate().skip(open).take(400) {
        match token.kind {
            Kind::Mark("{" | "(" | "[") => depth += 1,
            Kind::Mark("}" | ")" | "]") => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return Some(i);
                }
            }
            _ => {}
        }
    }
    None
}
