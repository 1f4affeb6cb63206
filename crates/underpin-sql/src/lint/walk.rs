//! The walk through the files: statement by statement, with the schema as it stands.

use std::collections::HashSet;

use super::Source;
use super::report::{
    Assumed, Blocks, FileReport, LockReport, Report, StatementReport, Totals, WorkReport,
};
use crate::allow::{Allow, Allows, Scope};
use crate::context::record::{Birth, Record, full, short};
use crate::context::{At, File, Held, Options, Place, Step, TableLock, Work, places};
use crate::finding::{Finding, Grades, Lines};
use crate::model::{Name, Parsed};
use crate::rules::{Entry, Found, RULES, rule};
use crate::schema::Schema;

/// The strongest lock that ordinary reads and writes pass (`SHARE UPDATE EXCLUSIVE`, manual
/// §13.3.1).
const HARMLESS_MAX: u8 = 4;

/// Judges the files.
#[must_use]
pub fn lint(sources: Vec<Source>, options: &Options) -> Report {
    let runs = |e: &&Entry| e.rule.default || options.enabled.iter().any(|id| id == e.rule.id);
    let rules: Vec<&Entry> = RULES.iter().filter(runs).collect();
    let mut known = Known { schema: Schema::unknown(), ..Known::default() };
    let mut files = Vec::new();
    let mut totals = Totals::default();
    for (index, source) in sources.into_iter().enumerate() {
        let statements = crate::model::read(&source.text);
        let places = places(&source.text, &statements, options.runner);
        if options.pending_from.is_none_or(|from| index <= from) {
            known.schema.settle();
        }
        if source.judged {
            let file = judge(index, source, &statements, &places, options, &rules, &mut known);
            totals.add(file.totals);
            files.push(file);
        } else {
            for step in steps(&statements, &places) {
                known.apply(&step, index);
            }
        }
    }
    let assumed = Assumed { server_major: options.server_major, runner: options.runner.name() };
    Report { assumed, files, totals }
}

/// What the files read so far have told.
#[derive(Default)]
struct Known {
    /// For the effects of statements.
    schema: Schema,
    /// For the rules: where each object was made.
    record: Record,
    /// Tables that judged files lock so that writes wait.
    locked: HashSet<Name>,
}

impl Known {
    fn apply(&mut self, step: &Step<'_>, file: usize) {
        let birth = Birth { file, transaction: step.place.transaction };
        self.record.apply(&step.parsed.statement, birth);
        // What stands in a block comes as steps of its own.
        if !crate::context::is_block(&step.parsed.statement) {
            self.schema.apply(step.parsed);
        }
    }
}

/// The statements in the order in which they run, those of `DO` blocks included.
fn steps<'a>(statements: &'a [Parsed], places: &[Place]) -> Vec<Step<'a>> {
    let mut steps = Vec::with_capacity(statements.len());
    for (number, (parsed, place)) in statements.iter().zip(places).enumerate() {
        steps.push(Step { parsed, number, inside: false, place: *place });
        if crate::context::runs_what_is_inside(&parsed.statement) {
            inner(&parsed.inside, number, *place, &mut steps);
        }
    }
    steps
}

fn inner<'a>(parsed: &'a [Parsed], number: usize, place: Place, steps: &mut Vec<Step<'a>>) {
    for parsed in parsed {
        // A block is one statement to the server, so that all in it stays together.
        let place = Place { block: true, ..place };
        steps.push(Step { parsed, number, inside: true, place });
        inner(&parsed.inside, number, place, steps);
    }
}

fn judge(
    index: usize,
    source: Source,
    statements: &[Parsed],
    places: &[Place],
    options: &Options,
    rules: &[&Entry],
    known: &mut Known,
) -> FileReport {
    let spans: Vec<_> = statements.iter().map(|s| s.span.clone()).collect();
    let said = Allows::read(&source.text, &spans);
    let file = File {
        index,
        name: &source.name,
        text: &source.text,
        lines: Lines::of(&source.text),
        steps: steps(statements, places),
        allows: &said.allows,
    };
    let mut findings = Vec::new();
    let mut told: Vec<StatementReport> = statements.iter().zip(places).map(statement).collect();
    let (mut held, mut transaction): (Vec<Held>, usize) = (Vec::new(), 0);
    let mut totals = Totals::default();
    let mut locked_here = Vec::new();
    for (number, step) in file.steps.iter().enumerate() {
        if step.place.transaction != transaction {
            held.clear();
            transaction = step.place.transaction;
        }
        let does = crate::context::does(step.parsed, &known.schema, options);
        let at = At {
            options,
            file: &file,
            number,
            record: &known.record,
            does: &does,
            held: &held,
            locked_before: &known.locked,
        };
        let before = findings.len();
        for entry in rules {
            let mut found = Found {
                rule: entry.rule,
                statement: step.number,
                text: &source.text,
                lines: &file.lines,
                list: &mut findings,
            };
            (entry.rule.check)(&at, &mut found);
        }
        let judged = does.known || findings.len() > before;
        totals.statements += 1;
        totals.judged += usize::from(judged);
        told[step.number].judged &= judged;
        tell(&mut told[step.number], &at);
        let strong = does.locks.iter().filter(|l| l.mode > HARMLESS_MAX && at.existed(&l.table));
        locked_here.extend(strong.map(|l| full(&l.table)));
        if step.place.block {
            let strong = |l: &&TableLock| l.mode > HARMLESS_MAX && at.existed(&l.table);
            let new: Vec<Held> = does
                .locks
                .iter()
                .filter(strong)
                .map(|lock| Held { table: full(&lock.table), mode: lock.mode, step: number })
                .filter(|n| !held.iter().any(|h| h.table == n.table && h.mode >= n.mode))
                .collect();
            held.extend(new);
        }
        known.apply(step, index);
    }
    known.locked.extend(locked_here);
    directive_findings(&said, &file, &mut findings);
    findings.sort_by(|a, b| {
        (a.statement, a.span.start, b.severity, a.rule).cmp(&(
            b.statement,
            b.span.start,
            a.severity,
            b.rule,
        ))
    });
    findings.dedup_by(|a, b| a.rule == b.rule && a.span == b.span && a.message == b.message);
    tell_once(&mut findings, places);
    findings.iter().for_each(|f| totals.count(f));
    // What is allowed happens all the same.
    let grades = findings.iter().fold(Grades::default(), |all, f| all.worst(f.grades));
    let (name, path) = (source.name.clone(), source.path.clone());
    FileReport { name, path, grades, totals, statements: told, findings, text: source.text }
}

