//! The orders in which Prisma and Underpin give a case's commands, and what must come out.
//!
//! (A) Prisma alone: as recorded in `prisma.txt`. (B) Underpin alone: the same, and a real Prisma
//! finds everything in order afterwards. (C) Prisma the first half, Underpin the second, (D) the
//! other way round: each command does what it did in A.

use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use underpin_testkit::prisma::{self, Mode, Outcome, Prisma, Version};
use underpin_testkit::{Server, TestDatabase};

use crate::case::{Case, Difference, PointsTo, Step};
use crate::observe::{Observation, observe};

/// Who gives a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Actor {
    Prisma(Prisma),
    Underpin,
}

/// A project folder and a database.
pub(crate) struct Stage<'a> {
    case: &'a Case,
    server: &'a Server,
    database: TestDatabase,
    project: tempfile::TempDir,
}

impl<'a> Stage<'a> {
    /// As the case says, in the form that this version of Prisma reads.
    pub(crate) async fn new(
        case: &'a Case,
        server: &'a Server,
        prisma: Prisma,
    ) -> Result<Self, String> {
        static STAGES: AtomicU32 = AtomicU32::new(0);
        let name = format!("compat_{}", STAGES.fetch_add(1, Ordering::Relaxed));
        let database = server.database_named(&name).await;
        if let Some(sql) = &case.given {
            database.session.simple_query(sql).await.map_err(|e| format!("given: {e}"))?;
        }
        let project = tempfile::tempdir().map_err(|e| e.to_string())?;
        prisma.prepare(project.path(), &case.schemas)?;
        case.write_migrations(project.path());
        let stage = Self { case, server, database, project };
        case.write_project(stage.project.path(), &stage.full_url());
        Ok(stage)
    }

    fn full_url(&self) -> String {
        let mut url = self.database.url.clone();
        match self.case.points_to {
            Some(PointsTo::NoDatabase) => {
                let name = &self.database.name;
                url = url.replace(&format!("/{name}?"), &format!("/{name}_absent?"));
            }
            Some(PointsTo::NoServer) => {
                let (before, host) = url.split_once("host=").unwrap();
                let after = host.split_once('&').map_or("", |(_, after)| after);
                url = format!("{before}host=/nowhere&{after}");
            }
            None => {}
        }
        match &self.case.schema {
            Some(schema) => format!("{url}&schema={schema}"),
            None => url,
        }
    }

    /// What `DATABASE_URL` is.
    fn url(&self) -> Option<String> {
        (!self.case.no_url).then(|| self.full_url())
    }

    /// Gives one command.
    pub(crate) async fn give(&self, actor: Actor, command: &str) -> Result<Observation, String> {
        let mut arguments = vec!["migrate"];
        arguments.extend(command.split_whitespace());
        let outcome = match actor {
            Actor::Prisma(prisma) => {
                prisma.run(self.project.path(), self.url().as_deref(), &arguments)?
            }
            Actor::Underpin => {
                underpin(self.server, self.project.path(), self.url().as_deref(), &arguments)?
            }
        };
        observe(command, &outcome, &self.database, &self.case.names())
            .await
            .map_err(|e| format!("{e}\n{outcome:#?}"))
    }

    /// Does all steps; `actor` says who gives the n-th command.
    async fn play(&self, actor: impl Fn(usize) -> Actor) -> Result<Vec<Observation>, String> {
        let mut seen = Vec::new();
        for step in &self.case.steps {
            let acts = actor(seen.len().min(self.case.commands() - 1));
            if let Some(command) = &step.run {
                seen.push(self.give(acts, command).await?);
            } else if let Some(arguments) = &step.native {
                if acts == Actor::Underpin {
                    self.native(arguments, step)?;
                }
            } else {
                self.change(step).await?;
            }
        }
        Ok(seen)
    }

    async fn change(&self, step: &Step) -> Result<(), String> {
        self.case.change_migrations(step, self.project.path());
        match &step.sql {
            Some(sql) => self
                .database
                .session
                .simple_query(sql)
                .await
                .map(drop)
                .map_err(|e| format!("{sql}: {e}")),
            None => Ok(()),
        }
    }

    fn native(&self, arguments: &str, step: &Step) -> Result<(), String> {
        let words: Vec<&str> = arguments.split_whitespace().collect();
        let outcome = underpin(self.server, self.project.path(), self.url().as_deref(), &words)?;
        if Some(outcome.code) == step.exit {
            return Ok(());
        }
        Err(format!("`underpin {arguments}` should end with {:?}: {outcome:#?}", step.exit))
    }
}

