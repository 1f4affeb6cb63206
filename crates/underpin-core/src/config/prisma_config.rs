//! The Prisma config file: finding it, and resolving the values that are needed.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::excerpt;
use super::files::{self, Entry};
use super::script::{Form, Member, Node, Script, Unclear, Unreadable};
use super::value::{Origin, Secret, Sourced, Via};
use super::variables::{EnvFile, Variables};
use crate::error::{Code, Error, Result, SourceLocation};

/// Prisma's order.
const EXTENSIONS: [&str; 6] = ["js", "ts", "mjs", "cjs", "mts", "cts"];
/// Places of Prisma 7's own name; without an `index` file.
const SEVEN: [&str; 2] = ["prisma7.config", ".config/prisma7"];
/// Places of the name that 6 and 7 share; each may be a folder with an `index` file.
const SHARED: [&str; 3] = ["prisma.config", ".config/prisma", ".config/prisma.config"];
/// No name leads further than this to other names.
const MAX_NAMES: usize = 16;
/// No value takes more steps than this.
const MAX_STEPS: usize = 200;

/// The config file of a folder: Prisma 7's own names come first.
pub(super) fn find(folder: &Path) -> Option<Sourced<PathBuf>> {
    let seven = SEVEN.iter().flat_map(|base| EXTENSIONS.map(|e| format!("{base}.{e}")));
    let shared = SHARED.iter().flat_map(|base| {
        let plain = EXTENSIONS.map(|e| format!("{base}.{e}"));
        plain.into_iter().chain(EXTENSIONS.map(|e| format!("{base}/index.{e}")))
    });
    let (name, path) = seven
        .chain(shared)
        .map(|name| (folder.join(&name), name))
        .find_map(|(path, name)| (files::entry(&path) == Entry::File).then_some((name, path)))?;
    Some(Sourced::new(path, Origin::Default { reason: format!("./{name}") }))
}

/// Whether a config file bears Prisma 7's own name.
pub(super) fn names_seven(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("prisma7."))
}

/// What a key of an object holds.
enum Found<'n> {
    Value(&'n Node),
    Absent,
    /// A spread or a computed key may hold it.
    Unknown(usize),
}

fn member<'n>(members: &'n [Member], key: &str) -> Found<'n> {
    for member in members.iter().rev() {
        match &member.key {
            Some(name) if name == key => return Found::Value(&member.value),
            None => return Found::Unknown(member.at),
            _ => {}
        }
    }
    Found::Absent
}

/// A text that was resolved.
struct Text {
    value: String,
    /// How the file names it, without the value: `env("X")`, or nothing for a literal.
    form: String,
    via: Option<Via>,
}

/// What the values of a config file see of the environment.
pub(super) struct Surroundings<'a> {
    pub(super) variables: Variables<'a>,
    unclear: Vec<Unclear>,
}

impl<'a> Surroundings<'a> {
    /// Without a config file.
    pub(super) fn plain(variables: Variables<'a>) -> Self {
        Self { variables, unclear: Vec::new() }
    }
}

/// A value that is being resolved.
struct Query<'q> {
    key: &'q str,
    around: &'q Surroundings<'q>,
    /// What is left: constants may refer to each other in circles.
    steps: Cell<usize>,
}

/// A config file that was read.
pub(super) struct ConfigFile {
    /// The file, absolute.
    pub(super) path: PathBuf,
    shown: PathBuf,
    text: String,
    script: Script,
    members: Vec<Member>,
    folder: PathBuf,
}

impl<'q> Query<'q> {
    fn new(key: &'q str, around: &'q Surroundings<'q>) -> Self {
        Self { key, around, steps: Cell::new(MAX_STEPS) }
    }
}

impl ConfigFile {
    /// Reads a config file.
    ///
    /// # Errors
    /// UP-1008: it is not there or cannot be read. UP-1004: its export is no literal object.
    pub(super) fn read(folder: &Path, path: PathBuf) -> Result<Self> {
        let shown = files::shown(folder, &path);
        let unreadable = |why: &str| {
            Error::new(Code::ConfigUnreadable, format!("{} cannot be read: {why}", shown.display()))
                .hint("give the file with --config PATH")
                .hint("or pass it over with --url URL, --schema PATH and --dir PATH")
        };
        let extension = path.extension().and_then(|e| e.to_str()).unwrap_or_default();
        if files::entry(&path) == Entry::File && !EXTENSIONS.contains(&extension) {
            return Err(unreadable("Prisma knows .js, .ts, .mjs, .cjs, .mts and .cts"));
        }
        let text = files::text(&path).map_err(|why| unreadable(&why))?;
        let read = Script::read(&text).and_then(|script| Ok((script.root()?, script)));
        let (root, script) = read.map_err(|e| not_literal(&shown, &text, &e))?;
        let mut file =
            Self { path, shown, text, script, members: Vec::new(), folder: folder.to_path_buf() };
        let found = file.follow(&root).map(|node| (node.at, node.form));
        match found {
            Some((_, Form::Object(members))) => file.members = members,
            other => {
                let at = other.map_or(root.at, |(at, _)| at);
                return Err(file.computed("the exported value", at, "a literal object"));
            }
        }
        Ok(file)
    }

