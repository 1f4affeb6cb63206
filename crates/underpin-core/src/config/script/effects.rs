//! What a file does to the environment before its values are read: `.env` files that it loads,
//! and things that this reader cannot follow.

use super::bindings::{Bindings, Module, after_dot, mark_at, name_at};
use super::expression::{Form, Node, Reader};
use super::token::{Kind, Token};

/// A `.env` file is loaded.
#[derive(Debug, Clone)]
pub(in crate::config) struct Load {
    /// Values that stand before this byte do not see it.
    pub(in crate::config) since: usize,
    /// The files; empty means `.env` of the working folder.
    pub(in crate::config) paths: Vec<Node>,
    /// Values that are already set are overwritten.
    pub(in crate::config) overwrites: bool,
}

/// Something that may change the environment, and how cannot be told.
#[derive(Debug, Clone)]
pub(in crate::config) struct Unclear {
    pub(in crate::config) at: usize,
    /// What it is, for a message.
    pub(in crate::config) what: String,
    /// The variable; `None` means any.
    pub(in crate::config) variable: Option<String>,
    /// It may change variables that are set already; otherwise only those that are not.
    pub(in crate::config) overwrites: bool,
}

/// All effects of a file, in its order.
#[derive(Debug, Default)]
pub(in crate::config) struct Effects {
    pub(in crate::config) loads: Vec<Load>,
    pub(in crate::config) unclear: Vec<Unclear>,
    /// `dotenv-expand` is used: what `$` means depends on its version.
    pub(in crate::config) expands: bool,
}

impl Effects {
    pub(super) fn of(tokens: &[Token], bindings: &Bindings) -> Self {
        let mut effects = Self::default();
        effects.imports(bindings);
        let mut braces = 0_usize;
        for (at, token) in tokens.iter().enumerate() {
            match &token.kind {
                Kind::Mark("{") => braces += 1,
                Kind::Mark("}") => braces = braces.saturating_sub(1),
                Kind::Name(name) if !after_dot(tokens, at) => {
                    if name == "import" && mark_at(tokens, at + 1) == Some("(") {
                        effects.soft(token.range.start, "an import at run time");
                    }
                    effects.assignment(tokens, bindings, at);
                    effects.call(tokens, bindings, at, braces > 0);
                }
                _ => {}
            }
        }
        effects.loads.sort_by_key(|load| load.since);
        effects
    }

    fn soft(&mut self, at: usize, what: impl Into<String>) {
        self.unclear.push(Unclear { at, what: what.into(), variable: None, overwrites: false });
    }

    fn hard(&mut self, at: usize, what: &str, variable: Option<String>) {
        self.unclear.push(Unclear { at, what: what.to_owned(), variable, overwrites: true });
    }

    fn imports(&mut self, bindings: &Bindings) {
        for import in &bindings.imports {
            let module = import.module.as_str();
            let since = if import.hoisted { 0 } else { import.at };
            match Module::of(module) {
                Module::DotenvExpand => self.expands = true,
                Module::Other => {}
                _ => continue,
            }
            let loads = matches!(module, "dotenv/config" | "dotenv-expand/config");
            if loads && !import.nested {
                self.loads.push(Load { since, paths: Vec::new(), overwrites: false });
                continue;
            }
            // Files of the project, packages that are loaded for what they do, and packages
            // named after their purpose may load a `.env` file.
            let own = module.starts_with(['.', '/', '#', '~']) || module.starts_with("@/");
            if loads || own || import.bare || module.contains("env") {
                self.soft(import.at, format!("the import of '{module}'"));
            }
        }
    }

    /// `process.env.X = …`, `delete process.env.X`, `Object.assign(process.env, …)`.
    fn assignment(&mut self, tokens: &[Token], bindings: &Bindings, at: usize) {
        let Some(mut next) = bindings.environment_at(tokens, at) else { return };
        let place = tokens[at].range.start;
        let mut variable = None;
        let mut keyed = false;
        if mark_at(tokens, next) == Some(".") {
            variable = name_at(tokens, next + 1).map(str::to_owned);
            (next, keyed) = (next + 2, true);
        } else if mark_at(tokens, next) == Some("[") {
            let key = tokens.get(next + 1).map(|t| &t.kind);
            if let (Some(Kind::Text(name)), Some("]")) = (key, mark_at(tokens, next + 2)) {
                variable = Some(name.clone());
                next += 3;
            } else {
                // `process.env[x]`: which one, and whether it is set, both unknown.
                let end =
                    (next..tokens.len().min(next + 60)).find(|i| mark_at(tokens, *i) == Some("]"));
                next = end.map_or(next + 1, |i| i + 1);
            }
            keyed = true;
        }
        let set = matches!(mark_at(tokens, next), Some("=" | "??=" | "||=" | "&&=" | "+="));
        let removed = at > 0 && name_at(tokens, at - 1) == Some("delete");
        let handed_over = !keyed
            && at > 1
            && mark_at(tokens, at - 1) == Some("(")
            && matches!(name_at(tokens, at - 2), Some("assign" | "populate" | "defineProperty"));
        if set || removed || handed_over {
            self.hard(place, "a change of process.env", variable);
        }
    }