/// Keeps the first finding of a transaction of each rule that is told once, with the worst grades
/// and the number of the others. What is allowed stays as it is.
fn tell_once(findings: &mut Vec<Finding>, places: &[Place]) {
    let mut first: Vec<(&str, usize, usize, usize)> = Vec::new();
    let mut kept: Vec<Finding> = Vec::with_capacity(findings.len());
    for finding in findings.drain(..) {
        let once = rule(finding.rule).is_some_and(|r| r.once) && finding.allowed.is_none();
        let transaction = places.get(finding.statement).map_or(0, |p| p.transaction);
        let known = first.iter_mut().find(|f| (f.0, f.1) == (finding.rule, transaction));
        match known.filter(|_| once) {
            Some((_, _, place, others)) => {
                *others += 1;
                kept[*place].grades = kept[*place].grades.worst(finding.grades);
            }
            None => {
                if once {
                    first.push((finding.rule, transaction, kept.len(), 0));
                }
                kept.push(finding);
            }
        }
    }
    for (_, _, place, others) in first.into_iter().filter(|f| f.3 > 0) {
        let words =
            if others == 1 { "1 more place".to_owned() } else { format!("{others} more places") };
        kept[place].message += &format!(" ({words} in this transaction)");
    }
    *findings = kept;
}

fn statement((parsed, place): (&Parsed, &Place)) -> StatementReport {
    StatementReport {
        line: parsed.line,
        span: parsed.span.clone(),
        tag: crate::context::tag(&parsed.statement).to_owned(),
        transaction: place.block.then_some(place.transaction),
        locks: Vec::new(),
        work: Vec::new(),
        judged: true,
    }
}

/// Adds what a step does to the report of its statement.
fn tell(report: &mut StatementReport, at: &At<'_>) {
    for lock in at.does.locks.iter().filter(|l| at.existed(&l.table)) {
        let relation = short(&lock.table).to_string();
        let blocks = match lock.mode {
            8 => Blocks::Everything,
            mode if mode > HARMLESS_MAX => Blocks::Writes,
            _ => Blocks::Nothing,
        };
        let new = LockReport { relation, mode: crate::context::mode_name(lock.mode), blocks };
        match report.locks.iter_mut().find(|l| l.relation == new.relation) {
            Some(old) if old.blocks < new.blocks => *old = new,
            Some(_) => {}
            None => report.locks.push(new),
        }
    }
    report.locks.sort_by(|a, b| (b.blocks, &a.relation).cmp(&(a.blocks, &b.relation)));
    for work in at.does.work.iter().filter(|w| at.existed(&w.table)) {
        let class = match work.class {
            Work::Rows => "rows",
            Work::Scan => "scan",
            Work::Build => "build",
            Work::Rewrite => "rewrite",
        };
        let new = WorkReport { relation: short(&work.table).to_string(), class };
        if !report.work.contains(&new) {
            report.work.push(new);
        }
    }
}

/// Puts the reasons of directives on findings, and says which directives are not needed or cannot
/// be read.
fn directive_findings(said: &Allows, file: &File<'_>, findings: &mut Vec<Finding>) {
    let holds = |allow: &Allow, finding: &Finding| {
        allow.rule == finding.rule
            && match allow.scope {
                Scope::File => true,
                Scope::Statement(number) => number == finding.statement,
            }
    };
    let mut used = HashSet::new();
    for finding in findings.iter_mut() {
        for (number, allow) in said.allows.iter().enumerate() {
            if holds(allow, finding) {
                used.insert(number);
                finding.allowed.get_or_insert_with(|| allow.reason.clone());
            }
        }
    }
    let mut add = |id: &str, span: &std::ops::Range<usize>, scope: Scope, message: String| {
        let Some(rule) = rule(id) else { return };
        let statement = match scope {
            Scope::Statement(number) => number,
            Scope::File => 0,
        };
        Found { rule, statement, text: file.text, lines: &file.lines, list: findings }
            .add(span, message);
    };
    for (number, allow) in said.allows.iter().enumerate() {
        match rule(&allow.rule) {
            None => {
                let message = format!("there is no rule {}", allow.rule);
                add("DIRECTIVE-INVALID", &allow.span, allow.scope, message);
            }
            // Nobody can say offline whether a rule that needs a database would speak.
            Some(rule) if !used.contains(&number) && !rule.needs_facts => {
                let message = format!("{} says nothing here", allow.rule);
                add("DIRECTIVE-UNUSED", &allow.span, allow.scope, message);
            }
            Some(_) => {}
        }
    }
    for invalid in &said.invalid {
        add("DIRECTIVE-INVALID", &invalid.span, Scope::File, invalid.message.clone());
    }
}