    fn parent(&self) -> &Path {
        self.path.parent().unwrap_or(&self.folder)
    }

    fn place(&self, at: usize) -> SourceLocation {
        excerpt::location(&self.shown, &self.text, at, &self.script.hidden)
    }

    fn line(&self, at: usize) -> usize {
        self.place(at).line
    }

    /// The environment that the file's values see: it loads what `dotenv` calls say.
    pub(super) fn environment<'a>(
        &self,
        process: &'a BTreeMap<String, String>,
        notes: &mut Vec<String>,
    ) -> Surroundings<'a> {
        let mut around = Surroundings {
            variables: Variables::new(process),
            unclear: self.script.effects.unclear.clone(),
        };
        self.dotenv_settings(&mut around);
        for load in &self.script.effects.loads {
            let mut paths = Vec::new();
            let mut computed = Vec::new();
            for node in &load.paths {
                let query = Query::new("path", &around);
                match self.text(node, &query) {
                    Ok(Some(text)) if !text.value.starts_with('~') => paths.push(text.value),
                    _ => computed.push(Unclear {
                        at: node.at,
                        what: "dotenv with a computed path".to_owned(),
                        variable: None,
                        overwrites: load.overwrites,
                    }),
                }
            }
            around.unclear.extend(computed);
            if load.paths.is_empty() {
                paths.push(".env".to_owned());
            }
            for path in paths {
                match EnvFile::read(&self.folder, Path::new(&path)) {
                    Ok(Some(file)) => around.variables.load(&file, load.since, load.overwrites),
                    // `dotenv` says nothing either: an image for production has no such file.
                    Ok(None) => {}
                    Err(why) => notes.push(format!("not loaded: {why}")),
                }
            }
        }
        around
    }

    /// Variables that change what `dotenv` does, each with some of its versions only.
    fn dotenv_settings(&self, around: &mut Surroundings<'_>) {
        let Some(first) = self.script.effects.loads.first() else { return };
        for (names, overwrites) in [
            (&["DOTENV_PATH", "DOTENV_CONFIG_PATH", "DOTENV_KEY"][..], false),
            (&["DOTENV_OVERRIDE", "DOTENV_CONFIG_OVERRIDE"][..], true),
        ] {
            if let Some(name) = names.iter().find(|name| around.variables.process_sets(name)) {
                let what = format!("dotenv, which reads {name} from the environment,");
                around.unclear.push(Unclear { at: first.since, what, variable: None, overwrites });
            }
        }
    }

    /// Whether the file has that key, at the top or in an object: `datasource.url`.
    pub(super) fn has(&self, key: &str) -> bool {
        matches!(self.find(key), Ok(Some(_)))
    }

    /// Whether the file has that key, or computes what may hold it.
    pub(super) fn may_have(&self, key: &str) -> bool {
        !matches!(self.find(key), Ok(None))
    }

    /// `engine` of Prisma 6.
    ///
    /// # Errors
    /// UP-1004: it is computed.
    pub(super) fn engine(&self) -> Result<Option<String>> {
        match self.find("engine")? {
            None | Some(Node { form: Form::Nothing, .. }) => Ok(None),
            Some(Node { form: Form::Text(text), .. }) => Ok(Some(text)),
            Some(node) => Err(self.computed("engine", node.at, "a literal text")),
        }
    }

    /// The literal texts of a list, `None` if anything of it is computed.
    pub(super) fn literal_list(&self, key: &str) -> Option<Vec<String>> {
        let Some(node) = self.find(key).ok()? else { return Some(Vec::new()) };
        let Form::List(items) = node.form else { return None };
        items
            .iter()
            .map(|item| match self.follow(item)?.form {
                Form::Text(text) => Some(text),
                _ => None,
            })
            .collect()
    }

    /// Follows names to what they stand for. `None`: they lead nowhere.
    fn follow(&self, node: &Node) -> Option<Node> {
        let mut node = node.clone();
        for _ in 0..MAX_NAMES {
            match &node.form {
                Form::Name(name) => node = self.script.constant(name)?,
                _ => return Some(node),
            }
        }
        None
    }

    /// The value of a key; `Ok(None)`: it is not there.
    fn find(&self, key: &str) -> Result<Option<Node>> {
        let mut members = self.members.clone();
        let mut parts = key.split('.').peekable();
        while let Some(part) = parts.next() {
            let node = match member(&members, part) {
                Found::Absent => return Ok(None),
                Found::Unknown(at) => {
                    return Err(self.computed(key, at, "written out: this may hold it"));
                }
                Found::Value(node) => node.clone(),
            };
            let at = node.at;
            let Some(followed) = self.follow(&node) else {
                return Err(self.computed(key, at, "a literal value"));
            };
            if parts.peek().is_none() {
                return Ok(Some(followed));
            }
            members = match followed.form {
                Form::Object(members) => members,
                Form::Nothing => return Ok(None),
                _ => return Err(self.computed(key, at, "in a literal object")),
            };
        }
        Ok(None)
    }

    /// A path. An empty one counts as none, as in Prisma.
    ///
    /// # Errors
    /// UP-1004, UP-1005.
    pub(super) fn path(
        &self,
        key: &str,
        around: &Surroundings<'_>,
    ) -> Result<Option<Sourced<PathBuf>>> {
        let Some(node) = self.find(key)? else { return Ok(None) };
        let Some(text) =
            self.text(&node, &Query::new(key, around))?.filter(|t| !t.value.is_empty())
        else {
            return Ok(None);
        };
        let value = files::resolve(self.parent(), Path::new(&text.value));
        Ok(Some(Sourced::new(value, self.origin(key, node.at, text))))
    }

    /// A secret. An empty one counts as none.
    ///
    /// # Errors
    /// UP-1004, UP-1005.
    pub(super) fn secret(
        &self,
        key: &str,
        around: &Surroundings<'_>,
    ) -> Result<Option<Sourced<Secret>>> {
        let Some(node) = self.find(key)? else { return Ok(None) };
        let Some(text) =
            self.text(&node, &Query::new(key, around))?.filter(|t| !t.value.is_empty())
        else {
            return Ok(None);
        };
        let secret = Secret::new(text.value.clone());
        Ok(Some(Sourced::new(secret, self.origin(key, node.at, text))))
    }

    /// The secret without which there is no URL: a variable that is not set is an error.
    ///
    /// # Errors
    /// UP-1004, UP-1005.
    pub(super) fn required_secret(
        &self,
        key: &str,
        around: &Surroundings<'_>,
    ) -> Result<Option<Sourced<Secret>>> {
        let found = self.secret(key, around)?;
        if found.is_none()
            && let Some(node) = self.find(key)?
            && let Some(name) = last_variable(&node)
        {
            return Err(self.unset(&name, key, node.at, around));
        }
        Ok(found)
    }

    fn origin(&self, key: &str, at: usize, text: Text) -> Origin {
        let key =
            if text.form.is_empty() { key.to_owned() } else { format!("{key} = {}", text.form) };
        let path = self.shown.clone();
        Origin::File { path, line: self.line(at), key, via: text.via.map(Box::new) }
    }

    fn text(&self, node: &Node, query: &Query<'_>) -> Result<Option<Text>> {
        let key = query.key;
        let Some(left) = query.steps.get().checked_sub(1) else {
            return Err(self.computed(key, node.at, "simple enough"));
        };
        query.steps.set(left);
        let literal =
            |value: String, form: &str| Ok(Some(Text { value, form: form.to_owned(), via: None }));
        match &node.form {
            Form::Text(text) => literal(text.clone(), ""),
            Form::Nothing => Ok(None),
            Form::Required(name) => {
                let found = self.variable(name, node.at, query)?;
                match found.filter(|text| !text.value.is_empty()) {
                    Some(text) => Ok(Some(Text { form: format!("env(\"{name}\")"), ..text })),
                    None => Err(self.unset(name, key, node.at, query.around)),
                }
            }
            Form::Variable(name) => self.variable(name, node.at, query),
            Form::Fallback { left, right, empty } => match self.text(left, query)? {
                Some(text) if !(*empty && text.value.is_empty()) => Ok(Some(text)),
                _ => self.text(right, query),
            },
            Form::Name(_) => match self.follow(node) {
                Some(followed) => self.text(&followed, query),
                None => Err(self.computed(key, node.at, "a literal value")),
            },
            Form::WorkingFolder => {
                literal(self.folder.to_string_lossy().into_owned(), "process.cwd()")
            }
            Form::FileFolder => literal(self.parent().to_string_lossy().into_owned(), "__dirname"),
            Form::FileName => literal(self.path.to_string_lossy().into_owned(), "__filename"),
            Form::Path { resolve, parts } => {
                let mut texts = Vec::with_capacity(parts.len());
                for part in parts {
                    match self.text(part, query)? {
                        Some(text) => texts.push(text.value),
                        None => return Err(self.computed(key, part.at, "a literal path")),
                    }
                }
                let path = if *resolve {
                    let folder = self.folder.clone();
                    texts.iter().fold(folder, |base, part| files::resolve(&base, Path::new(part)))
                } else {
                    let joined: Vec<_> = texts.into_iter().filter(|t| !t.is_empty()).collect();
                    files::resolve(Path::new(""), Path::new(&joined.join("/")))
                };
                literal(path.to_string_lossy().into_owned(), "a path of literals")
            }
            _ => Err(self.computed(key, node.at, "a literal value")),
        }
    }

    /// A variable as the value at byte `at` sees it.
    fn variable(&self, name: &str, at: usize, query: &Query<'_>) -> Result<Option<Text>> {
        let (key, Surroundings { variables, unclear }) = (query.key, query.around);
        let found = variables.get(name, at).filter(|(value, _)| !value.is_empty());
        for thing in unclear.iter().filter(|u| u.variable.as_deref().is_none_or(|v| v == name)) {
            if thing.overwrites || found.is_none() {
                let line = self.line(thing.at);
                let what = &thing.what;
                let mut error = self.computed(key, at, "certain").caused_by(format!(
                    "{what} in line {line} may set {name}, and Underpin does not run it"
                ));
                if !thing.overwrites {
                    error = error.hint(format!("or set {name} in the environment"));
                }
                return Err(error);
            }
        }
        let expands = self.script.effects.expands;
        if expands && found.as_ref().is_some_and(|(value, _)| value.contains('$')) {
            return Err(self.computed(key, at, "certain").caused_by(format!(
                "{name} holds a `$`, and what dotenv-expand makes of it depends on its version"
            )));
        }
        Ok(variables.get(name, at).map(|(value, origin)| Text {
            value: value.to_owned(),
            form: format!("process.env.{name}"),
            via: Some(Via { variable: name.to_owned(), origin }),
        }))
    }

    fn computed(&self, key: &str, at: usize, wanted: &str) -> Error {
        let place = self.place(at);
        let file = self.shown.display();
        let message = format!("`{key}` in {file}:{} is not {wanted}", place.line);
        Error::new(Code::ConfigNotLiteral, message).at(place).hint(instead(key))
    }

    fn unset(&self, name: &str, key: &str, at: usize, around: &Surroundings<'_>) -> Error {
        let place = self.place(at);
        let empty = around.variables.get(name, at).is_some();
        let file = self.shown.display();
        let mut error = Error::new(
            Code::VariableUnset,
            format!(
                "Cannot resolve environment variable: {name}. ({key} in {file}:{})",
                place.line
            ),
        )
        .at(place);
        if empty {
            error = error.caused_by(format!("{name} is set and empty"));
        }
        error = error.hint(format!("set it (export {name}=…), or {}", instead(key)));
        let loads = !self.script.effects.loads.is_empty();
        if !loads && files::entry(&self.folder.join(".env")) == Entry::File {
            error = error.hint(format!(
                "with a config file Prisma loads no .env; add `import 'dotenv/config'` to {file}"
            ));
        }
        error
    }
}