/// Runs Underpin with nothing but what a container would give it.
pub(crate) fn underpin(
    server: &Server,
    project: &Path,
    url: Option<&str>,
    arguments: &[&str],
) -> Result<Outcome, String> {
    let child =
        underpin_command(server, project, url, arguments).spawn().map_err(|e| e.to_string())?;
    prisma::finish(child, prisma::PATIENCE)
}

/// See [`underpin`].
pub(crate) fn underpin_command(
    server: &Server,
    project: &Path,
    url: Option<&str>,
    arguments: &[&str],
) -> Command {
    let program = std::env::var_os("UNDERPIN_COMPAT_PROGRAM")
        .unwrap_or_else(|| env!("CARGO_BIN_EXE_underpin").into());
    let mut command = Command::new(program);
    command.args(arguments).current_dir(project).env_clear().stdin(Stdio::null());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
        .envs(std::env::var_os("PATH").map(|path| ("PATH", path)))
        .envs(url.map(|url| ("DATABASE_URL", url)))
        .env("HOME", project);
    command
        .env("UNDERPIN_CACHE_DIR", underpin_testkit::cache())
        .env("UNDERPIN_PG_BIN", &server.binaries().folder);
    command
}

/// What a real Prisma is asked after everything; belongs to the recording.
const TAIL: [&str; 2] = ["deploy", "status"];

/// All orders with one Prisma.
pub(crate) async fn compare(
    case: &Case,
    server: &Server,
    prisma: Prisma,
    recording: &Recording,
) -> Result<(), String> {
    let record = std::env::var_os("UNDERPIN_COMPAT_RECORD").is_some();
    let stage = Stage::new(case, server, prisma).await?;
    let mut real = stage.play(|_| Actor::Prisma(prisma)).await.map_err(|e| format!("A: {e}"))?;
    for command in TAIL {
        real.push(stage.give(Actor::Prisma(prisma), command).await?);
    }
    if record {
        return recording.write(prisma, &real);
    }
    let text = transcript(&real);
    let known = recording.of(prisma)?;
    if text != known {
        return Err(format!(
            "A: Prisma {prisma} does otherwise than {} says:\n{}",
            recording.path(),
            lines(&known, &text)
        ));
    }
    let same_as_held_to = recording.of(Prisma { mode: case.like.mode(), ..prisma })? == known;
    let (steps, tail) = real.split_at(case.commands());

    // Underpin goes on where Prisma stopped: it has the same to say, and leaves all as it is.
    if !case.differs()
        && tail[0].code == 0
        && tail[0].out.iter().any(|l| l.starts_with("No pending"))
    {
        for (command, expected) in TAIL.iter().zip(tail) {
            let seen = stage.give(Actor::Underpin, command).await?;
            same(expected, &seen).map_err(|e| format!("Underpin after A: {e}"))?;
        }
    }

    let stage = Stage::new(case, server, prisma).await?;
    let ours = stage.play(|_| Actor::Underpin).await.map_err(|e| format!("B: {e}"))?;
    check_steps(case, &recording.steps(prisma, case)?, &ours).map_err(|e| format!("B: {e}"))?;
    for (command, expected) in TAIL.iter().zip(tail) {
        let seen = stage.give(Actor::Prisma(prisma), command).await?;
        let after = case
            .after_underpin
            .map(|after| if *command == "deploy" { after.deploy } else { after.status });
        match after {
            Some(code) if code == seen.code => {}
            Some(code) => {
                return Err(format!("a real Prisma after B should end with {code}:\n{seen}"));
            }
            None if same_as_held_to => {
                same(expected, &seen).map_err(|e| format!("a real Prisma after B: {e}"))?
            }
            None => {}
        }
    }
    if case.diff && prisma.version == Version::V7 {
        let arguments = [
            "migrate",
            "diff",
            "--from-migrations",
            "prisma/migrations",
            "--to-config-datasource",
            "--exit-code",
        ];
        let outcome = prisma.run(stage.project.path(), stage.url().as_deref(), &arguments)?;
        if outcome.code != 0 {
            return Err(format!("Prisma's own diff after B: {outcome:#?}"));
        }
    }

    // Where statement by statement makes no difference, the other two orders were run as one message.
    if case.differs() || !same_as_held_to || case.commands() < 2 || prisma.mode == Mode::Split {
        return Ok(());
    }
    let half = case.commands().div_ceil(2);
    for (order, prisma_first) in [("C", true), ("D", false)] {
        let stage = Stage::new(case, server, prisma).await?;
        let actor = |n: usize| {
            if (n < half) == prisma_first { Actor::Prisma(prisma) } else { Actor::Underpin }
        };
        let seen = stage.play(actor).await.map_err(|e| format!("{order}: {e}"))?;
        for (n, (expected, seen)) in steps.iter().zip(&seen).enumerate() {
            same(expected, seen).map_err(|e| format!("{order}, by {:?}: {e}", actor(n)))?;
        }
    }
    Ok(())
}

