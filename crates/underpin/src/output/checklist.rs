//! Checklists for a person and for a pull request.

use owo_colors::OwoColorize as _;
use underpin_core::engine::checklist::{Checklist, Item, Tick};

use super::{count, inert, lint};

/// For a terminal.
pub(crate) fn human(list: &Checklist) -> String {
    let mut text = String::new();
    for item in &list.items {
        let word = match item.tick {
            Tick::Done => format!("{:>10}", "done").green().to_string(),
            Tick::Open => format!("{:>10}", "open").red().bold().to_string(),
            Tick::NotNeeded => format!("{:>10}", "not needed").dimmed().to_string(),
            Tick::Unknown => format!("{:>10}", "unknown").yellow().bold().to_string(),
        };
        text += &format!("{word}  {}: {}\n", item.item, inert(&item.fact));
        if let Some(next) = &item.next {
            text += &format!("{:12}{} {}\n", "", "→".cyan(), inert(next));
        }
    }
    let left = match list.left() {
        0 => "Everything is ticked".green().bold().to_string(),
        n => format!("{} left", count(n, "item")).red().bold().to_string(),
    };
    format!("{text}\n{left}. Nothing was changed.")
}

/// A task list.
pub(crate) fn markdown(list: &Checklist) -> String {
    let line = |item: &Item| {
        let mark = match item.tick {
            Tick::Done | Tick::NotNeeded => "x",
            Tick::Open | Tick::Unknown => " ",
        };
        let not = match item.tick {
            Tick::Unknown => "not known: ",
            Tick::NotNeeded => "not needed: ",
            Tick::Done | Tick::Open => "",
        };
        let next = item.next.as_ref().map(|next| {
            let fence = lint::fence(next);
            let fence = fence.get(2..).unwrap_or("`");
            format!(" → {fence}{}{fence}", inert(next))
        });
        format!(
            "- [{mark}] {}: {not}{}{}\n",
            item.item,
            lint::markdown_escaped(&item.fact),
            next.unwrap_or_default()
        )
    };
    list.items.iter().map(line).collect()
}
