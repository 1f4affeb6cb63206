//! `explain`: what a code means, and the way out. No database, no project, no network.

use owo_colors::OwoColorize as _;
use underpin_core::error::ExitStatus;
use underpin_core::explain::{Explanation, Kind, explain};
use underpin_core::{Code, Error, Result};

use crate::args::Output;
use crate::output::{Printer, out};

/// Runs the verb.
pub(crate) fn run(code: &str, printer: &Printer) -> Result<ExitStatus> {
    let page = explain(code).map_err(|near| unknown(code, &near))?;
    match printer.form() {
        Output::Markdown => out(&page.markdown()),
        Output::Human | Output::Json | Output::Ndjson | Output::Log => {
            printer.result("underpin/explain@1", &page, || render(&page));
        }
        _ => {
            let words = "a page has these forms: --output human, json, ndjson, log or markdown";
            return Err(Error::new(Code::Usage, words).hint("underpin explain --help"));
        }
    }
    Ok(ExitStatus::Success)
}

fn unknown(code: &str, near: &[String]) -> Error {
    let error = Error::new(Code::Usage, format!("no page explains `{}`", code.trim()));
    match near {
        [] => error.hint("codes look like UP-3201, LOSS-DROP-COLUMN, P3005 or 55P03"),
        [first, ..] => error
            .caused_by(format!("did you mean {}?", near.join(", ")))
            .hint(format!("underpin explain {first}")),
    }
}

fn render(page: &Explanation) -> String {
    let mut text =
        format!("{} {}\n\n{}\n", format!("{}:", page.id).bold(), page.title.bold(), page.means);
    for (head, body) in
        [("Cause", &page.cause), ("State of the database", &page.state), ("Way out", &page.way_out)]
    {
        if !body.is_empty() {
            text += &format!("\n{}\n{body}\n", head.cyan());
        }
    }
    text.push('\n');
    for command in &page.commands {
        text += &format!("    {}\n", command.green());
    }
    if page.kind != Kind::Underpin {
        text += &format!("\n{}\n", format!("({})", page.kind.phrase()).dimmed());
    }
    text
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;
    use clap::error::ErrorKind;
    use underpin_core::explain::all;

    use crate::args::Arguments;

    #[test]
    fn every_command_of_every_page_is_one_that_the_program_takes() {
        let mut seen = 0;
        for page in all() {
            for command in page.commands.iter().filter(|c| c.starts_with("underpin ")) {
                let words = command.split_whitespace().map(|word| word.trim_matches('"'));
                if let Err(error) = Arguments::try_parse_from(words) {
                    let shows = [ErrorKind::DisplayHelp, ErrorKind::DisplayVersion];
                    assert!(shows.contains(&error.kind()), "{}: {command}\n{error}", page.id);
                }
                seen += 1;
            }
        }
        assert!(seen > 100, "{seen} commands");
    }
}