/// Underpin alone against the recording: needs no Prisma.
pub(crate) async fn against_recording(
    case: &Case,
    server: &Server,
    recording: &Recording,
) -> Result<(), String> {
    let mut done: Vec<String> = Vec::new();
    for version in Version::ALL.into_iter().filter(|version| case.is_for(*version)) {
        let prisma = Prisma { version, mode: case.like.mode() };
        let stage = Stage::new(case, server, prisma).await?;
        let ours = stage.play(|_| Actor::Underpin).await?;
        check_steps(case, &recording.steps(prisma, case)?, &ours)
            .map_err(|e| format!("{}: {e}", version.number()))?;
        done.push(transcript(&ours));
    }
    Ok(())
}

/// Each of Underpin's observations against Prisma's, or against what it does otherwise on purpose.
fn check_steps(case: &Case, expected: &[String], seen: &[Observation]) -> Result<(), String> {
    let commands = case.steps.iter().filter(|s| s.run.is_some());
    for ((step, expected), seen) in commands.zip(expected).zip(seen) {
        match &step.underpin {
            Some(difference) => check_difference(difference, seen)?,
            None if *expected == seen.to_string() => {}
            None => return Err(lines(expected, &seen.to_string())),
        }
    }
    Ok(())
}

fn check_difference(difference: &Difference, seen: &Observation) -> Result<(), String> {
    let mut faults = String::new();
    if seen.code != difference.exit {
        let _infallible = writeln!(faults, "exit {} instead of {}", seen.code, difference.exit);
    }
    for (stream, wanted, have) in
        [("out", &difference.out, &seen.out), ("err", &difference.err, &seen.err)]
    {
        for line in wanted.iter().filter(|line| !have.contains(line)) {
            let _infallible = writeln!(faults, "missing: {stream}  {line}");
        }
    }
    let without_checksum = |row: &String| match row.rsplit_once(", ") {
        Some((row, sum)) if sum.len() == 64 => row.to_owned(),
        _ => row.clone(),
    };
    let rows: Vec<String> = seen.rows.iter().map(without_checksum).collect();
    for (word, wanted, have) in
        [("row", &difference.rows, &rows), ("rel", &difference.relations, &seen.relations)]
    {
        if let Some(wanted) = wanted.as_ref().filter(|wanted| *wanted != have) {
            let _infallible =
                writeln!(faults, "{}", lines(&listed(word, wanted), &listed(word, have)));
        }
    }
    if faults.is_empty() {
        Ok(())
    } else {
        Err(format!("{faults}\non purpose: {}\nall that was seen:\n{seen}", difference.differs))
    }
}

fn listed(word: &str, lines: &[String]) -> String {
    lines.iter().map(|line| format!("{word}  {line}\n")).collect()
}

fn same(expected: &Observation, seen: &Observation) -> Result<(), String> {
    if expected == seen { Ok(()) } else { Err(lines(&expected.to_string(), &seen.to_string())) }
}