    fn call(&mut self, tokens: &[Token], bindings: &Bindings, at: usize, nested: bool) {
        let Some((module, function, arguments)) = bindings.callee_at(tokens, at) else { return };
        let place = tokens[at].range.start;
        match (module, function.as_str()) {
            (Module::Process, "loadEnvFile") => self.soft(place, "process.loadEnvFile"),
            (Module::Dotenv, "populate") => self.hard(place, "dotenv's populate", None),
            (Module::Dotenv, "config" | "configDotenv") => {
                let mut reader = Reader::new(tokens, bindings, arguments);
                let Some((load, certain)) = reader.arguments().map(|a| options(&a, place)) else {
                    return self.hard(place, "a call of dotenv that cannot be read", None);
                };
                if certain && !nested && always_runs(tokens, at) {
                    self.loads.push(load);
                } else if load.overwrites {
                    self.hard(place, "a call of dotenv that cannot be followed", None);
                } else {
                    self.soft(place, "a call of dotenv that cannot be followed");
                }
            }
            _ => {}
        }
    }
}

/// The options of `config(…)`, and whether all of them are understood.
fn options(arguments: &[Node], since: usize) -> (Load, bool) {
    let mut load = Load { since, paths: Vec::new(), overwrites: false };
    let members = match arguments {
        [] => return (load, true),
        [Node { form: Form::Object(members), .. }] => members,
        _ => {
            load.overwrites = true;
            return (load, false);
        }
    };
    let mut certain = true;
    for member in members {
        match (member.key.as_deref(), &member.value.form) {
            (Some("path"), Form::List(paths)) => load.paths.clone_from(paths),
            (Some("path"), Form::Computed) => certain = false,
            (Some("path"), _) => load.paths = vec![member.value.clone()],
            (Some("override"), Form::Boolean(overwrites)) => load.overwrites = *overwrites,
            (Some("quiet" | "debug" | "fast"), _) => {}
            (Some("encoding"), Form::Text(name)) if matches!(name.as_str(), "utf8" | "utf-8") => {}
            _ => {
                load.overwrites = true;
                certain = false;
            }
        }
    }
    (load, certain)
}

/// Whether the call at token `at` is a statement of its own, or an argument or value in one.
fn always_runs(tokens: &[Token], at: usize) -> bool {
    let Some(before) = at.checked_sub(1) else { return true };
    match &tokens[before].kind {
        Kind::Mark(";" | "}" | "=") => true,
        // `expand(dotenv.config())` runs; `if (dotenv.config())` does too.
        Kind::Mark("(") => {
            before > 0 && name_at(tokens, before - 1).is_some() && at_statement(tokens, before - 1)
        }
        Kind::Name(name) if name == "await" || name == "void" => at_statement(tokens, before),
        Kind::Mark(")") => tokens[at].new_line && !closes_condition(tokens, before),
        Kind::Name(name) if name == "else" || name == "do" => false,
        Kind::Mark("&&" | "||" | "??" | "?" | ":" | "=>" | "," | "[" | "...") => false,
        _ => tokens[at].new_line,
    }
}

fn at_statement(tokens: &[Token], at: usize) -> bool {
    match at.checked_sub(1).map(|i| &tokens[i].kind) {
        None | Some(Kind::Mark(";" | "}" | "=")) => true,
        Some(Kind::Mark(".")) => at > 1 && at_statement(tokens, at - 2),
        Some(Kind::Mark("&&" | "||" | "??" | "?" | ":" | "=>" | "," | "[" | "(" | ")")) => false,
        Some(_) => tokens[at].new_line,
    }
}

/// Whether the bracket at `close` belongs to `if (…)` or a loop.
fn closes_condition(tokens: &[Token], close: usize) -> bool {
    let mut depth = 0_usize;
    for i in (close.saturating_sub(2_000)..=close).rev() {
        match mark_at(tokens, i) {
            Some(")") => depth += 1,
            Some("(") => {
                depth -= 1;
                if depth == 0 {
                    let word = i.checked_sub(1).and_then(|i| name_at(tokens, i));
                    return matches!(word, Some("if" | "for" | "while" | "with"));
                }
            }
            _ => {}
        }
    }
    true
}
