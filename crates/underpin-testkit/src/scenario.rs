//! Scenarios: a case is a folder, and the folder reads as documentation.
//!
//! ```text
//! scenarios/<area>/<case>/
//!   scenario.toml      what it shows, the steps, what must hold
//!   given.sql          what the database holds before (optional)
//!   migrations/        the folder, copied to prisma/migrations (optional; `after = "case"`: behind those)
//!   project/           further files of the project, copied to its root (optional); in its
//!                      underpin.toml and .env `{system_identifier}`, `{database}` and `{url}`
//!                      name the target
//!   transcript.txt     what the program printed, step by step; `UPDATE_SCENARIOS=1` writes it
//! ```
//! A transcript that differs on one major stands beside it as `transcript.<major>.txt`.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use underpin_core::catalog;
use underpin_core::postgres::Session;

use crate::{Server, TestDatabase, cache, server};

/// `scenario.toml`.
#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Definition {
    /// One sentence: what the case shows.
    summary: String,
    /// The case of the same area whose migrations come before those of this one.
    after: Option<String>,
    /// Shell commands that make what a folder in version control cannot hold (a bad byte, a link);
    /// run in the project's folder.
    setup: Option<String>,
    /// The role that the program connects as; `given.sql` makes it. Default: superuser.
    role: Option<String>,
    /// The database that the URL names. Default: the one that was made.
    database: Option<String>,
    /// Replaces the whole URL; `{url}` stands for the usual one. Empty: no URL at all.
    url: Option<String>,
    /// Further URL parameters.
    parameters: Option<String>,
    /// Further variables.
    #[serde(default)]
    environment: BTreeMap<String, String>,
    /// The lowest major that it can run on.
    since: Option<u32>,
    /// The feature of the program that it needs.
    with: Option<String>,
    /// The feature that the program must have been built without.
    without: Option<String>,
    /// The steps.
    #[serde(rename = "step")]
    steps: Vec<Step>,
}

#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Step {
    /// Arguments of the program, as in a shell without quotes.
    run: Option<String>,
    /// SQL to run as superuser instead.
    sql: Option<String>,
    /// Shell commands to run in the project's folder instead.
    shell: Option<String>,
    /// A query whose first value must be `is`.
    check: Option<String>,
    /// See `check`.
    is: Option<String>,
    /// The exit code.
    exit: Option<i32>,
    /// The database must be the same before and after: catalog and history.
    #[serde(default)]
    unchanged: bool,
}

/// A scenario's folder.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// `area/case`.
    pub name: String,
    folder: PathBuf,
}

/// All scenarios below `root`, by name.
#[must_use]
pub fn find(root: &Path) -> Vec<Scenario> {
    let folders = |path: &Path| -> Vec<PathBuf> {
        let entries = std::fs::read_dir(path).into_iter().flatten().filter_map(Result::ok);
        entries.map(|e| e.path()).filter(|p| p.is_dir()).collect()
    };
    let file_name = |p: &Path| p.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let mut found: Vec<Scenario> = folders(root)
        .iter()
        .flat_map(|area| folders(area).into_iter().map(move |case| (file_name(area), case)))
        .map(|(area, folder)| Scenario { name: format!("{area}/{}", file_name(&folder)), folder })
        .collect();
    found.sort_by(|a, b| a.name.cmp(&b.name));
    found
}

impl Scenario {
    /// Whether it can run on this major, with a program that was built with these features.
    ///
    /// # Errors
    /// When `scenario.toml` is not valid.
    pub fn runs_on(&self, major: u32, features: &[&str]) -> Result<bool, String> {
        let definition = self.definition()?;
        let is_built = |feature: &String| features.contains(&feature.as_str());
        Ok(definition.since.is_none_or(|since| major >= since)
            && definition.with.as_ref().is_none_or(is_built)
            && !definition.without.as_ref().is_some_and(is_built))
    }

    fn definition(&self) -> Result<Definition, String> {
        let path = self.folder.join("scenario.toml");
        let text =
            std::fs::read_to_string(&path).map_err(|e| format!("{}: {e}", path.display()))?;
        toml::from_str(&text).map_err(|e| format!("{}: {e}", path.display()))
    }