/// The variable whose absence made a value absent.
fn last_variable(node: &Node) -> Option<String> {
    match &node.form {
        Form::Variable(name) | Form::Required(name) => Some(name.clone()),
        Form::Fallback { left, right, .. } => last_variable(right).or_else(|| last_variable(left)),
        _ => None,
    }
}

/// What to give instead of a key of the config file.
fn instead(key: &str) -> &'static str {
    match key {
        "schema" => "give it with --schema PATH",
        "migrations.path" => "give it with --dir PATH",
        "datasource.shadowDatabaseUrl" => "give it with --shadow-url URL",
        "the exported value" => {
            "write `export default defineConfig({ … })`, or give --url URL, --schema PATH and \
             --dir PATH"
        }
        _ => "give it with --url URL",
    }
}

fn not_literal(shown: &Path, text: &str, error: &Unreadable) -> Error {
    let mut place =
        excerpt::location(shown, text, error.at, error.hidden.as_deref().unwrap_or(&[]));
    if error.hidden.is_none() {
        // Texts cannot be told from code here.
        place.text.clear();
        place.column = 1;
    }
    let file = shown.display();
    let message = format!("{file}:{} cannot be read without running it: {}", place.line, error.why);
    Error::new(Code::ConfigNotLiteral, message).at(place).hint(instead("the exported value"))
}
