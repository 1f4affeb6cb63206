//! What a run of the linter found: files, statements, findings, figures.

use std::ops::Range;

use crate::finding::{Finding, Grades, Severity};

/// Everything that was found. `@1`: fields are added, never changed.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Report {
    /// What was assumed of the server and of the runner.
    pub assumed: Assumed,
    /// The judged files, in order.
    pub files: Vec<FileReport>,
    /// All files together.
    pub totals: Totals,
}

/// What the verdicts rest on.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Assumed {
    /// The server's major version; `None`: any from 13 on.
    pub server_major: Option<u32>,
    /// How files become transactions.
    pub runner: &'static str,
}

/// Figures of a file, or of all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
pub struct Totals {
    /// Statements, those inside `DO` blocks and functions included.
    pub statements: usize,
    /// Those of them that a rule or a known effect speaks of.
    pub judged: usize,
    /// Findings that make the run fail.
    pub errors: usize,
    /// Findings to look at.
    pub warnings: usize,
    /// Findings that are listed only when asked for.
    pub notes: usize,
    /// Findings that a directive allows.
    pub allowed: usize,
}

/// One file.
#[derive(Debug, Clone, serde::Serialize)]
pub struct FileReport {
    /// The migration's name, or the file's.
    pub name: String,
    /// The path as the user knows it.
    pub path: String,
    /// The worst of its findings, grade by grade.
    pub grades: Grades,
    /// Its figures.
    pub totals: Totals,
    /// Its statements.
    pub statements: Vec<StatementReport>,
    /// Its findings by place, the allowed ones included.
    pub findings: Vec<Finding>,
    /// Its text, for excerpts.
    #[serde(skip)]
    pub text: String,
}

/// One statement.
#[derive(Debug, Clone, serde::Serialize)]
pub struct StatementReport {
    /// 1-based line of its start.
    pub line: usize,
    /// Its bytes in the file.
    pub span: Range<usize>,
    /// Its command tag: `ALTER TABLE`.
    pub tag: String,
    /// Number of the transaction in the file that it runs in, from 1; `None`: outside of any.
    pub transaction: Option<usize>,
    /// The locks it takes on relations that were there before the file, strongest first.
    pub locks: Vec<LockReport>,
    /// The work that it does on them.
    pub work: Vec<WorkReport>,
    /// Whether a rule or a known effect speaks of it.
    pub judged: bool,
}

/// One lock.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct LockReport {
    /// The table, as SQL writes it.
    pub relation: String,
    /// PostgreSQL's name of the mode: `AccessExclusiveLock`.
    pub mode: &'static str,
    /// What waits for it.
    pub blocks: Blocks,
}

/// What of the application waits for a lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Blocks {
    /// No ordinary query.
    Nothing,
    /// Writes.
    Writes,
    /// Reads and writes.
    Everything,
}

/// Work that grows with a relation.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct WorkReport {
    /// The relation, as SQL writes it.
    pub relation: String,
    /// `scan`, `rewrite`, `build`, `rows`.
    pub class: &'static str,
}

impl Totals {
    /// Adds the figures of `other`.
    pub fn add(&mut self, other: Self) {
        self.statements += other.statements;
        self.judged += other.judged;
        self.errors += other.errors;
        self.warnings += other.warnings;
        self.notes += other.notes;
        self.allowed += other.allowed;
    }

    /// Counts one finding.
    pub(super) fn count(&mut self, finding: &Finding) {
        match (&finding.allowed, finding.severity) {
            (Some(_), _) => self.allowed += 1,
            (None, Severity::Error) => self.errors += 1,
            (None, Severity::Warning) => self.warnings += 1,
            (None, Severity::Note) => self.notes += 1,
        }
    }
}

impl Report {
    /// Counts the findings anew, after somebody who knows more has changed them.
    pub fn recount(&mut self) {
        let mut all = Totals::default();
        for file in &mut self.files {
            let (statements, judged) = (file.totals.statements, file.totals.judged);
            file.totals = Totals { statements, judged, ..Totals::default() };
            file.findings.iter().for_each(|finding| file.totals.count(finding));
            all.add(file.totals);
        }
        self.totals = all;
    }

    /// Whether a finding that nothing allows is at least this loud.
    #[must_use]
    pub fn has(&self, severity: Severity) -> bool {
        self.findings().any(|(_, f)| f.allowed.is_none() && f.severity >= severity)
    }

    /// Every finding with its file.
    pub fn findings(&self) -> impl Iterator<Item = (&FileReport, &Finding)> {
        self.files.iter().flat_map(|file| file.findings.iter().map(move |finding| (file, finding)))
    }
}

impl FileReport {
    /// The findings that are at least this loud and that nothing allows.
    pub fn listed(&self, least: Severity) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(move |f| f.allowed.is_none() && f.severity >= least)
    }
}