    /// Runs it with `program` on a server of `major` and compares what happened with the
    /// transcript.
    ///
    /// # Errors
    /// What differs.
    pub async fn run(&self, program: &Path, major: u32) -> Result<(), String> {
        let definition = self.definition()?;
        let server = server(major).await;
        let database = server.database().await;
        if let Ok(sql) = std::fs::read_to_string(self.folder.join("given.sql")) {
            database.session.simple_query(&sql).await.map_err(|e| format!("given.sql: {e}"))?;
        }
        let project = tempfile::tempdir().map_err(|e| e.to_string())?;
        let root = project.path().canonicalize().map_err(|e| e.to_string())?;
        let before = definition.after.iter().map(|case| self.folder.with_file_name(case));
        for case in before.chain([self.folder.clone()]) {
            if case.join("migrations").is_dir() {
                copy(&case.join("migrations"), &root.join("prisma/migrations"))?;
            }
        }
        if self.folder.join("project").is_dir() {
            copy(&self.folder.join("project"), &root)?;
        }
        let identifier = database
            .session
            .value("SELECT system_identifier::text FROM pg_control_system()")
            .await
            .map_err(|e| e.to_string())?
            .unwrap_or_default();
        for file in ["underpin.toml", ".env"] {
            name_target(&root.join(file), &identifier, &database)?;
        }
        if let Some(setup) = &definition.setup {
            shell(setup, &root)?;
        }
        // Templates are shared; replays are not, so that every transcript shows a cold run.
        std::fs::create_dir_all(root.join(".cache")).map_err(|e| e.to_string())?;
        std::fs::create_dir_all(cache()).map_err(|e| e.to_string())?;
        std::os::unix::fs::symlink(cache(), root.join(".cache/postgres"))
            .map_err(|e| e.to_string())?;
        let stage = Stage {
            program,
            definition: &definition,
            server: &server,
            database: &database,
            root: &root,
            identifier: &identifier,
        };
        let mut transcript = format!("{}\n", definition.summary);
        for step in &definition.steps {
            stage.step(step, &mut transcript).await?;
        }
        self.compare(&stage.normalise(&transcript), major)
    }

    fn compare(&self, actual: &str, major: u32) -> Result<(), String> {
        let special = self.folder.join(format!("transcript.{major}.txt"));
        let usual = self.folder.join("transcript.txt");
        let path = if special.is_file() { special } else { usual };
        if std::env::var_os("UPDATE_SCENARIOS").is_some() {
            return std::fs::write(&path, actual).map_err(|e| e.to_string());
        }
        let expected = std::fs::read_to_string(&path).unwrap_or_default();
        if expected == actual {
            return Ok(());
        }
        let mut words =
            format!("{} differs (UPDATE_SCENARIOS=1 writes it anew):\n", path.display());
        let (mut old, mut new) = (expected.lines(), actual.lines());
        loop {
            match (old.next(), new.next()) {
                (None, None) => break,
                (a, b) if a == b => {}
                (a, b) => {
                    let _infallible =
                        writeln!(words, "- {}\n+ {}", a.unwrap_or("(end)"), b.unwrap_or("(end)"));
                }
            }
        }
        Err(words)
    }
}

/// Everything that a step needs.
struct Stage<'a> {
    program: &'a Path,
    definition: &'a Definition,
    server: &'a Server,
    database: &'a TestDatabase,
    root: &'a Path,
    identifier: &'a str,
}