fn transcript(observations: &[Observation]) -> String {
    observations.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

/// Both texts; `-` what Prisma does, `+` what was seen instead.
fn lines(expected: &str, seen: &str) -> String {
    let (old, new): (Vec<&str>, Vec<&str>) = (expected.lines().collect(), seen.lines().collect());
    let start = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
    let end = old[start..]
        .iter()
        .rev()
        .zip(new[start..].iter().rev())
        .take_while(|(a, b)| a == b)
        .count();
    let mut text = String::from("\n");
    let part = |lines: &[&str], sign: char| {
        lines.iter().map(|l| format!("{sign} {l}\n")).collect::<String>()
    };
    text.push_str(&part(&old[..start], ' '));
    text.push_str(&part(&old[start..old.len() - end], '-'));
    text.push_str(&part(&new[start..new.len() - end], '+'));
    text.push_str(&part(&old[old.len() - end..], ' '));
    text
}

/// The lines of a transcript that say what the database holds.
fn is_state(line: &str) -> bool {
    line.starts_with("row  ") || line.starts_with("rel  ")
}

/// Stands for the state after the command before.
const AS_BEFORE: &str = "as before";

/// A transcript with each state that does not change said once.
fn fold(text: &str) -> String {
    let mut folded = String::new();
    let mut before: Option<Vec<&str>> = None;
    for part in text.split("\n\n") {
        let (state, said): (Vec<&str>, Vec<&str>) = part.lines().partition(|line| is_state(line));
        let unchanged = before.as_ref() == Some(&state);
        let gap = if folded.is_empty() { "" } else { "\n" };
        let state_said = if unchanged { vec![AS_BEFORE] } else { state.clone() };
        let _infallible = writeln!(folded, "{gap}{}", [said, state_said].concat().join("\n"));
        before = Some(state);
    }
    folded
}

/// The reverse of [`fold`].
fn unfold(text: &str) -> String {
    let mut unfolded = String::new();
    let mut before: Vec<&str> = Vec::new();
    for part in text.split("\n\n") {
        let gap = if unfolded.is_empty() { "" } else { "\n" };
        let lines: Vec<&str> = part.lines().collect();
        let said = lines.iter().copied().filter(|l| !is_state(l) && *l != AS_BEFORE);
        let said: Vec<&str> = said.collect();
        if !lines.contains(&AS_BEFORE) {
            before = lines.iter().copied().filter(|line| is_state(line)).collect();
        }
        let _infallible = writeln!(unfolded, "{gap}{}", [said, before.clone()].concat().join("\n"));
    }
    unfolded
}

/// `prisma.txt`: what every Prisma did, equal ones together.
pub(crate) struct Recording {
    path: std::path::PathBuf,
}

/// Serialises the writers of one file.
static WRITING: std::sync::Mutex<()> = std::sync::Mutex::new(());

impl Recording {
    pub(crate) fn at(path: std::path::PathBuf) -> Self {
        Self { path }
    }

    fn path(&self) -> String {
        self.path.display().to_string()
    }

    /// Sections: the Prismas it holds for, and their text.
    fn sections(&self) -> Vec<(Vec<String>, String)> {
        let text = std::fs::read_to_string(&self.path).unwrap_or_default();
        let parts = text.split("=== Prisma ").skip(1).filter_map(|part| part.split_once('\n'));
        parts
            .map(|(head, body)| {
                (head.split(", ").map(str::to_owned).collect(), unfold(body.trim_matches('\n')))
            })
            .collect()
    }

    /// What this Prisma did.
    fn of(&self, prisma: Prisma) -> Result<String, String> {
        let key = prisma.to_string();
        let found = self.sections().into_iter().find(|(keys, _)| keys.contains(&key));
        found.map(|(_, text)| text).ok_or_else(|| {
            format!("{} has nothing of Prisma {key}; UNDERPIN_COMPAT_RECORD=1 ./dev test compat records it", self.path())
        })
    }

    /// What Prisma did in the way that Underpin is held to, command by command, without the tail.
    fn steps(&self, prisma: Prisma, case: &Case) -> Result<Vec<String>, String> {
        let text = self.of(Prisma { mode: case.like.mode(), ..prisma })?;
        let steps: Vec<String> = text
            .split("$ migrate ")
            .skip(1)
            .map(|s| format!("$ migrate {}\n", s.trim_end()))
            .collect();
        if steps.len() != case.commands() + TAIL.len() {
            return Err(format!("{} is not of this case's steps", self.path()));
        }
        Ok(steps[..case.commands()].to_vec())
    }

    fn write(&self, prisma: Prisma, real: &[Observation]) -> Result<(), String> {
        let _guard = WRITING.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let (key, text) = (prisma.to_string(), transcript(real));
        let mut sections = self.sections();
        for (keys, _) in &mut sections {
            keys.retain(|k| *k != key);
        }
        match sections.iter_mut().find(|(_, t)| *t == text) {
            Some((keys, _)) => keys.push(key),
            None => sections.push((vec![key], text)),
        }
        sections.retain(|(keys, _)| !keys.is_empty());
        sections.iter_mut().for_each(|(keys, _)| keys.sort());
        sections.sort();
        let text: Vec<String> = sections
            .iter()
            .map(|(keys, text)| format!("=== Prisma {}\n\n{}", keys.join(", "), fold(text)))
            .collect();
        std::fs::write(&self.path, text.join("\n")).map_err(|e| format!("{}: {e}", self.path()))
    }
}
