//! A rule's page in Markdown, from its row, its `page.md` and its two scripts.

use std::fmt::Write as _;

use super::Entry;

impl Entry {
    /// The page.
    #[must_use]
    pub fn markdown(&self) -> String {
        let rule = self.rule;
        let [loss, downtime, back, old_app] = rule.grades.words();
        let mut text = format!(
            "# {}: {}\n\n| level | loss | downtime | way back | old application |\n|---|---|---|---|---|\n\
             | {} | {loss} | {downtime} | {back} | {old_app} |\n\n**Fact:** {}.\n",
            rule.id,
            rule.title,
            rule.severity.word(),
            rule.fact
        );
        if !rule.instead.is_empty() {
            let _infallible =
                write!(text, "\n**Instead:** {}.\n", rule.instead.trim_end_matches(';'));
        }
        if !rule.default {
            text += "\nOff by default: `--enable` switches it on.\n";
        }
        if rule.needs_facts {
            text += "\nDecided with facts from a database, the history or the code; offline it is silent.\n";
        }
        let _infallible = write!(text, "\n{}\n", self.page.trim());
        for (title, script) in [("Found", self.bad), ("Not found", self.good)] {
            let (claims, sql) = script_parts(script);
            let _infallible = write!(text, "\n## {title}\n\n```sql\n{sql}\n```\n");
            if !claims.is_empty() {
                let _infallible =
                    writeln!(text, "\nProven on real servers: {}.", claims.join("; "));
            }
        }
        text
    }
}

/// What a script claims, and its SQL without the lines at its head.
fn script_parts(script: &str) -> (Vec<&str>, String) {
    let claims = script.lines().filter_map(|l| l.strip_prefix("-- proves: ")).collect();
    let body = script.lines().skip_while(|l| !matches!(*l, "-- given" | "-- migration"));
    (claims, body.collect::<Vec<_>>().join("\n").trim().to_owned())
}