impl Stage<'_> {
    async fn step(&self, step: &Step, transcript: &mut String) -> Result<(), String> {
        let before = if step.unchanged { Some(state(&self.database.url).await?) } else { None };
        let mut text = String::new();
        match (&step.run, &step.sql, &step.check, &step.shell) {
            (Some(arguments), None, None, None) => {
                self.program(arguments, step.exit.unwrap_or(0), &mut text)?
            }
            (None, None, None, Some(commands)) => {
                shell(commands, self.root)?;
                text = format!("\n$ {}\n", commands.trim());
            }
            (None, Some(sql), None, None) => {
                self.database.session.simple_query(sql).await.map_err(|e| format!("{sql}: {e}"))?;
                text = format!("\nsql> {}\n", sql.trim());
            }
            (None, None, Some(sql), None) => {
                let value =
                    self.database.session.value(sql).await.map_err(|e| format!("{sql}: {e}"))?;
                if value != step.is {
                    return Err(format!("{sql}\n  is {value:?} and should be {:?}", step.is));
                }
            }
            _ => return Err("a step has one of: run, sql, shell, check".to_owned()),
        }
        transcript.push_str(&text);
        if let Some(before) = before {
            let after = state(&self.database.url).await?;
            if before != after {
                return Err(format!("the database has changed:\n{text}"));
            }
            transcript.push_str("(the database is as before)\n");
        }
        Ok(())
    }

    fn program(&self, arguments: &str, exit: i32, text: &mut String) -> Result<(), String> {
        let mut command = Command::new(self.program);
        command
            .args(arguments.split_whitespace())
            .current_dir(self.root)
            .env_clear()
            .stdin(Stdio::null());
        command
            .env("PATH", "/usr/bin:/bin")
            .env("HOME", self.root)
            .env("UNDERPIN_CACHE_DIR", self.root.join(".cache"));
        command.env("UNDERPIN_PG_BIN", &self.server.binaries().folder);
        if let Some(clients) = crate::clients(self.server.binaries().version.major()) {
            command.env("UNDERPIN_PG_CLIENTS", clients);
        }
        let url = self.url();
        if !url.is_empty() {
            command.env("DATABASE_URL", url);
        }
        command.envs(&self.definition.environment);
        let output = command.output().map_err(|e| e.to_string())?;
        let code = output.status.code().unwrap_or(-1);
        let _infallible = write!(text, "\n$ underpin {arguments}\n");
        for (name, bytes) in [("stderr", &output.stderr), ("stdout", &output.stdout)] {
            for line in String::from_utf8_lossy(bytes).lines() {
                let _infallible = writeln!(text, "{name}| {line}");
            }
        }
        let _infallible = writeln!(text, "exit {code}");
        if code != exit {
            return Err(format!("exit code {code}, expected {exit}:\n{text}"));
        }
        Ok(())
    }

    fn url(&self) -> String {
        let name = self.definition.database.as_deref().unwrap_or(&self.database.name);
        let mut url = self.server.cluster().url(name);
        if let Some(role) = &self.definition.role {
            url = url.replacen("postgres@", &format!("{role}@"), 1);
        }
        if let Some(parameters) = &self.definition.parameters {
            url = format!("{url}&{parameters}");
        }
        match &self.definition.url {
            Some(template) => template.replace("{url}", &url),
            None => url,
        }
    }

    /// Takes out what differs from run to run.
    fn normalise(&self, text: &str) -> String {
        let socket = self.server.cluster().socket_folder().display().to_string();
        let mut text = text
            .replace(&socket, "[socket]")
            .replace(
                &format!("system identifier {}", self.identifier),
                "system identifier [system]",
            )
            .replace(self.identifier, "[system-identifier]")
            .replace(&self.root.display().to_string(), "[project]")
            .replace(&self.server.binaries().folder.display().to_string(), "[pg-bin]")
            .replace(
                &format!("PostgreSQL {}", self.server.binaries().version),
                "PostgreSQL [version]",
            )
            .replace(&format!("{} on [socket]", self.database.name), "[database] on [socket]")
            .replace(&format!("`{}`", self.database.name), "`[database]`")
            .replace(&format!("database \"{}\"", self.database.name), "database \"[database]\"")
            .replace(
                &format!("database {} created", self.database.name),
                "database [database] created",
            )
            .replace(&format!("/{}?", self.database.name), "/[database]?")
            .replace(&format!(" {} on ", self.database.name), " [database] on ")
            .replace(&format!("DATABASE \"{}\"", self.database.name), "DATABASE \"[database]\"")
            .replace(&format!("for database {}", self.database.name), "for database [database]")
            .replace(
                &format!("\"version\":\"{}\"", self.server.binaries().version),
                "\"version\":\"[version]\"",
            )
            .replace(
                &format!("\"database\":\"{}\"", self.database.name),
                "\"database\":\"[database]\"",
            )
            .replace(&format!("dbname={}", self.database.name), "dbname=[database]")
            .replace(&format!("database = \"{}\"", self.database.name), "database = \"[database]\"")
            .replace(
                &format!("{} is `production`", self.database.name),
                "[database] is `production`",
            )
            .replace(
                &format!("\"server\": \"{}\"", self.server.binaries().version),
                "\"server\": \"[version]\"",
            )
            .replace(
                &format!("\"database\": \"{}\"", self.database.name),
                "\"database\": \"[database]\"",
            )
            .replace(
                &format!("-{}   (or newer)", self.server.binaries().version.major()),
                "-[major]   (or newer)",
            )
            .replace(&format!("{}_before_", self.database.name), "[database]_before_")
            .replace(&format!("the database {};", self.database.name), "the database [database];")
            .replace(&format!("done to {}<", self.database.name), "done to [database]<")
            .replace(&format!(" for {}<", self.database.name), " for [database]<")
            .replace(&format!("Done: {} is", self.database.name), "Done: [database] is");
        // Elsewhere the version is what a flag says.
        if text.contains("underpin plan") {
            let major = self.server.binaries().version.major();
            text = text.replace(&format!("for PostgreSQL {major},"), "for PostgreSQL [major],");
        }
        for (pattern, replacement) in [
            (r" +[0-9]+(\.[0-9]+)? (ms|s)\n", " [time]\n"),
            // Told of what took long, so not at all on a fast machine.
            (r"stdout\|   [^\n]+ took [^\n]+ times that\)\n", ""),
            // Told once a second.
            (r"stderr\| +Backup  [a-z]+: [^\n]*\n", ""),
            (r"\\?_[0-9]{8}\\?_[0-9]{6}", "_[stamp]"),
            (r" +[0-9]+(\.[0-9]+)? (B|kB|MB|GB)\b", " [size]"),
            (r"\([0-9]+(\.[0-9]+)? (B|kB|MB|GB)\)", "([size])"),
            (r">[0-9]+(\.[0-9]+)? (B|kB|MB|GB)\b", ">[size]"),
            (r#""bytes": [0-9]+"#, r#""bytes": [size]"#),
            (r"\b[0-9]+(\.[0-9]+)? (ms|s)\b", "[time]"),
            (r"width:[0-9]+%", "width:[share]%"),
            (r#""duration_ms": ?[0-9.]+"#, r#""duration_ms": [time]"#),
            (
                r#""(waited_ms|took_ms|rehearsed_ms|ratio|restore_ms|proof_ms|bytes_per_second)": ?([0-9.]+|null)"#,
                r#""$1": [time]"#,
            ),
            (r"[0-9]{4}\\?-[0-9]{2}\\?-[0-9]{2}[ T][0-9:.]+(\+[0-9:]+|Z)?", "[when]"),
            (r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "[uuid]"),
            (r"\b[0-9a-f]{64}\b", "[hash]"),
            (r"\b[0-9a-f]{24}-(backup|sample|schema)\.json", "[subject]-$1.json"),
            (r"backend [0-9]+", "backend [pid]"),
            (r"\bplan [0-9a-f]{12}\b", "plan [hash]"),
            // Others use the same server, and its programs lie elsewhere on every machine.
            (r"slots         [0-9]+ of [0-9]+ in use", "slots         [number] of [number] in use"),
            (r"what [0-9]+ sessions? of others do", "what [number] sessions of others do"),
            (r"pg_dump       [0-9., ]+; whether", "pg_dump       [versions]; whether"),
            (r"pg_dump       [0-9.]+ in [^\n]+", "pg_dump       [version] in [clients]"),
            (r"\b[0-9A-F]{1,8}/[0-9A-F]{6,8}\b", "[lsn]"),
        ] {
            if let Ok(regex) = regex_lite::Regex::new(pattern) {
                text = regex.replace_all(&text, replacement).into_owned();
            }
        }
        text = text.replace(&format!("{}_[stamp]", self.database.name), "[database]_[stamp]");
        text
    }
}

/// Puts the target's names into a file, where it is there.
fn name_target(path: &Path, identifier: &str, database: &TestDatabase) -> Result<(), String> {
    let Ok(text) = std::fs::read_to_string(path) else { return Ok(()) };
    let text = text
        .replace("{system_identifier}", identifier)
        .replace("{database}", &database.name)
        .replace("{url}", &database.url);
    std::fs::write(path, text).map_err(|e| e.to_string())
}

fn shell(commands: &str, folder: &Path) -> Result<(), String> {
    let mut sh = Command::new("sh");
    let status = sh.args(["-euc", commands]).current_dir(folder).status();
    match status.map_err(|e| e.to_string())? {
        status if status.success() => Ok(()),
        status => Err(format!("`{commands}` failed: {status}")),
    }
}

/// Catalog and history of a database, as one text.
async fn state(url: &str) -> Result<String, String> {
    let settings =
        underpin_core::postgres::ConnectionSettings::parse(url).map_err(|e| e.to_string())?;
    let mut session: Session = settings.connect().await.map_err(|e| e.to_string())?;
    let snapshot = catalog::read(&mut session).await.map_err(|e| e.to_string())?;
    let tables = session
        .rows("SELECT quote_ident(n.nspname) || '.' || quote_ident(c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relname = '_prisma_migrations' AND c.relkind = 'r' ORDER BY 1")
        .await
        .map_err(|e| e.to_string())?;
    let mut text = snapshot.fingerprint().to_string();
    for table in tables.into_iter().flatten().flatten() {
        let rows = session
            .rows(&format!("SELECT t::text FROM {table} t ORDER BY 1"))
            .await
            .map_err(|e| e.to_string())?;
        let _infallible = write!(text, "\n{table} {rows:?}");
    }
    let owned = session
        .value("SELECT count(*) FROM pg_namespace WHERE nspname = 'underpin'")
        .await
        .map_err(|e| e.to_string())?;
    let _infallible = write!(text, "\nown schema {owned:?}");
    Ok(text)
}

fn copy(from: &Path, to: &Path) -> Result<(), String> {
    std::fs::create_dir_all(to).map_err(|e| e.to_string())?;
    for entry in std::fs::read_dir(from).map_err(|e| e.to_string())? {
        let entry = entry.map_err(|e| e.to_string())?;
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            std::fs::copy(entry.path(), &target).map_err(|e| e.to_string())?;
        }
    }
    Ok(())
}
