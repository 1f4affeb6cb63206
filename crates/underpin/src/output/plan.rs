//! A plan for a person: first what decides, then each migration.

use owo_colors::OwoColorize as _;
use underpin_core::assess::Prediction;
use underpin_core::engine::{LockWindow, PlanReport, PlannedMigration, RehearsedOn};
use underpin_sql::finding::{Grades, Severity};
use underpin_sql::lint::Blocks;

use super::{count, inert, lint};

/// The whole plan.
pub(crate) fn human(plan: &PlanReport, least: Severity) -> String {
    let mut text = format!(
        "{} PostgreSQL {}: {} to record, {} to run",
        "Plan".bold(),
        inert(&plan.server),
        plan.binding.baseline.len(),
        plan.binding.pending.len()
    );
    if let Some(on) = &plan.rehearsal {
        text += &rehearsed(on);
    }
    for migration in &plan.migrations {
        text += &one(migration);
    }
    for (title, list) in
        [("Held now by others:", &plan.blockers), ("Follows this database:", &plan.replication)]
    {
        if !list.is_empty() {
            text += &format!("\n\n{title}");
            for line in list {
                text += &format!("\n  {}", inert(line));
            }
        }
    }
    if plan.migrations.is_empty() {
        return text;
    }
    let predicted = plan.migrations.iter().flat_map(|m| &m.statements);
    if predicted.clone().all(|s| s.measured.as_ref().is_some_and(|m| m.scaled_ms.is_some())) {
        text += "\n\nTimes from the copy, grown with the tables (between 0.7 and 2 times that)";
    } else {
        text += &format!(
            "\n\nPredicted from: {} (between 0.7 and 2 times the middle)",
            inert(&plan.calibration.source)
        );
    }
    let findings = lint::human(&plan.report, least);
    if !findings.is_empty() {
        text += &format!("\n\n{findings}");
    }
    text
}

/// Where the measurements come from, and what failed there.
fn rehearsed(on: &RehearsedOn) -> String {
    let size = super::size(on.bytes);
    let mut text = format!(
        "\n  measured on a copy from {} of {}, {size}",
        on.from.word(),
        inert(&on.taken_at)
    );
    if let Some(failure) = &on.failure {
        text += &format!(
            "\n  {} {}: {}",
            "failed there:".red().bold(),
            failure.code,
            inert(&failure.message)
        );
        for cause in &failure.causes {
            text += &format!("\n    {}", inert(cause));
        }
    }
    text
}

fn one(migration: &PlannedMigration) -> String {
    let mut text = format!("\n\n{}", inert(&migration.name).bold());
    text += &format!("\n  {}", grades(migration.grades));
    text += &format!(
        "\n  takes     {} in {}",
        span(migration.predicted),
        count(migration.statements.len(), "statement")
    );
    for window in &migration.windows {
        text += &format!("\n  locks     {}", locked(window));
    }
    for preflight in &migration.preflights {
        let answer = &preflight.answer;
        let found = match (answer.count, &answer.unanswered) {
            (Some(0), _) => "none".green().to_string(),
            (Some(n), _) => {
                let more = if answer.more { " or more" } else { "" };
                let example = answer.example.as_ref().map(|e| format!(", such as {}", inert(e)));
                format!("{}{}", format!("{n}{more}").red(), example.unwrap_or_default())
            }
            (None, why) => format!("not known: {}", inert(why.as_deref().unwrap_or("not asked")))
                .yellow()
                .to_string(),
        };
        text += &format!(
            "\n  rows      {}: {found} ({}, line {})",
            inert(&preflight.counted),
            preflight.rule,
            preflight.line
        );
    }
    text
}

fn locked(window: &LockWindow) -> String {
    let waits = match window.blocks {
        Blocks::Everything => "reads and writes wait",
        Blocks::Writes => "writes wait",
        Blocks::Nothing => "nothing waits",
    };
    format!(
        "{}: {waits} for {} from line {} on ({}{})",
        inert(&window.relation),
        span(window.predicted),
        window.from_line,
        window.mode,
        if window.measured { ", measured" } else { "" }
    )
}

fn grades(grades: Grades) -> String {
    let one = |(name, word, level): (&str, &str, lint::Level)| match level {
        lint::Level::Bad => format!("{name} {}", word.red()),
        _ => format!("{name} {word}"),
    };
    lint::grades(grades).map(one).join(" · ")
}

/// A table of the migrations, for a comment under a pull request.
pub(crate) fn markdown(plan: &PlanReport) -> String {
    let mut text = String::from(
        "| migration | takes | loss | downtime | way back | old app |\n|---|---|---|---|---|---|\n",
    );
    for migration in &plan.migrations {
        let [loss, down, back, app] = migration.grades.words();
        let name = lint::markdown_escaped(&migration.name);
        text += &format!(
            "| {name} | {} | {loss} | {down} | {back} | {app} |\n",
            span(migration.predicted)
        );
    }
    text
}

/// `4.1 s to 11.8 s`.
pub(crate) fn span(predicted: Option<Prediction>) -> String {
    let Some(Prediction { low_ms, high_ms }) = predicted else {
        return "a time that is not known".to_owned();
    };
    if high_ms <= 100 {
        return "milliseconds".to_owned();
    }
    format!("{} to {}", rounded(low_ms), rounded(high_ms))
}

fn rounded(ms: u64) -> String {
    match ms {
        0..1000 => format!("{ms} ms"),
        1000..100_000 => format!("{}.{} s", ms / 1000, ms % 1000 / 100),
        _ => format!("{} min", ms.div_ceil(60_000)),
    }
}
