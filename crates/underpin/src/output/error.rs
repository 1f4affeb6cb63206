//! Errors for a person: what happened, where, why, what state the database is in, what to do.

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};
use owo_colors::OwoColorize as _;
use underpin_core::error::{Changed, SourceLocation};
use underpin_core::{Code, Error};

use super::inert;

/// The whole text, with colours; the stream strips them where they do not belong.
pub(crate) fn render(error: &Error) -> String {
    let mut text = format!(
        "{}: {}\n",
        format!("error[{}]", error.code()).red().bold(),
        inert(error.message()).bold()
    );
    if let Some(location) = error.location() {
        text += &excerpt(location);
        text.push('\n');
    }
    for line in error.detail_lines() {
        text += &format!("    {}\n", inert(line));
    }
    for cause in error.causes() {
        text += &field("caused by", &inert(cause));
    }
    text + &outcome(error)
}

/// What Prisma's layout has no place for: where, the code, the state, what to do.
pub(crate) fn facts(error: &Error) -> String {
    let place = error.location().map(|at| excerpt(at) + "\n").unwrap_or_default();
    let mut text = format!("{place}{}", field("code", error.code().id()));
    if error.code() == Code::FailedMigration {
        // The other causes are part of Prisma's own text.
        for cause in error.causes() {
            text += &field("caused by", &inert(cause));
        }
    }
    text + &outcome(error)
}

fn outcome(error: &Error) -> String {
    let mut text = field("state", &inert(&state(error.what_changed())));
    for hint in error.hints() {
        text += &field("hint", &inert(hint));
    }
    text
}

/// What was changed, as a sentence.
pub(crate) fn state(changed: &Changed) -> String {
    match changed {
        Changed::Nothing => "nothing was changed".to_owned(),
        Changed::RolledBack { kept } if kept.is_empty() => {
            "the migration was undone; the schema is as before".to_owned()
        }
        Changed::RolledBack { kept } => format!("the migration was undone; {kept}"),
        Changed::Partial { what } | Changed::Unknown { what } => what.clone(),
    }
}

fn field(name: &str, text: &str) -> String {
    let mut lines = text.lines();
    let first = lines.next().unwrap_or_default();
    let mut result = format!("{:>9}: {first}\n", name.cyan());
    if name == "caused by" || name == "state" || name == "hint" {
        // Colour codes count as width for the formatter; pad the plain name instead.
        result =
            format!("{}{}: {first}\n", " ".repeat(9usize.saturating_sub(name.len())), name.cyan());
    }
    for line in lines {
        result += &format!("           {line}\n");
    }
    result
}

/// The line with a caret below, as rustc draws it.
fn excerpt(location: &SourceLocation) -> String {
    let text = inert(&location.text);
    let start =
        text.char_indices().nth(location.column.saturating_sub(1)).map_or(text.len(), |(i, _)| i);
    let end = text[start..]
        .find(|c: char| c.is_whitespace() || c == ';' || c == '(')
        .map_or(text.len(), |i| start + i);
    let path = inert(&location.file);
    let snippet = Snippet::source(text.as_str())
        .line_start(location.line)
        .path(path.as_str())
        .annotation(AnnotationKind::Primary.span(start..end.max(start)));
    let group = Level::ERROR.no_name().primary_title("").element(snippet);
    let drawn = Renderer::plain().render(&[group]);
    // The title line is ours; the drawing starts at the arrow.
    drawn.lines().skip_while(|l| !l.contains("-->")).collect::<Vec<_>>().join("\n")
}
