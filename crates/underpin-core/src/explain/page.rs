//! Pages written by hand, many in one file: a heading `# CODE: title`, the meaning, the paragraphs
//! `Cause:`, `State:` and `Way out:`, and the commands, indented by four blanks.

use super::{Explanation, Kind};

/// The pages of a file, in its order.
pub(super) fn read(kind: Kind, text: &str) -> Vec<Explanation> {
    let pages = format!("\n{text}");
    pages.split("\n# ").skip(1).map(|page| one(kind, page)).collect()
}

fn one(kind: Kind, text: &str) -> Explanation {
    let (heading, body) = text.split_once('\n').unwrap_or((text, ""));
    let (id, title) = heading.split_once(": ").unwrap_or((heading, ""));
    let mut page = Explanation {
        id: id.to_owned(),
        kind,
        title: title.to_owned(),
        means: String::new(),
        cause: String::new(),
        state: String::new(),
        way_out: String::new(),
        commands: Vec::new(),
    };
    for paragraph in body.split("\n\n").map(|p| p.trim_matches('\n')).filter(|p| !p.is_empty()) {
        if paragraph.starts_with("    ") {
            page.commands.extend(paragraph.lines().map(|line| line.trim().to_owned()));
            continue;
        }
        let (field, text) = if let Some(text) = paragraph.strip_prefix("Cause: ") {
            (&mut page.cause, text)
        } else if let Some(text) = paragraph.strip_prefix("State: ") {
            (&mut page.state, text)
        } else if let Some(text) = paragraph.strip_prefix("Way out: ") {
            (&mut page.way_out, text)
        } else {
            (&mut page.means, paragraph)
        };
        if !field.is_empty() {
            field.push_str("\n\n");
        }
        field.push_str(text);
    }
    page
}
