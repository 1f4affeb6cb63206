//! A rule's row, and what takes its findings.

use crate::context::At;
use crate::finding::{Finding, Grades, Lines, Severity};
use crate::model::{Name, Span};
use crate::phased::Phase;

/// One rule.
#[derive(Debug)]
pub struct Rule {
    /// Its stable id.
    pub id: &'static str,
    /// What it finds, as a fragment: "a table is dropped".
    pub title: &'static str,
    /// How loud its findings are unless they say otherwise.
    pub severity: Severity,
    /// The grades of its findings unless they say otherwise.
    pub grades: Grades,
    /// The fact that they rest on, unless they say another.
    pub fact: &'static str,
    /// What to do instead, unless they say otherwise; empty: nothing general.
    pub instead: &'static str,
    /// Whether it runs without being asked for.
    pub default: bool,
    /// It can only be decided with facts that are handed in ([`crate::context::Facts`]).
    pub needs_facts: bool,
    /// Told once per transaction, with a count of the further places.
    pub once: bool,
    /// Looks at one statement.
    pub check: fn(&At<'_>, &mut Found<'_>),
}

impl Rule {
    /// What a row leaves out.
    pub(crate) const PLAIN: Self = Self {
        id: "",
        title: "",
        severity: Severity::Warning,
        grades: Grades::new(
            crate::finding::Loss::None,
            crate::finding::Downtime::None,
            crate::finding::Back::R0,
            crate::finding::OldApp::Works,
        ),
        fact: "",
        instead: "",
        default: true,
        needs_facts: false,
        once: false,
        check: |_, _| {},
    };

    /// The part of the id before the first hyphen: `LOSS`, `FAIL`, …
    #[must_use]
    pub fn family(&self) -> &'static str {
        self.id.split('-').next().unwrap_or_default()
    }
}

/// A rule with its page and its two scripts.
#[derive(Debug)]
pub struct Entry {
    /// The rule.
    pub rule: &'static Rule,
    /// Its page for people, in Markdown.
    pub page: &'static str,
    /// A case that it must find.
    pub bad: &'static str,
    /// The nearest harmless case.
    pub good: &'static str,
}

/// Takes a rule's findings.
pub struct Found<'a> {
    pub(crate) rule: &'static Rule,
    pub(crate) statement: usize,
    pub(crate) text: &'a str,
    pub(crate) lines: &'a Lines,
    pub(crate) list: &'a mut Vec<Finding>,
}

impl Found<'_> {
    /// A finding at these bytes. The message is one sentence without a full stop.
    pub fn add(
        &mut self,
        span: impl std::borrow::Borrow<Span>,
        message: impl Into<String>,
    ) -> Draft<'_> {
        let span = span.borrow().clone();
        let span = span.start.min(self.text.len())..span.end.min(self.text.len());
        self.list.push(Finding {
            rule: self.rule.id,
            severity: self.rule.severity,
            start: self.lines.position(self.text, span.start),
            end: self.lines.position(self.text, span.end),
            span,
            statement: self.statement,
            subject: None,
            message: message.into(),
            fact: self.rule.fact.to_owned(),
            suggestion: (!self.rule.instead.is_empty()).then(|| self.rule.instead.to_owned()),
            phased: Vec::new(),
            unknown: None,
            grades: self.rule.grades,
            allowed: None,
        });
        let last = self.list.len() - 1;
        Draft(&mut self.list[last])
    }
}

/// A finding that can be made more exact.
pub struct Draft<'a>(&'a mut Finding);

impl Draft<'_> {
    /// The object that it is about.
    pub fn about(self, name: &Name) -> Self {
        self.0.subject = Some(crate::context::record::short(name).to_string());
        self
    }

    /// The fact that this one rests on.
    pub fn fact(self, fact: impl Into<String>) -> Self {
        self.0.fact = fact.into();
        self
    }

    /// What to write instead, for this very statement.
    pub fn instead(self, suggestion: impl Into<String>) -> Self {
        self.0.suggestion = Some(suggestion.into());
        self
    }

    /// The change in phases.
    pub fn phased(self, phases: Vec<Phase>) -> Self {
        self.0.phased = phases;
        self
    }

    /// What would decide it.
    pub fn unknown(self, unknown: impl Into<String>) -> Self {
        self.0.unknown = Some(unknown.into());
        self
    }

    /// It stands at another step of the file.
    pub fn of_step(self, file: &crate::context::File<'_>, step: usize) -> Self {
        self.0.statement = file.steps[step].number;
        self
    }

    /// How loud this one is.
    pub fn severity(self, severity: Severity) -> Self {
        self.0.severity = severity;
        self
    }

    /// The grades of this one.
    pub fn grades(self, grades: Grades) -> Self {
        self.0.grades = grades;
        self
    }
}
